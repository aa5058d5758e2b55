"""Folders of Gmail that show messages of others once more: left out unless they are named."""

from collections.abc import Iterator

import pytest
from tests.real.conftest import OpenAccount
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.imap_sides import errors
from tests.support.processes import server_directory
from tests.support.sync_account import SyncAccount

VIEWS = {"All Mail": "\\All", "Important": "\\Important", "Starred": "\\Flagged"}
MAILBOXES = "".join(
    f'  mailbox "{name}" {{\n    auto = create\n    special_use = {role}\n  }}\n'
    for name, role in VIEWS.items()
)


def serving(authority: Authority, capability: str | None) -> Iterator[Dovecot]:
    with (
        server_directory("views") as directory,
        running_dovecot(
            directory,
            authority,
            capability=capability,
            extra=f"namespace inbox {{\n{MAILBOXES}}}",
        ) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def gmail(authority: Authority) -> Iterator[Dovecot]:
    """A server that announces Gmail's extensions and has folders of those roles.

    All are empty: Dovecot does not know what else goes with that announcement.
    """
    yield from serving(authority, "+X-GM-EXT-1")


@pytest.fixture(scope="module")
def other(authority: Authority) -> Iterator[Dovecot]:
    """Another server that has folders of those roles."""
    yield from serving(authority, None)


def mirrored_here(mirrored: SyncAccount) -> set[str]:
    """Return which of those folders are here."""
    return {name for name in VIEWS if (mirrored.maildir / name).exists()}


@pytest.mark.parametrize("folders", [None, ["!Spam"]], ids=["no folders", "only exclusions"])
def test_views_are_left_out_at_gmail_and_the_result_says_why(
    configured: OpenAccount, gmail: Dovecot, folders: list[str] | None
) -> None:
    mirrored = configured(gmail, **({} if folders is None else {"folders": folders}))

    for _ in range(2):
        result = mirrored.sync()

        assert mirrored_here(mirrored) == set()
        said = {
            folder["name"]: [each["reason"] for each in folder["skipped"]]
            for folder in result["folders"]
            if folder["skipped"]
        }
        assert said.keys() == VIEWS.keys()
        assert all("once more" in reason for reasons in said.values() for reason in reasons)


def test_a_view_that_is_asked_for_on_the_command_line_alone_is_refused_with_the_reason(
    configured: OpenAccount, gmail: Dovecot
) -> None:
    mirrored = configured(gmail)

    result = mirrored.sync("All Mail", code=66)

    assert errors(result) == {"All Mail": 66}
    (told,) = (f["error"]["message"] for f in result["folders"])
    assert "once more" in told
    assert mirrored_here(mirrored) == set()


def test_views_that_the_account_names_are_mirrored(
    configured: OpenAccount, gmail: Dovecot
) -> None:
    mirrored = configured(gmail, folders=["INBOX", "All Mail"])

    result = mirrored.sync()

    assert mirrored_here(mirrored) == {"All Mail"}
    assert not any(folder["skipped"] for folder in result["folders"])


def test_elsewhere_folders_of_these_roles_are_mirrored_like_any_other(
    configured: OpenAccount, other: Dovecot
) -> None:
    mirrored = configured(other)

    mirrored.sync()

    assert mirrored_here(mirrored) == VIEWS.keys()
