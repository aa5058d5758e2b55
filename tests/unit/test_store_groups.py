"""Many messages delivered in groups: the order, failures, and how a group is made durable."""

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from mailcli.errors import LocalError
from mailcli.store import delivery, durability
from mailcli.store.delivery import Delivery, Record
from mailcli.store.durability import Disk, Task, is_trusted, syncfs
from mailcli.store.entries import unique_name
from mailcli.store.folder import Delivered, MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX
from mailcli.store.staging import Staged

BROKEN = OSError(errno.EIO, "broken")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MaildirFolder:
    """A folder into which messages go in groups of two."""
    monkeypatch.setattr(delivery, "MAX_BATCH", 2)
    folder = Maildir(tmp_path / "Mail").folder(INBOX)
    folder.create()
    return folder


@pytest.fixture
def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on in the background is done when it begins."""
    monkeypatch.setattr(Task, "start", Task.run)
    monkeypatch.setattr(Task, "join", lambda _: None)


class Recorder:
    """Remembers which messages were recorded, group by group."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []

    def __call__(self, group: Sequence[tuple[str, Delivered]]) -> None:
        self.groups.append([token for token, _ in group])

    @property
    def all(self) -> list[str]:
        return [token for group in self.groups for token in group]


def _staged(folder: MaildirFolder, token: str) -> Staged:
    staged = folder.stage(unique_name(token, when=1))
    staged.write(b"Subject: x\r\n\r\n" + token.encode())
    staged.close()
    return staged


def _deliver(folder: MaildirFolder, record: Record[str], tokens: str) -> None:
    with Delivery[str](folder, record) as messages:
        for token in tokens:
            messages.add(token, _staged(folder, token))


def _files(folder: MaildirFolder) -> list[str]:
    return sorted(str(path.relative_to(folder.path)) for path in folder.path.glob("*/*"))


def _named(tokens: str) -> list[str]:
    return [f"new/1.{token}.mailcli" for token in tokens]


def failing(at: int) -> Callable[..., None]:
    """Return something that raises at its n-th call."""
    left = [at]

    def call(*_: object) -> None:
        left[0] -= 1
        if not left[0]:
            raise BROKEN

    return call


# -- groups ------------------------------------------------------------------


def test_groups_are_recorded_in_their_order_and_the_last_one_at_the_end(
    folder: MaildirFolder,
) -> None:
    recorded = Recorder()
    _deliver(folder, recorded, "abcde")
    assert recorded.groups == [["a", "b"], ["c", "d"], ["e"]]
    assert _files(folder) == _named("abcde")


def test_a_group_is_also_full_by_its_octets(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MAX_OCTETS", 1)
    recorded = Recorder()
    _deliver(folder, recorded, "abc")
    assert recorded.groups == [["a"], ["b"], ["c"]]


def test_no_message_is_recorded_before_its_octets_and_its_name_are_durable(
    folder: MaildirFolder, in_order: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_link = os.link

    def link(source: str, target: str) -> None:
        steps.append(f"name {target.split('.')[-2]}")
        real_link(source, target)

    def sync(_: Disk, files: Sequence[int], directories: Sequence[str]) -> None:
        names = "".join(Path(f"/proc/self/fd/{n}").readlink().name.split(".")[1] for n in files)
        steps.append(f"sync {names}|{' '.join(Path(path).name for path in directories)}")

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(Disk, "make_durable", sync)
    with Delivery[str](folder, lambda group: steps.append(f"record {len(group)}")) as messages:
        for token in "abcde":
            messages.add(token, _staged(folder, token))
    assert steps == [
        "sync ab|",
        *("name a", "name b", "sync cd|new", "record 2"),
        *("name c", "name d", "sync e|new", "record 2"),
        *("name e", "sync |new", "record 1"),
    ]


def test_the_next_group_arrives_while_one_is_made_durable(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_on = Event()
    waited: list[bool] = []

    def sync(_: Disk, files: Sequence[int], directories: Sequence[str]) -> None:
        waited.append(gone_on.wait(timeout=60))

    monkeypatch.setattr(Disk, "make_durable", sync)
    recorded = Recorder()
    with Delivery[str](folder, recorded) as messages:
        for token in "abc":
            messages.add(token, _staged(folder, token))
        gone_on.set()
    assert waited[0]
    assert recorded.all == ["a", "b", "c"]


def test_what_arrived_before_the_block_failed_is_recorded(folder: MaildirFolder) -> None:
    recorded = Recorder()

    def interrupted() -> None:
        with Delivery[str](folder, recorded) as messages:
            for token in "abc":
                messages.add(token, _staged(folder, token))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert recorded.all == ["a", "b", "c"]


@pytest.mark.parametrize("threads", [True, False], ids=["in the background", "in order"])
@pytest.mark.parametrize(("at", "visible"), [(1, ""), (2, "ab"), (3, "abcd"), (4, "abcde")])
def test_what_a_disk_refuses_is_neither_visible_nor_recorded(
    folder: MaildirFolder,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    threads: bool,
    at: int,
    visible: str,
) -> None:
    if not threads:
        request.getfixturevalue("in_order")
    refuse = failing(at)

    def sync(*_: object) -> None:
        try:
            refuse()
        except OSError as error:
            raise LocalError("refused") from error

    monkeypatch.setattr(Disk, "make_durable", sync)
    recorded = Recorder()
    with pytest.raises(LocalError, match="refused"):
        _deliver(folder, recorded, "abcde")
    assert recorded.all == list("abcde"[: max(0, 2 * (at - 2))])
    assert _files(folder) == _named(visible)


def test_where_a_record_fails_what_is_not_visible_is_abandoned(folder: MaildirFolder) -> None:
    def record(_: object) -> None:
        raise LocalError("no room")

    with pytest.raises(LocalError, match="no room"):
        _deliver(folder, record, "abcdef")
    assert _files(folder) == _named("ab")


def test_no_file_stays_open(folder: MaildirFolder) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    _deliver(folder, Recorder(), "abcde")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# -- how a group is made durable -----------------------------------------------


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the disk was asked, with two files being many."""
    calls: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        calls.append("fsync")
        real(descriptor)

    monkeypatch.setattr(durability, "MANY", 2)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(durability, "syncfs", lambda _: calls.append("syncfs"))
    monkeypatch.setattr(durability, "is_trusted", lambda _: True)
    return calls


def _opened(directory: Path, count: int) -> list[int]:
    flags = os.O_CREAT | os.O_WRONLY
    return [os.open(directory / str(number), flags, 0o600) for number in range(count)]


def _sync(directory: Path, *counts: int) -> None:
    with closing(Disk(str(directory))) as disk:
        for count in counts:
            files = _opened(directory, count)
            try:
                disk.make_durable(files, [str(directory)])
            finally:
                for descriptor in files:
                    os.close(descriptor)


def test_many_files_and_names_are_made_durable_by_one_call(
    tmp_path: Path, calls: list[str]
) -> None:
    _sync(tmp_path, 3)
    assert calls == ["syncfs"]


def test_a_few_files_are_made_durable_one_by_one(tmp_path: Path, calls: list[str]) -> None:
    _sync(tmp_path, 1)
    assert calls == ["fsync", "fsync"]


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM])
def test_where_the_call_cannot_be_had_each_file_has_its_own(
    tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(code, "not here")

    monkeypatch.setattr(durability, "syncfs", refuse)
    _sync(tmp_path, 40, 2)
    assert calls == ["fsync"] * (41 + 3)


def test_on_a_file_system_that_may_not_tell_of_errors_each_file_has_its_own(
    tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durability, "is_trusted", lambda _: False)
    _sync(tmp_path, 3)
    assert calls == ["fsync"] * 4


def test_when_others_write_much_to_the_disk_each_file_has_its_own_from_then_on(
    tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, durability.LONG])
    monkeypatch.setattr(durability, "monotonic", lambda: next(clock))
    _sync(tmp_path, 2, 2)
    assert calls == ["syncfs", *["fsync"] * 3]


@pytest.mark.parametrize("name", ["syncfs", "fsync"])
@pytest.mark.parametrize("count", [1, 5])
def test_a_disk_that_fails_is_an_error_and_not_asked_again(
    tmp_path: Path,
    calls: list[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    count: int,
) -> None:
    monkeypatch.setattr(durability, "is_trusted", lambda _: name == "syncfs")
    monkeypatch.setattr(os, "fsync", failing(1))
    monkeypatch.setattr(durability, "syncfs", failing(1))
    with pytest.raises(LocalError, match="Input/output error"):
        _sync(tmp_path, count)
    assert calls == []


def test_the_call_itself_makes_files_durable_and_tells_when_it_cannot(tmp_path: Path) -> None:
    with closing(Disk(str(tmp_path))):
        descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
        syncfs(descriptor)
        os.close(descriptor)
        with pytest.raises(OSError, match="Bad file descriptor"):
            syncfs(descriptor)


def test_a_file_system_in_no_list_is_not_trusted() -> None:
    descriptor = os.open("/proc/self", os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert not is_trusted(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(("release", "expected"), [("5.7.19", False), ("5.8.0-1", True)])
def test_a_kernel_that_does_not_tell_of_errors_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, release: str, expected: bool
) -> None:
    class Uname:
        def __init__(self) -> None:
            self.release = release

    monkeypatch.setattr(os, "uname", Uname)
    directory = "/dev/shm" if os.path.isdir("/dev/shm") else "/"  # noqa: PTH112 - a path for os
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert is_trusted(descriptor) is expected
    finally:
        os.close(descriptor)


def test_a_defect_in_the_background_is_not_taken_for_success(in_order: None) -> None:
    def defective() -> None:
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        Task(defective)
