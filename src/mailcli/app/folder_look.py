"""A look at both sides of a folder that keeps in memory only what is not as it was agreed on.

A folder may have a million messages. Those of which the server has the flags that were agreed on,
and the Maildir the file with just these letters, are *at rest*: nothing will be done about them,
and they are only counted (`FolderState.at_rest`). To find them, the rows of the state go by once,
and give an outline of the files that should be here, against which these are held as they go by
(`store.outline`). Then the rows go by again, held against what the server has. What is left over
is read as a whole.

Never at rest is what a run may have to think about in any case: a deletion that is held back, an
open intent, and a message with a UID that no listing of an earlier run had (`folder_told`).
"""

from collections.abc import Callable, Collection, Container, Iterator, MutableMapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from mailcli.app.folder_state import FolderState
from mailcli.errors import NotFound
from mailcli.imap.sets import UidSet
from mailcli.imap.values import Changes
from mailcli.model import Flags, Uid, keywords_of, system_flags_of
from mailcli.store.entries import Entry
from mailcli.store.keywords import KeywordLetters
from mailcli.store.name_sum import NameSum
from mailcli.store.outline import Outline, Parts
from mailcli.store.records import MessageOutline, MessageRow

MOST_RANGES = 1000
"""Changes from which on all rows are read one after the other, instead of those that changed."""


@dataclass(slots=True)
class There:
    """What a server holds: what it `told`, and unless that is all, the rest as it was agreed on.

    `gone` are the UIDs of the agreement that it has no more, None where it told all it has.
    `left` are messages that were not to be fetched, and of which it told nothing. A look takes
    out of `told` and `left` what it has seen.
    """

    told: MutableMapping[Uid, Flags]
    gone: UidSet | None = None
    left: set[Uid] = field(default_factory=set)

    @classmethod
    def changed(cls, state: FolderState, changes: Changes) -> "There":
        """Return what a server holds that told changes since both sides last agreed."""
        gone = changes.vanished
        left = {
            each.uid
            for each in state.store.left_out(state.id)
            if each.uidvalidity == state.generation and each.uid not in gone
        }
        return cls(changes.flags, gone, left - changes.flags.keys())

    def flags_of(self, uid: Uid, agreed: Flags) -> Flags | None:
        """Return the flags that a message of the agreement has there; None where it is gone."""
        found = self.told.get(uid)
        if found is None and self.gone is not None and uid not in self.gone:
            return agreed
        return found

    def count(self, state: FolderState) -> int:
        """Return how many messages the server has by what it told of changes."""
        gone = self.gone or UidSet()
        known = state.store.known_uids(state.id, state.generation)
        as_agreed = sum(uid not in self.told and uid not in gone for uid in known)
        return len(self.told) + as_agreed


class Here(NamedTuple):
    """What a look at the files found: whether there are any at all, and where some differ.

    With those of these parts, and how many messages are agreed on.
    """

    is_here: bool
    parts: Parts
    letters_for: Callable[[Flags], str]
    entries: dict[str, Entry]
    letters: KeywordLetters
    agreed: int


def look_here(state: FolderState) -> Here:
    """Read the files that are not as agreed on; all messages agreed on count as at rest for now.

    `state` knows the folder (`FolderState.find`), and nothing of its messages yet.

    Raises: LocalError, TemporaryFailure.
    """
    letters = state.folder.keyword_letters()
    letters_for = letters_of(letters)
    outline = _outline(state, letters_for)
    state.task.watch(state.at_rest)
    try:
        parts = state.scan(outline)
        if state.letters != letters:  # then what files have by the old ones is to be known
            parts = state.scan()
        return Here(True, parts, letters_for, state.entries, state.letters, state.at_rest)
    except NotFound:
        state.folder.names = NameSum()
        return Here(False, Parts.all(), letters_for, {}, letters, state.at_rest)


def looked_before(state: FolderState) -> Here | None:
    """Take over the look by which `folder_unchanged` found that there is something to do.

    It still holds: nothing was recorded since, and the first UID that only an answer may have
    told is the same. What another program did meanwhile it could do a moment later as well.
    """
    here = state.task.looked.pop() if state.task.looked else None
    is_same = state.settled and (state.selected.uidnext or 0) >= state.told_from
    if here is None or not is_same:
        return None
    state.entries, state.letters, state.at_rest = here.entries, here.letters, here.agreed
    return here


def look_there(state: FolderState, here: Here, there: There) -> None:
    """Read all of both sides that is not at rest: what differs here, or on the server."""
    missing, stirred = set[Uid](), dict[str, Flags]()
    for row in _concerned(state, there):
        flags = there.flags_of(row.uid, row.flags)
        if flags is None:
            missing.add(row.uid)
        elif flags == row.flags:
            there.told.pop(row.uid, None)
        if flags != row.flags and row.unique not in here.parts:
            stirred[row.unique] = row.flags
    state.load(among=_Either(here.parts, stirred) if stirred else here.parts)
    state.at_rest -= len(state.rows)
    for unique, agreed in stirred.items():
        state.entries[unique] = state.folder.locate(unique, here.letters_for(agreed))
    state.remote = there.told
    for message in state.rows.values():
        if message.uid not in missing:
            state.remote.setdefault(message.uid, message.flags)
    if there.left:
        there.left.intersection_update(state.store.left_alone(state.id, state.generation))
    for uid in there.left:
        state.remote.setdefault(uid, frozenset())


def _concerned(state: FolderState, there: There) -> Iterator[MessageOutline | MessageRow]:
    """Yield the messages agreed on of which the server may have told anything."""
    if not state.settled:
        return iter(())
    if there.gone is not None and len(there.told) + there.gone.range_count <= MOST_RANGES:
        ranges = UidSet.union([UidSet.of(there.told), there.gone]).ranges
        return state.store.messages_in(state.id, state.generation, ranges)
    every = state.store.outlines(state.id)
    return (row for row in every if row.uidvalidity == state.generation)


class _Either:
    """What is in one of two containers."""

    def __init__(self, *containers: Container[str]) -> None:
        self._containers = containers

    def __contains__(self, unique: object) -> bool:
        return any(unique in each for each in self._containers)


def _outline(state: FolderState, letters_for: Callable[[Flags], str]) -> Outline:
    """Outline the files of all messages that may be at rest, and count the messages."""
    outline = Outline(state.store.count_messages(state.id))
    for intent in state.store.intents(state.id):
        outline.expose(intent.unique)
    unsettled = {intent.uid for intent in state.store.deletions(state.id)}
    following = state.selected.uidnext or 0
    first_young = min(state.told_from or following, following)
    for row in state.store.outlines(state.id):
        is_known = state.settled and row.uidvalidity == state.generation
        state.at_rest += is_known
        if not is_known or row.held or row.uid >= first_young or row.uid in unsettled:
            outline.expose(row.unique)
        else:
            outline.expect(row.unique, letters_for(row.flags))
    return outline


def letters_of(known: KeywordLetters) -> Callable[[Flags], str]:
    """Return what gives the letters of a file that has just these flags."""

    @cache  # a folder has few different flag sets
    def letters_for(flags: Flags) -> str:
        system = (flag.letter for flag in system_flags_of(flags))
        return "".join(sorted([*system, *known.letters_for(keywords_of(flags))]))

    return letters_for


def look_again(state: FolderState, there: MutableMapping[Uid, Flags]) -> None:
    """Take another whole listing of the server for what it has, during a run.

    It is believed of what is not at rest. Of the rest it can only tell that it was stirred since
    the first look: then the next run lists all anew.
    """
    for row in _at_rest(state):
        if there.pop(row.uid, None) != row.flags:
            state.stirred = True
    state.remote = there


def names_at_rest(state: FolderState, among: Collection[str]) -> set[str]:
    """Return which of these unique names are files of messages at rest."""
    if not state.at_rest:
        return set()
    named = state.store.named(state.id, state.generation, among)
    return {unique for uid, unique in named if uid not in state.rows}


def _at_rest(state: FolderState) -> Iterator[MessageOutline]:
    for row in state.store.outlines(state.id) if state.at_rest else ():
        if row.uidvalidity == state.generation and row.uid not in state.rows:
            yield row
