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

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mailcli.app.changed import Listing
from mailcli.app.context import Context, NoProgress
from mailcli.app.describing import describe
from mailcli.errors import LocalError, MailError, TemporaryFailure
from mailcli.results.report import ErrorReport
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.index import Index
from mailcli.store.index_rows import Described, Texts
from mailcli.store.numbers import Numbered, Numbers
from mailcli.store.stamps import Clock, Stamps, ask_clock

BATCH = 1000
"""Messages that are written in one transaction."""


@dataclass(slots=True)
class Arrival:
    """A file that the index does not know, and the number of its name, once it is known."""

    listing: Listing
    folder: int
    place: str
    number: int | None = None

    @property
    def entry(self) -> Entry:
        """The file, made anew each time: there may be 100,000."""
        return entry_of(self.place)


@dataclass(slots=True)
class Update:
    """One update of the index.

    Where numbers cannot be `given` for good, messages that have none get negative ones, which
    nobody sees.
    """

    context: Context
    index: Index
    numbers: Numbers | None
    errors: list[ErrorReport]
    given: bool = True
    gone: set[int] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    stamps: dict[int, str | None] = field(default_factory=dict)
    added: list[int] = field(default_factory=list)
    passing: int = 0

    def run(self, listings: Sequence[Listing], *, most: int | None = None) -> None:
        """Bring the index up to date with these folders; `most` messages may be new.

        Raises: LocalError, TemporaryFailure where the index or the numbers cannot be written.
        """
        arrivals: list[Arrival] = []
        clock = cache(self._clock)
        with self.index.transaction():
            for listing in listings:
                arrivals += self._list(listing, clock)
        arrivals.sort(key=_place)
        arrivals.sort(key=_delivered)
        self._number_by_name(arrivals)
        arrivals = self._without_moved(arrivals)
        total = len(arrivals)
        if most is not None and total > most:
            raise TemporaryFailure(f"{total} messages are to be indexed")
        progress = self.context.progress if total > BATCH else NoProgress()
        with progress.transfer("index", messages=lambda: total) as step:
            for batch in _batched(arrivals):
                self._add(batch)
                for _ in batch:
                    step(0)
        if self.added:
            self._record_joined(self.index.join_by_subject(self.added))
        with self.index.transaction():
            self.index.remove(self.gone - self.taken)
            for folder, text in self.stamps.items():
                self.index.listed(folder, text)
            for listing in listings:
                if listing.where is None and listing.known is not None:
                    self.index.forget_folder(listing.known.id)

    def _list(self, listing: Listing, clock: Callable[[Path], Clock | None]) -> list[Arrival]:
        """List a folder: record other flags, note what is gone, return what has come."""
        known = listing.known or self.index.folder(listing.account, listing.name)
        asked = clock(listing.root)
        before: Stamps | None = None
        there: list[str] = []
        only_new = False
        if listing.where is not None:
            try:
                before = listing.where.stamps()
                there, only_new = _places(listing.where, known.stamps, before)
            except MailError as error:
                self.errors.append(ErrorReport.of(error, account=listing.account or None))
                return []
        numbers = {place: number for number, place in self.index.places(known.id, new=only_new)}
        came = [place for place in there if numbers.pop(place, None) is None]
        left = {entry_of(place).unique: number for place, number in numbers.items()}
        arrivals = []
        for place in came:
            number = left.pop(entry_of(place).unique, None) if left else None
            if number is None:
                arrivals.append(Arrival(listing, known.id, place))
            else:
                self.index.move(number, known.id, entry_of(place))
        self.gone |= set(left.values())
        trusted = before is not None and asked is not None and before.are_older_than(asked)
        self.stamps[known.id] = before.text if before is not None and trusted else None
        return arrivals

    def _clock(self, root: Path) -> Clock | None:
        return ask_clock(root, scratch=self.context.cache_dir)

    def _number_by_name(self, arrivals: Sequence[Arrival]) -> None:
        """Give those files their number whose unique name has one: first where they were."""
        if self.numbers is None:
            return
        moved: list[tuple[Arrival, list[Numbered]]] = []
        for arrival in arrivals:
            named = self.numbers.by_name(arrival.listing.account, arrival.entry.unique)
            here = [each for each in named if each.folder == arrival.listing.name]
            if not self._take(arrival, here) and named:
                moved.append((arrival, named))
        for arrival, named in moved:
            self._take(arrival, named)

    def _take(self, arrival: Arrival, candidates: Sequence[Numbered]) -> bool:
        """Give a file the number of one of these messages whose file is gone, if there is one."""
        for each in candidates:
            if each.number in self.taken:
                continue
            if each.number in self.gone or not self.index.holds(each.number):
                self.taken.add(each.number)
                arrival.number = each.number
                return True
        return False

    def _without_moved(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Record where those are now that the index had elsewhere; return the others."""
        others = []
        with self.index.transaction(), self._numbering():
            for each in arrivals:
                if each.number is None or not self.index.holds(each.number):
                    others.append(each)
                    continue
                self.index.move(each.number, each.folder, each.entry)
                self._record(each, each.number)
        return others

    def _add(self, batch: Sequence[Arrival]) -> None:
        """Read messages and write them into both files."""
        read = [(arrival, self._read(arrival)) for arrival in batch]
        found = [(arrival, content) for arrival, content in read if content is not None]
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
                self.added.append(number)
        # What the index has, and is not gone, nobody takes.
        self.taken -= {number for number, _ in known} - self.gone
        self._record_joined(joined)

    def _record_joined(self, joined: Sequence[tuple[int, int]]) -> None:
        """Record in the numbers which threads are one now."""
        if joined and self.numbers is not None and self.given:
            with self.numbers.transaction():
                for old, new in joined:
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

    def _read(self, arrival: Arrival) -> tuple[Described, Texts] | None:
        where = arrival.listing.where
        assert where is not None  # noqa: S101 - it was listed
        account = arrival.listing.account
        try:
            return describe(str(where.path_of(arrival.entry)), account)
        except LocalError as error:
            self.errors.append(ErrorReport.of(error, account=account or None))
            self.stamps[arrival.folder] = None  # so that each look at the folder says so
            return None


def entry_of(place: str) -> Entry:
    """Return the file at a place, such as `cur/NAME`."""
    return Entry("new" if place[:3] == "new" else "cur", place[4:])


def _places(
    where: MaildirFolder, known: str | None, before: Stamps | None
) -> tuple[list[str], bool]:
    """List a folder, or `new` alone where nothing else has changed; tell so. Raises: MailError.

    That is how mail comes, and spares reading the names of all that was there.
    """
    if known is not None and before is not None and before.differs_in_new_alone(known):
        places = where.places(new=True)
        after = where.stamps()
        if after is not None and after.differs_in_new_alone(known):
            return places, True
    return where.places(), False


def _batched(arrivals: list[Arrival]) -> Iterator[Sequence[Arrival]]:
    for start in range(0, len(arrivals), BATCH):
        yield arrivals[start : start + BATCH]


def _place(arrival: Arrival) -> str:
    return arrival.place


def _delivered(arrival: Arrival) -> int:
    """Return when a file was delivered, as its name tells; 0 where it does not."""
    when = arrival.place[4:].partition(".")[0]
    return int(when) if when.isascii() and when.isdigit() and len(when) < 15 else 0
