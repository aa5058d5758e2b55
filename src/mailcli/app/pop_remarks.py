"""What the user should know about a maildrop though the run goes well. Pure."""

from datetime import timedelta

from mailcli.app.pop_options import RECENT, is_gmail
from mailcli.config import PopServer
from mailcli.pop.capabilities import Capabilities
from mailcli.pop.listing import Listing
from mailcli.pop.plan import Policy, Retrieve

RENAMED = (
    "the server gave other unique-ids to mail that is stored here; it was recognised by its "
    "content, and nothing was deleted on the server"
)


def remarks_on(
    server: PopServer,
    capabilities: Capabilities,
    policy: Policy,
    listing: Listing,
    nameless: list[Retrieve],
) -> list[str]:
    """Return what holds of the server now and in every run; `nameless` have no unique-id."""
    found = [
        _on_unique_ids(policy, listing, len(nameless)),
        _on_expiry(policy, capabilities),
        _on_gmail(server),
    ]
    return [remark for remark in found if remark]


def _on_unique_ids(policy: Policy, listing: Listing, nameless: int) -> str:
    if not listing.has_ids:
        deleted = "" if policy.keep is False else ", and none is deleted there by its age"
        return (
            "the server has no unique-ids: what is new is told by content, so every run fetches "
            f"all messages that it keeps{deleted}"
        )
    if nameless:
        return (
            f"the server gives one unique-id to several messages: these {nameless} are told apart "
            "by content, so every run fetches them, and never deleted on the server"
        )
    return ""


def _on_expiry(policy: Policy, capabilities: Capabilities) -> str:
    """Say where the server keeps mail for a shorter time than the user wants (RFC 2449 §6.7)."""
    days = capabilities.expires_after
    if days is None or policy.keep is False:
        return ""
    if isinstance(policy.keep, timedelta) and policy.keep <= timedelta(days=days):
        return ""
    after = f"after {days} days" if days else "once it was fetched"
    return f"the server does not keep mail that long: it may delete it {after} (EXPIRE)"


def _on_gmail(server: PopServer) -> str:
    username = server.login.username
    if not is_gmail(server) or username.startswith(RECENT):
        return ""
    return (
        "Gmail hides a message from POP3 once any client has fetched it; with "
        f'username = "{RECENT}{username}" it lists the last 30 days to every client'
    )
