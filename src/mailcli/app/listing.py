"""`list`: messages of a Maildir, newest first, without any connection.

Only headers are read, and nothing that they hold can stop the listing: what
cannot be understood is shown as it is, or left out.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mailcli.config import Account
from mailcli.errors import LocalError, MailError, NotFound
from mailcli.message.summary import Summary, summarise
from mailcli.model import Layout
from mailcli.results import ErrorReport, ListResult, MessageInfo
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX, FolderName

HEADER_OCTETS = 64 * 1024
"""Octets of a message that are read for its header; what lies behind is not looked at."""


@dataclass(slots=True)
class _Listing:
    """What was found so far; what fails costs only itself."""

    messages: list[MessageInfo] = field(default_factory=list)
    errors: list[ErrorReport] = field(default_factory=list)

    def add(self, account: str | None, name: str, folder: MaildirFolder) -> None:
        """Read the headers of a folder's messages. Raises: MailError for the folder itself."""
        for entry in folder.scan(stat=True):
            try:
                info = _info(account, name, folder, entry)
            except LocalError as exc:
                self.errors.append(ErrorReport.of(exc, account=account))
                continue
            if info is not None:
                self.messages.append(info)

    def result(self, limit: int | None) -> ListResult:
        """Return the newest messages."""
        self.messages.sort(key=_newest_first)
        return ListResult(tuple(self.messages[:limit]), tuple(self.errors))


def list_messages(
    accounts: Sequence[Account], *, folder: str | None, limit: int | None
) -> ListResult:
    """Return the newest messages of one folder, or of all where `folder` is None.

    Of several accounts, one that fails stops no other. An INBOX that is not there is empty.

    Raises: NotFound (66) for a folder that is not there, where there is but one account.
    """
    listing = _Listing()
    for account in accounts:
        try:
            _add_all(listing, account.name, Maildir(account.maildir, account.layout), folder)
        except MailError as exc:
            if len(accounts) == 1:
                raise exc.of(account.name) from exc.__cause__
            listing.errors.append(ErrorReport.of(exc, account=account.name))
    return listing.result(limit)


def list_path(path: Path, *, folder: str | None, limit: int | None) -> ListResult:
    """Return the newest messages of a Maildir that belongs to no account.

    The path may be one folder (with `cur` and `new`) or a tree of them.

    Raises: NotFound (66) where there is none.
    """
    listing = _Listing()
    if (path / "cur").is_dir() and folder is None:
        listing.add(None, path.name, Maildir(path, Layout.MAILDIRPP).folder(INBOX))
    elif path.is_dir():
        _add_all(listing, None, Maildir(path), folder)
    else:
        raise NotFound(f"{path}: no such Maildir")
    return listing.result(limit)


def _add_all(listing: _Listing, account: str | None, maildir: Maildir, folder: str | None) -> None:
    """Add one folder of a Maildir, or all where `folder` is None."""
    if folder is None:
        names = maildir.folders().names if maildir.exists() else ()
    else:
        names = (FolderName.parse(folder),)
    for name in names:
        where = maildir.folder(name)
        if where.exists():
            listing.add(account, str(name), where)
        elif name != INBOX:
            raise _no_folder(maildir, name)


def _no_folder(maildir: Maildir, name: FolderName) -> NotFound:
    from difflib import get_close_matches

    known = [str(each) for each in maildir.folders().names] if maildir.exists() else []
    near = get_close_matches(str(name), known, n=1)
    hint = f"did you mean {near[0]}?" if near else "see: mailcli list --all-folders"
    return NotFound(f"{maildir.root}: no folder {str(name)!r}", hint=hint)


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
