"""Which messages a command is about: the one way to get at them.

Selectors: a number (`42`), a range (`50-55`), `last` (the newest in INBOX, or of the drafts),
`mid:<…>`, a path of a file, `-` (selectors on standard input, or what `list` and `search` print
as TSV), or a query in quotes, as `search` takes it.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mailcli.app.catalogue import BEHIND, LATER, Catalogue, with_catalogue
from mailcli.app.context import Context
from mailcli.app.found import Found
from mailcli.app.listing import in_folders
from mailcli.config import Account
from mailcli.errors import NotFound, TemporaryFailure, UsageError
from mailcli.message.clean import visible
from mailcli.results.report import ErrorReport
from mailcli.store.database import Value, stored
from mailcli.store.index import NEWEST
from mailcli.store.index_rows import Indexed

__all__ = ["Failures", "Found", "Line", "is_query", "select", "words_of"]

_RANGE = re.compile(r"([0-9]{1,15})(?:-([0-9]{1,15}))?")
_QUERY = re.compile(r"\s|^-?\w+:")
_SIZE, _MESSAGE_ID, _PATH = 10, 12, 14
"""Columns of the TSV of messages (docs/schema/README.md)."""
_MANY = 100_000
"""Numbers of a range that are looked at; a longer one is a mistake."""


class Line(NamedTuple):
    """A line of TSV about a message that has no number: its file, and which one of an mbox."""

    path: str
    size: str = ""
    message_id: str = ""


@dataclass(slots=True)
class Failures:
    """What a selection leaves out.

    `unread` are folders that could not be read, where `last` or a query may therefore mean
    something else. `missing` are selectors that mean nothing: with `partly` they stop nothing, as
    long as another one means something.
    """

    partly: bool = False
    unread: list[ErrorReport] = field(default_factory=list)
    missing: list[NotFound] = field(default_factory=list)

    @property
    def reports(self) -> tuple[ErrorReport, ...]:
        """All of it."""
        return (*map(ErrorReport.of, self.missing), *self.unread)


def is_query(selector: str) -> bool:
    """Tell a query from other selectors: it has a space, or a word with a colon."""
    return not selector.startswith("mid:") and _QUERY.search(selector) is not None


def select(
    context: Context,
    selectors: Sequence[str],
    *,
    accounts: Sequence[Account] | None,
    stdin: Iterable[str] | None,
    last_in: Callable[[Account], str] = lambda _: "INBOX",
    failures: Failures | None = None,
) -> list[Found]:
    """Return the messages that selectors mean, in their order, each once.

    `accounts` are those that `last`, `mid:` and queries are about; None for all. A number or a
    path counts whatever its account. `stdin` gives the lines for `-`. `last` is the newest of
    the folder that `last_in` names for an account. `failures` is told what is left out.

    Raises: NotFound (66) naming the selector that means nothing, UsageError (2) for one that is
        no selector; TemporaryFailure (75) for one that may mean more than is indexed yet.
    """
    words = list(words_of(selectors, stdin))
    for word in words:
        if isinstance(word, str):
            _check(word)
    everybody = list(context.config.accounts.values())
    asked = everybody if accounts is None else list(accounts)
    newest_of = [(account.name, last_in(account)) for account in asked] if "last" in words else []
    found: dict[object, Found] = {}
    failures = failures or Failures()

    def look(catalogue: Catalogue) -> None:
        found.clear()
        failures.missing.clear()
        meaning = _Meaning(context, catalogue, asked, newest_of)
        for each in (each for word in words for each in _tolerant(meaning, word, failures)):
            found.setdefault(each.number or (each.path, each.span), each)
        if any(isinstance(word, str) and _may_miss(word) for word in words):
            names = {account.name for account in asked}
            failures.unread[:] = [each for each in catalogue.errors if each.account in names]

    only_here = all(isinstance(word, str) and _RANGE.fullmatch(word) for word in words)
    if only_here:
        try:
            with_catalogue(context, everybody, look, refresh=False)
            are_there = all(os.path.lexists(each.path) for each in found.values())
            if are_there and not failures.missing:
                return list(found.values())
        except NotFound:
            pass  # it may have come meanwhile
    with_catalogue(context, everybody, look)
    if failures.missing and not found:
        raise failures.missing[0]
    return list(found.values())


def _tolerant(meaning: "_Meaning", word: str | Line, failures: Failures) -> list[Found]:
    """Return what a selector means, nothing where that is to be left out. Raises: NotFound."""
    try:
        return meaning.of(word)
    except NotFound as error:
        if not failures.partly:
            raise
        failures.missing.append(error)
        return []


def _may_miss(word: str) -> bool:
    """Tell whether a selector means something else where a folder cannot be read."""
    return word == "last" or (is_query(word) and not os.path.lexists(word))


class _Meaning:
    """What selectors mean, by an index."""

    def __init__(
        self,
        context: Context,
        catalogue: Catalogue,
        accounts: Sequence[Account],
        newest_of: Sequence[tuple[str, str]],
    ) -> None:
        self._context, self._catalogue = context, catalogue
        self._accounts, self._newest_of = accounts, newest_of
        self._files: dict[str, list[Found]] = {}

    def of(self, word: str | Line) -> list[Found]:
        """Return the messages. Raises: NotFound (66), UsageError (2)."""
        if word == "last":
            return _newest(self._catalogue, self._newest_of)
        if isinstance(word, str):
            return _found(self._context, self._catalogue, word, self._accounts)
        if word.path not in self._files:  # an mbox is read once, however many lines are of it
            there = _found(self._context, self._catalogue, word.path, self._accounts)
            self._files[word.path] = there
        return _of_line(self._files[word.path], word)


def words_of(selectors: Sequence[str], stdin: Iterable[str] | None) -> Iterator[str | Line]:
    """Yield selectors one by one, for `-` those that the lines of `stdin` give."""
    for selector in selectors:
        if selector != "-":
            yield selector
            continue
        for line in stdin or ():
            yield from [_of_tsv(line)] if "\t" in line else line.split()


def _of_tsv(line: str) -> str | Line:
    """Return what a line of TSV is about: its number, or else its file.

    Raises: NotFound (66) where it has neither.
    """
    cells = line.rstrip("\r\n").split("\t")
    if cells[0]:
        return cells[0]
    path = cells[_PATH] if len(cells) > _PATH else ""
    if not path:
        raise NotFound(
            f"standard input: a line without a number or path: {' '.join(filter(None, cells))}",
            hint="what only the server has is selected after imap-sync has fetched it",
        )
    return Line(path if "/" in path else f"./{path}", cells[_SIZE], cells[_MESSAGE_ID])


def _of_line(found: list[Found], line: Line) -> list[Found]:
    """Return which of a file's messages a line is about; only an mbox has several.

    Raises: NotFound (66).
    """
    asked = (line.size, line.message_id)
    meant = [each for each in found if each.span is None or _told(each) == asked]
    if not meant:
        raise NotFound(f"{line.path}: the message of this line is not in it any more")
    return meant


def _told(found: Found) -> tuple[str, str]:
    return str(found.info.size), visible(found.info.message_id or "")


def _check(word: str) -> None:
    if word == "last" or word.startswith("mid:") or "/" in word or is_query(word):
        return
    if found := _RANGE.fullmatch(word):
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first or last - first >= _MANY:
            raise UsageError(f"{word}: not a range of messages", hint="write it like 50-55")
        return
    if not os.path.lexists(word):
        raise UsageError(
            f"{word!r} is no message",
            hint="give a number, a range (50-55), last, mid:<…>, a path, or a search in quotes",
        )


def _found(
    context: Context, catalogue: Catalogue, word: str, accounts: Sequence[Account]
) -> list[Found]:
    """Return what one selector means, but for `last`. Raises: NotFound (66)."""
    if not _RANGE.fullmatch(word) and os.path.lexists(word):
        return _by_path(context, catalogue, Path(word))
    names = [account.name for account in accounts]
    mine = f"account IN ({','.join('?' * len(names))})"
    index = catalogue.index
    if numbers := _RANGE.fullmatch(word):
        bounds = (int(numbers[1]), int(numbers[2] or numbers[1]))
        rows = index.find("number BETWEEN ? AND ?", *bounds)
    elif word.startswith("mid:"):
        identifier = word.removeprefix("mid:").strip().strip("<>")
        rows = index.find(f"message_id IN (?, ?) AND {mine}", *_spellings(identifier), *names)
    elif is_query(word):
        _require_all(catalogue, word)
        rows = _by_query(context, catalogue, word, accounts)
    else:
        raise NotFound(f"{word}: no such file")
    return _there(catalogue, rows, word)


def _newest(catalogue: Catalogue, folders: Sequence[tuple[str, str]]) -> list[Found]:
    """Return what `last` means in these folders of accounts. Raises: NotFound (66)."""
    _require_all(catalogue, "last")
    where = " OR ".join(["account=? AND name=?"] * len(folders)) or "0"
    names = (stored(name) for pair in folders for name in pair)
    rows = catalogue.index.find(f"({where})", *names, order=f"{NEWEST} LIMIT 1")
    return _there(catalogue, rows, "last")


def _there(catalogue: Catalogue, rows: Iterable[Indexed], word: str) -> list[Found]:
    """Return those of accounts that there are. Raises: NotFound (66) where there is none."""
    found = [each for row in rows if (each := catalogue.found(row)) is not None]
    if not found:
        _require_all(catalogue, word)
        raise NotFound(f"{word}: no such message", hint="see: mailcli list")
    return found


def _require_all(catalogue: Catalogue, word: str) -> None:
    """Raise TemporaryFailure (75) where what a selector means may not be indexed yet."""
    if catalogue.is_behind:
        raise TemporaryFailure(f"{word}: {BEHIND}", hint=LATER)


def _spellings(identifier: str) -> tuple[Value, Value]:
    return stored(f"<{identifier}>"), stored(identifier)


def _by_query(
    context: Context, catalogue: Catalogue, text: str, accounts: Sequence[Account]
) -> Iterator[Indexed]:
    """Yield what a search finds, newest first. Raises: UsageError (2)."""
    from mailcli.app.queries import parsed, query_condition

    folders = [f for each in accounts for f in catalogue.index.folders(each.name)]
    asked = in_folders(folders) & query_condition(catalogue, parsed(context, text), folders)
    return catalogue.index.find(asked.sql, *asked.values, order=NEWEST)


def _by_path(context: Context, catalogue: Catalogue, path: Path) -> list[Found]:
    """Return the message of a file, as one of an account where it lies in its Maildir.

    Of an mbox, all its messages.
    """
    place = path.resolve()
    unique = place.name.partition(":")[0]
    for account in context.config.accounts.values():
        if place.is_relative_to(account.maildir.resolve()):
            named = (account.name, stored(unique))
            for row in catalogue.index.find("account=? AND unique_name=?", *named):
                found = catalogue.found(row)
                if found is not None and found.path.resolve() == place:
                    return [found]
    if path.is_dir():
        raise UsageError(f"{path}: a directory is no message", hint="see: mailcli list PATH")

    def all_of(there: Catalogue) -> list[Found]:
        rows = there.index.find("1", order="number DESC")  # they count down from -1
        return [found for row in rows if (found := there.found(row)) is not None]

    from mailcli.app.paths import with_path

    if messages := with_path(context, path, all_of):
        return messages
    raise NotFound(f"{path}: there is no message in it")
