"""Set flags and keywords of messages, or take them away: renames in the Maildir.

It needs no lock: a run of imap-sync takes it for the change of another program, and so do we
take what that run does. Only differences are applied, so nobody's change is undone.
"""

from collections.abc import Sequence

from mailcli.app.context import Context
from mailcli.app.flag_change import FlagChange, flag_name
from mailcli.app.found import Found, flag_names
from mailcli.app.keyword_letters import Agreed, letters_with, refuse_letterless, translated
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
        self._own = group.where.keyword_letters()
        self._agreed: Agreed | None = None
        if self._is_about_keywords():
            self._agreed = work.agreed(group.account)
        self._known = {each.position: self._keywords(each) for each in group.messages}
        self._letters = self._extended()

    def run(self) -> None:
        """Change each message; one that fails keeps no other. Raises: LocalError."""
        renamed = False
        for message in self._group.messages:
            with self._work.attempt(self._group.account):
                renamed |= self._flag(message)
        if renamed and not self._work.dry_run:
            self._group.where.sync()

    def _is_about_keywords(self) -> bool:
        """Tell whether any keyword is changed or there; else nobody needs to read the state."""
        changed = keywords_of(self._change.added | self._change.removed)
        return bool(changed) or any(each.entry.others for each in self._group.messages)

    def _keywords(self, message: Message) -> tuple[Flags, KeywordLetters]:
        if self._agreed is None:
            return frozenset(), self._own
        return self._agreed.keywords(message.entry, self._group.folder, self._own)

    def _extended(self) -> KeywordLetters:
        """Return the letters of the folder, with those that the change needs."""
        if self._agreed is None:
            return self._own
        brought = [has for has, letters in self._known.values() if letters is not self._own]
        blocked = self._agreed.in_folder(self._group.folder, but_for=self._group.uniques)
        return letters_with(
            self._group.where,
            self._change.added.union(*brought),
            blocked=blocked,
            dry_run=self._work.dry_run,
        )

    def _flag(self, message: Message) -> bool:
        """Change a message; tell whether its file has another name now."""
        entry, change = message.entry, self._change
        has, letters = self._known[message.position]
        keywords = keywords_of((has | change.added) - change.removed)
        refuse_letterless(self._group.folder, self._letters, keywords_of(has ^ keywords))
        flags = (entry.flags | system_flags_of(change.added)) - change.removed
        others = translated(entry, letters, self._letters, keywords)
        # Letters of another folder may be, by chance, the ones of other keywords here.
        is_renamed = (flags, others) != (entry.flags, entry.others)
        is_reread = keywords != keywords_of(has)
        if not is_renamed and not is_reread:
            return False
        wanted = entry.flagged(flags, others)
        if not self._work.dry_run:
            if self._agreed is not None and (is_reread or others != entry.others):
                folder = self._group.folder
                self._agreed.note(folder, {entry.unique: entry.unique}, source=folder)
            wanted = self._group.where.set_flags(entry, flags, others=others)
        self._tell(message, wanted, entry.flags | has)
        return is_renamed

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
