"""What the commands of `account` return."""

from pathlib import Path
from typing import NamedTuple


class CredentialChange(NamedTuple):
    """What `account set-password` or `forget-password` did."""

    account: str
    protocol: str | None
    stored: bool
    backend: str


class AccountInfo(NamedTuple):
    """One configured account as `account list` shows it."""

    account: str
    email: str | None
    default: bool
    maildir: Path
    smtp: str | None
    pop: str | None
    imap: str | None


class AccountsResult(NamedTuple):
    """The result of `account list`."""

    accounts: tuple[AccountInfo, ...]
