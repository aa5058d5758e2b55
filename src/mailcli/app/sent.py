"""The copy of what was sent, in the account's Sent folder."""

from collections.abc import Iterable
from pathlib import Path

from mailcli.app.context import Context
from mailcli.config import Account
from mailcli.model import Flag
from mailcli.store.entries import unique_name
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName

SENT = "Sent"
"""The folder for copies, where neither the account nor the server names one."""


def keep_copy(
    context: Context,
    account: Account,
    chunks: Iterable[bytes],
    *,
    token: str,
    folder_name: str | None,
    when: int | None = None,
) -> Path:
    """Put a message into a folder as seen, durably, and return its path.

    `when` (Unix seconds) stands in its name. The same token and time again, with the same
    octets, make no second one. Raises: MailError.
    """
    name = folder_name or account.sent or folder_with_role(context, account, "sent") or SENT
    folder = Maildir(account.maildir, account.layout).folder(FolderName.parse(name))
    folder.create()
    now = context.unix_time() if when is None else when
    with folder.stage(unique_name(token, when=now)) as staged:
        for chunk in chunks:
            staged.write(chunk)
        staged.close(flags=frozenset({Flag.SEEN}))
    (delivered,) = folder.deliver([staged])
    return folder.path_of(delivered.entry)


def folder_with_role(context: Context, account: Account, role: str) -> str | None:
    """Return the folder that the server has for a use (RFC 6154), as the last imap-sync saw it."""
    from mailcli.store.state import StateStore

    path = context.state_dir / f"{account.name}.db"
    if account.imap is None or not path.exists():
        return None
    with StateStore.open(path) as state:
        return next((row.name for row in state.folders() if row.role == role), None)
