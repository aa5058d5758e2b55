"""The signed parts of a message, each with what `gpg` or `openssl` says of it.

A `multipart/signed` has two parts: what was signed, and the signature over its octets as
they were sent, header and all (RFC 1847 §2.1). The line end before the boundary is not
of them. A Maildir keeps lines that end in LF, so their CRLF are put back first.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, Literal

from mailcli.message.display import Kind, Shown
from mailcli.message.structure import Part, Range
from mailcli.message.transfer import decoded, raw
from mailcli.results.reading import SignatureInfo
from mailcli.store.line_ends import is_verbatim, to_wire

if TYPE_CHECKING:
    from mailcli.app.verification import Checked, Verifier

_MOST = 3
"""Signatures of a message that are checked; each may take seconds."""
_KINDS: Mapping[str, Literal["pgp", "smime"]] = {
    "application/pgp-signature": "pgp",
    "application/pkcs7-signature": "smime",
    "application/x-pkcs7-signature": "smime",
}
_WORDS = {"pgp": "PGP", "smime": "S/MIME"}


def signatures_of(
    stream: BinaryIO,
    shown: Sequence[Shown],
    *,
    senders: Sequence[str],
    marked: bool,
    environ: Mapping[str, str],
) -> tuple[SignatureInfo, ...]:
    """Check the signatures of a message, whose From holds `senders`.

    `marked`: its file says that it holds the octets as they came.
    """
    signed = [each for each in shown if each.kind is Kind.SIGNED and not each.depth]
    if not signed:
        return ()
    from mailcli.app.verification import Verifier

    verifier = Verifier(environ)
    return tuple(
        _checked(stream, each.part, verifier, senders, marked=marked) for each in signed[:_MOST]
    )


def _checked(
    stream: BinaryIO, part: Part, verifier: "Verifier", senders: Sequence[str], *, marked: bool
) -> SignatureInfo:
    kind = _kind(part)
    checked = _verified(stream, part, kind, verifier, senders, marked=marked)
    whole = part.number == ""
    detail = checked.detail if whole else f"part {part.number}: {checked.detail}"
    return SignatureInfo(
        part=part.number,
        kind=kind,
        status=checked.status,
        signer=checked.signer,
        key=checked.key,
        trusted=checked.trusted,
        from_sender=checked.from_sender,
        whole=whole,
        detail=detail,
    )


def _verified(
    stream: BinaryIO,
    part: Part,
    kind: Literal["pgp", "smime"],
    verifier: "Verifier",
    senders: Sequence[str],
    *,
    marked: bool,
) -> "Checked":
    from mailcli.app.verification import LARGEST_SIGNATURE, Checked

    not_verified = f"signed ({_WORDS[kind]}), not verified"
    if len(part.parts) != 2 or part.parts[1].type not in _KINDS:
        return Checked("unknown", f"{not_verified}: it is not made as a signed message is")
    signature = _limited(decoded(stream, part.parts[1]), LARGEST_SIGNATURE)
    if len(signature) > LARGEST_SIGNATURE:
        return Checked("unknown", f"{not_verified}: the signature is too large")
    verbatim = marked or is_verbatim(raw(stream, part.body), marked=False)

    def content() -> Iterator[bytes]:
        first = part.parts[0]
        where = Range(first.header.start, first.body.end)
        return to_wire(raw(stream, where), verbatim=verbatim)

    check = verifier.pgp if kind == "pgp" else verifier.smime
    return check(content, signature, senders)


def _kind(part: Part) -> Literal["pgp", "smime"]:
    said = [*(each.type for each in part.parts[1:2]), part.parameters.get("protocol", "").lower()]
    return next((_KINDS[each] for each in said if each in _KINDS), "pgp")


def _limited(pieces: Iterator[bytes], most: int) -> bytes:
    octets = b""
    for piece in pieces:
        octets += piece
        if len(octets) > most:
            break
    return octets
