"""The store of the outbox, where another process comes between two of its steps."""

import fcntl
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mailcli.errors import LocalError
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


@pytest.mark.parametrize("made", ["damaged", "by a newer mailcli"])
def test_who_is_to_move_the_outbox_away_is_told_to_copy_the_messages_first(
    tmp_path: Path, made: str
) -> None:
    with Outbox.below(tmp_path) as outbox:
        path = outbox.directory / "outbox.db"
    if made == "damaged":
        path.write_bytes(b"no database " * 1000)
    else:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LocalError) as caught, Outbox.below(tmp_path):
        pass
    assert "copy the .eml files" in caught.value.hint
    assert "no mail is lost" not in caught.value.hint
