"""The buffers between our process and its fork: what goes in comes out, and nobody is stuck."""

import os
import signal
from pathlib import Path
from select import poll
from threading import Thread
from typing import Any

import pytest
from tests.support.beside import Recorder, child_of, deliver, make_small, outlet_of, plains

from mailcli.store import handover
from mailcli.store.handover import OCTETS, Durable, Outlet, What
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX
from mailcli.store.writer import Writer


@pytest.mark.parametrize(
    ("sizes", "buffers"),
    [
        ([OCTETS], 1),
        ([OCTETS, OCTETS, OCTETS], 3),
        ([0, OCTETS, 0], 1),
        ([1, OCTETS], 2),
        ([OCTETS - 1, 1, 1], 2),
        ([0] * 251, 2),
        ([2_000] * 600, 5),
        ([OCTETS] * 20, 20),
    ],
)
def test_what_is_put_into_buffers_comes_out_as_it_was(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int], buffers: int
) -> None:
    passed = _count(monkeypatch, Outlet, "_pass_on")
    durable: list[Durable] = []
    outlet = Outlet(durable.extend)
    came: list[tuple[bytes, What]] = []

    def serve() -> None:
        for octets, what in outlet.inlet.messages():
            came.append((octets, what))
            outlet.inlet.tell_durable([("new", what.unique, b"", len(octets))])
        outlet.inlet.tell_done()

    sent = [
        (bytes([n % 251]) * size, What(f"{n}.{'x' * 160}.mailcli", "FRS", "a" * 26, 1 << 33))
        for n, size in enumerate(sizes)
    ]
    other = Thread(target=serve)
    other.start()
    for octets, what in sent:
        middle = len(octets) // 3
        outlet.add([octets[:middle], b"", octets[middle:]], len(octets), what)
    outlet.finish()
    other.join()
    outlet.close()
    outlet.inlet.close()
    assert came == sent
    assert [name for _, name, _, _ in durable] == [what.unique for _, what in sent]
    assert len(passed) == buffers


def _count(patch: pytest.MonkeyPatch, owner: type, name: str) -> list[None]:
    calls: list[None] = []
    real = getattr(owner, name)

    def counted(self: Any, *args: Any) -> Any:
        calls.append(None)
        return real(self, *args)

    patch.setattr(owner, name, counted)
    return calls


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_that_stands_still_is_waited_for_once_all_buffers_are_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_small(monkeypatch.setattr)
    folder = Maildir(tmp_path / "Mail").folder(INBOX)
    folder.create()
    recorded = Recorder()
    messages = Writer(folder, recorded)
    outlet, child = outlet_of(messages), child_of(messages)
    full: list[list[str]] = []

    class Looking:
        """Lets the process go on where we would wait for ever."""

        def __init__(self, real: poll) -> None:
            self._real = real

        def poll(self, timeout: int | None = None) -> list[tuple[int, int]]:
            if timeout is None and not (full or vars(outlet)["_free"]):
                full.append(recorded.all)
                os.kill(child, signal.SIGCONT)
            return self._real.poll(timeout)

    vars(outlet)["_poll"] = Looking(vars(outlet)["_poll"])
    os.kill(child, signal.SIGSTOP)
    os.waitid(os.P_PID, child, os.WSTOPPED)
    mails = plains(3 * handover.BUFFERS * handover.MOST)
    deliver(messages, mails)
    assert full == [[]]
    assert recorded.all == [mail.token for mail in mails]
    recorded.holds(folder, mails)
