"""Whatever octets and flags messages have, they come back from an export as they were."""

import itertools
import os
import shutil
import string
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.local_mail import letters, mail_files, put, wire_octets

from mailcli.app.context import Context
from mailcli.app.export_sources import of_folders
from mailcli.app.exporting import Format, Wanted, export_mail, format_of
from mailcli.app.import_sources import Where
from mailcli.app.importing import Wanted as ImportWanted
from mailcli.app.importing import import_mail
from mailcli.config import Account, load
from mailcli.credentials import Sources

PIECES = st.sampled_from(
    [
        *(b"From ", b">From ", b">>From me", b">", b"F", b"Fro", b"\n", b"\r\n", b"\r", b"\0"),
        *(b"Subject: x\n", b"\n\n", b"\xff\xe9", b"text", b"From a Mon Nov  2 10:00:00 2026\n"),
        *(b"X-Mailcli-Export: 1; octets=3; fields=0\n", b"Status: RO\n", b"Content-Length: 3\n"),
        b"Subject: y\r\n\r\nz\r\n",
    ]
)
OCTETS = st.one_of(st.lists(PIECES, max_size=10).map(b"".join), st.binary(max_size=40))
LETTERS = st.sets(st.sampled_from("DFPRSTabc")).map(lambda found: "".join(sorted(found)))
MESSAGES = st.lists(st.tuples(OCTETS, LETTERS, st.booleans(), st.integers(0, 2**31)), max_size=6)

Message = tuple[bytes, str, bool, int]


def fill(folder: Path, messages: Sequence[Message]) -> None:
    """Put messages into a folder: octets, letters, whether a mark says verbatim, and time."""
    put(folder, "0.x", b"").unlink()
    for number, (octets, flags, verbatim, time) in enumerate(messages):
        # The mark says something only of what could be taken for converted.
        mark = ",V" * (verbatim and b"\r" not in octets)
        path = put(folder, f"{number}.x{mark}:2,{flags}", octets)
        os.utime(path, (time, time))
    names = "".join(f"{number} word-{number}\n" for number in range(3))
    (folder / "dovecot-keywords").write_text(names)


def found_in(folder: Path) -> Counter[tuple[bytes, str, int]]:
    """Return the octets, as a server would have them, the flags, and the times."""
    words = {}
    if (folder / "dovecot-keywords").exists():
        for line in (folder / "dovecot-keywords").read_text().splitlines():
            number, _, name = line.partition(" ")
            words[string.ascii_lowercase[int(number)]] = name
    return Counter(
        (
            wire_octets(path),
            " ".join(sorted(words.get(each, each) for each in letters(path))),
            int(path.stat().st_mtime),
        )
        for path in mail_files(folder)
    )


_places = itertools.count()


@pytest.mark.parametrize("kind", Format)
@given(messages=MESSAGES)
@settings(max_examples=40)
def test_any_messages_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, kind: Format, messages: list[Message]
) -> None:
    root = tmp_path_factory.getbasetemp() / f"transfer-{next(_places)}"
    context, account = account_in(root)
    fill(account.maildir / "INBOX", messages)
    to = str(root / ("a.mbox" if kind is Format.MBOX else "d"))

    export_mail(context, of_folders(account, "INBOX"), Wanted(to, format_of(to, kind)), write=len)
    where = Where.of("Back", tree=False)
    paths = [to] if messages or kind is not Format.EML else []
    done = import_mail(context, account, paths, ImportWanted(where, create=True))
    again = import_mail(context, account, paths, ImportWanted(where, create=True))

    assert (len(done.imported), done.warnings, done.errors) == (len(messages), (), ())
    assert (len(again.imported), again.already) == (0, len(messages))
    assert found_in(account.maildir / "Back") == found_in(account.maildir / "INBOX")
    shutil.rmtree(root)


def account_in(root: Path) -> tuple[Context, Account]:
    """Return an account with a Maildir below a directory, and what use cases get."""
    root.mkdir()
    config = root / "config.toml"
    config.write_text(f'[accounts.work]\nemail = "a@example.org"\nmaildir = "{root}/Mail"\n')
    config.chmod(0o600)
    loaded = load(config, {})
    context = Context(
        config=loaded,
        sources=Sources(environ={}, state_dir=root / "state", prompt=None),
        cache_dir=root / "cache",
        timeout=5,
        now=lambda: datetime(2026, 11, 25, tzinfo=UTC),
    )
    return context, loaded.accounts["work"]
