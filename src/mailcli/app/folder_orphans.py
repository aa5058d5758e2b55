"""Files whose messages are gone on the server, and may be new in another folder of it.

A message that another client moved is taken over by one rename: its file keeps
its name and its inode, as other programs that read the Maildir would wish. A
kill between the rename and the commit leaves a file in the new folder that no
message is bound to, and a message without a file in the old one: the next run
fetches the message, sees that they are the same, and forgets the other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mailcli.app.folder_look import names_at_rest
from mailcli.app.folder_state import FolderState
from mailcli.app.stores import hash_of
from mailcli.errors import NotFound
from mailcli.model import Uid, keywords_of
from mailcli.store.entries import Entry
from mailcli.store.files import OtherFileSystem
from mailcli.store.records import MessageRow
from mailcli.sync.moves import Content


@dataclass(frozen=True, slots=True)
class Orphan:
    """A message that the server has no more under its UID, and where its file is."""

    state: FolderState
    row: MessageRow
    holder: FolderState
    unique: str

    @property
    def is_free(self) -> bool:
        """Whether nobody has taken it yet, nor its file where that was moved to.

        A file of an earlier generation of UIDs may have been recognised in its own folder.
        """
        if self.unique in self.holder.between.recognised:
            return False
        if self.holder is not self.state and self.unique in self.holder.bound():
            return False
        place = self.row.uidvalidity, self.row.uid
        known = self.state.rows.get(self.row.uid), self.state.former.get(self.row.unique)
        return any(row is not None and (row.uidvalidity, row.uid) == place for row in known)


@dataclass(frozen=True, slots=True)
class Adoption:
    """A file that was taken over: the record to be made of it, and whose it was."""

    row: MessageRow
    orphan: Orphan


class Orphans:
    """All orphans of an account, by content and by the server's own id for a message."""

    def __init__(self, states: Iterable[FolderState]) -> None:
        self._by_content: dict[Content, list[Orphan]] = defaultdict(list)
        self._by_id: dict[str, list[Orphan]] = defaultdict(list)
        states = list(states)
        names = set[str]()
        for state in states:
            for orphan in _orphaned(state):
                row = orphan.row
                self._by_content[row.size, row.sha256].append(orphan)
                if row.email_id:
                    self._by_id[row.email_id].append(orphan)
                names.add(orphan.unique)
        for state in states if names else ():
            state.taken = names_at_rest(state, names)

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self._by_content)

    @property
    def have_ids(self) -> bool:
        """Whether the server has given any of them an id."""
        return bool(self._by_id)

    def contents(self) -> Counter[Content]:
        """Return how many of them have which octets."""
        return Counter({content: len(each) for content, each in self._by_content.items()})

    def take(self, content: Content) -> Orphan | None:
        """Return one with these octets, each at most once."""
        return _next(self._by_content.get(content, []))

    def take_id(self, email_id: str) -> Orphan | None:
        """Return one with this id, each at most once."""
        return _next(self._by_id.get(email_id, []))


def _orphaned(state: FolderState) -> list[Orphan]:
    """Return what is gone from a folder: by UID, or with all its UIDs of an earlier generation."""
    gone = [row for row in state.rows.values() if row.uid not in state.remote]
    here = [
        Orphan(state, row, state, row.unique)
        for row in (*gone, *state.former.values())
        if row.unique in state.entries
    ]
    moved = state.between.elsewhere.items()
    return here + [Orphan(state, state.rows[uid], *place) for uid, place in moved]


def _next(orphans: list[Orphan]) -> Orphan | None:
    """Take the next one that nobody has taken by its other key."""
    while orphans:
        orphan = orphans.pop(0)
        if orphan.is_free:
            return orphan
    return None


def adopt(state: FolderState, uid: Uid, orphan: Orphan | None) -> Adoption | None:
    """Rename an orphan's file into the folder of the message that it is; None if it cannot be.

    One that is there already stays as it is: its message was moved away and back.
    `settle_adoptions` must follow.

    Raises: LocalError.
    """
    if orphan is None:
        return None
    source, row = orphan.holder, orphan.row
    entry = source.entries.get(orphan.unique)
    with suppress(NotFound, OtherFileSystem):
        if entry is None or hash_of(source.folder, entry) != (row.sha256, row.size):
            return None  # another program has changed it: it is another message by now
        if source is not state:
            if orphan.unique in state.entries or orphan.unique in state.taken:
                return None
            entry = _taken_over(state, orphan, entry)
        content = row.size, row.sha256
        bound = state.agree(uid, entry.unique, row.flags, content, email_id=row.email_id)
        return Adoption(bound, orphan)
    return None


def _taken_over(state: FolderState, orphan: Orphan, entry: Entry) -> Entry:
    """Rename an orphan's file into another folder; return it as it is there."""
    source = orphan.holder
    keywords = source.letters.read(entry.others, keywords_of(orphan.row.flags))
    others = state.letters_for(keywords)
    adopted = state.folder.adopt(entry, source.folder, others=others, there=state.entries)
    state.entries[adopted.unique] = adopted
    del source.entries[orphan.unique]
    return adopted


def settle_adoptions(state: FolderState, adopted: Sequence[Adoption]) -> None:
    """Make renames durable, the new names first, then commit them."""
    if not adopted:
        return
    state.folder.sync()
    for source in {id(a.orphan.holder): a.orphan.holder for a in adopted}.values():
        source.folder.sync()
    state.receive([(each.row, each.orphan.state, each.orphan.row) for each in adopted])
    state.counts.moved += len(adopted)
