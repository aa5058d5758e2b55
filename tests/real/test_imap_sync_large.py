"""In a large folder, a run thinks about what has changed, and not about all the rest."""

from collections.abc import Callable

import pytest
from tests.real.conftest import OpenAccount
from tests.support.imap_sides import message
from tests.support.local_mail import put
from tests.support.looked_at import watched
from tests.support.sync_account import SyncAccount

from mailcli.store.entries import Entry
from mailcli.store.records import MessageRow
from mailcli.sync.plan import Fetch
from mailcli.sync.states import Agreed, Local, Remote

MANY = 400
FEW = 40
"""How many values of each kind may be made about a few changes among many messages."""

KINDS = (MessageRow, Entry, Agreed, Local, Remote)

Change = Callable[[SyncAccount], object]


def _flag_there(account: SyncAccount) -> None:
    account.flag_there("100", "+\\Flagged")


def _flag_here(account: SyncAccount) -> None:
    account.flag_here("200", "F")


def _new_ones(account: SyncAccount) -> None:
    account.deliver("new there")
    put(account.maildir / "INBOX", "1.new.here", message("new here"))


def _deletions(account: SyncAccount) -> None:
    account.delete_there("300")
    account.file("301").unlink()


CHANGES: dict[str, Change] = {
    "a flag there": _flag_there,
    "a flag here": _flag_here,
    "new on both sides": _new_ones,
    "deleted on both sides": _deletions,
}


@pytest.fixture
def large(mirrored: SyncAccount) -> SyncAccount:
    """The account with many messages in one folder, the same on both sides."""
    mirrored.fill(*map(str, range(MANY)))
    return mirrored


@pytest.mark.parametrize("args", [(), ("--full",)], ids=["as it is", "full"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_few_changes_among_many_messages_make_few_values(
    large: SyncAccount, change: Change, args: tuple[str, ...]
) -> None:
    change(large)
    with watched(*KINDS) as watch:
        result = large.sync(*args)
    assert result["changed"]
    assert max(watch.made.values()) <= FEW, watch.made
    assert sorted(large.here()) == sorted(large.there())


@pytest.mark.parametrize("limits", [{}, {"max_size": "1M"}], ids=["all", "with a limit"])
def test_a_plan_hears_nothing_of_what_is_only_to_be_fetched(
    configured: OpenAccount, limits: dict[str, str]
) -> None:
    account = configured(**limits)
    account.deliver(*map(str, range(MANY)))
    with watched(Agreed, Fetch, Local, Remote) as watch:
        result = account.sync()
    assert sum(each["fetched"] for each in result["folders"]) == MANY
    assert not any(watch.made.values()), watch.made


def test_messages_that_are_at_rest_are_not_fetched_again_after_an_upload(
    large: SyncAccount,
) -> None:
    put(large.maildir / "INBOX", "1.new.here", message("new here"))
    result = large.sync()
    assert sum(each["appended"] for each in result["folders"]) == 1
    assert not any(each["fetched"] for each in result["folders"])
    assert large.settled()
