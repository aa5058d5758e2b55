"""Very many messages, and the processes that write them killed: nothing lost, nothing doubled."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.support.beside import is_running, large, left_in_tmp, plain
from tests.support.forks import Start, forks
from tests.support.processes import session_members, wait_until
from tests.unit.store_writer_driver import STEP, STOP

from mailcli.errors import Locked
from mailcli.store.folder import MaildirFolder
from mailcli.store.lock import AccountLock
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX

PROGRAM = "tests.unit.store_writer_driver:main"
MESSAGES = 30
"""As many as the driver delivers."""


class Driver:
    """The driver, in a session of its own: what it says, and both processes."""

    def __init__(self, directory: Path, what: str) -> None:
        arguments = [str(directory), str(MESSAGES), what]
        start = Start(arguments, {}, str(directory), program=PROGRAM)
        reading, writing = os.pipe()
        with (
            (directory / "errors").open("ab") as errors,
            Path(os.devnull).open("rb") as nothing,
            os.fdopen(writing, "wb") as said,
        ):
            streams = (nothing.fileno(), said.fileno(), errors.fileno())
            self._running = forks().start(start, streams)
        self.said = os.fdopen(reading)
        self.process = self._running.pid
        self.writer = 0
        self.recorded: list[str] = []
        self.ended: list[str] = []

    def until(self, word: str, last: str = "") -> None:
        """Hear what it says up to such a line, or to the end."""
        for line in self.said:
            said, *rest = line.split()
            if said == "writer":
                self.writer = int(rest[0])
            elif said == "recorded":
                assert not set(rest) & set(self.recorded), "recorded twice"
                self.recorded += rest
            elif said == "ended":
                self.ended += rest
            if said == word and last in {"", *rest}:
                return

    def wait(self) -> int:
        """Wait for the end of our process alone, and return how it ended."""
        return self._running.wait()

    def end(self) -> int:
        """Hear the rest, wait until both processes are gone, and return how ours ended."""
        self.until("nothing")
        code = self.wait()
        self.is_over()
        return code

    def is_over(self) -> None:
        """Wait until both processes are gone."""
        wait_until(lambda: not session_members(self.process), timeout=20, what="the writer to end")


@contextmanager
def _driven(directory: Path, what: str = "") -> Iterator[Driver]:
    driver = Driver(directory, what)
    with driver.said:
        yield driver


def _folder(directory: Path) -> MaildirFolder:
    return Maildir(directory / "Mail").folder(INBOX)


def _sent() -> dict[str, bytes]:
    mails = (
        large(f"M{number}") if number % STEP == STEP - 1 else plain(f"M{number}")
        for number in range(MESSAGES)
    )
    return {mail.token: mail.octets for mail in mails}


def _texts(folder: MaildirFolder) -> dict[str, bytes]:
    entries = folder.scan()
    found = {e.token or e.name: b"".join(folder.open_wire(e)) for e in entries}
    assert len(found) == len(entries), "doubled"
    return found


def _is_completed(directory: Path, recorded: list[str]) -> None:
    """Assert that what is there is whole, holds what was recorded, and that a run completes it."""
    folder, sent = _folder(directory), _sent()
    left = _texts(folder)
    assert left.items() <= sent.items()
    assert set(recorded) <= left.keys()
    with _driven(directory) as driver:
        assert driver.end() == 0
    assert set(driver.recorded) == sent.keys() - left.keys()
    assert _texts(folder) == sent
    assert left_in_tmp(folder) == []
    assert (directory / "errors").read_text() == ""


@pytest.mark.parametrize("victims", ["both", "the writer", "ours"])
@pytest.mark.parametrize("at", ["writer", "next M3", "recorded", "next M16", "next M29"])
def test_a_kill_at_any_moment_loses_nothing_and_doubles_nothing(
    tmp_path: Path, at: str, victims: str
) -> None:
    with _driven(tmp_path) as driver:
        driver.until(*at.split())
        if victims != "ours":
            with suppress(ProcessLookupError):  # all may be done by now
                os.kill(driver.writer, signal.SIGKILL)
        if victims != "the writer":
            with suppress(ProcessLookupError):
                os.kill(driver.process, signal.SIGKILL)
        assert driver.end() in ({0, 75} if victims == "the writer" else {0, -9})
    if victims == "ours":
        assert left_in_tmp(_folder(tmp_path)) in ([], [*_large_left(tmp_path)])
    _is_completed(tmp_path, driver.recorded)


def _large_left(directory: Path) -> list[str]:
    """Return what our process, which is killed, has in `tmp`: large messages alone."""
    large_ones = {f"M{number}" for number in range(STEP - 1, MESSAGES, STEP)} | {"T"}
    return [n for n in left_in_tmp(_folder(directory)) if n.split(".")[1] in large_ones]


def test_what_was_passed_on_is_delivered_after_our_death_and_the_lock_is_held_as_long(
    tmp_path: Path,
) -> None:
    with _driven(tmp_path, "stopped") as driver:
        driver.until("next", STOP)
        os.kill(driver.process, signal.SIGKILL)
        assert driver.wait() == -signal.SIGKILL
        with pytest.raises(Locked):
            AccountLock(tmp_path / "a.lock").acquire()
        assert is_running(driver.writer)
        os.kill(driver.writer, signal.SIGCONT)
        driver.is_over()
        with AccountLock(tmp_path / "a.lock"):
            pass
    # Three a buffer, and M4 and M9 are large: two buffers were passed on.
    assert set(_texts(_folder(tmp_path))) == {"M0", "M1", "M2", "M3", "M5", "M6"}
    assert (tmp_path / "errors").read_text() == ""
    _is_completed(tmp_path, driver.recorded)


def test_where_nothing_was_passed_on_it_ends_as_well(tmp_path: Path) -> None:
    with _driven(tmp_path) as driver:
        driver.until("writer")
        os.kill(driver.process, signal.SIGKILL)
        driver.end()


@pytest.mark.parametrize("to", ["all", "ours"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("at", [" M0", " M7", " M29", ""])
def test_a_signal_records_what_has_come_and_leaves_nothing_in_tmp(
    tmp_path: Path, at: str, number: signal.Signals, to: str
) -> None:
    with _driven(tmp_path, f"{number:d} {to}{at}") as driver:
        assert driver.end() == (130 if number == signal.SIGINT else 143)
    assert left_in_tmp(_folder(tmp_path)) == []
    if at:  # between two messages: all that came before is recorded
        numbers = range(int(at.removeprefix(" M")))
        assert set(driver.recorded) == {f"M{number}" for number in numbers}
    _is_completed(tmp_path, driver.recorded)


def test_a_signal_to_both_at_the_fork_ends_ours_once_and_the_other_quietly(tmp_path: Path) -> None:
    with _driven(tmp_path, "signalled") as driver:
        assert driver.end() == 143
    assert (driver.writer, driver.recorded, driver.ended) == (0, [], ["143"])
    assert (tmp_path / "errors").read_text() == ""
    _is_completed(tmp_path, [])
