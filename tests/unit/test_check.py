"""What is read back before a message leaves: another field, address or part is refused.

A builder that goes wrong is played by a message that was changed after it was built.
"""

from datetime import datetime, timedelta, timezone

import pytest

from mailcli.errors import InvalidMessage
from mailcli.message.check import verify
from mailcli.message.compose import compose
from mailcli.message.draft import Draft
from mailcli.message.mime import Attachment, body
from mailcli.model import Address

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=1)))
DRAFT = Draft(
    Address("Ada", "ada@example.org"),
    to=(Address("Bob", "bob@example.net"),),
    cc=(Address("", "cy@example.net"),),
    reply_to=(Address("", "list@example.net"),),
    subject="Backup of Monday",
    text="Done.\n",
    headers=(
        ("X-Note", "Grüße an alle"),
        ("X-Empty", ""),
        ("References", "<one@x> <two@x>"),
        ("Sender", "Jörg <j@bücher.de>"),
        ("X-Note", "second"),
    ),
    attachments=(Attachment("a.txt", "text/plain", b"x"),),
)


def read_back(old: bytes = b"", new: bytes = b"") -> None:
    """Build the message, change some octets of it, and have it read back."""
    composed = compose(DRAFT, now=NOW, token="0123456789abcdef")
    skeleton = composed.header + b"".join(body(composed.body, skeleton=True))
    assert old in skeleton
    changed = skeleton.replace(old, new, 1) if old else skeleton
    verify(DRAFT, changed, composed.body, composed.message_id, NOW)


def test_what_was_built_as_it_was_meant_is_let_go() -> None:
    read_back()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        pytest.param(
            b"\r\nSubject:", b"\r\nBcc: e@x\r\nSubject:", "list of fields", id="one more"
        ),
        pytest.param(b"Cc: cy@example.net\r\n", b"", "list of fields", id="one less"),
        pytest.param(b"X-Note: second\r\n", b"", "list of fields", id="one of the user's less"),
        pytest.param(b"\r\nTo:", b"\r\nDate: x\r\nTo:", "list of fields", id="one of ours twice"),
        pytest.param(b"<ada@", b"<eve@", "From", id="another author"),
        pytest.param(
            b"<bob@example.net>", b"<bob@example.net>, e@x", "To", id="one recipient more"
        ),
        pytest.param(b"Bob <", b"Rob <", "To", id="another name"),
        pytest.param(b"of Monday", b"of Sunday", "Subject", id="another subject"),
        pytest.param(b"abcdef@example", b"abcdee@example", "Message-ID", id="another identifier"),
        pytest.param(b"12:00:00", b"13:00:00", "Date", id="another time"),
        pytest.param(b"+0100", b"+0000", "Date", id="another zone"),
        pytest.param(b"X-Note: second", b"X-Note: other", "X-Note", id="another value"),
        pytest.param(b"X-Empty:", b"X-Empty: x", "X-Empty", id="a value where none was meant"),
        pytest.param(b"<one@x> <two@x>", b"<one@x>", "References", id="a reference less"),
        pytest.param(b"xn--bcher-kva.de", b"b-cher.de", "Sender", id="another sender"),
        pytest.param(
            b"Content-Type: text/plain;\r\n name",
            b"Content-Type: text/html;\r\n name",
            "list of parts",
            id="another type",
        ),
        pytest.param(b'filename="a.txt"', b'filename="a.exe"', "list of parts", id="another file"),
    ],
)
def test_what_reads_back_as_something_else_is_refused(old: bytes, new: bytes, what: str) -> None:
    with pytest.raises(InvalidMessage, match=f"message's {what} does not read back"):
        read_back(old, new)
