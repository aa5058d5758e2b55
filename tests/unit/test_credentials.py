"""Where a password comes from, and what is said when none comes."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.processes import server_directory

from mailcli.config import Account, ImapServer, Login, SmtpServer
from mailcli.config.values import Command
from mailcli.credentials import Sources, find
from mailcli.credentials.sources import with_session_bus
from mailcli.errors import ConfigError, Exit, MailError
from mailcli.model import Endpoint, Protocol, Secret, TlsPolicy

HIDDEN = "hunter2"


def account(
    *, command: tuple[str, ...] | None = None, file: Path | None = None, name: str = "work"
) -> Account:
    asked = None if command is None else Command(command)
    login = Login("ada", password_command=asked, password_file=file)
    smtp = Endpoint(Protocol.SMTP, "smtp.example.org", 465, TlsPolicy())
    imap = Endpoint(Protocol.IMAP, "imap.example.org", 993, TlsPolicy())
    return Account(
        name,
        None,
        Path("/mail"),
        smtp=SmtpServer(smtp, login),
        imap=ImapServer(imap, Login("ada")),
    )


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", f"import os, sys\n{code}")


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "PATH": os.environ["PATH"]}
    return Sources(environ, tmp_path / "state")


def password_file(tmp_path: Path, content: bytes = b"from file\n", mode: int = 0o600) -> Path:
    file = tmp_path / "password"
    file.write_bytes(content)
    file.chmod(mode)
    return file


def credentials(sources: Sources, directory: Path, **files: str) -> Sources:
    directory.mkdir()
    for name, content in files.items():
        directory.joinpath(f"mailcli.{name}".replace("__", ".")).write_text(content, "utf-8")
    environ = {**sources.environ, "CREDENTIALS_DIRECTORY": str(directory)}
    return Sources(environ, sources.state_dir)


# What a source gives.


@pytest.mark.parametrize(
    "code",
    [
        "print('hunter2')",
        "print('hunter2\\nlogin: ada\\nurl: x')",
        "sys.stdout.write('hunter2')",
        "sys.stdout.write('hunter2\\r\\n')",
        "print('hunter2'); print('careful', file=sys.stderr)",
    ],
)
def test_command_gives_the_first_line_it_prints(sources: Sources, code: str) -> None:
    assert find(account(command=python(code)), Protocol.SMTP, sources=sources) == Secret(HIDDEN)


def test_spaces_belong_to_the_password(sources: Sources) -> None:
    secret = find(account(command=python("print(' a b ')")), Protocol.SMTP, sources=sources)
    assert secret.reveal() == " a b "


def test_command_gets_no_input(sources: Sources) -> None:
    secret = find(
        account(command=python("print(repr(sys.stdin.read()))")), Protocol.SMTP, sources=sources
    )
    assert secret.reveal() == "''"


def test_command_sees_the_environment_that_was_given_and_no_shell(sources: Sources) -> None:
    code = "print(os.environ.get('XDG_RUNTIME_DIR'), sys.argv[1], os.environ.get('HOME'))"
    secret = find(account(command=(*python(code), "$HOME;")), Protocol.SMTP, sources=sources)
    assert secret.reveal() == f"{sources.environ['XDG_RUNTIME_DIR']} $HOME; None"


def test_file_gives_its_first_line(sources: Sources, tmp_path: Path) -> None:
    file = password_file(tmp_path, b"hunter2\r\nand more\n")
    assert find(account(file=file), Protocol.SMTP, sources=sources) == Secret(HIDDEN)


def test_systemd_credential_of_the_protocol_comes_first(sources: Sources, tmp_path: Path) -> None:
    given = credentials(sources, tmp_path / "c", work="for all\n", work__imap="for imap")
    assert find(account(), Protocol.IMAP, sources=given).reveal() == "for imap"
    assert find(account(), Protocol.SMTP, sources=given).reveal() == "for all"


def test_terminal_is_asked_with_the_login_in_the_question(tmp_path: Path) -> None:
    asked: list[str] = []

    def prompt(question: str) -> str:
        asked.append(question)
        return HIDDEN

    sources = Sources({"XDG_RUNTIME_DIR": str(tmp_path)}, tmp_path, prompt=prompt)
    assert find(account(), Protocol.IMAP, sources=sources) == Secret(HIDDEN)
    assert asked == ["Password of ada (work, imap): "]


def test_order_is_command_systemd_file_prompt(sources: Sources, tmp_path: Path) -> None:
    file = password_file(tmp_path)
    systemd = credentials(sources, tmp_path / "c", work="from systemd")
    asking = Sources(sources.environ, sources.state_dir, prompt=lambda _: "from prompt")
    rich = Sources(systemd.environ, sources.state_dir, prompt=lambda _: "from prompt")
    command = python("print('from command')")
    found = [
        find(account(command=command, file=file), Protocol.SMTP, sources=rich),
        find(account(file=file), Protocol.SMTP, sources=rich),
        find(account(file=file), Protocol.SMTP, sources=asking),
        find(account(), Protocol.SMTP, sources=asking),
    ]
    assert [secret.reveal() for secret in found] == [
        "from command",
        "from systemd",
        "from file",
        "from prompt",
    ]


# What a source that fails is told.


def failure(account: Account, sources: Sources) -> MailError:
    with pytest.raises(MailError) as caught:
        find(account, Protocol.SMTP, sources=sources)
    assert HIDDEN not in f"{caught.value.message} {caught.value.hint} {caught.value!r}"
    assert caught.value.account == "work"
    return caught.value


def test_failing_command_is_told_by_status_and_last_words_never_its_output(
    sources: Sources,
) -> None:
    code = "print('hunter2'); sys.stderr.write('first\\nno such entry\\n\\n'); sys.exit(3)"
    error = failure(account(command=(*python(code), HIDDEN)), sources)
    assert error.exit_code == Exit.LOGIN
    assert error.message.endswith("failed with exit status 3: no such entry")


def test_failing_command_never_slides_to_the_next_source(sources: Sources, tmp_path: Path) -> None:
    both = account(command=python("sys.exit(1)"), file=password_file(tmp_path))
    assert "exit status 1" in failure(both, sources).message


def test_command_ended_by_a_signal_is_told_so(sources: Sources) -> None:
    error = failure(account(command=python("os.kill(os.getpid(), 15)")), sources)
    assert "signal 15" in error.message


def test_command_that_is_missing_is_told_so(sources: Sources) -> None:
    error = failure(account(command=("no-such-program", HIDDEN)), sources)
    assert error.exit_code == Exit.LOGIN
    assert "no-such-program" in error.message


def test_command_that_never_ends_is_stopped_with_its_children(
    sources: Sources, tmp_path: Path
) -> None:
    # The grandchild holds the write end of a pipe: end of file tells that it is gone.
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    writer = os.open(fifo, os.O_WRONLY)
    code = f"held = open({str(fifo)!r}, 'wb'); os.fork(); os.write(held.fileno(), b'x')\n"
    command = python(f"{code}import signal; signal.pause()")
    hurried = Sources(sources.environ, sources.state_dir, command_timeout=1)
    assert "within 1 s" in failure(account(command=command), hurried).message
    os.close(writer)
    with open(reader, "rb") as ended:  # noqa: PTH123 - a file descriptor, not a path
        assert ended.read().strip(b"x") == b""


def test_command_that_never_ends_is_stopped_at_a_terminal_too(sources: Sources) -> None:
    command = python("import signal; signal.pause()")
    at_terminal = Sources(
        sources.environ, sources.state_dir, prompt=lambda _: HIDDEN, command_timeout=0.2
    )
    assert "within 0.2 s" in failure(account(command=command), at_terminal).message


UNUSABLE = {
    "nothing": "pass",
    "an empty line": "print()",
    "a NUL": "print('hunter2\\0x')",
    "a CR": "print('hunter2\\rx')",
    "no UTF-8": "sys.stdout.buffer.write(b'hunter2\\xff')",
}


@pytest.mark.parametrize("code", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_password_is_refused_without_showing_it(sources: Sources, code: str) -> None:
    error = failure(account(command=python(code)), sources)
    assert error.exit_code == Exit.LOGIN
    assert "password_command" in error.message


@pytest.mark.parametrize("typed", ["", "hunter2\nx", "hunter2\0", "hunter2\r"])
def test_unusable_answer_at_the_prompt_is_refused(sources: Sources, typed: str) -> None:
    asking = Sources(sources.environ, sources.state_dir, prompt=lambda _: typed)
    assert "prompt" in failure(account(), asking).message


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_file_open_to_others_is_refused(sources: Sources, tmp_path: Path, mode: int) -> None:
    error = failure(account(file=password_file(tmp_path, b"hunter2", mode)), sources)
    assert isinstance(error, ConfigError)
    assert f"{mode:04o}" in error.message
    assert "chmod 600" in error.hint


@pytest.mark.parametrize("place", ["absent", "."])
def test_file_that_cannot_be_read_is_an_error(
    sources: Sources, tmp_path: Path, place: str
) -> None:
    error = failure(account(file=tmp_path / place), sources)
    assert error.exit_code == Exit.LOGIN
    assert "password_file" in error.message


def test_systemd_credential_that_cannot_be_read_is_an_error(
    sources: Sources, tmp_path: Path
) -> None:
    given = credentials(sources, tmp_path / "c")
    (tmp_path / "c" / "mailcli.work").mkdir()
    error = failure(account(file=password_file(tmp_path)), given)
    assert "mailcli.work" in error.message


def test_credential_of_another_account_is_not_taken(sources: Sources, tmp_path: Path) -> None:
    given = credentials(sources, tmp_path / "c", home="hunter2")
    assert "no password for ada" in failure(account(), given).message


def test_damaged_record_is_told_with_what_to_do(sources: Sources) -> None:
    sources.state_dir.mkdir()
    for content in ("{", "[]", "{}", '{"backends": 3}'):
        sources.state_dir.joinpath("credentials.json").write_text(content)
        error = failure(account(), sources)
        assert error.exit_code == Exit.LOCAL_IO
        assert "store the passwords again" in error.hint


# When nothing answers.


def test_without_session_bus_the_hint_is_for_cron(sources: Sources) -> None:
    error = failure(account(), sources)
    assert error.exit_code == Exit.LOGIN
    assert "no session bus" in error.message
    for way in ("cron", "password_command", "password_file", "LoadCredential=mailcli.work:"):
        assert way in error.hint


def test_with_session_bus_the_hint_is_to_store_the_password(sources: Sources) -> None:
    environ = {**sources.environ, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    error = failure(account(), Sources(environ, sources.state_dir))
    assert "mailcli account set-password work" in error.hint


# The session bus that cron leaves out.


@contextlib.contextmanager
def bus_socket() -> Iterator[Path]:
    """Bind a socket where a session bus would listen; give its directory, whose path is short."""
    with server_directory("bus") as directory, socket.socket(socket.AF_UNIX) as server:
        server.bind(str(directory / "bus"))
        yield directory


def test_own_socket_in_the_runtime_directory_is_the_session_bus() -> None:
    with bus_socket() as directory:
        found = with_session_bus({"XDG_RUNTIME_DIR": str(directory)})
    assert found["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path={directory}/bus"


def test_address_that_is_set_stays() -> None:
    with bus_socket() as directory:
        environ = {"XDG_RUNTIME_DIR": str(directory), "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}
        assert with_session_bus(environ) == environ


def test_socket_of_another_user_is_no_session_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    with bus_socket() as directory:
        monkeypatch.setattr(os, "getuid", lambda: directory.stat().st_uid + 1)
        found = with_session_bus({"XDG_RUNTIME_DIR": str(directory)})
    assert "DBUS_SESSION_BUS_ADDRESS" not in found


def test_file_that_is_no_socket_is_no_session_bus(tmp_path: Path) -> None:
    (tmp_path / "bus").touch()
    assert "DBUS_SESSION_BUS_ADDRESS" not in with_session_bus({"XDG_RUNTIME_DIR": str(tmp_path)})
