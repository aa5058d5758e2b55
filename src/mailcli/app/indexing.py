"""Writing into the index what has changed in folders: the one process that does, holds the lock.

All changed folders are listed first, so that a file that went from one to another is known to
be the same message. A file that the index does not know gets a number:

| the file's unique name | its message | number |
| --- | --- | --- |
| had a number, in this folder | | that one |
| had a number, and the file that has it is gone | | that one |
| is new | is one whose file is gone | that one's |
| is new | is new | the next |

Numbers are durable before the index has them; a run that was killed between is followed by one
that finds them by name. Stamps are recorded last: where they are not, folders are listed again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from mailcli.app.changed import Listing
from mailcli.app.context import Context, NoProgress
from mailcli.app.describing import describe
from mailcli.app.indexed_folder import FolderLook, entry_of
from mailcli.errors import LocalError, TemporaryFailure
from mailcli.results.report import ErrorReport
from mailcli.store.entries import Entry
from mailcli.store.index import Index
from mailcli.store.index_arrivals import some_of
from mailcli.store.index_rows import Described, Texts
from mailcli.store.numbers import Numbered, Numbers
from mailcli.store.stamps import Clock, ask_clock

if TYPE_CHECKING:
    from mailcli.store.watch import OurChanges

BATCH = 1000
"""Messages that are written in one transaction, at most."""

WORDS = 1 << 21
"""Characters of words in one transaction, beside those of its last message."""

NOTHING: "Mapping[str, OurChanges]" = MappingProxyType({})
"""Where nobody tells what was changed."""

Read = tuple[Described, Texts]


@dataclass(slots=True)
class Arrival:
    """A file that is new in a folder, and the number of its name, once it is known."""

    id: int
    listing: Listing
    folder: int
    place: str
    number: int | None = None

    @property
    def entry(self) -> Entry:
        """The file."""
        return entry_of(self.place)


@dataclass(slots=True)
class Update:
    """One update of the index.

    Where numbers cannot be `given` for good, messages that have none get negative ones, which
    nobody sees. What grows with the mailbox lies in temporary tables of the index.
    """

    context: Context
    index: Index
    numbers: Numbers | None
    errors: list[ErrorReport]
    given: bool = True
    listings: Sequence[Listing] = ()
    taken: set[int] = field(default_factory=set)
    stamps: dict[int, str | None] = field(default_factory=dict)
    files: dict[int, int | None] = field(default_factory=dict)
    passing: int = 0

    def run(
        self,
        listings: Sequence[Listing],
        *,
        most: int | None = None,
        ours: "Mapping[str, OurChanges]" = NOTHING,
    ) -> None:
        """Bring the index up to date with these folders; `most` messages may be new.

        Those of which `ours` tells by name what was changed need not be listed for it.

        Raises: LocalError, TemporaryFailure where the index or the numbers cannot be written.
        """
        self.listings = listings
        with self.index.updating():
            self._look(ours)
            self._number_by_name()
            self._settle_moved()
            total = self.index.arrival_count()
            if most is not None and total > most:
                raise TemporaryFailure(f"{total} messages are to be indexed")
            if total:
                self._read_all(total)
                self._record_joined(self.index.join_by_subject())
            with self.index.transaction():
                self.index.remove_gone()
                for folder, text in self.stamps.items():
                    self.index.listed(folder, text, files=self.files.get(folder))
                for listing in listings:
                    if listing.where is None and listing.known is not None:
                        self.index.forget_folder(listing.known.id)

    def _look(self, ours: "Mapping[str, OurChanges]") -> None:
        """List the folders: record other flags, note what has come, in order, and what is gone."""
        clock = cache(self._clock)
        with self.index.transaction():
            for nth in range(len(self.listings)):
                self._list(nth, clock, ours.get(self.listings[nth].name))
        self.index.put_in_order()

    def _list(
        self, nth: int, clock: Callable[[Path], Clock | None], ours: "OurChanges | None"
    ) -> None:
        listing = self.listings[nth]
        known = listing.known or self.index.folder(listing.account, listing.name)
        if listing.where is None:
            self.index.note_gone(known.id)
            self.stamps[known.id] = None
            return
        asked = clock(listing.root)
        look = FolderLook(self.index, nth, known, listing.where, ours)
        look.run()
        if look.error is not None:
            self.errors.append(ErrorReport.of(look.error, account=listing.account or None))
            return
        before = look.before
        trusted = before is not None and asked is not None and before.are_older_than(asked)
        self.stamps[known.id] = before.text if before is not None and trusted else None
        self.files[known.id] = look.files

    def _clock(self, root: Path) -> Clock | None:
        return ask_clock(root, scratch=self.context.cache_dir)

    def _arrivals(self, condition: str = "1") -> Iterator[Sequence[Arrival]]:
        """Yield arrivals for which a condition of SQL holds, in order, some at a time."""
        for some in self.index.arrivals(condition):
            yield [Arrival(each.id, self.listings[each.listing], *each[2:]) for each in some]

    def _number_by_name(self) -> None:
        """Give those files their number whose unique name has one: first where they were."""
        if self.numbers is None or not self.numbers.highest():
            return
        for arrivals in self._arrivals():
            elsewhere = []
            for arrival in arrivals:
                named = self.numbers.by_name(arrival.listing.account, arrival.entry.unique)
                here = [each for each in named if each.folder == arrival.listing.name]
                if not self._take(arrival, here) and named:
                    elsewhere.append(arrival.id)
            self.index.note_named(elsewhere)
            self._note_taken(arrivals)
        for arrivals in self._arrivals("is_named AND number IS NULL"):
            for arrival in arrivals:
                named = self.numbers.by_name(arrival.listing.account, arrival.entry.unique)
                self._take(arrival, named)
            self._note_taken(arrivals)

    def _take(self, arrival: Arrival, candidates: Sequence[Numbered]) -> bool:
        """Give a file the number of one of these messages whose file is gone, if there is one."""
        for each in candidates:
            if each.number in self.taken or self.index.is_taken(each.number):
                continue
            if not self.index.holds(each.number) or self.index.is_gone(each.number):
                self.taken.add(each.number)
                arrival.number = each.number
                return True
        return False

    def _note_taken(self, arrivals: Sequence[Arrival] = ()) -> None:
        """Note the numbers that were taken, and those that arrivals have got."""
        numbers = [(each.number, each.id) for each in arrivals if each.number is not None]
        if numbers:
            self.index.note_numbers(numbers)
        if self.taken:
            self.index.take(self.taken)
            self.taken.clear()

    def _settle_moved(self) -> None:
        """Record where those are now that the index had elsewhere: they need not be read."""
        with self.index.transaction(), self._numbering():
            for arrivals in self._arrivals("number IS NOT NULL"):
                settled = []
                for each in arrivals:
                    if each.number is not None and self.index.holds(each.number):
                        self.index.move(each.number, each.folder, each.entry)
                        self._record(each, each.number)
                        settled.append(each.id)
                self.index.settle(settled)

    def _read_all(self, total: int) -> None:
        """Read the arrivals and write them into both files."""
        progress = self.context.progress if total > BATCH else NoProgress()
        with progress.transfer("index", messages=lambda: total) as step:
            for some in self._arrivals():
                for found in self._contents(some, step):
                    self._add(found)

    def _contents(
        self, arrivals: Sequence[Arrival], step: Callable[[int], None]
    ) -> Iterator[list[tuple[Arrival, Read]]]:
        """Yield arrivals with what was read of them, as many as take little memory."""
        found: list[tuple[Arrival, Read]] = []
        words = 0
        for arrival in arrivals:
            content = self._read(arrival)
            step(0)
            if content is None:
                continue
            found.append((arrival, content))
            words += sum(map(len, content[1]))
            if words > WORDS:
                yield found
                found, words = [], 0
        yield found

    def _add(self, found: Sequence[tuple[Arrival, Read]]) -> None:
        """Write messages into both files."""
        with self._numbering():
            known = [self._number(arrival, described) for arrival, (described, _) in found]
        joined: list[tuple[int, int]] = []
        with self.index.transaction():
            pairs = list(zip(found, known, strict=True))
            self.index.add_all(
                [
                    (number, arrival.folder, arrival.entry, *content)
                    for (arrival, content), (number, _) in pairs
                ]
            )
            for (_, (described, _)), (number, thread) in pairs:
                joined += self.index.join(number, described.links, thread=thread)
            self.index.note_added(number for number, _ in known)
            self._note_taken()
        self._record_joined(joined)

    def _record_joined(self, joined: Iterable[tuple[int, int]]) -> None:
        """Record in the numbers which threads are one now."""
        for some in some_of(joined):
            if self.numbers is not None and self.given:
                with self.numbers.transaction():
                    for old, new in some:
                        self.numbers.join_threads(old, new)

    def _number(self, arrival: Arrival, described: Described) -> tuple[int, int]:
        """Return a message's number, given now if it has none, and the thread it is known for."""
        account = arrival.listing.account
        if arrival.number is None and self.numbers is not None:
            self._take(arrival, self.numbers.by_fingerprint(account, described.fingerprint))
        if arrival.number is not None:
            return arrival.number, self._record(arrival, arrival.number)
        if self.numbers is not None and self.given:
            where = (arrival.listing.name, arrival.entry.unique)
            number = self.numbers.give(account, *where, described.fingerprint)
        else:
            self.passing -= 1
            number = self.passing
        self.taken.add(number)
        return number, number

    def _record(self, arrival: Arrival, number: int) -> int:
        """Record where a numbered message is now; return the thread that it is known for."""
        if self.numbers is None:
            return number
        if self.given:
            self.numbers.moved(number, arrival.listing.name, arrival.entry.unique)
        return self.numbers.thread(number)

    def _numbering(self) -> AbstractContextManager[None]:
        """Make what is written to the numbers in the block one transaction."""
        return (
            self.numbers.transaction()
            if self.numbers is not None and self.given
            else nullcontext()
        )

    def _read(self, arrival: Arrival) -> Read | None:
        where = arrival.listing.where
        assert where is not None  # noqa: S101 - it was listed
        account = arrival.listing.account
        try:
            return describe(str(where.path_of(arrival.entry)), account)
        except LocalError as error:
            self.errors.append(ErrorReport.of(error, account=account or None))
            self.stamps[arrival.folder] = None  # so that each look at the folder says so
            return None
