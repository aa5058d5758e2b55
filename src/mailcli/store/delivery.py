"""Many messages delivered into one folder, in groups that are made durable while others arrive.

The order is that of every delivery: the octets durable, then the name, the directory
durable, then the caller's record. Three groups are on their way at a time, one
behind the other: one fills; of the one before, the octets are being made durable; of
the one before that, the names. Both is done by one call (`durability`) in the background.

What a kill leaves behind is what it leaves of any delivery (`folder`): files in `tmp`, and
complete messages that nobody has recorded yet, which `tokens` finds.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from mailcli.store.durability import Disk, Task
from mailcli.store.folder import Delivered, MaildirFolder
from mailcli.store.incoming import Incoming
from mailcli.store.staging import Staged

if TYPE_CHECKING:
    from mailcli.store.writer import Writer

MAX_BATCH = 250
"""Messages in a group: enough to share a flush of the disk, few enough open files."""

MAX_OCTETS = 32 * 1024 * 1024
"""Octets after which a group is full, even if it has few messages."""

MANY = 1_000
"""Messages that are worth a process of their own, and to import what starts it."""

Label = TypeVar("Label")
"""What the caller knows a message by."""

Record = Callable[[Sequence[tuple[Label, Delivered]]], None]
"""Called for each group, in order, once it is durable."""


class Delivery(Generic[Label]):
    """Messages on their way into a folder: `add` them; at the end of the block all are recorded.

    Also where the block fails, as what arrived whole need not come again. Where the delivery
    itself fails, what is not visible yet is abandoned.
    """

    def __init__(self, folder: MaildirFolder, record: Record[Label]) -> None:
        """Begin, before the first message is staged. Raises: LocalError."""
        self._folder = folder
        self._record = record
        self._filling: list[tuple[Label, Staged]] = []
        self._octets = 0
        self._written: list[tuple[Label, Staged]] = []
        self._named: list[tuple[Label, Delivered]] = []
        self._task: Task | None = None
        self._directory = str(folder.path)
        self._disk = Disk(self._directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            while self._filling or self._written or self._named:
                self._advance(wait=True)
        finally:
            self._abandon()
            self._disk.close()

    def stage(self, unique: str) -> Staged:
        """Begin a message, as `MaildirFolder.stage` does."""
        return Staged(self._directory, unique)

    def add(self, label: Label, staged: Incoming) -> None:
        """Take a closed message. Raises: LocalError; what `record` raises."""
        assert isinstance(staged, Staged)  # noqa: S101 - for the type checker
        self._filling.append((label, staged))
        self._octets += staged.size
        if len(self._filling) >= MAX_BATCH or self._octets >= MAX_OCTETS:
            self._advance()

    def _advance(self, *, wait: bool = False) -> None:
        """Bring each group one step further; the next step begins in the background."""
        try:
            if self._task is not None:
                self._task.wait()
                self._task = None
            self._settle()
            files = [staged.descriptor for _, staged in self._written]
            work = partial(self._disk.make_durable, files, self._directories())
            if not wait:
                self._task = Task(work)
            elif self._written or self._named:
                work()
        except BaseException:
            self._abandon()
            raise

    def _settle(self) -> None:
        """Record the group whose names are durable, and name the one whose octets are."""
        named, self._named = self._named, []
        if named:
            self._record(named)
        written, self._written = self._written, self._filling
        self._filling, self._octets = [], 0
        self._named = self._placed(written)

    def _placed(self, group: list[tuple[Label, Staged]]) -> list[tuple[Label, Delivered]]:
        try:
            return [(label, self._folder.place(staged)) for label, staged in group]
        finally:
            for _, staged in group:
                staged.abandon()  # does nothing to those placed

    def _directories(self) -> list[str]:
        """Return where the last group was named."""
        found = {delivered.entry.subdirectory for _, delivered in self._named}
        return [f"{self._directory}/{subdirectory}" for subdirectory in sorted(found)]

    def _abandon(self) -> None:
        """Take away what is not visible yet; what is stays, unrecorded."""
        if self._task is not None:
            self._task.join()
        for _, staged in (*self._filling, *self._written):
            staged.abandon()
        self._filling, self._written, self._named = [], [], []


def delivering(
    folder: MaildirFolder, record: Record[Label], *, expected: int
) -> "Delivery[Label] | Writer[Label]":
    """Return what best delivers about so many messages into a folder. Raises: LocalError."""
    if expected >= MANY:
        from mailcli.store.writer import Writer, is_of_use

        if is_of_use():
            with suppress(OSError):  # no more processes, or no memory
                return Writer(folder, record)
    return Delivery(folder, record)
