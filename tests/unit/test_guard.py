"""The guard catches what no test may do, and lets the rest pass; how tests run mailcli."""

import os
import socket
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import PROJECT, REAL_HOMES, RunMailcli, WriteConfig
from tests.support.accounts import to_toml
from tests.support.guard import Guard, GuardTripped

REAL_HOME = Path(REAL_HOMES[0])
ELSEWHERE = "192.0.2.1"  # never routed (RFC 5737)


def _connect(family: socket.AddressFamily, address: object) -> None:
    with socket.socket(family) as wire:
        wire.connect(address)  # type: ignore[arg-type] # its type depends on the family


def _bind(address: tuple[str, int]) -> None:
    with socket.socket() as wire:
        wire.bind(address)


def _start_child(name: str, value: str) -> None:
    subprocess.run(["true"], env={name: value}, check=True)


FORBIDDEN: dict[str, Callable[[], object]] = {
    "write a file": lambda: REAL_HOME.joinpath("x").write_text("x"),
    "read a file": lambda: REAL_HOME.joinpath(".netrc").read_text(),
    "open by descriptor": lambda: os.open(REAL_HOME / "x", os.O_RDONLY),
    "make a directory": lambda: REAL_HOME.joinpath("Mail").mkdir(),
    "list a directory": lambda: os.listdir(REAL_HOME),  # noqa: PTH208 - pathlib's way comes next
    "walk a directory": lambda: list(REAL_HOME.joinpath(".config").iterdir()),
    "remove a file": lambda: REAL_HOME.joinpath("x").unlink(),
    "rename into it": lambda: Path("/nowhere/x").rename(REAL_HOME / "x"),
    "link into it": lambda: REAL_HOME.joinpath("x").symlink_to("/nowhere"),
    "open a database": lambda: sqlite3.connect(REAL_HOME / "state.db"),
    "open a database by URI": lambda: sqlite3.connect(f"file:{REAL_HOME}/x?mode=ro", uri=True),
    "start a child at home": lambda: _start_child("HOME", str(REAL_HOME)),
    "start a child on the session bus": lambda: _start_child(
        "DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"
    ),
    "connect to another machine": lambda: _connect(socket.AF_INET, (ELSEWHERE, 25)),
    "connect to another machine by IPv6": lambda: _connect(socket.AF_INET6, ("2001:db8::1", 25)),
    "connect by name": lambda: socket.create_connection(("mail.example.org", 25)),
    "connect by our own name": lambda: _connect(socket.AF_INET, (socket.gethostname(), 25)),
    "look a name up": lambda: socket.getaddrinfo("127.example.org", 25),
    "look a name up the old way": lambda: socket.gethostbyname("mail.example.org"),
    "listen on every interface": lambda: _bind(("", 0)),
    "talk to the session bus": lambda: _connect(socket.AF_UNIX, "/run/user/1000/bus"),
    "talk to an abstract socket": lambda: _connect(socket.AF_UNIX, "\0dbus"),
}


@pytest.mark.parametrize("deed", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_guard_catches(guard: Guard, deed: Callable[[], object]) -> None:
    with pytest.raises(GuardTripped):
        deed()

    assert len(guard.take()) == 1


def test_guard_lets_private_and_loopback_things_pass(guard: Guard, home: Path) -> None:
    home.joinpath("x").write_text("x", "utf-8")
    with (
        sqlite3.connect(home / "x.db") as database,
        socket.create_server(("127.0.0.1", 0)) as peer,
    ):
        socket.create_connection(("localhost", peer.getsockname()[1])).close()
    database.close()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(home / "socket"))
        server.listen()
        client.connect(str(home / "socket"))
    socket.getaddrinfo("::1", 25)
    socket.getfqdn()
    list(PROJECT.iterdir())

    assert guard.violations == []


def test_guard_fails_a_test_whose_code_swallows_the_error(tmp_path: Path) -> None:
    tmp_path.joinpath("test_bad.py").write_text(
        "import contextlib, socket, pytest\n"
        "def test_swallows():\n"
        "    with contextlib.suppress(OSError):\n"
        f"        socket.create_connection(({ELSEWHERE!r}, 25))\n",
        "utf-8",
    )

    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest"),
            *("-p", "no:cacheprovider", f"--basetemp={tmp_path / 'inner'}"),
            *(f"--rootdir={tmp_path}", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), *sys.path])},
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert "the guard tripped" in done.stdout
    assert ELSEWHERE in done.stdout


def test_guard_reaches_into_children(mailcli_env: dict[str, str], home: Path) -> None:
    code = (
        "import contextlib, socket\n"
        "with contextlib.suppress(OSError):\n"
        f"    socket.create_connection(({ELSEWHERE!r}, 25))\n"
        "print('went on')\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], env=mailcli_env, capture_output=True, text=True, check=True
    )

    journal = home.with_name(f"{home.name}.guard")
    assert done.stdout == "went on\n"
    assert ELSEWHERE in journal.read_text("utf-8")
    journal.unlink()


def test_every_test_has_a_home_of_its_own(home: Path) -> None:
    assert Path.home() == home
    assert [entry.name for entry in home.iterdir()] == [".run"]
    assert os.environ["XDG_STATE_HOME"] == str(home / ".local" / "state")
    assert "DBUS_SESSION_BUS_ADDRESS" not in os.environ


def test_no_keyring_is_in_reach() -> None:
    import keyring
    from keyring.errors import NoKeyringError

    with pytest.raises(NoKeyringError):
        keyring.get_password("mailcli", "work")


def test_run_mailcli_runs_it_in_the_private_environment(
    run_mailcli: RunMailcli, tmp_path: Path
) -> None:
    fake = tmp_path / "mailcli"
    fake.mkdir()
    fake.joinpath("__init__.py").touch()  # without it, an installed mailcli would come first
    fake.joinpath("__main__.py").write_text(
        "import os, sys\n"
        "sys.stdout.buffer.write(sys.stdin.buffer.read() + b'\\r\\n\\xff')\n"
        "print(os.environ['HOME'], os.environ['EXTRA'], *sys.argv[1:], file=sys.stderr)\n"
        "sys.exit(67)\n",
        "utf-8",
    )

    done = run_mailcli(
        "list", fake, stdin="grüß", env={"PYTHONPATH": str(tmp_path), "EXTRA": "more"}
    )

    assert done.returncode == 67
    assert done.stdout.encode("utf-8", "surrogateescape") == "grüß\r\n".encode() + b"\xff"
    assert done.stderr == f"{os.environ['HOME']} more list {fake}\n"


def test_write_config_writes_what_toml_reads(write_config: WriteConfig, home: Path) -> None:
    accounts = {
        "work.1": {
            "email": 'Ada "A" <ada@example.test>',
            "aliases": ["größe@example.test"],
            "imap": {"host": "localhost", "port": 993, "folders": ["*", "!Spam"]},
            "pop": {"keep": True},
        }
    }

    path = write_config(accounts, default_account="work.1")

    assert path == home / ".config" / "mailcli" / "config.toml"
    assert tomllib.loads(path.read_text("utf-8")) == {
        "default_account": "work.1",
        "accounts": accounts,
    }
    assert tomllib.loads(to_toml({})) == {}
