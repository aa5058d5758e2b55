"""What `mailcli imap-sync -n` says of whole folders, and that a run then does exactly that."""

import shutil
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.imap_sides import Sync, message, server_state, syncing
from tests.support.local_mail import mail_files, put, snapshot

FOLDERS = ("Gone here", "Gone there", "Named here", "Named there", "Stays")


@pytest.fixture
def sync(run_mailcli: RunMailcli) -> Sync:
    return syncing(run_mailcli)


def changed(
    sync: Sync, write_config: WriteConfig, dovecot: Dovecot, user: str, *, delete: bool
) -> Path:
    """Synchronise folders, then make, rename and delete some on either side."""
    table = account(user, imap=dovecot)
    table["imap"]["delete_folders"] = delete
    write_config({"home": table})
    for folder in FOLDERS:
        dovecot.deliver(user, message(f"{folder}-1"), message(f"{folder}-2"), folder=folder)
    sync()
    maildir = Path("~/Mail/home").expanduser()
    shutil.rmtree(maildir / "Gone here")
    (maildir / "Named here").rename(maildir / "Neu")
    put(maildir / "New here", "1.a.host:2,S", b"Subject: new\n\n")
    dovecot.deliver(user, message("new"), folder="New there")
    with dovecot.connect(user) as connection:
        connection.delete('"Gone there"')
        connection.rename('"Named there"', '"Autre"')
    return maildir


def whole(result: dict[str, list[str]]) -> dict[str, list[str]]:
    return {what: sorted(result[f"folders_{what}"]) for what in ("created", "deleted", "renamed")}


def test_a_dry_run_names_the_folders_that_would_be_made_renamed_and_deleted(
    sync: Sync, write_config: WriteConfig, dovecot: Dovecot, account_user: str
) -> None:
    maildir = changed(sync, write_config, dovecot, account_user, delete=True)
    before = snapshot(maildir), server_state(dovecot, account_user)

    told = whole(sync("-n", "--allow-mass-delete"))

    assert told == {
        "created": ["New here", "New there"],
        "deleted": ["Gone here", "Gone there"],
        "renamed": ["Named here → Neu", "Named there → Autre"],
    }
    assert (snapshot(maildir), server_state(dovecot, account_user)) == before
    assert whole(sync("--allow-mass-delete")) == told
    assert sync()["changed"] is False


def test_no_folder_would_be_deleted_where_the_account_forbids_it_or_messages_are_held_back(
    sync: Sync, write_config: WriteConfig, dovecot: Dovecot, account_user: str
) -> None:
    changed(sync, write_config, dovecot, account_user, delete=False)
    assert whole(sync("-n", "--allow-mass-delete"))["deleted"] == []
    table = account(account_user, imap=dovecot)
    table["imap"]["delete_folders"] = True
    write_config({"home": table})
    assert whole(sync("-n", code=3))["deleted"] == []


def test_a_folder_with_a_new_message_would_be_made_again_and_not_deleted(
    sync: Sync, write_config: WriteConfig, dovecot: Dovecot, account_user: str
) -> None:
    maildir = changed(sync, write_config, dovecot, account_user, delete=True)
    put(maildir / "Gone there", "2.b.host:2,", b"Subject: not uploaded yet\n\n")

    told = whole(sync("-n", "--allow-mass-delete"))

    assert told["deleted"] == ["Gone here"]
    assert whole(sync("--allow-mass-delete"))["deleted"] == told["deleted"]
    assert len(mail_files(maildir / "Gone there")) == 3
