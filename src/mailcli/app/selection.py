"""Which messages a command is about: the one way to get at them.

Selectors: a number (`42`), a range (`50-55`), `last` (the newest in INBOX), `mid:<…>`, a path of
a file, `-` (selectors on standard input, or what `list` and `search` print as TSV), or a query
in quotes, as `search` takes it.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import BinaryIO

from mailcli.app.catalogue import Catalogue, with_catalogue
from mailcli.app.context import Context
from mailcli.app.describing import describe
from mailcli.config import Account
from mailcli.errors import LocalError, NotFound, UsageError
from mailcli.results import MessageInfo
from mailcli.store.database import Value
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.index import Index
from mailcli.store.index_rows import Described, Indexed
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName

NEWEST = "date DESC, number DESC"
"""The order of lists."""

_RANGE = re.compile(r"([0-9]{1,15})(?:-([0-9]{1,15}))?")
_QUERY = re.compile(r"\s|^-?\w+:")
_MANY = 100_000
"""Numbers of a range that are looked at; a longer one is a mistake."""


@dataclass(frozen=True, slots=True)
class Found:
    """A message that was selected, and where it lies.

    `number` and `account` are None for one that was given by its path and is of no account;
    `where` and `entry` for one that is in no Maildir of an account. `span` are the octets that
    it has in an mbox, from and to; None for a file of its own.
    """

    number: int | None
    account: Account | None
    folder: str
    path: Path
    where: MaildirFolder | None
    entry: Entry | None
    info: MessageInfo
    span: tuple[int, int] | None = None

    def open(self) -> BinaryIO:
        """Open the message as it is stored, to be read from any place.

        Raises: NotFound (66) where it is gone, LocalError (74).
        """
        if self.span is not None:
            from mailcli.app.spans import Span

            return Span.open(self.path, *self.span)
        if self.where is not None and self.entry is not None:
            return os.fdopen(self.where.open(self.entry), "rb")
        return open_file(self.path)


def open_file(path: Path) -> BinaryIO:
    """Open a file to be read. Raises: NotFound (66), LocalError (74)."""
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such file") from error
    except OSError as error:
        raise LocalError(f"{path}: {error.strerror}") from error


def is_query(selector: str) -> bool:
    """Tell a query from other selectors: it has a space, or a word with a colon."""
    return not selector.startswith("mid:") and _QUERY.search(selector) is not None


def select(
    context: Context,
    selectors: Sequence[str],
    *,
    accounts: Sequence[Account] | None,
    stdin: Iterable[str] | None,
) -> list[Found]:
    """Return the messages that selectors mean, in their order, each once.

    `accounts` are those that `last`, `mid:` and queries are about; None for all. A number or a
    path counts whatever its account. `stdin` gives the lines for `-`.

    Raises: NotFound (66) naming the selector that means nothing, UsageError (2) for one that is
        no selector.
    """
    words = list(_expanded(selectors, stdin))
    for word in words:
        _check(word)
    everybody = list(context.config.accounts.values())
    asked = everybody if accounts is None else list(accounts)
    found: dict[Path | int, Found] = {}

    def look(catalogue: Catalogue) -> None:
        found.clear()
        for word in words:
            for each in _found(context, catalogue.index, word, asked):
                found.setdefault(each.path if each.number is None else each.number, each)

    only_here = all(_RANGE.fullmatch(word) for word in words)
    if only_here:
        try:
            with_catalogue(context, everybody, look, refresh=False)
            if all(os.path.lexists(each.path) for each in found.values()):
                return list(found.values())
        except NotFound:
            pass  # it may have come meanwhile
    with_catalogue(context, everybody, look)
    return list(found.values())


def found_of(context: Context, message: Indexed) -> Found | None:
    """Return an indexed message as a command takes it; None for one of no account any more."""
    account = context.config.accounts.get(message.account)
    if account is None:
        return None
    where = Maildir(account.maildir, account.layout).folder(FolderName.parse(message.folder))
    return Found(
        number=message.number if message.number > 0 else None,
        account=account,
        folder=message.folder,
        path=where.path_of(message.entry),
        where=where,
        entry=message.entry,
        info=info_of(message, where),
    )


def info_of(message: Indexed, where: MaildirFolder) -> MessageInfo:
    """Return an indexed message as results show it."""
    entry = message.entry
    return MessageInfo(
        id=message.number if message.number > 0 else None,
        account=message.account,
        folder=message.folder,
        date=moment(message.date, message.zone),
        from_=message.sender,
        to=message.recipients,
        cc=message.copies,
        subject=message.subject,
        flags=flag_names(entry),
        keywords=keyword_names(entry, where),
        size=message.size,
        attachments=message.attachments,
        message_id=message.message_id,
        thread=f"t{message.thread}" if message.thread > 0 else None,
        path=where.path_of(entry),
    )


def described_info(described: Described, path: Path, folder: str, entry: Entry) -> MessageInfo:
    """Return a message of no account as results show it."""
    return MessageInfo(
        id=None,
        account=None,
        folder=folder,
        date=moment(described.date, described.zone),
        from_=described.sender,
        to=described.recipients,
        cc=described.copies,
        subject=described.subject,
        flags=flag_names(entry),
        keywords=(),
        size=described.size,
        attachments=described.attachments,
        message_id=described.message_id,
        thread=None,
        path=path,
    )


def moment(seconds: int, zone: int | None) -> datetime:
    """Return a time in the zone of who wrote it (minutes), in ours where that is None."""
    if zone is None:
        return datetime.fromtimestamp(seconds, UTC).astimezone()
    return datetime.fromtimestamp(seconds, timezone(timedelta(minutes=zone)))


def flag_names(entry: Entry) -> tuple[str, ...]:
    """Return the system flags of a file as results name them."""
    return tuple(sorted(flag.name.lower() for flag in entry.flags))


def keyword_names(entry: Entry, where: MaildirFolder) -> tuple[str, ...]:
    """Return the keywords that a file's letters stand for in its folder."""
    letters = entry.others
    if not letters:
        return ()
    names = where.keyword_letters().names
    return tuple(names[each].imap for each in letters if each in names)


def _expanded(selectors: Sequence[str], stdin: Iterable[str] | None) -> Iterator[str]:
    for selector in selectors:
        if selector != "-":
            yield selector
            continue
        for line in stdin or ():
            first, tab, _ = line.partition("\t")
            yield from [first] if tab else line.split()


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


def _found(context: Context, index: Index, word: str, accounts: Sequence[Account]) -> list[Found]:
    """Return what one selector means. Raises: NotFound (66)."""
    if not _RANGE.fullmatch(word) and word != "last" and os.path.lexists(word):
        return [_by_path(context, index, Path(word))]
    names = [account.name for account in accounts]
    mine = f"account IN ({','.join('?' * len(names))})"
    if numbers := _RANGE.fullmatch(word):
        bounds = (int(numbers[1]), int(numbers[2] or numbers[1]))
        rows = index.find("number BETWEEN ? AND ?", *bounds)
    elif word == "last":
        where = f"{mine} AND name='INBOX'"
        rows = index.find(where, *names, order=f"{NEWEST} LIMIT 1")
    elif word.startswith("mid:"):
        identifier = word.removeprefix("mid:").strip().strip("<>")
        rows = index.find(f"message_id IN (?, ?) AND {mine}", *_spellings(identifier), *names)
    elif is_query(word):
        rows = _by_query(word)
    else:
        return [_by_path(context, index, Path(word))]
    found = [each for row in rows if (each := found_of(context, row)) is not None]
    if not found:
        raise NotFound(f"{word}: no such message", hint="see: mailcli list")
    return found


def _spellings(identifier: str) -> tuple[Value, Value]:
    return f"<{identifier}>", identifier


def _by_query(word: str) -> Iterator[Indexed]:
    raise UsageError(f"{word!r}: a search cannot select messages yet")


def _by_path(context: Context, index: Index, path: Path) -> Found:
    """Return the message of a file: as one of an account where it lies in its Maildir."""
    if not path.exists():
        raise NotFound(f"{path}: no such file")
    place = path.resolve()
    for account in context.config.accounts.values():
        if place.is_relative_to(account.maildir.resolve()):
            unique = place.name.partition(":")[0]
            for row in index.find("account=? AND unique_name=?", account.name, unique):
                found = found_of(context, row)
                if found is not None and found.path.resolve() == place:
                    return found
    read = describe(str(place), "")
    if read is None:
        raise NotFound(f"{path}: no such file")
    info = described_info(read[0], path, path.parent.name, Entry("cur", path.name))
    return Found(None, None, info.folder, path, None, None, info)
