"""Progress at a terminal: what it says, when it is drawn, and that nothing of it stays."""

import io
from collections.abc import Callable, Iterator

import pytest

from mailcli.app.context import NoProgress, Progress
from mailcli.output.progress import Count, TerminalProgress

MB = 1_000_000


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(terminal: Terminal, clock: Clock) -> TerminalProgress:
    environ = {"TERM": "xterm", "COLUMNS": "120", "LINES": "30"}
    return TerminalProgress(terminal, color=False, clock=clock, environ=environ)


def _of(count: int) -> Callable[[], int]:
    return lambda: count


# -- what is said ------------------------------------------------------------------------------


def count(
    came: int, octets: int, *, of: int = 1000, here: int = 0, whole: int | None = None
) -> Count:
    """Return a transfer that began at 0."""
    return Count("INBOX", of, whole, here, 0.0, came, octets)


@pytest.mark.parametrize(
    ("transfer", "now", "text"),
    [
        pytest.param(count(0, 0), 0.0, "0/1,000  0 B", id="begun"),
        pytest.param(
            count(500, 2 * MB),
            1.0,
            "500/1,000  2.0 MB  2.0 MB/s",
            id="too early to tell what is left",
        ),
        pytest.param(
            count(500, 2 * MB), 10.0, "500/1,000  2.0 MB  200 kB/s  10 s left", id="by messages"
        ),
        pytest.param(
            count(500, 2 * MB, whole=10 * MB),
            10.0,
            "500/1,000  2.0 MB  200 kB/s  40 s left",
            id="by octets, where all are known",
        ),
        pytest.param(
            count(0, 2 * MB, of=1, whole=10 * MB),
            10.0,
            "2.0 MB of 10 MB  200 kB/s  40 s left",
            id="a part of one message",
        ),
        pytest.param(
            count(100, MB, here=800),
            10.0,
            "900/1,000  1.0 MB  100 kB/s  10 s left",
            id="what was here before is no measure of the pace",
        ),
        pytest.param(
            count(10, 12, of=9010), 10.0, "10/9,010  12 B  1 B/s  2:30 h left", id="hours"
        ),
        pytest.param(
            count(10, 12, of=210), 10.0, "10/210  12 B  1 B/s  3:20 min left", id="minutes"
        ),
        pytest.param(
            count(10, MB - 1, of=20), 1.0, "10/20  1.0 MB  1.0 MB/s", id="nearly the next unit"
        ),
        pytest.param(count(1000, MB), 5.0, "1,000/1,000  1.0 MB  200 kB/s  0 s left", id="done"),
        pytest.param(
            count(1001, MB, whole=MB // 2),
            5.0,
            "1,001/1,000  1.0 MB  200 kB/s  0 s left",
            id="more than was announced",
        ),
    ],
)
def test_what_is_said_of_a_transfer(transfer: Count, now: float, text: str) -> None:
    assert transfer.text(now) == text
    assert 0 <= transfer.share <= 1


def test_a_transfer_that_goes_on_says_where() -> None:
    assert count(0, 0, here=12_000).title() == "INBOX, resumed after 12,000"


def test_a_name_cannot_move_the_cursor() -> None:
    assert "\x1b" not in Count("\x1b[2J", 1, None, 0, 0.0).title()


# -- when it is drawn --------------------------------------------------------------------------


def test_a_transfer_that_is_over_at_once_shows_nothing(
    progress: TerminalProgress, terminal: Terminal, clock: Clock
) -> None:
    with progress.transfer("INBOX", messages=_of(100)) as show:
        for _ in range(100):
            clock.now += 0.004
            show(1000)

    assert terminal.getvalue() == ""


def test_a_part_and_the_whole_are_shown_together(
    progress: TerminalProgress, terminal: Terminal, clock: Clock
) -> None:
    with progress.transfer("work", messages=_of(300)):
        for name in ("INBOX", "Lists"):
            with progress.transfer(name, messages=_of(100)) as show:
                for _ in range(100):
                    clock.now += 0.1
                    show(MB)

    drawn = terminal.getvalue()
    assert "100/300" in drawn
    assert "100/100" in drawn
    assert "200/300  200 MB  10 MB/s  10 s left" in drawn
    assert drawn.index("INBOX") < drawn.index("Lists")


def test_pieces_of_a_message_are_octets_and_no_messages(
    progress: TerminalProgress, terminal: Terminal, clock: Clock
) -> None:
    with progress.transfer("work", messages=_of(2), octets=4 * MB) as step:
        for _ in range(2):
            for _ in range(4):
                clock.now += 1
                step(MB // 2, messages=0)
            step(0)

    drawn = terminal.getvalue()
    assert "0/2  1.5 MB  500 kB/s  5 s left" in drawn
    assert "1/2  3.5 MB  500 kB/s  1 s left" in drawn


def test_it_is_drawn_a_few_times_a_second_at_most(
    progress: TerminalProgress, terminal: Terminal, clock: Clock
) -> None:
    with progress.transfer("INBOX", messages=_of(10_000)) as show:
        for _ in range(10_000):
            clock.now += 0.0003
            show(1000)

    assert terminal.getvalue().count("INBOX") <= 31


def test_nothing_of_it_stays_when_a_transfer_fails(
    progress: TerminalProgress, terminal: Terminal, clock: Clock
) -> None:
    def fail() -> Iterator[None]:
        with progress.transfer("INBOX", messages=_of(10)) as show:
            for _ in range(10):
                clock.now += 1
                show(1000)
                yield
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        list(fail())

    assert terminal.getvalue().endswith("\r\x1b[2K\x1b[?25h\r"), (
        "the line is empty, the cursor back"
    )


def test_without_colour_there_is_none(
    progress: TerminalProgress, terminal: Terminal, clock: Clock
) -> None:
    with progress.transfer("INBOX", messages=_of(2)) as show:
        for _ in range(2):
            clock.now += 1
            show(1000)

    assert "\x1b[3" not in terminal.getvalue()


# -- nobody looks ------------------------------------------------------------------------------


def test_where_nobody_looks_nothing_is_counted() -> None:
    def refuse() -> int:
        raise AssertionError("nobody asked")

    silent: Progress = NoProgress()
    with silent.transfer("INBOX", messages=refuse) as show:
        show(1000)
        show(1000, messages=0)
