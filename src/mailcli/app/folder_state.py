"""What one folder's run knows of both sides, and the one place that records agreements."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, MutableMapping, Sequence
from hashlib import sha256
from pathlib import Path

from mailcli.app.folder_between import Between
from mailcli.app.folder_task import FolderTask
from mailcli.app.stores import hash_of
from mailcli.errors import LocalError, NotFound
from mailcli.imap.session import FolderUnusable, ImapSession
from mailcli.imap.values import Selected
from mailcli.model import Flags, Keyword, Uid, keywords_of, system_flags_of
from mailcli.store.entries import Entry
from mailcli.store.keywords import KeywordLetters
from mailcli.store.outline import Outline, Parts
from mailcli.store.records import LeftOut, MessageRow
from mailcli.sync.moves import Content
from mailcli.sync.states import Side

Twins = dict[Content, list[str]]
"""Files that no message is bound to, by octets and SHA-256."""


class FolderState:
    """Both sides of a folder as a run found them, kept up while the run changes them.

    `rows` are the messages agreed on in this generation of UIDs. `former` are those of earlier
    generations: their files may be matched by content, but are never uploaded. `entries` are the
    files, by unique name; `remote` is what the server holds. `settled`: the generation is the last
    run's; where it is not, nothing is deleted in this run. `vanished` is the side that had the
    folder and has it no more. `left` are messages that the account leaves on the server.
    From the UID `told_from` on, an answer may have told the UIDs, and no listing (`folder_told`).
    `between` is what one pass leaves to another.

    Not in `rows`, `entries` and `remote` are messages `at_rest`: the server and the file are as
    agreed on, so that nothing is to be done. They are counted, and stay in the state alone, since
    a folder may have a million of them. `stirred`: one of them was not so any more when the
    server was asked again. `taken` are those of their files that have the name of an orphan.
    `unlisted` are the stamps that showed the files to be as agreed on, so that none was listed.
    """

    def __init__(self, task: FolderTask, selected: Selected) -> None:
        self.folder, self.pair, self.selected = task.folder, task.pair, selected
        self.store, self.policy, self.counts = task.store, task.policy, task.counts
        self.generation = selected.uidvalidity
        self.rows: dict[Uid, MessageRow] = {}
        self.former: dict[str, MessageRow] = {}
        self.entries: dict[str, Entry] = {}
        self.letters = KeywordLetters()
        self.remote: MutableMapping[Uid, Flags] = {}
        self.left: dict[Uid, LeftOut] = {}
        self.settled = False
        self.vanished: Side | None = None
        self.between = Between()
        self.id = self.told_from = 0
        self.at_rest, self.stirred, self.taken = 0, False, set[str]()
        self.unlisted: str | None = None
        self.task, self.dry_run = task, task.dry_run
        self._contents: dict[str, Content | None] = {}
        self._letterless = set[Keyword]()

    @property
    def name(self) -> str:
        """Our name for the folder."""
        return str(self.pair.name)

    def now(self) -> int:
        """Return the time in whole seconds since 1970."""
        return self.task.context.unix_time()

    def enter(self, session: ImapSession, *, again: bool = False) -> Selected:
        """Open the folder on the server, unless it is open; `again` asks for fresh numbers.

        Raises: FolderUnusable where its UIDs are others by now; MailError.
        """
        if not again and session.open_folder == self.pair.wire:
            return self.selected
        selected = session.select(self.pair.wire, read_only=not self.task.writes_there)
        if selected.uidvalidity != self.generation:
            raise FolderUnusable(f"{self.name}: the server renumbered the folder during the run")
        return selected

    # -- what was agreed on -----------------------------------------------------

    def find(self) -> bool:
        """Read what is recorded of the folder itself; tell whether anything is."""
        known = self.store.folder(self.name)
        if known is None:
            return False
        self.id = known.id
        self.settled = known.uidvalidity == self.generation
        self.told_from = known.uidnext
        return True

    def load(self, *, among: Container[str] | None = None) -> None:
        """Read what both sides last agreed on, of all messages or of these files alone."""
        if not self.find():
            return
        for row in self.store.messages(self.id, among=among):
            if self.settled and row.uidvalidity == self.generation:
                self.rows[row.uid] = row
            else:
                self.former[row.unique] = row

    def record(self, *, numbers: bool = False) -> None:
        """Record the folder itself, and give up the UIDs of all generations but this one.

        A generation that comes back may have other messages under its UIDs. With `numbers`,
        also how many messages and which changes the agreement covers.
        """
        with self.store.transaction():
            known = self.store.folder(self.name)
            following = self.selected.uidnext or 0
            if known is not None and known.uidvalidity != self.generation:
                self.store.retire_messages(known.id, self.generation)
                retired = self.store.messages(known.id, among=self.former)
                self.former = {row.unique: row for row in retired}
            elif known is not None and not numbers:
                following = known.uidnext  # see `folder_told`
            self.id = self.store.save_folder(
                self.name,
                uidvalidity=self.generation,
                uidnext=following,
                role=self.pair.role,
                messages=self.selected.exists if numbers else None,
                highestmodseq=self.selected.highestmodseq if numbers else None,
                mailbox_id=self.selected.mailbox_id,
                listed_at=self.now() if numbers and not self.selected.highestmodseq else None,
            )
            self.store.save_place(
                self.id,
                server_name=self.pair.server_name,
                delimiter=self.pair.delimiter,
                subscribed=self.pair.subscribed,
            )

    def bound(self) -> set[str]:
        """Return the unique names that belong to a message of this generation."""
        return {row.unique for row in self.rows.values()}

    def token(self, uid: Uid) -> str:
        """Name a message for ever: its folder, generation and UID."""
        octets = b"%b\0%d\0%d" % (self.pair.wire, self.generation, uid)
        return f"I{sha256(octets).hexdigest()[:32]}"

    def agree(
        self, uid: Uid, unique: str, flags: Flags, content: Content, *, email_id: str | None = None
    ) -> MessageRow:
        """Return the record of an agreement, to be saved."""
        size, digest = content
        return MessageRow(self.generation, uid, unique, flags, size, digest, email_id)

    def save(self, rows: Iterable[MessageRow]) -> None:
        """Commit agreements, if there are any."""
        fresh = list(rows)
        if fresh:
            self._commit(fresh)
            self.rows.update((row.uid, row) for row in fresh)

    def save_delivered(self, rows: Iterable[MessageRow], entries: Iterable[Entry]) -> None:
        """Commit agreements on messages that have just become files, with the server's flags.

        They are at rest. But a UID that the server had not given yet when the folder was opened
        is held against what it says later.
        """
        fresh = list(rows)
        self._commit(fresh)
        following = self.selected.uidnext or 0
        for row, entry in zip(fresh, entries, strict=True):
            if row.uid < following:
                self.at_rest += 1
                self.remote.pop(row.uid, None)
            else:
                self.rows[row.uid], self.entries[entry.unique] = row, entry

    def _commit(self, fresh: Sequence[MessageRow]) -> None:
        """Commit agreements, and drop the records that they replace, in one transaction."""
        with self.store.transaction():
            self.store.save_messages(self.id, fresh)
            self.store.drop_intents(self.id, [row.unique for row in fresh])
            if here := self.left.keys() & {row.uid for row in fresh}:
                self.store.forget_left_out(self.id, self.generation, here)
            for row in fresh:
                if old := self.former.get(row.unique):
                    self.store.forget_messages(self.id, old.uidvalidity, [old.uid])
        for row in fresh:  # not before all is committed: who fails may try again
            self.former.pop(row.unique, None)
            self.left.pop(row.uid, None)

    def forget(self, uids: Collection[Uid]) -> None:
        """Drop agreements, and the record of deletions that have come true, in one transaction."""
        if not uids:
            return
        self.store.forget_messages(self.id, self.generation, uids)
        for uid in uids:
            del self.rows[uid]

    def rebind(self, row: MessageRow) -> None:
        """Record that a message's file has another name; in a dry run, only take note."""
        if self.dry_run:
            self.rows[row.uid] = row
        else:
            self.save([row])

    def hold(self, uids: Collection[Uid]) -> None:
        """Record which deletions wait for a confirmation: these, and no others.

        Those that this run may not make in any case go on waiting.
        """
        changed = [
            row._replace(held=row.uid in uids)
            for row in self.rows.values()
            if row.held != (row.uid in uids) and not (row.held and self._is_out_of_reach(row))
        ]
        if changed and not self.dry_run:
            self.store.save_messages(self.id, changed)
            self.rows.update((row.uid, row) for row in changed)

    def _is_out_of_reach(self, row: MessageRow) -> bool:
        """Tell whether a message is gone on one side, and this run changes only that one."""
        gone_here = row.unique not in self.entries and not self.policy.changes_remote
        return gone_here or (row.uid not in self.remote and not self.policy.changes_local)

    def receive(self, moved: Sequence[tuple[MessageRow, "FolderState", MessageRow]]) -> None:
        """Commit messages that are this folder's now, in one transaction.

        Of each: as it is here, and the folder where it was, with what it was there.
        """
        with self.store.transaction():
            for row, source, old in moved:
                self.store.move_message(source.id, old, self.id, row)
                self.store.drop_intents(self.id, [row.unique])
        for row, source, old in moved:  # not before all is committed: who fails may try again
            if source.former.pop(old.unique, None) is None:
                del source.rows[old.uid]
            self.rows[row.uid] = row

    # -- what is here -------------------------------------------------------------

    def scan(self, outline: Outline | None = None) -> Parts:
        """Read which files there are; with an outline, in those parts alone that differ from it.

        Raises: NotFound where the folder is missing, which is not the same as empty.
        """
        if outline is None:
            found, parts, self.folder.names = self.folder.scan(), Parts.all(), None
        else:
            found, parts, self.folder.names = self.folder.scan_differing(outline)
        self.entries = {entry.unique: entry for entry in found}
        self.letters = self.folder.keyword_letters()
        return parts

    def flags_here(self, unique: str) -> Flags:
        """Return the flags of a file.

        A keyword that has no letter here stands for as long as it was agreed on.
        """
        entry = self.entries[unique]
        return entry.flags | self.letters.keywords_of(entry.others)

    def letters_for(self, flags: Flags, unique: str = "") -> str:
        """Return the letters of the keywords among flags, given out and recorded where needed.

        None is given to a keyword that other files than `unique` have already, though it has no
        letter, since theirs lost its meaning: it would look as if it had been taken from them.

        Raises: LocalError, CannotCreate; TemporaryFailure while Dovecot holds them.
        """
        wanted = keywords_of(flags)
        if not wanted:
            return ""
        new = {each for each in wanted - self._letterless if not self.letters.covers(each)}
        if new:
            used = "".join(entry.others for entry in self.entries.values())
            if self.unlisted:
                used += self.folder.letters_in_use()
            free = new - self.store.keywords(self.id, but_for={unique, *self.between.brought})
            wanted_ones = self.letters.with_new(free, used)
            self.letters = self.folder.save_keyword_letters(wanted_ones)
            if self.letters.names != wanted_ones.names:
                self.folder.names = None  # files may have letters that mean something only now
            self._letterless |= {each for each in new if not self.letters.covers(each)}
        return self.letters.letters_for(wanted)

    def set_flags(self, unique: str, flags: Flags) -> None:
        """Give a file these flags; letters that mean nothing to us stay.

        Raises: NotFound, LocalError, TemporaryFailure.
        """
        entry = self.entries[unique]
        known = self.letters.letters_for(self.letters.keywords_of(entry.others))
        foreign = set(entry.others) - set(known)
        others = "".join(sorted(foreign | set(self.letters_for(flags, unique))))
        self.entries[unique] = self.folder.set_flags(entry, system_flags_of(flags), others=others)

    def set_keywords(self, unique: str, keywords: Flags) -> None:
        """Give a file the letters of these keywords and no others.

        For one that came from another folder, where its letters had other meanings.

        Raises: NotFound, LocalError, TemporaryFailure.
        """
        entry = self.entries[unique]
        letters = self.letters_for(keywords, unique)
        self.entries[unique] = self.folder.set_flags(entry, entry.flags, others=letters)

    def path_of(self, unique: str) -> Path | None:
        """Return where a message's file is, None where it has gone."""
        return self.folder.path_of(e) if (e := self.entries.get(unique)) else None

    def strays(self) -> list[str]:
        """Return the files that are no message of this generation, nor of a former one."""
        bound = self.bound()
        return [u for u in self.entries if u not in bound and u not in self.former]

    def twins(self) -> Twins:
        """Return the files that may be messages of this generation, by content."""
        bound = self.bound() | self.between.claimed
        twins: Twins = defaultdict(list)
        for unique in (each for each in self.entries if each not in bound):
            if former := self.former.get(unique):
                twins[former.size, former.sha256].append(unique)
                continue
            if content := self.content_of(unique):
                twins[content].append(unique)
        return twins

    def content_of(self, unique: str) -> Content | None:
        """Return a file's octets and SHA-256, as a server would have it; read once.

        None for one that cannot be read, which is noted.
        """
        if unique not in self._contents:
            self._contents[unique] = self._read(unique)
        return self._contents[unique]

    def _read(self, unique: str) -> Content | None:
        try:
            digest, size = hash_of(self.folder, self.entries[unique])
        except NotFound:
            return None  # another program took it away meanwhile
        except LocalError as exc:
            self.counts.fail(exc, path=self.path_of(unique))
            return None
        return size, digest
