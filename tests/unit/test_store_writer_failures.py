"""Where what writes messages beside us fails: the error, what is recorded, what is left."""

import errno
import gc
import os
import resource
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.support.beside import (
    Recorder,
    child_of,
    deliver,
    is_running,
    large,
    left_in_tmp,
    make_small,
    open_files,
    plains,
)

from mailcli.errors import CannotCreate, LocalError, MailError, TemporaryFailure
from mailcli.store import durability
from mailcli.store.delivery import Delivery
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX
from mailcli.store.writer import Writer

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

MAILS = plains(20)


@pytest.fixture
def folder(tmp_path: Path) -> MaildirFolder:
    return _folder(tmp_path)


def _folder(root: Path) -> MaildirFolder:
    folder = Maildir(root / "Mail").folder(INBOX)
    folder.create()
    return folder


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch.setattr)


def _fail(patch: pytest.MonkeyPatch, name: str, number: int, *, at: str) -> None:
    """Let a call of `os` fail where such a message is concerned; whoever makes it."""
    real = getattr(os, name)

    def call(target: Any, *rest: Any, **options: Any) -> Any:
        is_open = isinstance(target, int)
        path = os.readlink(f"/proc/self/fd/{target}") if is_open else str(target)  # noqa: PTH115
        if at in path:
            raise OSError(number, os.strerror(number))
        return real(target, *rest, **options)

    patch.setattr(os, name, call)


def _failing(folder: MaildirFolder, begin: Any) -> tuple[MailError, Recorder]:
    recorded = Recorder()
    with pytest.raises(MailError) as caught:
        deliver(begin(folder, recorded), MAILS, begun_as=lambda mail: mail.token)
    recorded.holds(folder, MAILS)
    return caught.value, recorded


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EDQUOT])
@pytest.mark.parametrize("name", ["open", "write", "utime", "fsync", "link", "unlink"])
def test_an_error_there_is_that_of_a_delivery_and_what_was_durable_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    monkeypatch.setattr(durability, "is_trusted", lambda _: False)
    folders = [(_folder(tmp_path / begin.__name__), begin) for begin in (Delivery, Writer)]
    before = open_files()
    _fail(monkeypatch, name, number, at=".M13.mailcli")
    told = []
    for folder, begin in folders:
        error, recorded = _failing(folder, begin)
        assert str(folder.path) in error.message
        assert os.strerror(number) in error.message
        left = [left.split(".")[1] for left in left_in_tmp(folder)]
        # What cannot be taken out of `tmp` stays there, for the next run.
        assert left == (["M13"] if name == "unlink" else [])
        assert len(recorded.all) in {9, 12, 13}
        told.append((type(error), error.exit_code, error.hint, recorded.all))
    assert told[0] == told[1]
    assert open_files() == before


def test_a_disk_that_takes_nothing_more_is_told_with_its_hint(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durability, "is_trusted", lambda _: True)
    calls: list[None] = []

    def syncfs(_: int) -> None:
        calls.append(None)
        if len(calls) == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(durability, "syncfs", syncfs)
    error, recorded = _failing(folder, Writer[str])
    assert isinstance(error, LocalError)
    assert "free some space" in error.hint
    assert left_in_tmp(folder) == []
    # Of the fourth group's octets, and the third's names, nobody knows: six are recorded.
    assert recorded.all == [mail.token for mail in MAILS[:6]]


def test_where_tmp_is_gone_nothing_can_be_created(folder: MaildirFolder) -> None:
    recorded = Recorder()
    shutil.rmtree(folder.path / "tmp")
    with pytest.raises(CannotCreate, match="No such file"):
        deliver(Writer[str](folder, recorded), MAILS)
    assert recorded.all == []


def test_a_limit_on_the_size_of_files_is_an_error_as_of_a_full_disk(folder: MaildirFolder) -> None:
    recorded = Recorder()
    with _at_most(10):
        messages = Writer[str](folder, recorded)
    with pytest.raises(LocalError, match="File too large") as caught:
        deliver(messages, MAILS)
    assert "limit" in caught.value.hint
    assert (recorded.all, left_in_tmp(folder)) == ([], [])


@contextmanager
def _at_most(octets: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_large_message_that_cannot_be_written_here_loses_none_of_the_others(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = Recorder()
    messages = Writer[str](folder, recorded)
    _fail(monkeypatch, "write", errno.ENOSPC, at="/tmp/1")  # the process has begun: here alone
    with pytest.raises(LocalError, match="No space"):
        deliver(messages, [*MAILS, large("L")])
    assert recorded.all == [mail.token for mail in MAILS]
    assert left_in_tmp(folder) == []


@pytest.mark.parametrize("at", [1, 2, 5])
@pytest.mark.parametrize("error", [LocalError("the state"), KeyboardInterrupt()], ids=["", "^C"])
def test_where_recording_fails_nothing_more_is_recorded_and_all_is_found_again(
    folder: MaildirFolder, at: int, error: BaseException
) -> None:
    def then(groups: int) -> None:
        if groups == at:
            raise error

    recorded, before = Recorder(then), open_files()
    messages = Writer[str](folder, recorded)
    with pytest.raises(type(error)) as caught:
        deliver(messages, MAILS)
    assert caught.value is error
    assert len(recorded.groups) == at
    assert set(recorded.all) <= folder.tokens().keys()
    assert left_in_tmp(folder) == []
    assert not is_running(child_of(messages))
    assert open_files() == before


@pytest.mark.parametrize("at", ["M0", "M1", "M7", "M19"])
def test_a_process_that_was_killed_is_a_temporary_failure_and_nothing_is_lost(
    folder: MaildirFolder, at: str
) -> None:
    recorded, before = Recorder(), open_files()
    messages = Writer[str](folder, recorded)

    def kill(mail: Any) -> None:
        if mail.token == at:
            os.kill(child_of(messages), signal.SIGKILL)

    with pytest.raises(TemporaryFailure, match="was ended") as caught:
        deliver(messages, MAILS, kill)
    assert "run again" in caught.value.hint
    recorded.holds(folder, MAILS)
    assert not is_running(child_of(messages))
    assert open_files() == before
    folder.remove_stale_tmp()
    here = folder.tokens()
    again = Recorder()
    deliver(Writer[str](folder, again), [mail for mail in MAILS if mail.token not in here])
    assert {*here, *again.all} == {mail.token for mail in MAILS}
    assert len(folder.scan()) == len(MAILS)


def test_what_it_had_told_before_it_was_killed_is_recorded(folder: MaildirFolder) -> None:
    messages: Writer[str]

    def then(groups: int) -> None:
        if groups == 2:
            os.kill(child_of(messages), signal.SIGKILL)

    recorded = Recorder(then)
    messages = Writer[str](folder, recorded)
    with pytest.raises(TemporaryFailure):
        deliver(messages, plains(200))
    assert len(recorded.groups) >= 2


def test_a_defect_there_is_one_here_with_its_traceback(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("in the other process")

    here = os.getpid()
    close = MaildirFolder.place

    def place(self: MaildirFolder, staged: Any) -> Any:
        if os.getpid() != here and "M9" in staged.path:
            broken(staged)
        return close(self, staged)

    monkeypatch.setattr(MaildirFolder, "place", place)
    recorded, before = Recorder(), open_files()
    messages = Writer[str](folder, recorded)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: in the other process") as caught:
        deliver(messages, MAILS)
    assert "in broken" in str(caught.value)
    recorded.holds(folder, MAILS)
    assert len(recorded.all) in {6, 9}
    assert left_in_tmp(folder) == []
    assert not is_running(child_of(messages))
    assert open_files() == before


# -- what it inherits ------------------------------------------------------------------------


def test_a_server_sees_the_end_of_our_connection_while_it_works(folder: MaildirFolder) -> None:
    server, ours = socket.socketpair()
    with server:
        server.settimeout(20)
        with Writer[str](folder, Recorder()):
            ours.close()
            assert server.recv(1) == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_a_terminal_sends_to_all_does_not_end_it(folder: MaildirFolder, number: int) -> None:
    recorded = Recorder()
    messages = Writer[str](folder, recorded)
    os.kill(child_of(messages), number)
    deliver(messages, MAILS, lambda _: os.kill(child_of(messages), number))
    assert len(recorded.all) == len(MAILS)


class _Circle:
    """What only the garbage collector finds, and then closes what it holds."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers
        self._itself = self

    def __del__(self) -> None:
        for number in self._numbers:
            with suppress(OSError):
                os.close(number)


def test_the_garbage_of_our_process_closes_no_file_of_it(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers of sockets that were closed there may since be those of messages."""
    here, stage = os.getpid(), MaildirFolder.stage

    def staged(self: MaildirFolder, unique: str) -> Any:
        found = stage(self, unique)
        if os.getpid() != here:
            gc.collect()
        return found

    monkeypatch.setattr(MaildirFolder, "stage", staged)
    recorded = Recorder()
    gc.disable()
    try:
        _Circle([one.detach() for _ in range(4) for one in socket.socketpair()])
        deliver(Writer[str](folder, recorded), MAILS)
    finally:
        gc.enable()
        gc.collect()
    assert len(recorded.all) == len(MAILS)


def test_signals_are_let_in_again(folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    deliver(Writer[str](folder, Recorder()), MAILS)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
