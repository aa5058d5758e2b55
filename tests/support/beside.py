"""Messages for deliveries with and without a process beside ours, and what became of them."""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mailcli.model import SystemFlags
from mailcli.store import delivery, durability, handover, writer
from mailcli.store.delivery import Delivery
from mailcli.store.entries import NO_FLAGS, unique_name
from mailcli.store.files import CHUNK
from mailcli.store.folder import Delivered, MaildirFolder
from mailcli.store.writer import Writer

_WHEN = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as it comes: its token, the chunks of its octets, and what is known of it."""

    token: str
    chunks: tuple[bytes, ...]
    flags: SystemFlags = NO_FLAGS
    others: str = ""
    received: int | None = _WHEN

    @property
    def octets(self) -> bytes:
        """All of it."""
        return b"".join(self.chunks)


def plain(token: str) -> Mail:
    """Return a small message."""
    return Mail(token, (b"Subject: x\r\n\r\n", token.encode()))


def plains(count: int) -> list[Mail]:
    """Return so many."""
    return [plain(f"M{number}") for number in range(count)]


def large(token: str) -> Mail:
    """Return one that is written by the process that hears the server."""
    return Mail(token, (b"Subject: x\r\n\r\n", b"x" * CHUNK, token.encode()))


class Recorder:
    """Remembers what was recorded, each once, and calls `then` with how many groups there are."""

    def __init__(self, then: Callable[[int], None] = lambda _: None) -> None:
        self.groups: list[list[str]] = []
        self.found: dict[str, Delivered] = {}
        self._then = then

    def __call__(self, group: Sequence[tuple[str, Delivered]]) -> None:
        assert not {token for token, _ in group} & self.found.keys(), "recorded twice"
        self.found.update(group)
        self.groups.append([token for token, _ in group])
        self._then(len(self.groups))

    @property
    def all(self) -> list[str]:
        """The labels, in the order in which they came."""
        return list(self.found)

    def holds(self, folder: MaildirFolder, mails: Iterable[Mail]) -> None:
        """Assert that each record is the message of its label, and that this is there."""
        sent = {mail.token: mail for mail in mails}
        for token, done in self.found.items():
            assert done.entry.token in {token, f"{token}+2"}, "recorded under another's label"
            octets = sent[token].octets
            assert (done.sha256, done.size) == (sha256(octets).digest(), len(octets))
            assert b"".join(folder.open_wire(done.entry)) == octets


def deliver(
    messages: Delivery[str] | Writer[str],
    mails: Iterable[Mail],
    before: Callable[[Mail], None] = lambda _: None,
    *,
    begun_as: Callable[[Mail], str] = lambda _: "T",
) -> None:
    """Deliver messages, as `folder_arrival` does it: which one it is is known in the end."""
    with messages:
        for mail in mails:
            before(mail)
            parcel = messages.stage(unique_name(begun_as(mail), when=_WHEN))
            try:
                for chunk in mail.chunks:
                    parcel.write(chunk)
                parcel.close(
                    unique=unique_name(mail.token, when=_WHEN),
                    flags=mail.flags,
                    others=mail.others,
                    received=mail.received,
                )
                messages.add(mail.token, parcel)
            except BaseException:
                parcel.abandon()
                raise


def child_of(messages: object) -> int:
    """Return the process that writes."""
    number = vars(messages)["_child"]
    assert isinstance(number, int)
    return number


def outlet_of(messages: object) -> handover.Outlet:
    """Return our side of the way to it."""
    outlet = vars(messages)["_outlet"]
    assert isinstance(outlet, handover.Outlet)
    return outlet


def make_small(
    patch: Callable[[object, str, object], None] = setattr, *, most: int = 2, batch: int = 3
) -> None:
    """Let few messages fill a buffer, and a group; tests have other threads, which do nothing."""
    patch(handover, "MOST", most)
    patch(delivery, "MAX_BATCH", batch)
    patch(durability, "MANY", 2)
    patch(delivery, "MANY", 1)
    patch(writer, "active_count", lambda: 1)
    patch(os, "sched_getaffinity", lambda _: {0, 1})


def files(folder: MaildirFolder) -> dict[str, tuple[bytes, int]]:
    """Return what lies in a folder, `tmp` included: octets, and time in seconds."""
    return {
        str(path.relative_to(folder.path)): (path.read_bytes(), int(path.stat().st_mtime))
        for path in folder.path.glob("*/*")
    }


def left_in_tmp(folder: MaildirFolder) -> list[str]:
    """Return the names in `tmp`."""
    return sorted(path.name for path in (folder.path / "tmp").iterdir())


def is_running(process: int) -> bool:
    """Tell whether a process is there, and be it a zombie."""
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def open_files() -> dict[str, str]:
    """Return our descriptors, and what they are."""
    found = {}
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one of this list
            found[path.name] = str(path.readlink())
    return found
