"""The wire: one deadline for each whole reply, caps, and the end after a failure."""

import time

import pytest

from mailcli.errors import Exit, ProtocolViolation, TemporaryFailure
from mailcli.net import Wire
from mailcli.net.wire import BUFFER, LINE_CAP, PROGRESS, REPLY_CAP
from tests.scripted.sessions import SOON, wired
from tests.support.scripted import Scripted


def _read_on(wire: Wire) -> None:
    """Read lines for ever."""
    while True:
        wire.makefile().readline()


def _send_on(wire: Wire) -> None:
    """Send data for ever."""
    while True:
        wire.send_data(b"x" * 65_536)


def test_a_line_that_never_ends_is_cut_off() -> None:
    with (
        Scripted("@endless! " + "x" * 1000) as server,
        wired(server) as wire,
        pytest.raises(ProtocolViolation, match="longer than") as caught,
    ):
        wire.makefile().readline()
    assert caught.value.exit_code is Exit.PROTOCOL


def test_a_long_line_is_no_problem() -> None:
    with Scripted(rf"S! 'x' * {LINE_CAP - 2}" + "\nS:") as server, wired(server) as wire:
        assert len(wire.makefile().readline()) == LINE_CAP


def test_lines_that_never_end_are_cut_off() -> None:
    with (
        Scripted("@endless 250-more") as server,
        wired(server) as wire,
        pytest.raises(ProtocolViolation, match="never ends"),
    ):
        _read_on(wire)


def test_a_reply_that_trickles_is_given_up_at_the_deadline() -> None:
    with (
        Scripted("@dribble 0.02\n@endless! x") as server,
        wired(server, timeout=SOON) as wire,
        pytest.raises(TemporaryFailure, match="no complete answer in time") as caught,
    ):
        wire.makefile().readline()
    assert caught.value.exit_code is Exit.TEMPORARY


def test_a_transfer_that_trickles_is_given_up() -> None:
    with (
        Scripted("@dribble 0.02\n@endless x") as server,
        wired(server, timeout=SOON) as wire,
        wire.transfer(1 << 40),
        pytest.raises(TemporaryFailure, match="in time"),
    ):
        _read_on(wire)


def test_a_transfer_that_makes_progress_outlives_the_time_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each wait takes most of the time-out, by the clock that the wire looks at."""
    pieces = 12
    now = _Clock(monkeypatch)
    with (
        Scripted(f"C: more\nS! 'x' * {PROGRESS}\n" * pieces) as server,
        wired(server, timeout=10) as wire,
        wire.transfer(1 << 40),
    ):
        for _ in range(pieces):
            wire._send(b"more\r\n")  # unlike sendall, it does not start the clock again
            now.passes_in_the_next_wait(6)
            assert len(wire.makefile().read(PROGRESS)) == PROGRESS


def test_a_transfer_has_a_cap() -> None:
    with (
        Scripted("@endless line") as server,
        wired(server) as wire,
        wire.transfer(3 * BUFFER),
        pytest.raises(ProtocolViolation, match="never ends"),
    ):
        _read_on(wire)


@pytest.mark.parametrize("first", [True, False], ids=["command first", "transfer first"])
def test_a_transfer_may_begin_before_or_after_its_command(first: bool) -> None:
    lines = 2 * REPLY_CAP // 64
    with (
        Scripted(f"C: list\nS! '{'x' * 62}\\r\\n' * {lines}") as server,
        wired(server) as wire,
    ):
        if first:
            wire.sendall(b"list\r\n")
        with wire.transfer(2 * REPLY_CAP):
            if not first:
                wire.sendall(b"list\r\n")
            assert {len(wire.makefile().readline()) for _ in range(lines)} == {64}


def test_a_reply_after_a_transfer_has_a_replys_cap_again() -> None:
    with Scripted("S: data\nS: end\n@endless more") as server, wired(server) as wire:
        with wire.transfer(1 << 40):
            assert wire.makefile().readline() == b"data\r\n"
        with pytest.raises(ProtocolViolation, match="never ends"):
            _read_on(wire)


def test_time_that_we_need_ourselves_is_not_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    now = _Clock(monkeypatch)
    with (
        Scripted("S: one\n@flush\n@wait two\nS: two") as server,
        wired(server) as wire,
        wire.transfer(1 << 20),
    ):
        assert wire.makefile().readline() == b"one\r\n"
        now.offset += 1_000_000  # such as a slow disk
        server.signal("two")
        assert wire.makefile().readline() == b"two\r\n"


def test_a_server_that_stops_reading_is_given_up() -> None:
    with (
        Scripted("@deaf forever") as server,
        wired(server, timeout=SOON) as wire,
        pytest.raises(TemporaryFailure, match="does not take what we send"),
    ):
        _send_on(wire)


@pytest.mark.parametrize("end", ["@cut", "@drop", "@reset"])
def test_a_lost_connection_is_temporary(end: str) -> None:
    with Scripted(f"C: hello\n{end}") as server, wired(server) as wire:
        wire.sendall(b"hello\r\n")
        with pytest.raises(TemporaryFailure, match="connection"):
            wire.makefile().readline()


def test_a_line_that_is_cut_off_is_no_line() -> None:
    with (
        Scripted("S! half a li\n@cut") as server,
        wired(server) as wire,
        pytest.raises(TemporaryFailure),
    ):
        wire.makefile().readline()


def test_nothing_is_sent_after_a_reply_that_did_not_come() -> None:
    """Its answer may still come, and would be taken for that of the next command."""
    with Scripted("C: one\n@gone") as server, wired(server, timeout=SOON) as wire:
        wire.sendall(b"one\r\n")
        with pytest.raises(TemporaryFailure):
            wire.makefile().readline()
        with pytest.raises(TemporaryFailure):
            wire.sendall(b"two\r\n")


class _Clock:
    """A monotonic clock that can be put forward, at once or during the next wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.offset = 0.0
        self._pending: list[float] = []
        monkeypatch.setattr("mailcli.net.deadline.monotonic", self._now)

    def passes_in_the_next_wait(self, seconds: float) -> None:
        self._pending = [0.0, seconds]

    def _now(self) -> float:
        if self._pending:
            self.offset += self._pending.pop(0)
        return time.monotonic() + self.offset
