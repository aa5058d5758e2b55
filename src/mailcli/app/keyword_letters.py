"""Keywords of messages that are about to be changed, and the letters that they get.

A letter means what `dovecot-keywords` of its folder says (`store.keywords`). So a message that
goes to another folder gets that folder's letters for the keywords that it has, at once: where
there is no server, nobody translates them later.

What the server and this account agreed on may have no letter; it stands nevertheless. So such a
keyword is given none for a message or two: all others of the folder would look as if theirs had
been taken from them. And a message from which one was taken goes nowhere where that keyword has
no letter, since it would be back there.

imap-sync translates the letters of files that other programs moved, and knows them by their being
the old ones. New ones may look the same by chance. So those that are written here, to files
that it does not know in their folder yet, are noted in the state first.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping
from collections.abc import Set as AbstractSet
from string import ascii_lowercase
from typing import TYPE_CHECKING

from mailcli.app.context import Context
from mailcli.config import Account
from mailcli.errors import CannotCreate
from mailcli.model import Flag, Flags, Keyword, keywords_of
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.keywords import KeywordLetters
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName

if TYPE_CHECKING:
    from mailcli.store.state import StateStore


class Agreed:
    """The keywords that an account's server and Maildir agreed on, as the last imap-sync left it.

    None where there is no server, or none was asked yet.
    """

    def __init__(self, context: Context, account: Account) -> None:
        """Read it from the state. Raises: LocalError, TemporaryFailure."""
        self._maildir = Maildir(account.maildir, account.layout)
        self._path = context.state_dir / f"{account.name}.db"
        self._is_there = account.imap is not None and self._path.exists()
        self._by_file: dict[str, list[tuple[str, Flags]]] = defaultdict(list)
        self._by_folder: dict[str, dict[str, Flags]] = defaultdict(dict)
        self._noted: set[tuple[str, str]] = set()
        self._letters: dict[str, KeywordLetters] = {}
        if self._is_there:
            with self._state() as state:
                self._noted = state.lettered()
                for folder, unique, keywords in state.agreed_keywords():
                    self._by_file[unique].append((folder, keywords))
                    self._by_folder[folder][unique] = keywords

    def of(self, unique: str, folder: str) -> Flags:
        """Return those of a file, which may have come to this folder since."""
        return self._row(unique, folder)[1]

    def in_folder(self, folder: str, *, but_for: Container[str]) -> Flags:
        """Return those of all files of a folder but for these."""
        found = self._by_folder.get(folder, {}).items()
        return frozenset().union(*(flags for unique, flags in found if unique not in but_for))

    def keywords(
        self, entry: Entry, folder: str, letters: KeywordLetters
    ) -> tuple[Flags, KeywordLetters]:
        """Return the keywords of a file of a folder, and the letters by which it has them.

        They are the folder's own (`letters`), but where another program brought the file with
        the letters that it had elsewhere, as imap-sync takes it, too.
        """
        origin, agreed = self._row(entry.unique, folder)
        if origin not in {"", folder} and (folder, entry.unique) not in self._noted:
            there = self._letters_of(origin)
            if there.letters_for(keywords_of(agreed)) == entry.others:
                return agreed, there
        return frozenset(letters.read(entry.others, keywords_of(agreed))), letters

    def note(self, folder: str, files: Mapping[str, str], *, source: str) -> None:
        """Record that files have, or get, this folder's letters: unique names, by the new ones.

        To be called before the files are changed. Only of what was agreed on elsewhere, or under
        another name, anybody could doubt it, and of what was noted in `source`, where it is.

        Raises: LocalError, TemporaryFailure.
        """
        known = self._doubtful(folder, files, source)
        if not known:
            return
        with self._state() as state:
            state.note_lettered(folder, known)
        self._noted.update((folder, each) for each in known)

    def settle(
        self,
        folder: str,
        files: Mapping[str, str],
        *,
        source: str,
        left: AbstractSet[str],
        failed: AbstractSet[str],
    ) -> None:
        """Record what became of files that were on their way, noted before.

        `files` have come with letters, `left` are gone from `source`, `failed` have not come. A
        run of imap-sync that did not see a file yet may have removed its note: it is made again.

        Raises: LocalError, TemporaryFailure.
        """
        stale = {(folder, each) for each in failed} | {(source, each) for each in left}
        stale &= self._noted
        came = self._doubtful(folder, files, source)
        if not came and not stale:
            return
        with self._state() as state, state.transaction():
            state.forget_lettered(stale)
            state.note_lettered(folder, came)
        self._noted -= stale
        self._noted.update((folder, each) for each in came)

    def _doubtful(self, folder: str, files: Mapping[str, str], source: str) -> list[str]:
        """Return which of these files need a note."""
        at_rest = {"", folder}
        return [
            new
            for new, old in files.items()
            if (source, old) in self._noted
            or (origin := self._row(old, folder)[0]) not in at_rest
            or (origin and new != old)
        ]

    def _row(self, unique: str, folder: str) -> tuple[str, Flags]:
        """Return the folder where a file's keywords were agreed on, this one first, and these."""
        known = self._by_file.get(unique, [("", frozenset[Flag | Keyword]())])
        return next((row for row in known if row[0] == folder), known[0])

    def _letters_of(self, folder: str) -> KeywordLetters:
        if folder not in self._letters:
            where = self._maildir.folder(FolderName.parse(folder))
            self._letters[folder] = where.keyword_letters()
        return self._letters[folder]

    def _state(self) -> "StateStore":
        from mailcli.store.state import StateStore

        return StateStore.open(self._path)


def letters_with(
    where: MaildirFolder,
    wanted: Flags,
    *,
    blocked: Flags,
    entries: Iterable[Entry] | None = None,
    dry_run: bool,
) -> KeywordLetters:
    """Return the letters of a folder, with new ones for the keywords `wanted` that have none.

    They are durable before this returns. `blocked` keywords get none, and none is left for some
    where the folder has 26. `entries` are its files, for who has listed them.

    Raises: LocalError, TemporaryFailure.
    """
    letters = where.keyword_letters()
    new = {each for each in keywords_of(wanted - blocked) if not letters.covers(each)}
    if not new:
        return letters
    used = {
        letter for each in (where.scan() if entries is None else entries) for letter in each.others
    }
    extended = letters.with_new(new, used)
    if dry_run or extended == letters:
        return extended
    return where.save_keyword_letters(extended)


def translated(
    entry: Entry, source: KeywordLetters, target: KeywordLetters, keywords: Flags
) -> str:
    """Return the letters that a file gets in another folder, where it has these keywords.

    What is no keyword's letter stays, unless it means one there.
    """
    foreign = {
        letter
        for letter in entry.others
        if letter not in source.names and letter not in target.names
    }
    return "".join(sorted({*foreign, *target.letters_for(keywords_of(keywords))}))


def refuse_letterless(folder: str, letters: KeywordLetters, keywords: Collection[Keyword]) -> None:
    """Raise CannotCreate (73) where one of these keywords has no letter in a folder."""
    for each in sorted(keywords, key=lambda keyword: keyword.imap):
        if not letters.covers(each):
            raise CannotCreate(_why_not(folder, letters, each), hint=_HINT)


_HINT = "set it on the server, or with fewer keywords in the folder"


def _why_not(folder: str, letters: KeywordLetters, keyword: Keyword) -> str:
    if len(letters.names) + len(letters.reserved) < len(ascii_lowercase):
        return f"{folder}: the keyword {keyword.imap} has no letter in the names of files here"
    return (
        f"{folder}: no letter is left for the keyword {keyword.imap}: "
        f"a Maildir folder has {len(ascii_lowercase)} keywords"
    )
