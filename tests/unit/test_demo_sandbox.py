"""The demo's sandbox: private, complete, and gone at the end."""

import os
import signal
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailcli import config
from mailcli.demo.sandbox import USER, Sandbox, sandbox
from mailcli.demo.visit import describe
from mailcli.model import Protocol

NOW = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)


@pytest.fixture
def made() -> Iterator[Sandbox]:
    with sandbox(NOW, environ=os.environ) as found:
        yield found


def test_the_configuration_has_two_devices_and_a_home_and_no_password(made: Sandbox) -> None:
    found = config.load(made.config_file, made.environment)
    assert found.default_account == "demo"
    assert {n: [p for p in Protocol if getattr(a, p)] for n, a in found.accounts.items()} == {
        "demo": [Protocol.SMTP, Protocol.IMAP],
        "phone": [Protocol.IMAP],
        "home": [Protocol.POP3],
    }
    assert found.accounts["home"].maildir == made.maildir("home")
    assert USER.password not in made.config_file.read_text("utf-8")


def test_everything_is_for_the_owner_only(made: Sandbox) -> None:
    assert stat.S_IMODE(made.directory.stat().st_mode) == 0o700
    for name in ("password", ".config/mailcli/config.toml"):
        assert stat.S_IMODE((made.directory / name).stat().st_mode) == 0o600


def test_the_environment_leads_into_the_sandbox_and_to_no_keyring() -> None:
    environ = {
        "PATH": "/usr/bin",
        "HOME": "/real",
        "XDG_STATE_HOME": "/real/state",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1/bus",
        "CREDENTIALS_DIRECTORY": "/run/credentials",
        "MAILCLI_ACCOUNT": "real",
        "PYTHONPATH": "src",
        "LANG": "C.UTF-8",
    }
    with sandbox(NOW, environ=environ) as made:
        inside = made.environment
        assert Path(inside["HOME"]) == made.directory
        for name, value in inside.items():
            if name.startswith("XDG_"):
                assert Path(value).is_relative_to(made.directory)
        assert not {"DBUS_SESSION_BUS_ADDRESS", "CREDENTIALS_DIRECTORY"} & inside.keys()
        assert inside["MAILCLI_ACCOUNT"] == "demo"
        assert inside["LANG"] == "C.UTF-8"
        assert inside["PYTHONPATH"] == str(Path("src").absolute())
        assert inside["PATH"].split(os.pathsep)[0] == str(made.directory / "bin")


def test_the_sandbox_is_removed_also_after_an_error() -> None:
    seen: list[Path] = []

    def fail() -> None:
        with sandbox(NOW, environ=os.environ) as made:
            (made.maildir("demo") / "cur").mkdir(parents=True)
            seen.append(made.directory)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not seen[0].exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_block_and_the_handlers_are_as_before(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(SystemExit) as ended, sandbox(NOW, environ=os.environ) as made:
            signal.raise_signal(number)
        assert ended.value.code == 128 + number
        assert not made.directory.exists()
        assert signal.getsignal(number) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(number, before)


def test_a_handler_that_is_there_already_is_left_alone() -> None:
    def own(_number: int, _frame: object) -> None:
        pass

    before = signal.signal(signal.SIGTERM, own)
    try:
        with sandbox(NOW, environ=os.environ):
            assert signal.getsignal(signal.SIGTERM) is own
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_serve_prints_names_all_that_another_program_needs(made: Sandbox) -> None:
    told = describe(made)
    for needed in (made.ports.smtp, made.ports.pop, made.ports.imap, USER.address, USER.password):
        assert str(needed) in told
    assert str(made.ca_file) in told
    assert f"export MAILCLI_CONFIG={made.config_file}" in told
    assert made.ca_file.read_text("ascii").startswith("-----BEGIN CERTIFICATE-----")


def test_a_path_with_odd_characters_still_gives_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / 'a "b" \\ü'
    odd.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    with sandbox(NOW, environ=os.environ) as made:
        found = config.load(made.config_file, made.environment)
        assert found.accounts["demo"].maildir == made.maildir("demo")
        assert made.directory.is_relative_to(odd)
