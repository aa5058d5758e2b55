"""Very many messages, which a process beside ours writes: what it does, and when it is of use."""

import errno
import os
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.beside import (
    Mail,
    Recorder,
    child_of,
    deliver,
    files,
    is_running,
    large,
    left_in_tmp,
    make_small,
    open_files,
    plain,
    plains,
)

from mailcli.model import Flag
from mailcli.store import delivery, durability, handover, writer
from mailcli.store.delivery import Delivery, delivering
from mailcli.store.files import CHUNK
from mailcli.store.folder import MaildirFolder
from mailcli.store.handover import Durable, Inlet
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX
from mailcli.store.writer import Writer

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


@pytest.fixture
def folder(tmp_path: Path) -> MaildirFolder:
    folder = Maildir(tmp_path / "Mail").folder(INBOX)
    folder.create()
    return folder


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch.setattr)


# -- what it does ----------------------------------------------------------------------------


@pytest.mark.parametrize("many", [0, 1, 2, 3, 25])
def test_messages_are_recorded_in_their_order_and_nothing_is_left(
    folder: MaildirFolder, many: int
) -> None:
    recorded, before = Recorder(), open_files()
    messages = Writer(folder, recorded)
    deliver(messages, plains(many))
    assert recorded.all == [mail.token for mail in plains(many)]
    assert {len(group) for group in recorded.groups[:-1]} <= {3}
    recorded.holds(folder, plains(many))
    assert len(folder.scan()) == many
    assert left_in_tmp(folder) == []
    assert not is_running(child_of(messages)), "not even as a zombie"
    assert open_files() == before


@pytest.mark.parametrize("trusting", [True, False])
def test_a_message_is_told_and_recorded_only_after_its_octets_and_its_name_are_durable(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trusting: bool
) -> None:
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(what: str) -> None:
        os.write(log, f"{what}\n".encode())

    def noting(kind: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: Any, *rest: Any) -> Any:
            done = real(target, *rest)
            is_open = isinstance(target, int)
            path = Path(f"/proc/self/fd/{target}").readlink() if is_open else Path(target)
            # Of a file that is written, what its name begins with is the message's unique name.
            say(f"{kind} {path.name.rpartition('.')[0] or path.name}")
            return done

        return call

    tell = Inlet.tell_durable

    def told(self: Inlet, group: list[Durable]) -> None:
        for _, name, _, _ in group:
            say(f"told {name}")
        tell(self, group)

    monkeypatch.setattr(durability, "is_trusted", lambda _: trusting)
    monkeypatch.setattr(durability, "syncfs", lambda _: say("syncfs"))
    monkeypatch.setattr(os, "fsync", noting("fsync", os.fsync))
    monkeypatch.setattr(os, "link", noting("link", os.link))
    monkeypatch.setattr(Inlet, "tell_durable", told)
    recorded = Recorder()

    def record(group: Any) -> None:
        recorded(group)
        for _, done in group:
            say(f"recorded {done.entry.name}")

    deliver(Writer(folder, record), plains(11))
    os.close(log)
    steps = (tmp_path / "log").read_text().splitlines()
    names = [recorded.found[mail.token].entry.name for mail in plains(11)]
    assert ("syncfs" in steps) == trusting
    for name in names:
        places = [steps.index(f"{kind} {name}") for kind in ("link", "told", "recorded")]
        assert places == sorted(places)
        link, told_at, _ = places
        syncs = [at for at, step in enumerate(steps) if step == "syncfs"]
        octets = [at for at, step in enumerate(steps) if step == f"fsync {name}"]
        directory = [at for at, step in enumerate(steps) if step == "fsync new"]
        assert any(at < link for at in [*octets, *syncs]), "the octets were not durable"
        assert any(link < at < told_at for at in [*directory, *syncs]), "nor was the name"


def test_a_large_message_is_written_here_and_recorded_all_the_same(folder: MaildirFolder) -> None:
    edges = [
        Mail("edge", (b"x" * CHUNK,)),
        Mail("over", (b"x" * CHUNK, b"y")),
        Mail("once", (b"x" * (3 * CHUNK),)),
    ]
    mails = [*plains(3), *edges, large("L"), plain("last")]
    recorded = Recorder()
    messages = Writer(folder, recorded)
    here: list[bool] = []
    add = messages.add

    def added(label: str, parcel: Any) -> None:
        here.append(parcel.staged is not None)
        add(label, parcel)

    messages.add = added  # type: ignore[method-assign]
    deliver(messages, mails)
    assert here == [False] * 4 + [True] * 3 + [False]
    assert sorted(recorded.all) == sorted(mail.token for mail in mails)
    recorded.holds(folder, mails)
    assert left_in_tmp(folder) == []


def test_an_abandoned_parcel_leaves_nothing(folder: MaildirFolder) -> None:
    recorded = Recorder()
    with Writer[str](folder, recorded) as messages:
        for mail in (plain("a"), large("b")):
            parcel = messages.stage("1.T.mailcli")
            for chunk in mail.chunks:
                parcel.write(chunk)
            parcel.abandon()
            parcel.abandon()
    assert (recorded.all, files(folder)) == ([], {})


def test_names_that_are_taken_are_seen_to(folder: MaildirFolder) -> None:
    same, other = plain("same"), plain("other")
    (folder.path / "new" / "1700000000.same.mailcli").write_bytes(b"Subject: x\n\nsame")
    (folder.path / "new" / "1700000000.other.mailcli").write_bytes(b"something else")
    mails = [*plains(3), same, other, *(plain(f"N{n}") for n in range(3))]
    recorded = Recorder()
    deliver(Writer(folder, recorded), mails)
    assert recorded.all == [mail.token for mail in mails]
    recorded.holds(folder, mails)
    assert recorded.found["other"].entry.name == "1700000000.other+2.mailcli"
    assert len(folder.scan()) == len(mails) + 1


_octets = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"a", b"\r\n", b"\n", b"\r"]), max_size=12).map(b"".join),
    st.sampled_from([b"x\r\n" * 21_845 + b"y", b"x\r\n" * 30_000 + b"\n", b"z" * CHUNK]),
)


@st.composite
def _mails(draw: st.DrawFn) -> list[Mail]:
    mails = []
    for number in range(draw(st.integers(0, 9))):
        octets = draw(_octets)
        cuts = sorted(draw(st.lists(st.integers(0, len(octets)), max_size=4)))
        ends = zip([0, *cuts], [*cuts, len(octets)], strict=True)
        chunks = tuple(octets[begin:end] for begin, end in ends)
        mails.append(
            Mail(
                f"M{number}{draw(st.sampled_from(['', 'x' * 155]))}",
                chunks,
                draw(st.frozensets(st.sampled_from(list(Flag)))),
                draw(st.sampled_from(["", "a", "abcdefghijklmnopqrstuvwxyz", "\u00e9X"])),
                draw(st.sampled_from([0, -5, 1_600_000_000, 1 << 33])),
            )
        )
    return mails


_numbers = count()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mails=_mails())
def test_files_and_records_are_what_a_delivery_alone_makes(
    tmp_path: Path, mails: list[Mail]
) -> None:
    root, seen = tmp_path / str(next(_numbers)), []
    for name, begin in (("alone", Delivery[str]), ("beside", Writer[str])):
        folder = Maildir(root / name).folder(INBOX)
        folder.create()
        recorded = Recorder()
        deliver(cast("Any", begin)(folder, recorded), mails)
        seen.append((recorded.found, files(folder)))
        recorded.holds(folder, mails)
    assert seen[0] == seen[1]


def test_the_sum_of_names_follows_what_the_other_process_names(folder: MaildirFolder) -> None:
    folder.names = folder.sum_names()
    deliver(Writer(folder, Recorder()), [*plains(7), large("L")])
    assert folder.names.text == folder.sum_names().text


# -- where it is of no use -------------------------------------------------------------------


def _refused(*_: object) -> int:
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _one_pipe() -> Callable[[], tuple[int, int]]:
    """Return what makes one pipe, and no other."""
    made: list[tuple[int, int]] = []
    real = os.pipe

    def pipe() -> tuple[int, int]:
        if made:
            _refused()
        made.append(real())
        return made[0]

    return pipe


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        pytest.param(os, "sched_getaffinity", lambda _: {3}, id="one processor"),
        pytest.param(writer, "active_count", lambda: 2, id="threads"),
        pytest.param(delivery, "MANY", 13, id="few"),
        pytest.param(os, "fork", _refused, id="no more processes"),
        pytest.param(handover, "mmap", _refused, id="no memory"),
        pytest.param(os, "pipe", _refused, id="no more files"),
        pytest.param(os, "pipe", _one_pipe(), id="but two more files"),
        pytest.param(sys, "platform", "darwin", id="another system"),
        pytest.param(writer, "OPEN_FILES", Path("/nonexistent"), id="no proc"),
    ],
)
def test_no_process_is_started_where_it_is_of_no_use(
    folder: MaildirFolder,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    value: object,
) -> None:
    begin = partial(delivering, folder, expected=12)
    recorded, before = Recorder(), open_files()
    monkeypatch.setattr(owner, name, value)
    messages = begin(recorded)
    monkeypatch.undo()
    assert isinstance(messages, Delivery)
    deliver(messages, plains(12))
    assert len(recorded.all) == 12
    assert open_files() == before


def test_a_process_is_started_for_as_many_as_are_worth_it(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MANY", 12)
    messages = delivering(folder, Recorder(), expected=12)
    assert isinstance(messages, Writer)
    deliver(messages, plains(12))
