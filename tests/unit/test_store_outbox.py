"""The store of the outbox, where another process comes between two of its steps."""

import fcntl
from pathlib import Path

import pytest

from mailcli.model import Address
from mailcli.store.outbox import Outbox, Queued, Recipient

MESSAGE = Queued(
    id=0,
    account="a",
    token="",
    sender="a@b.example",
    size=4,
    created=0,
    next_try=0,
    recipients=(Recipient(Address("", "x@y.example")),),
)


def test_a_file_that_a_flush_removes_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock
    removed: list[str] = []

    def after_a_flush(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        with Outbox.below(tmp_path) as other:
            removed.extend(path.name for path in other.directory.glob("*.eml"))
            other.clean_up()
            assert not list(other.directory.glob("*.eml"))
        lock(descriptor, operation)

    with Outbox.below(tmp_path) as outbox:
        monkeypatch.setattr(fcntl, "flock", after_a_flush)
        number = outbox.add(MESSAGE, [b"text"])
        assert len(removed) == 1
        outbox.clean_up()
        assert b"".join(outbox.chunks(outbox.message(number))) == b"text"
