"""What `read` returns: one message or several, in the form that scripts get.

What a person is shown of a message is `MessageView`: blocks of text in the
order in which they are read. The fields that scripts get are only ever added
to; views are nobody's interface.
"""

from dataclasses import dataclass
from typing import Literal

SignatureStatus = Literal["good", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class AttachmentInfo:
    """A part that is kept apart from the text. `size` is in octets, decoded."""

    part: str
    name: str | None
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class PartInfo:
    """A part of a message with those below it. `part` is its number (RFC 3501 §6.4.5)."""

    part: str
    type: str
    charset: str | None
    encoding: str
    disposition: str | None
    name: str | None
    content_id: str | None
    size: int
    parts: tuple["PartInfo", ...] = ()


@dataclass(frozen=True, slots=True)
class SenderResult:
    """What the trusted server found out about the sender; None where it said nothing.

    `by` is its authserv-id. `verdict` is `verified`, `unverified`, `failed` or `unknown`.
    """

    spf: str | None
    dkim: str | None
    dmarc: str | None
    by: str | None
    verdict: str


@dataclass(frozen=True, slots=True)
class SignatureInfo:
    """A signature over a part, and what `gpg` or `openssl` says of it.

    `good`: the octets are as they were signed. Whose the key is, `trusted` says (the user's
    own trust in PGP, a certificate authority in S/MIME), and `from_sender` whether it names
    an address in From. `unknown`: it could not be checked. `whole`: it covers the message's
    whole body, not a part of it.
    """

    part: str
    kind: Literal["pgp", "smime"]
    status: SignatureStatus
    signer: str | None
    key: str | None
    trusted: bool
    from_sender: bool
    whole: bool
    detail: str
