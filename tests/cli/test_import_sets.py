"""Start-up: a command loads what it needs, and nothing that somebody else's work needs.

Run as a process of its own each time, because a module once imported stays.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import WriteConfig

Loaded = Callable[..., set[str]]

HEAVY = {
    *("keyring", "rich", "email", "ssl", "sqlite3", "smtplib", "poplib", "imaplib"),
    *("socket", "subprocess", "asyncio", "json", "tomllib", "dateutil", "idna"),
}
NETWORK = {"ssl", "socket", "smtplib", "poplib", "imaplib"}

_CHILD = """
import sys
sys.argv = ["mailcli", *sys.argv[1:]]
from mailcli.__main__ import main
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
finally:
    sys.stdout.flush()
    with open("loaded", "w") as file:
        file.write("\\n".join(sys.modules))
"""


@pytest.fixture
def loaded(mailcli_env: dict[str, str], tmp_path: Path) -> Loaded:
    """Return a function that runs mailcli in a pipe and gives the names of all loaded modules."""

    def run(*args: str, **environ: str) -> set[str]:
        subprocess.run(
            [sys.executable, "-c", _CHILD, *args],
            env={**mailcli_env, **environ},
            cwd=tmp_path,
            input=b"",
            capture_output=True,
            check=True,
            timeout=60,
        )
        return {name.partition(".")[0] for name in (tmp_path / "loaded").read_text().split("\n")}

    return run


def test_the_measuring_itself_sees_modules(loaded: Loaded) -> None:
    assert {"click", "mailcli"} <= loaded("--version")


@pytest.mark.parametrize(
    "args",
    [("--help",), ("--version",), ("send", "--help"), ("imap-sync", "--help"), ("account", "-h")],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(loaded: Loaded, args: tuple[str, ...]) -> None:
    assert not loaded(*args) & HEAVY


@pytest.mark.parametrize("words", ["mailcli ", "mailcli send --", "mailcli account "])
def test_completion_by_click_itself_loads_nothing_heavy(loaded: Loaded, words: str) -> None:
    count = len(words.split()) - (not words.endswith(" "))

    found = loaded(_MAILCLI_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(count))

    # click itself looks for bash with subprocess, whatever shell asks.
    assert not found & (HEAVY - {"subprocess"})


@pytest.fixture
def configured(write_config: WriteConfig, home: Path) -> Path:
    """An account that has everything, and one message in its INBOX."""
    folder = home / "Mail" / "work" / "INBOX"
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "new" / "1.x").write_bytes(
        b"Subject: x\nDate: Mon, 02 Nov 2026 10:00:00 +0000\n\nx\n"
    )
    server = {"host": "localhost"}
    write_config({"work": {"email": "a@b.example", "smtp": server, "pop": server, "imap": server}})
    return folder


@pytest.mark.parametrize("more", [(), ("--json",), ("-o", "tsv")], ids=["pipe", "json", "tsv"])
def test_list_opens_no_way_to_the_network(
    loaded: Loaded, configured: Path, more: tuple[str, ...]
) -> None:
    found = loaded("list", *more)

    # The parser of dates, email.utils, imports socket.
    assert not found & ({"keyring", "rich", "dateutil"} | NETWORK - {"socket"})


def test_attachments_open_no_way_to_the_network(loaded: Loaded, configured: Path) -> None:
    found = loaded("attachments", "list", str(configured / "new" / "1.x"))

    assert not found & ({"keyring", "rich", "dateutil"} | NETWORK - {"socket"})


def test_a_search_here_opens_no_way_to_the_network(loaded: Loaded, configured: Path) -> None:
    found = loaded("search", "x", "is:unread")

    # Dates are read only where there are some.
    assert not found & (
        {"keyring", "rich", "dateutil", "difflib", "fractions"} | NETWORK - {"socket"}
    )
    assert "dateutil" in loaded("search", "date:2w")


def test_list_at_a_terminal_alone_loads_rich(loaded: Loaded, configured: Path) -> None:
    assert "rich" in loaded("list", "-o", "table")


def test_a_preview_of_send_loads_no_other_protocol_and_no_store(
    loaded: Loaded, configured: Path
) -> None:
    found = loaded("send", "-n", "--body", "x", "ada@example.org")

    assert not found & {"poplib", "imaplib", "sqlite3", "rich", "keyring", "dateutil"}


def test_the_list_of_accounts_reads_the_configuration_alone(
    loaded: Loaded, configured: Path
) -> None:
    assert not loaded("account", "list") & (NETWORK | {"keyring", "rich", "email", "sqlite3"})
