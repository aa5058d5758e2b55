"""Set flags and keywords of messages, or take them away: renames in the Maildir.

It needs no lock: a run of imap-sync takes it for the change of another program, and so do we
take what that run does. Only differences are applied, so nobody's change is undone.
"""

from collections.abc import Sequence

from mailcli.app.context import Context
from mailcli.app.flag_change import FlagChange, flag_name
from mailcli.app.found import Found, flag_names
from mailcli.app.keyword_letters import (
    Agreed,
    keywords_here,
    letters_with,
    refuse_letterless,
)
from mailcli.app.organised import Group, Message, Work, keyword_names
from mailcli.model import Flags, keywords_of, system_flags_of
from mailcli.results.organising import ChangedMessage, OrganisedResult
from mailcli.store.entries import Entry
from mailcli.store.keywords import KeywordLetters


def flag(
    context: Context, messages: Sequence[Found], change: FlagChange, *, dry_run: bool = False
) -> OrganisedResult:
    """Change the flags of messages, durably; those that have them already are left alone."""
    work = Work(context, dry_run)
    for group in work.groups(messages):
        with work.attempt(group.account):
            _FolderFlags(work, group, change).run()
    return work.result()


class _FolderFlags:
    """The change in one folder."""

    def __init__(self, work: Work, group: Group, change: FlagChange) -> None:
        self._work, self._group, self._change = work, group, change
        self._keywords = keywords_of(change.added), keywords_of(change.removed)
        self._before = group.where.keyword_letters()
        self._agreed = Agreed()
        if not all(map(self._before.covers, frozenset().union(*self._keywords))):
            self._agreed = work.agreed(group.account)
        self._letters = self._extended()

    def run(self) -> None:
        """Change each message; one that fails keeps no other. Raises: LocalError."""
        renamed = False
        for message in self._group.messages:
            with self._work.attempt(self._group.account):
                renamed |= self._flag(message)
        if renamed and not self._work.dry_run:
            self._group.where.sync()

    def _extended(self) -> KeywordLetters:
        """Return the letters of the folder, with those that the change needs."""
        blocked = self._agreed.in_folder(self._group.folder, but_for=self._group.uniques)
        return letters_with(
            self._group.where,
            frozenset(self._keywords[0]),
            blocked=blocked,
            dry_run=self._work.dry_run,
        )

    def _flag(self, message: Message) -> bool:
        """Change a message; tell whether its file has another name now."""
        entry, change = message.entry, self._change
        added, removed = self._keywords
        agreed = self._agreed.of(entry.unique, self._group.folder)
        had = entry.flags | keywords_here(entry, self._before, agreed)
        letterless = {*(added - had), *(removed & had)}
        refuse_letterless(self._group.folder, self._letters, letterless)
        flags = (entry.flags | system_flags_of(change.added)) - change.removed
        letters = {*entry.others, *self._letters.letters_for(added)}
        others = "".join(sorted(letters - {*self._letters.letters_for(removed)}))
        wanted = entry.flagged(flags, others)
        if (wanted.flags, wanted.others) == (entry.flags, entry.others):
            return False
        if not self._work.dry_run:
            wanted = self._group.where.set_flags(entry, flags, others=others)
        self._tell(message, wanted, had)
        return True

    def _tell(self, message: Message, entry: Entry, had: Flags) -> None:
        now = (had | self._change.added) - self._change.removed
        self._work.change(
            message,
            ChangedMessage(
                id=message.number,
                account=self._group.account.name,
                action="flagged",
                folder=self._group.folder,
                path=self._group.where.path_of(entry),
                from_=None,
                to=None,
                flags=flag_names(entry),
                keywords=keyword_names(now),
                added=tuple(sorted(map(flag_name, self._change.added - had))),
                removed=tuple(sorted(map(flag_name, self._change.removed & had))),
            ),
        )
