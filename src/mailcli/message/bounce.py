"""The message that tells the sender what could not be delivered (RFC 3464). Pure.

It is put into the sender's own INBOX and never travels. The report is for
programs, the text before it for people, and of the message itself only its
header comes back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailcli.message.addresses import to_ascii
from mailcli.message.clean import clean
from mailcli.message.headers import address_field, identifier_field, text_field
from mailcli.message.mime import Leaf, Multipart, body, text_leaf
from mailcli.model import Address

_MOST_HEADER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Failure:
    """A recipient who does not get the message: the server's reply, or why it was given up."""

    email: str
    code: int | None
    enhanced: str | None
    text: str

    @property
    def words(self) -> str:
        """The reply in one line."""
        found = (str(self.code or ""), self.enhanced or "", clean(self.text))
        return " ".join(filter(None, found)) or "no answer"


def bounce(
    owner: Address,
    failures: Iterable[Failure],
    *,
    subject: str,
    header: bytes,
    now: datetime,
    token: str,
) -> bytes:
    """Return the whole message with CRLF line ends; `header` is that of the message it is about.

    The same arguments give the same octets.
    """
    failed, email = tuple(failures), to_ascii(owner.email)
    report = Multipart(
        'report; report-type="delivery-status"',
        f"=_bounce_{token}",
        (
            text_leaf(_words(failed, subject)),
            Leaf((b"Content-Type: message/delivery-status\r\n",), _status(failed)),
            Leaf(
                (
                    b"Content-Type: text/rfc822-headers\r\n",
                    b"Content-Transfer-Encoding: 8bit\r\n",
                ),
                header[:_MOST_HEADER],
            ),
        ),
    )
    fields = [
        text_field("Date", format_datetime(now)),
        address_field("From", [Address("mailcli", email)]),
        address_field("To", [owner._replace(email=email)]),
        text_field("Subject", f"Not delivered: {clean(subject) or '(no subject)'}"),
        identifier_field("Message-ID", [f"<{token}@{email.rpartition('@')[2]}>"]),
        text_field("Auto-Submitted", "auto-generated"),
        b"MIME-Version: 1.0\r\n",
        *report.fields,
    ]
    return b"".join([*fields, b"\r\n", *body(report)])


def _words(failures: tuple[Failure, ...], subject: str) -> str:
    listed = "".join(f"  {failure.email}\n    {failure.words}\n" for failure in failures)
    return (
        f'Your message "{clean(subject)}" was not delivered to:\n\n{listed}\n'
        "It is not tried again. Its header is attached.\n"
    )


def _status(failures: tuple[Failure, ...]) -> bytes:
    blocks = ["Reporting-MTA: dns; localhost\r\n"]
    for failure in failures:
        status = failure.enhanced or "5.0.0"
        blocks.append(
            f"Final-Recipient: rfc822; {failure.email}\r\nAction: failed\r\nStatus: {status}\r\n"
            f"Diagnostic-Code: smtp; {failure.words[:800]}\r\n"
        )
    return "\r\n".join(blocks).encode("utf-8")
