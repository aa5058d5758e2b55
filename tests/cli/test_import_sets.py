"""Start-up: a command loads what it needs, and nothing that somebody else's work needs.

Run as a process of its own each time, because a module once imported stays.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.dovecot import Dovecot

Loaded = Callable[..., set[str]]

HEAVY = {
    *("keyring", "rich", "email", "ssl", "sqlite3", "smtplib", "poplib", "imaplib"),
    *("socket", "subprocess", "asyncio", "json", "tomllib", "dateutil", "idna"),
}
_TRIES = 20  # runs until all stamps are older than the clock's last step
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
    deferred = sys.modules.get("mailcli.deferred")
    unread = deferred.Deferred if deferred else ()
    with open("loaded", "w") as file:
        file.write("\\n".join(
            name for name, module in sys.modules.items() if not isinstance(module, unread)
        ))
    found = [
        name
        for module in list(sys.modules.values())
        if module.__name__.startswith("mailcli.")
        for name, value in vars(module).items()
        if isinstance(value, type) and "__dataclass_fields__" in vars(value)
    ]
    with open("dataclasses", "w") as file:
        file.write("\\n".join(found))
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
        names = (tmp_path / "loaded").read_text().split("\n")
        return {*names, *(name.partition(".")[0] for name in names)}

    return run


def test_the_measuring_itself_sees_modules(loaded: Loaded) -> None:
    assert {"click", "mailcli"} <= loaded("send", "--help")


@pytest.mark.parametrize(
    "args",
    [("--help",), ("--version",), ("send", "--help"), ("imap-sync", "--help"), ("account", "-h")],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(loaded: Loaded, args: tuple[str, ...]) -> None:
    assert not loaded(*args) & HEAVY


@pytest.mark.parametrize("args", [("--help",), ("-h",), ("--version",)], ids=" ".join)
def test_the_front_page_and_the_version_need_no_parser(
    loaded: Loaded, args: tuple[str, ...]
) -> None:
    found = loaded(*args)

    assert "click" not in found
    ours = {name for name in found if name.startswith("mailcli.")}
    assert ours == {"mailcli.__main__", "mailcli.cli", "mailcli.cli.front"}


@pytest.mark.parametrize("words", ["mailcli ", "mailcli send --", "mailcli account "])
def test_completion_by_click_itself_loads_nothing_heavy(loaded: Loaded, words: str) -> None:
    count = len(words.split()) - (not words.endswith(" "))

    found = loaded(_MAILCLI_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(count))

    assert not found & HEAVY


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


@pytest.mark.parametrize("more", [(), ("--json",), ("-o", "table")], ids=str)
def test_read_opens_no_way_to_the_network(
    loaded: Loaded, configured: Path, more: tuple[str, ...]
) -> None:
    found = loaded("read", "last", *more)

    assert not found & ({"keyring", "rich", "dateutil"} | NETWORK - {"socket"})


def test_a_preview_of_send_loads_no_other_protocol_and_no_store(
    loaded: Loaded, configured: Path
) -> None:
    found = loaded("send", "-n", "--body", "x", "ada@example.org")

    assert not found & {"poplib", "imaplib", "sqlite3", "rich", "keyring", "dateutil"}
    # The last two: click looks for a name that is near `-n` before it takes that for a flag.
    unused = {"secrets", "hashlib", "inspect", "difflib", "locale"}
    assert not found & (unused - FOR_DATACLASSES)


def test_the_list_of_accounts_reads_the_configuration_alone(
    loaded: Loaded, configured: Path
) -> None:
    assert not loaded("account", "list") & (NETWORK | {"keyring", "rich", "email", "sqlite3"})


@pytest.fixture
def up_to_date(
    write_config: WriteConfig,
    dovecot: Dovecot,
    account_user: str,
    home: Path,
    run_mailcli: RunMailcli,
) -> None:
    """An account whose Maildir and maildrop have nothing new."""
    password = home / "password"
    password.write_text("pw\n")
    password.chmod(0o600)
    table = account(account_user, imap=dovecot, pop=dovecot, password_file=str(password))
    del table["password_command"]
    write_config({"home": table})
    dovecot.deliver(account_user, b"Subject: x\r\n\r\nx\r\n")
    assert run_mailcli("pop-fetch").returncode == 0
    for _ in range(_TRIES):
        assert run_mailcli("imap-sync").returncode == 0
        with closing(sqlite3.connect(home / ".local/state/mailcli/home.db")) as state:
            (left,) = next(state.execute("SELECT COUNT(*) FROM folder WHERE stamps ISNULL"))
        if not left:
            return
    pytest.fail(f"no stamps are trusted in {_TRIES} runs")


UNUSED = {
    *("keyring", "rich", "email", "json", "logging", "dateutil", "idna", "asyncio"),
    *("hashlib", "hmac", "secrets", "queue", "shlex", "tempfile", "shutil", "difflib"),
    *("calendar", "copy", "inspect", "ipaddress", "locale", "random", "subprocess"),
    *("encodings.idna", "mailcli.credentials.vault", "mailcli.credentials.command"),
    *("mailcli.output.tables", "mailcli.output.machine", "mailcli.output.summary"),
}
"""What a run without anything to do, at a server with TLS and PLAIN, has no use for."""


FOR_DATACLASSES = {"inspect"} if sys.version_info >= (3, 13) else set()
"""What Python itself needs to make a dataclass."""

LOOKING = {"keyword_file", "line_ends", "listing", "outline", "removal", "staging"}
"""What looks at the files of a folder, or changes them."""

INDEXING = {
    *(f"mailcli.app.{part}" for part in ("indexing", "describing", "spans", "passing")),
    *("mailcli.message.structure", "mailcli.message.mime", "mailcli.message.charsets"),
    *("mailcli.message.summary", "mailcli.message.threads"),
}
"""What reads messages to be indexed."""

READING = (
    UNUSED - {"mailcli.output.tables"} - FOR_DATACLASSES | INDEXING | NETWORK | {"unicodedata"}
)
"""What a run that shows what is indexed has no use for."""


@pytest.fixture
def indexed(configured: Path, home: Path, run_mailcli: RunMailcli) -> Path:
    """The INBOX of an account, once all of it is indexed and its stamps are trusted."""
    for _ in range(_TRIES):
        assert run_mailcli("list").returncode == 0
        with closing(sqlite3.connect(home / ".cache/mailcli/index.db")) as index:
            (left,) = next(index.execute("SELECT COUNT(*) FROM folder WHERE stamps ISNULL"))
        if not left:
            return configured
    pytest.fail(f"no stamps are trusted in {_TRIES} runs")


@pytest.mark.parametrize(
    "args",
    [("list",), ("list", "--all-folders"), ("search", "x", "is:unread"), ("status", "--short")],
    ids=" ".join,
)
def test_a_look_at_what_is_indexed_loads_nothing_that_reads_messages(
    loaded: Loaded, indexed: Path, args: tuple[str, ...]
) -> None:
    found = loaded(*args)

    assert sorted(found & READING) == []
    assert not _results(found) & {"sending", "transfer", "folders", "accounts", "attachments"}


def test_reading_an_ordinary_message_loads_no_other_parser_and_no_network(
    loaded: Loaded, indexed: Path
) -> None:
    found = loaded("read", "--peek", "1")

    parsers = {f"mailcli.message.{part}" for part in ("mime", "html_tree", "calendar")}
    assert sorted(found & (NETWORK | {"email", "random"} | parsers)) == []


def _results(found: set[str]) -> set[str]:
    """Return the families of results that were made."""
    above = "mailcli.results."
    return {name.removeprefix(above) for name in found if name.startswith(above)}


def test_an_imap_sync_with_nothing_to_do_loads_nothing_that_does_something(
    loaded: Loaded, up_to_date: None
) -> None:
    found = loaded("imap-sync")

    assert sorted(found & {*UNUSED, "smtplib", "poplib"}) == []
    assert not found & {f"mailcli.app.folder_{part}" for part in ("look", "sync", "fetch", "plan")}
    assert not found & {"mailcli.sync.plan", "mailcli.store.delivery", "mailcli.app.side_by_side"}
    assert not found & {"mailcli.store.watch", "ctypes"}
    assert not found & {f"mailcli.store.{part}" for part in LOOKING}
    assert _results(found) == {"imap", "report"}


def test_a_pop_fetch_with_nothing_new_loads_no_other_protocol(
    loaded: Loaded, up_to_date: None
) -> None:
    found = loaded("pop-fetch")

    # What is stored is told apart by its hash.
    assert not found & (UNUSED - {"hashlib"} - FOR_DATACLASSES | {"smtplib", "imaplib"})
    assert _results(found) == {"imap", "pop", "report"}


def test_an_imap_sync_with_nothing_to_do_makes_no_dataclass(
    loaded: Loaded, up_to_date: None, tmp_path: Path
) -> None:
    """Each takes five times as long to be made as a NamedTuple."""
    found = loaded("imap-sync")

    assert (tmp_path / "dataclasses").read_text() == ""
    assert "dataclasses" not in found
