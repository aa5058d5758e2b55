"""The demo's SMTP server: aiosmtpd, and a handler that delivers into the shared INBOX.

Whatever the address, mail comes to the demo's own INBOX: nothing leaves. Two
local parts are refused, so that refusals can be seen: `nobody` for good,
`busy` for now. RFC 5321, RFC 4954 (AUTH).
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailcli.demo.mailbox import INBOX, DemoUser, Mailbox

HOSTNAME = "mail.demo.example"
_MAX_MESSAGE = 64 * 1024 * 1024
_REFUSED = {
    "nobody": "550 5.1.1 <{}>: no such person here",
    "busy": "450 4.2.1 <{}>: busy just now, try again later",
}


def smtp_protocol(
    mailbox: Mailbox, user: DemoUser, loop: asyncio.AbstractEventLoop
) -> Callable[[], SMTP]:
    """Return a factory of connections for a server that speaks TLS from the first octet."""
    logging.getLogger("mail.log").addHandler(logging.NullHandler())  # else it warns on stderr

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        right = isinstance(given, LoginPassword) and user.matches(given.login, given.password)
        return AuthResult(success=right, handled=False)

    return lambda: SMTP(
        Delivery(mailbox),
        hostname=HOSTNAME,
        ident="mailcli demo, ESMTP",
        data_size_limit=_MAX_MESSAGE,
        enable_SMTPUTF8=True,
        authenticator=authenticate,
        auth_require_tls=False,  # it means STARTTLS by that; here TLS was there before SMTP
        loop=loop,
    )


class Delivery:
    """What aiosmtpd calls for each step of a transaction; the names are its own."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name and arguments
        self,
        _server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take the sender, from those who logged in."""
        if not session.authenticated:
            return "530 5.7.0 log in first"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 sender accepted"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name and arguments
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take a recipient, or refuse one of the two that are there to be refused."""
        refusal = _REFUSED.get(address.partition("@")[0].lower())
        if refusal is not None:
            return refusal.format(address)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 recipient accepted"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Put the message into INBOX, below the two fields of a delivery (RFC 5321 §4.4)."""
        now = datetime.now(UTC)
        lines = (
            f"Return-Path: <{envelope.mail_from}>",
            f"Received: from {session.host_name} by {HOSTNAME} with ESMTPSA;",
            f"\t{format_datetime(now)}",
        )
        trace = "".join(f"{line}\r\n" for line in lines).encode()
        raw = envelope.original_content or b""
        stored = self._mailbox.add(self._mailbox.folder(INBOX), trace + raw, now)
        return f"250 2.0.0 delivered as number {stored.uid}"
