"""A signal at any line of ours that has to do with the process that writes messages."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, FrameType
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
    plains,
)

from mailcli.store import handover
from mailcli.store.folder import MaildirFolder
from mailcli.store.handover import Outlet
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX
from mailcli.store.writer import Parcel, Writer

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

MAILS = [*plains(5), large("L"), *plains(12)[5:]]

_STEPS: dict[str, Any] = {
    "Outlet.add": Outlet.add,
    "Outlet.finish": Outlet.finish,
    "Outlet._begin_buffer": vars(Outlet)["_begin_buffer"],
    "Outlet._pass_on": vars(Outlet)["_pass_on"],
    "Outlet._hear": vars(Outlet)["_hear"],
    "_receive": vars(handover)["_receive"],
    "_exactly": vars(handover)["_exactly"],
    "Writer.add": Writer.add,
    "Writer.stage": Writer.stage,
    "Writer._durable": vars(Writer)["_durable"],
    "Parcel.write": Parcel.write,
    "Parcel.close": Parcel.close,
    "Recorder": Recorder.__call__,
}


@contextmanager
def _interrupted(code: CodeType, line: int, times: int) -> Iterator[list[None]]:
    """Let ^C come as a line is about to be done for the n-th time, as Python lets it come."""
    here, left, came = os.getpid(), times, list[None]()

    def local(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if event == "line" and frame.f_lineno == line and os.getpid() == here:
            left -= 1
            if not left:
                came.append(None)
                raise KeyboardInterrupt
        return local

    def each(frame: FrameType, _event: str, _: object) -> Any:
        return local if frame.f_code is code else None

    before = sys.gettrace()
    sys.settrace(each)
    try:
        yield came
    finally:
        sys.settrace(before)


def _lines(code: CodeType) -> list[int]:
    found = {line for _, _, line in code.co_lines() if line is not None}
    return sorted(found - {code.co_firstlineno})


_OFTEN = [1, 3, *(pytest.param(n, marks=pytest.mark.soak) for n in (2, 4, 5, 6, 7, 8))]


@pytest.mark.parametrize("times", _OFTEN)
@pytest.mark.parametrize("name", _STEPS)
def test_a_signal_at_any_line_records_nothing_wrong_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, times: int
) -> None:
    make_small(monkeypatch.setattr)
    monkeypatch.setattr(handover, "BUFFERS", 2)
    code = _STEPS[name].__code__
    struck = 0
    for line in _lines(code):
        folder = Maildir(tmp_path / str(line)).folder(INBOX)
        folder.create()
        recorded = Recorder()
        messages = Writer[str](folder, recorded)
        with suppress(KeyboardInterrupt), _interrupted(code, line, times) as came:
            deliver(messages, MAILS)
        struck += bool(came)
        told = f"line {line}"
        assert came or len(recorded.all) == len(MAILS), told
        recorded.holds(folder, MAILS)
        assert set(recorded.all) <= folder.tokens().keys(), told
        assert left_in_tmp(folder) == [], told
        assert not is_running(child_of(messages)), told
        _complete(folder)
    assert struck or times > 1


def _complete(folder: MaildirFolder) -> None:
    here = folder.tokens()
    again = Recorder()
    deliver(Writer[str](folder, again), [mail for mail in MAILS if mail.token not in here])
    assert here.keys() | set(again.all) == {mail.token for mail in MAILS}
    assert not here.keys() & set(again.all)
    assert len(folder.scan()) == len(MAILS)
