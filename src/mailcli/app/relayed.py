"""A finished message made ready to be sent as it is: `send --raw` and the sendmail mode."""

from collections.abc import Callable

from mailcli.app.account_choice import choose_account
from mailcli.app.context import Context
from mailcli.app.outgoing import (
    Outgoing,
    Relay,
    Request,
    names_of,
    parsed,
    reverse_path,
    sender_of,
    server_of,
)
from mailcli.config import Account
from mailcli.errors import InvalidMessage
from mailcli.message import relay
from mailcli.message.addresses import parse_address, unique
from mailcli.message.summary import summarise
from mailcli.model import Address
from mailcli.smtp.data import with_crlf
from mailcli.smtp.envelope import Envelope
from mailcli.store.spool import Spool


def relayed(
    context: Context, request: Request, finished: Relay, account_name: str | None
) -> Outgoing:
    """Prepare a finished message: the options add recipients, the message stays as it is.

    Raises: InvalidMessage (65), ConfigError (78).
    """
    header, body = relay.split(with_crlf(finished.chunks))
    senders = [sender_of(request) or _author(finished, header), _bounces_to(request)]
    account = choose_account(context, account_name, senders)
    qualify = None if finished.local is None else _qualifier(account, finished.local)
    recipients = list(parsed(request.recipients + request.to + request.cc + request.bcc, qualify))
    if finished.read_recipients or not recipients:
        recipients += relay.recipients(header, resent=finished.resent, qualify=qualify)
    sender = sender_of(request) or _author(finished, header) or account.email
    if sender is None:
        raise InvalidMessage("the message has no From", hint="use --envelope-from")
    given = request.envelope_sender
    if given and qualify and "@" not in given and given != "<>":
        given = None  # cron's `-f root`: bounces go to the account
    envelope = Envelope(
        reverse_path(given, sender),
        tuple(unique(recipients)),
        notify=request.notify,
        returned=request.returned,
    )
    spool = Spool(context.state_dir)
    spool.extend([relay.without_bcc(header)])
    spool.extend(body)
    return Outgoing(
        account,
        server_of(account),
        envelope,
        names_of(recipients),
        spool,
        relay.message_id(header),
        summarise(header).subject,
        copy_head=None,
    )


def _qualifier(account: Account, local: frozenset[str]) -> Callable[[str], str]:
    """Return what gives a name of this machine its address: the account's own, for its users."""

    def qualify(name: str) -> str:
        if name.lower() in local and account.email:
            return account.email.email
        raise InvalidMessage(
            f"{name!r} is no address", hint="write it as name@example.org; there is no local mail"
        )

    return qualify


def _bounces_to(request: Request) -> Address | None:
    """Return the envelope's sender, where one was given that has a domain."""
    given = request.envelope_sender or ""
    return parse_address(given) if "@" in given else None


def _author(finished: Relay, header: bytes) -> Address | None:
    """Return who a finished message is from; a local name, such as cron's `root`, is nobody."""
    if finished.local is None:
        return relay.sender(header)
    found = relay.sender(header, qualify=lambda name: name)
    return found if found and "@" in found.email else None
