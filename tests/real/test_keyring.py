"""gnome-keyring on a private bus: open, locked, missing, and beside a plaintext trap.

Each step is a process of its own, as it is for a user.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.processes import server_directory
from tests.support.secret_service import bare_environ, secret_service

import mailcli

SOURCE = str(Path(mailcli.__file__).parents[1])
SECRET_SERVICE = "keyring.backends.SecretService.Keyring"

PROGRAM = """
import json, os, sys
from pathlib import Path
from mailcli.config import load
from mailcli.credentials import Sources, find
from mailcli.credentials.vault import forget, store
from mailcli.errors import MailError
from mailcli.model import Protocol, Secret
from mailcli.paths import Paths

paths = Paths.from_environ(os.environ)
sources = Sources(os.environ, paths.state_dir)
try:
    match sys.argv[1]:
        case "store":
            answer = store("work", None, Secret(sys.stdin.read()), sources=sources)
        case "forget":
            answer = forget("work", None, sources=sources)
        case "find":
            account = load(paths.config_file, os.environ).accounts["work"]
            answer = find(account, Protocol.IMAP, sources=sources).reveal()
    print(json.dumps({"answer": answer}))
except MailError as error:
    print(json.dumps({"exit": error.exit_code, "message": error.message, "hint": error.hint}))
"""

CONFIG = """
[accounts.work]
email = "ada@example.org"
[accounts.work.imap]
host = "imap.example.org"
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A home whose path is short enough for the sockets in it."""
    with server_directory("keyring") as directory:
        config = Path(bare_environ(directory)["XDG_CONFIG_HOME"], "mailcli")
        config.mkdir(parents=True)
        config.joinpath("config.toml").write_text(CONFIG, "utf-8")
        yield directory


def run(environ: dict[str, str], action: str, *, path: str = SOURCE) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, action],
        input="hunter2",
        env={**environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_stored_password_is_found_by_another_process_until_it_is_forgotten(place: Path) -> None:
    with secret_service(place) as environ:
        assert run(environ, "store") == {"answer": SECRET_SERVICE}
        assert run(environ, "find") == {"answer": "hunter2"}
        assert run(environ, "forget") == {"answer": SECRET_SERVICE}
        assert run(environ, "find")["exit"] == 77


def test_stored_password_outlives_the_session(place: Path) -> None:
    with secret_service(place) as environ:
        run(environ, "store")
    with secret_service(place) as environ:
        assert run(environ, "find") == {"answer": "hunter2"}


def test_cron_finds_the_bus_that_its_environment_leaves_out(place: Path) -> None:
    with secret_service(place) as environ:
        run(environ, "store")
        assert environ.pop("DBUS_SESSION_BUS_ADDRESS")
        assert run(environ, "find") == {"answer": "hunter2"}


def test_locked_keyring_without_display_is_told_with_what_helps(place: Path) -> None:
    with secret_service(place) as environ:
        run(environ, "store")
    with secret_service(place, locked=True) as environ:
        told = run(environ, "find")
        assert told["exit"] == 77
        assert "the keyring is locked" in told["message"]
        assert "unlock the keyring" in told["hint"]
        assert "password_command" in told["hint"]
        refused = run(environ, "store")
        assert (refused["exit"], refused["message"]) == (77, "the keyring is locked")


def test_keyring_that_has_no_collection_yet_holds_nothing(place: Path) -> None:
    with secret_service(place) as environ:
        run(environ, "store")
    shutil.rmtree(place / ".local/share/keyrings")
    with secret_service(place, locked=True) as environ:
        told = run(environ, "find")
    assert told["exit"] == 77
    assert "none is stored" in told["message"]
    assert "account set-password work" in told["hint"]


@pytest.mark.parametrize("left", ["a dead socket", "a stale address", "nothing"])
def test_without_login_session_the_ways_for_cron_are_named(place: Path, left: str) -> None:
    with secret_service(place) as environ:
        run(environ, "store")
    outside = bare_environ(place)
    assert Path(outside["XDG_RUNTIME_DIR"], "bus").is_socket()
    if left == "a stale address":
        outside["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={place}/gone"
    if left != "a dead socket":
        Path(outside["XDG_RUNTIME_DIR"], "bus").unlink()
    told = run(outside, "find")
    assert told["exit"] == 77
    assert "no session bus" in told["message"]
    for way in ("cron", "password_command", "password_file", "LoadCredential=mailcli.work:"):
        assert way in told["hint"]


def test_without_any_keyring_nothing_is_stored(place: Path) -> None:
    refused = run(bare_environ(place), "store")
    assert refused["exit"] == 77
    assert "no keyring here" in refused["message"]


def plaintext_plug_in(directory: Path) -> str:
    """Install what keyrings.alt brings: a plaintext backend that keyring detects by itself."""
    info = directory / "trap-1.dist-info"
    info.mkdir(parents=True)
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: trap\nVersion: 1\n")
    info.joinpath("entry_points.txt").write_text("[keyring.backends]\ntrap = trap\n")
    directory.joinpath("trap.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        "class PlaintextKeyring(KeyringBackend):\n"
        "    priority = 0.5\n"
        "    def get_password(self, service, username): raise SystemExit('used')\n"
        "    def set_password(self, service, username, password): raise SystemExit('used')\n"
    )
    return f"{SOURCE}:{directory}"


def test_plaintext_plug_in_is_refused_where_nothing_better_is(place: Path) -> None:
    path = plaintext_plug_in(place / "site")
    refused = run(bare_environ(place), "store", path=path)
    assert refused["exit"] == 78
    assert "trap.PlaintextKeyring, stores in plain text" in refused["message"]


def test_plaintext_plug_in_is_passed_over_where_a_keyring_is(place: Path) -> None:
    path = plaintext_plug_in(place / "site")
    with secret_service(place) as environ:
        assert run(environ, "store", path=path) == {"answer": SECRET_SERVICE}
        assert run(environ, "find", path=path) == {"answer": "hunter2"}
