"""Fixtures of the tests on real servers: accounts that synchronise, and one that sends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.local_mail import document
from tests.support.mirror import Sync
from tests.support.postfix import Postfix
from tests.support.sync_account import SyncAccount, sync_account

NewUser = Callable[[], str]


@pytest.fixture
def user(account_user: str) -> str:
    """The user whose mail it is."""
    return account_user


@pytest.fixture
def maildir(write_config: WriteConfig, dovecot: Dovecot, user: str) -> Path:
    """One account, `work`, with a mail store; returns its Maildir, which is not there yet."""
    write_config({"work": account(user, imap=dovecot)})
    return Path("~/Mail/work").expanduser()


@pytest.fixture
def sync(run_mailcli: RunMailcli) -> Sync:
    """Synchronise with the arguments given and further environment."""

    def run(*args: str, **environ: str) -> Any:
        done = run_mailcli("imap-sync", "--json", *args, env=environ)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        (only,) = document(done, "imap-sync")["accounts"]
        return only

    return run


@pytest.fixture
def other_device(home: Path) -> dict[str, str]:
    """The environment of a second device with the same configuration."""
    elsewhere = home / "device-b"
    elsewhere.mkdir()
    return {"HOME": str(elsewhere), "XDG_STATE_HOME": str(elsewhere / "state")}


@pytest.fixture
def mirrored(dovecot: Dovecot, user: str, write_config: WriteConfig) -> SyncAccount:
    """The account `work` at the Dovecot that all tests share; nothing is here yet."""
    return sync_account(dovecot, user, write_config)


class OpenAccount(Protocol):
    """Configure the account `work` as a test likes, by more keys of its IMAP table."""

    def __call__(self, server: Dovecot | None = None, /, **imap: Any) -> SyncAccount: ...


@pytest.fixture
def configured(dovecot: Dovecot, user: str, write_config: WriteConfig) -> OpenAccount:
    """Return a function that configures the account, and once more when it is called again."""

    def configure(server: Dovecot | None = None, /, **imap: Any) -> SyncAccount:
        return sync_account(server or dovecot, user, write_config, **imap)

    return configure


@pytest.fixture
def ada(new_user: NewUser) -> str:
    """The user who sends."""
    return new_user()


@pytest.fixture
def sending(write_config: WriteConfig, postfix: Postfix, ada: str, home: Path) -> Path:
    """One account of the sender; returns its Maildir."""
    write_config({"work": account(ada, smtp=postfix)})
    return home.joinpath("Mail", "work")
