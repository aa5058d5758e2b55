"""Which account a message is sent with: by its name, or by who the message is from."""

from collections.abc import Iterable

from mailcli.app.context import Context
from mailcli.config import Account
from mailcli.errors import ConfigError
from mailcli.model import Address


def choose_account(
    context: Context, name: str | None, senders: Iterable[Address | None], *, sends: bool = True
) -> Account:
    """Choose by name, else by the first sender's address that is known, else what applies.

    `sends`: an account without an SMTP server will not do.

    Raises: ConfigError (78) that names the accounts tried.
    """
    able = [each for each in context.config.accounts.values() if each.smtp or not sends]
    emails = [sender.email.lower() for sender in senders if sender]
    if name or not emails:
        return context.account(name)
    for form in [form for email in emails for form in (email, _without_detail(email))]:
        for account in able:
            if form in _emails_of(account):
                return account
    try:
        return context.account(None)
    except ConfigError as exc:
        tried = ", ".join(account.name for account in able) or "none has an smtp server"
        raise ConfigError(
            f"no account sends as {emails[0]}; tried: {tried}",
            hint="choose one with -A, or add the address to its aliases",
        ) from exc


def _without_detail(email: str) -> str:
    """Return an address without what `+` adds to its local part (RFC 5233)."""
    local, at, domain = email.rpartition("@")
    return local.partition("+")[0] + at + domain


def _emails_of(account: Account) -> set[str]:
    return {address.email.lower() for address in addresses_of(account)}


def addresses_of(account: Account) -> tuple[Address, ...]:
    """Return the addresses that are the account's: its own first, then its aliases."""
    return tuple(each for each in (account.email, *account.aliases) if each)
