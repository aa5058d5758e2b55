"""Indexing takes no more memory for more messages, or for longer ones."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.conftest import WriteConfig

Peak = Callable[[str], int]

_LIST = "from mailcli.__main__ import main; sys.argv[1:] = ['list', '--limit', '1']; main()"
_LOOK = """
from mailcli.app.catalogue import catch_up
from mailcli.cli.command import Common
from mailcli.cli.runtime import Runtime
from mailcli.errors import TemporaryFailure
context = Runtime(Common()).context
try:
    catch_up(context, [context.account(None)])
except TemporaryFailure as error:
    print(error, file=sys.stderr)
"""
"""A look at what is new, which leaves so much to who reads next."""

# By a small process, since the peak of one that is started counts what it was forked from.
_MEASURED = (
    "import resource, subprocess, sys;"
    "subprocess.run([sys.executable, '-c', 'import sys;' + sys.argv[1]], check=True);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"
)


@pytest.fixture
def inbox(write_config: WriteConfig, home: Path) -> Path:
    """An empty folder of the one account."""
    write_config({"work": {"email": "ada@example.org"}})
    folder = home / "Mail" / "work" / "INBOX"
    for each in ("cur", "new", "tmp"):
        (folder / each).mkdir(parents=True)
    return folder


@pytest.fixture
def peak(mailcli_env: Mapping[str, str]) -> Peak:
    """Return a function that runs code, and gives the most memory that it took, in kilobytes."""

    def measured(code: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, code],
            env=mailcli_env,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return int(done.stderr.split()[-1])

    return measured


def test_noting_more_new_messages_takes_no_more_memory(inbox: Path, peak: Peak) -> None:
    peak(_LIST)
    message = inbox / "tmp" / "message"
    message.write_text("Subject: x\n\n", "ascii")

    def come(numbers: range) -> None:
        for number in numbers:  # with names that take the memory of those of a larger folder
            (inbox / "cur" / f"{number}.{'x' * 180}.host:2,").hardlink_to(message)

    come(range(10_000))
    few = peak(_LOOK)
    come(range(10_000, 50_000))

    assert peak(_LOOK) < few + 4_000


def test_indexing_more_long_messages_takes_no_more_memory(inbox: Path, peak: Peak) -> None:
    def come(numbers: range) -> None:
        text = "some words again\n" * 60_000  # a megabyte
        for number in numbers:
            path = inbox / "cur" / f"{number}.x.host:2,"
            path.write_text(f"Subject: {number}\n\n{text}", "ascii")

    come(range(6))
    few = peak(_LIST)
    come(range(6, 40))

    assert peak(_LIST) < few + 8_000
