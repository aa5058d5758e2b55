"""One folder held against the index: what has come, what has another name, what is gone.

The names of its files go by, some at a time, and only what is not as the index has it is kept:
in the index's temporary tables.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from mailcli.errors import MailError
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.index import Index
from mailcli.store.index_rows import IndexedFolder
from mailcli.store.listing import Places
from mailcli.store.stamps import Stamps


@dataclass(slots=True)
class FolderLook:
    """A look at a folder; `error` is why it could not be listed, `before` its stamps before that.

    `listing` is what is noted with each file that has come.
    """

    index: Index
    listing: int
    known: IndexedFolder
    where: MaildirFolder
    before: Stamps | None = None
    error: MailError | None = None
    in_new_alone: bool = False

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

    def _passes(self) -> Iterator[Places]:
        """Yield the files until the folder did not change meanwhile.

        Those in `new` alone where nothing else has changed: that is how mail comes, and spares
        reading the names of all that was there.
        """
        stamps = self.known.stamps
        try:
            self.before = self.where.stamps()
            if stamps and self.before and self.before.differs_in_new_alone(stamps):
                self.in_new_alone = True
                yield from self.where.passes(new=True)
                after = self.where.stamps()
                if after is not None and after.differs_in_new_alone(stamps):
                    return
                self.in_new_alone = False
            yield from self.where.passes()
        except MailError as error:
            self.error = error

    def _compare(self, places: Places) -> bool:
        """Note what has come; tell whether all messages of the index are there.

        Where some are not, those that are have been noted.
        """
        expected = self.index.count(self.known.id)
        if not expected:
            self.index.note_come(self.listing, self.known.id, places)
            return True
        found = 0
        for count, unlike in self.index.compare(self.known.id, places):
            found += count - len(unlike)
            self.index.note_come(
                self.listing, self.known.id, (each.place for each in unlike if each.number is None)
            )
            for each in unlike:
                # Where the place that is known is there, too, it is the one that counts.
                if each.number is not None and not self._is_there(each.known_place):
                    self.index.move(each.number, self.known.id, entry_of(each.place))
                    found += 1
        if found == expected:
            return True
        if self.in_new_alone and found == self.index.count(self.known.id, new=True):
            return True
        self.index.note_there(self.known.id, places)
        return False

    def _is_there(self, place: str) -> bool:
        return os.path.lexists(f"{self.where.path}/{place}")


def entry_of(place: str) -> Entry:
    """Return the file at a place, such as `cur/NAME`."""
    return Entry("new" if place[:3] == "new" else "cur", place[4:])
