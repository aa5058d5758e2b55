"""One folder held against the index: what has come, what has another name, what is gone.

The names of its files go by, some at a time, and only what is not as the index has it is kept:
in the index's temporary tables. Where it is known from which stamps to which a run alone changed
the folder, just the names that it gave go by, and those that it took away are gone.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailcli.errors import MailError
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.index import Index
from mailcli.store.index_rows import IndexedFolder
from mailcli.store.stamps import Stamps

if TYPE_CHECKING:
    from mailcli.store.watch import OurChanges


@dataclass(slots=True)
class FolderLook:
    """A look at a folder; `error` is why it could not be listed, `before` its stamps before that.

    `listing` is what is noted with each file that has come, `ours` what a run says it changed.
    `files` is how many there are; None where that is not known.
    """

    index: Index
    listing: int
    known: IndexedFolder
    where: MaildirFolder
    ours: "OurChanges | None" = None
    files: int | None = None
    before: Stamps | None = None
    error: MailError | None = None
    in_new_alone: bool = False
    is_ours_alone: bool = False

    def run(self) -> None:
        """Note what has come and what is gone, record other places.

        Raises: LocalError, TemporaryFailure of the index alone.
        """
        last = self.index.last_come()
        is_all_there = True
        for places in self._passes():
            self.index.forget_come(last)
            is_all_there = self._compare(places)
        if self.error is not None:
            self.index.forget_come(last)
        elif not is_all_there:
            self.index.note_gone(self.known.id, new=self.in_new_alone)

    def _passes(self) -> Iterator[Iterable[str]]:
        """Yield the files until the folder did not change meanwhile.

        Those in `new` alone where nothing else has changed: that is how mail comes, and spares
        reading the names of all that was there. And those that our own run gave where nobody
        else changed anything.
        """
        stamps = self.known.stamps
        try:
            self.before = self.where.stamps()
            if self.ours is not None and self._is_all_of(self.ours):
                self.is_ours_alone = True
                yield self.ours.given
                return
            came = self.before is not None and self.before.differs_in_new_alone(stamps or "")
            if stamps and came and self._is_each_known():
                self.in_new_alone = True
                yield from self.where.passes(new=True)
                after = self.where.stamps()
                if after is not None and after.differs_in_new_alone(stamps):
                    return
                self.in_new_alone = False
            yield from self.where.passes()
        except MailError as error:
            self.error = error

    def _is_all_of(self, ours: "OurChanges") -> bool:
        """Tell whether that is all that has changed since the index last looked."""
        is_same = self.before is not None and self.before.text == ours.after
        return self._is_each_known() and is_same and self.known.stamps == ours.before

    def _is_each_known(self) -> bool:
        """Tell whether the index knows of each file.

        Where two have one unique name, it knows of one alone, and would not see that the other is
        left when that one is taken away. Then all are listed.
        """
        return self.known.files == self.known.total

    def _compare(self, places: Iterable[str]) -> bool:
        """Note what has come; tell whether all messages of the index are there.

        Where some are not, those that are have been noted.
        """
        expected = self.index.count(self.known.id)
        self.files = self._elsewhere()
        if not expected:
            self.index.note_come(self.listing, self.known.id, self._counted(places))
            return True
        found = 0
        for count, unlike in self.index.compare(self.known.id, self._counted(places)):
            found += count - len(unlike)
            self.index.note_come(
                self.listing, self.known.id, (each.place for each in unlike if each.number is None)
            )
            for each in unlike:
                # Where the place that is known is there, too, it is the one that counts.
                if each.number is not None and not self._is_there(each.known_place):
                    self.index.move(each.number, self.known.id, entry_of(each.place))
                    found += 1
        if self.is_ours_alone and self.ours is not None:
            self.index.note_taken(self.known.id, self.ours.taken)
            return True
        if found == expected:
            return True
        if self.in_new_alone and found == self.index.count(self.known.id, new=True):
            return True
        self.index.note_there(self.known.id, places)
        return False

    def _elsewhere(self) -> int | None:
        """Return how many files there are beside those that go by; None: that is not known."""
        known = self.known.files
        if known is not None and self.is_ours_alone and self.ours is not None:
            return known - len(self.ours.taken)
        if self.in_new_alone:
            return None if known is None else known - self.index.count(self.known.id, new=True)
        return 0

    def _counted(self, places: Iterable[str]) -> Iterator[str]:
        """Yield places, counted among the files."""
        for place in places:
            if self.files is not None:
                self.files += 1
            yield place

    def _is_there(self, place: str) -> bool:
        return os.path.lexists(f"{self.where.path}/{place}")


def entry_of(place: str) -> Entry:
    """Return the file at a place, such as `cur/NAME`."""
    return Entry("new" if place[:3] == "new" else "cur", place[4:])
