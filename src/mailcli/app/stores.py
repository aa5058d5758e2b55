"""The stores of an account, as use cases open them."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from mailcli.app.context import Context
from mailcli.config import Account
from mailcli.errors import LocalError
from mailcli.store.entries import Entry
from mailcli.store.files import translated
from mailcli.store.folder import MaildirFolder
from mailcli.store.lock import AccountLock
from mailcli.store.state import StateStore


def require_maildir(account: Account) -> None:
    """Stop where an account that has mail recorded has no Maildir, or an empty directory.

    A disk may not be mounted.

    Mail delivered now would vanish under the mount point, and what is missing would look
    deleted.

    Raises: LocalError (74).
    """
    if not account.maildir.is_dir():
        raise LocalError(
            f"{account.maildir}: the Maildir is gone, though mail was stored in it",
            hint=_anew(account),
        )
    with translated(account.maildir):
        if not os.listdir(account.maildir):  # noqa: PTH208 - names, not paths, are asked for
            raise LocalError(
                f"{account.maildir}: the Maildir is empty, though mail was stored in it",
                hint=_anew(account),
            )


def _anew(account: Account) -> str:
    """Name the two ways on; making the directory by hand would look like deleted mail."""
    return (
        "mount its disk; or, to fetch all of it again, remove "
        f"{account.name}.db from mailcli's state directory"
    )


@contextmanager
def locked_state(context: Context, account: Account) -> Iterator[StateStore]:
    """Give the account's state database, with the account locked against a second run.

    Raises: Locked (75) while another run holds it; LocalError (74), CannotCreate (73).
    """
    with (
        AccountLock(context.state_dir / f"{account.name}.lock"),
        StateStore.open(context.state_dir / f"{account.name}.db") as state,
    ):
        yield state


def message_id_of(octets: Iterable[bytes]) -> str | None:
    """Return a message's Message-ID, where it has one that can be searched for.

    Raises: what reading the octets does.
    """
    from mailcli.message.summary import summarise

    header = next(iter(octets), b"")
    found = summarise(header).message_id
    return found if found and found.isascii() and found.isprintable() else None


def hash_of(folder: MaildirFolder, entry: Entry) -> tuple[bytes, int]:
    """Return SHA-256 and octets of a message as a server would have it.

    Raises: NotFound (66) when it is gone meanwhile, LocalError (74).
    """
    from hashlib import sha256

    digest, size = sha256(), 0
    for chunk in folder.open_wire(entry):
        digest.update(chunk)
        size += len(chunk)
    return digest.digest(), size
