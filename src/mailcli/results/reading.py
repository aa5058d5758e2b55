"""What `read` returns: one message or several, in the form that scripts get.

What a person is shown of a message is `MessageView`: blocks of text in the
order in which they are read. The fields that scripts get are only ever added
to; views are nobody's interface.
"""

from typing import Literal, NamedTuple

from mailcli.results.messages import MessageInfo

SignatureStatus = Literal["good", "bad", "unknown"]


class ReadAttachment(NamedTuple):
    """A part that is kept apart from the text. `size` is in octets, decoded."""

    part: str
    name: str | None
    type: str
    size: int


class PartInfo(NamedTuple):
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


class SenderResult(NamedTuple):
    """What the trusted server found out about the sender; None where it said nothing.

    `by` is its authserv-id. `verdict` is `verified`, `unverified`, `failed` or `unknown`.
    """

    spf: str | None
    dkim: str | None
    dmarc: str | None
    by: str | None
    verdict: str


class SignatureInfo(NamedTuple):
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


class Block(NamedTuple):
    """Lines that a person reads; `depth` counts the forwarded messages around them.

    `heading`: the header of a forwarded message. `note`: what mailcli says, not the message.
    """

    kind: Literal["text", "heading", "note"]
    text: str
    depth: int = 0


class MessageView(NamedTuple):
    """A message for a person: not cleaned, `blocks` in order.

    `snippet`: of an older message of a thread, its first line stands for all of it.
    `headers`: every field is to be shown.
    """

    blocks: tuple[Block, ...] = ()
    snippet: str | None = None
    headers: bool = False


class ReadMessage(NamedTuple):
    """One message as it is read. `info` is what lists say of it, its fields beside the others.

    `headers` are all fields, decoded, in order. `text` is that of all parts that a reader would
    see, from HTML only where there is no plain one; `html` the HTML as it came. `view` is there
    for a person alone.
    """

    info: MessageInfo
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str | None
    attachments: tuple[ReadAttachment, ...]
    parts: tuple[PartInfo, ...]
    authentication: SenderResult
    signatures: tuple[SignatureInfo, ...]
    warnings: tuple[str, ...]
    view: MessageView | None = None
