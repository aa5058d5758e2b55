"""`list`: messages of a Maildir, newest first, without any connection.

Only headers are read, and nothing that they hold can stop the listing: what
cannot be understood is shown as it is, or left out.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mailcli.config import Account
from mailcli.errors import LocalError, NotFound
from mailcli.message.summary import Summary, summarise
from mailcli.model import Layout
from mailcli.results import ListResult, MessageInfo
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX, FolderName

HEADER_OCTETS = 64 * 1024
"""Octets of a message that are read for its header; what lies behind is not looked at."""

_Found = tuple[str | None, str, MaildirFolder, Entry]


def list_messages(
    accounts: Sequence[Account], *, folder: str | None, limit: int | None
) -> ListResult:
    """Return the newest messages of one folder, or of all where `folder` is None.

    Raises: NotFound (66) for a folder that is not there; an INBOX that is not there is empty.
    """
    found = [
        (account.name, *item)
        for account in accounts
        for item in _find(Maildir(account.maildir, account.layout), folder)
    ]
    return _listed(found, limit)


def list_path(path: Path, *, folder: str | None, limit: int | None) -> ListResult:
    """Return the newest messages of a Maildir that belongs to no account.

    The path may be one folder (with `cur` and `new`) or a tree of them.

    Raises: NotFound (66) where there is none.
    """
    if (path / "cur").is_dir() and folder is None:
        single = Maildir(path, Layout.MAILDIRPP).folder(INBOX)
        return _listed([(None, path.name, single, e) for e in single.scan(stat=True)], limit)
    if not path.is_dir():
        raise NotFound(f"{path}: no such Maildir")
    return _listed([(None, *item) for item in _find(Maildir(path), folder)], limit)


def _find(maildir: Maildir, folder: str | None) -> Iterator[tuple[str, MaildirFolder, Entry]]:
    if folder is not None:
        names = [FolderName.parse(folder)]
    elif maildir.exists():
        names = list(maildir.folders().names)
    else:
        names = []
    for name in names:
        where = maildir.folder(name)
        if name == INBOX and not where.exists():
            continue
        for entry in where.scan(stat=True):
            yield str(name), where, entry


def _listed(found: Iterable[_Found], limit: int | None) -> ListResult:
    """Read the headers, sort by date, and keep the newest."""
    messages = [info for item in found if (info := _info(*item)) is not None]
    messages.sort(key=_newest_first)
    return ListResult(tuple(messages[:limit]))


def _newest_first(info: MessageInfo) -> tuple[float, str]:
    return (-info.date.timestamp() if info.date else 0.0, str(info.path))


def _info(
    account: str | None, folder: str, where: MaildirFolder, entry: Entry
) -> MessageInfo | None:
    path = where.path_of(entry)
    try:
        header = _read_header(path)
    except FileNotFoundError:
        return None  # another program moved it meanwhile
    except OSError as exc:
        raise LocalError(f"{path}: {exc.strerror}") from exc
    summary = summarise(header)
    return MessageInfo(
        id=None,
        account=account,
        folder=folder,
        date=summary.date or _stored_at(entry),
        from_=summary.from_,
        to=summary.to,
        cc=summary.cc,
        subject=summary.subject,
        flags=tuple(sorted(flag.name.lower() for flag in entry.flags)),
        keywords=(),
        size=entry.size,
        attachments=_attachments(summary),
        message_id=summary.message_id,
        thread=None,
        path=path,
    )


def _attachments(summary: Summary) -> int:
    """Count attachments: until there is an index, only whether there may be some."""
    return int(summary.content_type == "multipart/mixed")


def _read_header(path: Path) -> bytes:
    """Read a message's header, and as little behind it as can be."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        text = b""
        while len(text) < HEADER_OCTETS and b"\n\n" not in text and b"\r\n\r\n" not in text:
            chunk = os.read(descriptor, 4096)
            if not chunk:
                break
            text += chunk
        return text
    finally:
        os.close(descriptor)


def _stored_at(entry: Entry) -> datetime:
    return datetime.fromtimestamp(entry.mtime_ns / 1e9, tz=UTC).astimezone()
