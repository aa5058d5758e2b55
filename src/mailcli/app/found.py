"""A message as a command gets it: what the index says of it, and how to read it."""

import os
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mailcli.config import Account
from mailcli.errors import LocalError, MailError, NotFound
from mailcli.results import MessageInfo
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.index_rows import Indexed
from mailcli.store.keywords import NO_LETTERS, KeywordLetters
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName


class Place:
    """A folder that messages are shown from, and what the letters in its file names mean."""

    def __init__(self, where: MaildirFolder) -> None:
        self.where = where

    @cached_property
    def letters(self) -> KeywordLetters:
        """Its letters, read once for all messages; none where they cannot be read.

        That keeps nobody from reading mail: whoever changes keywords is told what is wrong.
        """
        try:
            return self.where.keyword_letters()
        except MailError:
            return NO_LETTERS


class Found(NamedTuple):
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


def place_of(account: Account, folder: str) -> Place:
    """Return an account's folder by the name that the index has."""
    return Place(Maildir(account.maildir, account.layout).folder(FolderName.parse(folder)))


def found_of(account: Account, message: Indexed, place: Place) -> Found:
    """Return an account's indexed message, which lies in this folder, as a command takes it."""
    where = place.where
    path = where.path_of(message.entry)
    return Found(
        number=message.number if message.number > 0 else None,
        account=account,
        folder=message.folder,
        path=path,
        where=where,
        entry=message.entry,
        info=info_of(message, place, path)._replace(own=_is_own(account, message)),
    )


def _is_own(account: Account, message: Indexed) -> bool:
    """Tell whether an address of the account wrote a message, and somebody is to have it."""
    if not message.sender or not (message.recipients or message.copies):
        return False
    wrote = message.sender[0].email.lower()
    own = (account.email, *account.aliases)
    return any(each is not None and each.email.lower() == wrote for each in own)


def info_of(message: Indexed, place: Place | None, path: Path) -> MessageInfo:
    """Return an indexed message as results show it; its file is `path`."""
    entry = message.entry
    return MessageInfo(
        id=message.number if message.number > 0 else None,
        account=message.account or None,
        folder=message.folder,
        date=moment(message.date, message.zone),
        from_=message.sender,
        to=message.recipients,
        cc=message.copies,
        subject=message.subject,
        flags=flag_names(entry),
        keywords=() if place is None else keyword_names(entry, place),
        size=message.size,
        attachments=message.attachments,
        message_id=message.message_id,
        thread=f"t{message.thread}" if message.thread > 0 else None,
        path=path,
    )


def moment(seconds: int, zone: int | None) -> datetime | None:
    """Return a time in the zone of who wrote it (minutes), in ours where that is None.

    None for one that no calendar has.
    """
    try:
        if zone is None:
            return datetime.fromtimestamp(seconds, UTC).astimezone()
        # What is of the first or last day of the calendar there is perhaps of none in UTC.
        there = datetime(1970, 1, 1) + timedelta(seconds=seconds, minutes=zone)
        return there.replace(tzinfo=timezone(timedelta(minutes=zone)))
    except (OverflowError, ValueError, OSError):
        return None


def flag_names(entry: Entry) -> tuple[str, ...]:
    """Return the system flags of a file as results name them."""
    return tuple(sorted(flag.name.lower() for flag in entry.flags))


def keyword_names(entry: Entry, place: Place) -> tuple[str, ...]:
    """Return the keywords that a file's letters stand for in its folder."""
    letters = entry.others
    if not letters:
        return ()
    names = place.letters.names
    return tuple(names[each].imap for each in letters if each in names)
