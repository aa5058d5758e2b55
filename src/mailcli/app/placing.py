"""Put messages into another folder: by a rename, or as durable copies.

| from, to | how | killed on the way |
| --- | --- | --- |
| move within an account | a rename, the same unique name | in one of the two folders |
| move to another account or disk | a durable copy, then the file goes | perhaps in both, whole |
| copy | a durable copy under a unique name of its own | perhaps no copy; a file in `tmp` |

It needs no lock: to a run of imap-sync it is another program's move, which is one MOVE on the
server, or a new message. Keywords get the letters of the folder where the message is then.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from mailcli.app.destinations import Destination
from mailcli.app.found import flag_names
from mailcli.app.keyword_letters import (
    letters_with,
    refuse_letterless,
    translated,
)
from mailcli.app.organised import Group, Message, Work, keyword_names
from mailcli.errors import MailError, NotFound, TemporaryFailure
from mailcli.model import Flags, keywords_of
from mailcli.results.organising import ChangedMessage
from mailcli.store.entries import Entry, unique_name
from mailcli.store.files import OtherFileSystem
from mailcli.store.folder import MaildirFolder
from mailcli.store.folder_view import TRIES
from mailcli.store.keywords import KeywordLetters


@dataclass(frozen=True, slots=True)
class _Planned:
    """A message that goes, its keywords, and its letters where it goes."""

    message: Message
    keywords: Flags
    others: str

    @property
    def unique(self) -> str:
        """The unique name that it has, and keeps where it is moved by a rename."""
        return self.message.entry.unique


class Placing:
    """Messages of one folder on their way to another; `move` or `copy` them, once."""

    def __init__(self, work: Work, group: Group, destination: Destination) -> None:
        self._work, self._group, self._destination = work, group, destination
        self._same_account = group.account.name == destination.account.name

    def move(self) -> None:
        """Move all that can be moved, durably. Raises: LocalError."""
        planned = self._planned()
        if self._work.dry_run:
            for each in planned:
                self._tell(each, self._as_planned(each), "moved")
            return
        if not self._same_account:
            self._copy(planned, and_remove=True)
            return
        far = self._rename(planned)
        try:
            self._copy(far, and_remove=True)
        finally:  # what was renamed is to be durable all the same
            self._destination.where.sync()
            self._group.where.sync()

    def copy(self) -> None:
        """Copy all that can be copied, durably. Raises: LocalError."""
        planned = self._planned()
        if self._work.dry_run:
            for each in planned:
                self._tell(each, self._as_planned(each), "copied")
            return
        self._copy(planned, and_remove=False)

    # -- letters ----------------------------------------------------------------------------

    @cached_property
    def _there(self) -> dict[str, Entry]:
        """What the destination holds: it is listed once, however many messages come."""
        where = self._destination.where
        if self._work.dry_run and not where.exists():
            return {}
        return {each.unique: each for each in where.scan()}

    def _planned(self) -> list[_Planned]:
        """Return the messages with their letters there; those that would lose one stay."""
        own = self._group.where.keyword_letters()
        agreed = self._work.agreed(self._group.account)
        known = [
            agreed.keywords(each.entry, self._group.folder, own) for each in self._group.messages
        ]
        target = self._letters(frozenset().union(*map(self._told, self._group.messages, known)))
        planned = []
        for message, (has, letters) in zip(self._group.messages, known, strict=True):
            with self._work.attempt(self._group.account):
                planned.append(self._plan(message, has, letters, target))
        return planned

    def _plan(
        self, message: Message, has: Flags, letters: KeywordLetters, target: KeywordLetters
    ) -> _Planned:
        needed = keywords_of(has ^ self._lasting(message))
        refuse_letterless(self._destination.name, target, needed)
        return _Planned(message, has, translated(message.entry, letters, target, has))

    def _again(self, planned: _Planned) -> _Planned:
        """Return a message whose keywords another program changes, as it is by now."""
        group = self._group
        current = group.where.find(planned.unique)
        if current is None:
            raise NotFound(f"{group.where.path_of(planned.message.entry)}: the message is gone")
        message = replace(planned.message, entry=current)
        agreed = self._work.agreed(group.account)
        known = agreed.keywords(current, group.folder, group.where.keyword_letters())
        again = self._plan(message, *known, self._letters(self._told(message, known)))
        self._note({again.unique: again.unique} if again.others else {})
        return again

    def _told(self, message: Message, known: tuple[Flags, KeywordLetters]) -> Flags:
        """Return the keywords of which a file's letters there are to say whether it has them."""
        lasting = self._lasting(message)
        return known[0] if known[0] == lasting else known[0] | lasting

    def _lasting(self, message: Message) -> Flags:
        """Return the keywords that stand without a letter, as they were agreed on."""
        if not self._same_account:
            return frozenset()
        agreed = self._work.agreed(self._group.account)
        return agreed.of(message.entry.unique, self._group.folder)

    def _letters(self, keywords: Flags) -> KeywordLetters:
        """Return the letters of the destination, with those that these keywords need."""
        destination = self._destination
        if not keywords:
            return destination.where.keyword_letters()
        agreed = self._work.agreed(destination.account)
        return letters_with(
            destination.where,
            keywords,
            blocked=agreed.in_folder(destination.name, but_for=self._group.uniques),
            entries=self._there.values(),
            dry_run=self._work.dry_run,
        )

    # -- files ------------------------------------------------------------------------------

    def _rename(self, planned: Iterable[_Planned]) -> list[_Planned]:
        """Move files by renaming them; return those that cannot be renamed so far."""
        planned = list(planned)
        self._note({each.unique: each.unique for each in planned if each.others})
        far = []
        came: dict[str, _Planned] = {}
        try:
            for each in planned:
                with self._work.attempt(self._group.account):
                    try:
                        moved, entry = self._adopt(each)
                    except OtherFileSystem:
                        far.append(each)
                        continue
                    self._there[entry.unique] = entry
                    came[entry.unique] = moved
                    self._tell(moved, entry, "moved")
        finally:
            left = {each.unique for each in came.values()}
            failed = {each.unique for each in planned} - self._there.keys()
            self._settle(came, left=left, failed=failed)
        return far

    def _note(self, files: Mapping[str, str]) -> None:
        """Note whose letters files have there: unique names, by those that they get."""
        if files:
            agreed = self._work.agreed(self._group.account)
            agreed.note(self._destination.name, files, source=self._group.folder)

    def _settle(
        self, came: Mapping[str, _Planned], *, left: AbstractSet[str], failed: AbstractSet[str]
    ) -> None:
        """Take the notes away that are not needed, of files that have come, left or failed."""
        lettered = {new: each.unique for new, each in came.items() if each.others}
        source, name = self._group.folder, self._destination.name
        with self._work.attempt(self._group.account):
            agreed = self._work.agreed(self._group.account)
            agreed.settle(name, lettered, source=source, left=left, failed=failed)

    def _adopt(self, planned: _Planned) -> tuple[_Planned, Entry]:
        """Move a message by a rename, with the keywords that it has by then."""
        for _ in range(TRIES):
            entry, others = planned.message.entry, planned.others
            try:
                adopted = self._destination.where.adopt(
                    entry, self._group.where, others=others, there=self._there, merge=False
                )
            except TemporaryFailure:
                planned = self._again(planned)
            else:
                if others and adopted.unique != entry.unique:  # that name was taken there
                    self._note({adopted.unique: entry.unique})
                return planned, adopted
        path = self._group.where.path_of(planned.message.entry)
        raise TemporaryFailure(f"{path}: another program keeps changing it")

    def _copy(self, planned: Sequence[_Planned], *, and_remove: bool) -> None:
        from mailcli.store.copying import Original, copy_messages

        now = self._work.context.unix_time()
        originals = [
            Original(
                self._group.where,
                each.message.entry,
                unique_name(f"C{secrets.token_hex(16)}", when=now),
                each.others,
            )
            for each in planned
        ]
        if not originals:
            return
        way = {
            original.copy.unique: each for original, each in zip(originals, planned, strict=True)
        }
        if self._same_account:
            self._note({new: each.unique for new, each in way.items() if each.others})
        waiting = iter(way.items())
        came: dict[str, _Planned] = {}
        left: set[str] = set()
        try:
            for group in copy_messages(self._destination.where, originals):
                for copy in group:
                    new, each = next(waiting)
                    with self._work.attempt(self._group.account):
                        if isinstance(copy, MailError):
                            raise copy
                        came[new] = each
                        if and_remove:
                            remove_message(self._group.where, each.message.entry)
                            left.add(each.unique)
                        self._tell(each, copy, "moved" if and_remove else "copied")
                if and_remove:
                    self._group.where.sync()
        finally:
            if self._same_account:
                self._settle(came, left=left, failed=way.keys() - came.keys())
            elif left:
                self._settle({}, left=left, failed=set())

    # -- what is told -----------------------------------------------------------------------

    def _as_planned(self, planned: _Planned) -> Entry:
        return planned.message.entry.lettered(planned.others)

    def _tell(self, planned: _Planned, entry: Entry, action: Literal["moved", "copied"]) -> None:
        group, destination = self._group, self._destination
        number = planned.message.number
        self._work.change(
            planned.message,
            ChangedMessage(
                id=number if action == "moved" and self._same_account else None,
                account=destination.account.name,
                action=action,
                folder=destination.name,
                path=destination.where.path_of(entry),
                from_=group.folder
                if self._same_account
                else f"{group.account.name}:{group.folder}",
                to=destination.name,
                flags=flag_names(entry),
                keywords=keyword_names(planned.keywords),
            ),
        )


def remove_message(where: MaildirFolder, entry: Entry) -> None:
    """Remove a file whatever other programs make of its flags meanwhile. `sync` makes it durable.

    Raises: TemporaryFailure where they do not stop, LocalError.
    """
    current: Entry | None = entry
    for _ in range(TRIES):
        if current is None or where.remove(current):
            return
        current = where.find(entry.unique)
    raise TemporaryFailure(f"{where.path_of(entry)}: another program keeps changing it")
