"""Keywords of messages that are about to be changed, and the letters that they get.

A letter means what `dovecot-keywords` of its folder says (`store.keywords`). So a message that
goes to another folder gets that folder's letters for the keywords that it has. Those that the
server and this account agreed on may have no letter at all; they stand nevertheless, and so
their letters are not given away to a message or two: all others of the folder would look as
if theirs had been taken from them.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable
from string import ascii_lowercase

from mailcli.app.context import Context
from mailcli.config import Account
from mailcli.errors import CannotCreate
from mailcli.model import Flags, Keyword, keywords_of
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.keywords import KeywordLetters


class Agreed:
    """The keywords that an account's server and Maildir agreed on, as the last imap-sync left it.

    None where there is no server, or none was asked yet.
    """

    def __init__(self, rows: Iterable[tuple[str, str, Flags]] = ()) -> None:
        self._by_file: dict[str, list[tuple[str, Flags]]] = defaultdict(list)
        self._by_folder: dict[str, dict[str, Flags]] = defaultdict(dict)
        for folder, unique, keywords in rows:
            self._by_file[unique].append((folder, keywords))
            self._by_folder[folder][unique] = keywords

    @classmethod
    def read(cls, context: Context, account: Account) -> "Agreed":
        """Read it from the state. Raises: LocalError, TemporaryFailure."""
        path = context.state_dir / f"{account.name}.db"
        if account.imap is None or not path.exists():
            return cls()
        from mailcli.store.state import StateStore

        with StateStore.open(path) as state:
            return cls(state.agreed_keywords())

    def of(self, unique: str, folder: str) -> Flags:
        """Return those of a file, which may have come to this folder since."""
        known = self._by_file.get(unique, ())
        here = (keywords for name, keywords in known if name == folder)
        return next(here, known[0][1] if known else frozenset())

    def origin(self, unique: str, folder: str) -> str | None:
        """Return the folder in which they were agreed on."""
        names = [name for name, _ in self._by_file.get(unique, ())]
        return folder if folder in names else next(iter(names), None)

    def in_folder(self, folder: str, *, but_for: Container[str]) -> Flags:
        """Return those of all files of a folder but for these."""
        found = self._by_folder.get(folder, {}).items()
        return frozenset().union(*(flags for unique, flags in found if unique not in but_for))


def keywords_here(entry: Entry, letters: KeywordLetters, agreed: Flags) -> Flags:
    """Return the keywords of a file in its folder; `agreed` are those agreed on."""
    return frozenset(letters.read(entry.others, keywords_of(agreed)))


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
