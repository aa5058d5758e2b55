"""`folders`: the folders of IMAP accounts, with roles and counts; from the server or the state."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mailcli.app.context import Context
from mailcli.app.sessions import imap_session
from mailcli.config import Account
from mailcli.errors import MailError
from mailcli.imap.values import Folder
from mailcli.results import ErrorReport, FolderInfo, FoldersResult
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName, from_server
from mailcli.store.records import FolderCounts
from mailcli.store.state import StateStore

if TYPE_CHECKING:
    from mailcli.imap.session import ImapSession


def folders(
    context: Context, accounts: Sequence[Account], *, offline: bool = False
) -> FoldersResult:
    """Return the folders of every account, INBOX first, then by name.

    An account that fails stops no other; why it failed stands in the result. `offline` opens
    no connection: the folders are those that `imap-sync` saw last, with what it recorded.
    """
    found: list[FolderInfo] = []
    errors = []
    for account in accounts:
        try:
            found += recorded(context, account) if offline else _listed(context, account)
        except MailError as exc:
            errors.append(ErrorReport.of(exc, account=account.name))
    return FoldersResult(tuple(found), tuple(errors))


def described(account: Account, found: Iterable[Folder], prefix: str) -> list[FolderInfo]:
    """Return the server's folders as they are told, INBOX first.

    `prefix` is the personal namespace, such as `INBOX.`.
    """
    told = [
        FolderInfo(
            account=account.name,
            name=f.name,
            delimiter=f.delimiter,
            role=_role(f.name, f.role),
            subscribed=f.subscribed,
            selectable=f.selectable,
            messages=f.messages,
            unseen=f.unseen,
            path=_path(account, f, prefix),
            size=f.size,
        )
        for f in found
    ]
    return sorted(told, key=_inbox_first)


def recorded(context: Context, account: Account) -> list[FolderInfo]:
    """Return the folders that the state knows; none where nothing was ever synchronised.

    Raises: LocalError (74).
    """
    database = context.state_dir / f"{account.name}.db"
    if not database.exists():
        return []
    with StateStore.open(database) as state:
        rows, counts = state.folders(), state.folder_counts()
    maildir = Maildir(account.maildir, account.layout)
    told = []
    for row in rows:
        if row.detached:
            continue
        count = counts.get(row.id, FolderCounts(0, 0, 0))
        folder = maildir.folder(FolderName.parse(row.name))
        name = row.server_name or row.name
        told.append(
            FolderInfo(
                account=account.name,
                name=name,
                delimiter=row.delimiter,
                role=_role(name, row.role),
                subscribed=row.subscribed,
                selectable=True,
                messages=count.messages,
                unseen=count.unseen,
                path=folder.path if folder.exists() else None,
                size=count.size,
            )
        )
    return sorted(told, key=_inbox_first)


def _listed(context: Context, account: Account) -> list[FolderInfo]:
    with imap_session(context, account) as session:
        listed, prefix = list_all(session)
        return described(account, listed, prefix)


def list_all(session: "ImapSession", *, counts: bool = True) -> tuple[list[Folder], str]:
    """Return every folder, others' and shared ones too, and what stands before the user's own.

    In one round trip, where the server has LIST-STATUS and hides no namespace from its list.
    """
    namespaces, listed = session.open_store(counts=counts, counters=False)
    return [*listed, *session.list_hidden(namespaces, listed, counts=counts)], namespaces.prefix


def _path(account: Account, folder: Folder, prefix: str) -> Path | None:
    """Return where the folder is mirrored, None where it is not."""
    try:
        name = from_server(folder.name, folder.delimiter, prefix=prefix)
        local = Maildir(account.maildir, account.layout).folder(name)
        return local.path if folder.selectable and local.exists() else None
    except MailError:  # a name that no path can have
        return None


def _role(name: str, role: str | None) -> str | None:
    return "inbox" if name.upper() == "INBOX" else role


def _inbox_first(folder: FolderInfo) -> tuple[bool, str]:
    return folder.name.upper() != "INBOX", folder.name.casefold()
