"""The octets of a part, its transfer encoding taken off, in pieces. Pure.

RFC 2045 §6.7 (quoted-printable), §6.8 (base64), and uuencode, which mail used
before. Everything is decoded as far as it can be and nothing here fails:
characters that no encoding knows are passed over, padding may be missing, an
escape that is none stands for itself. An encoding that nobody knows is none.
"""

import binascii
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from mailcli.message.charsets import cut, to_text
from mailcli.message.encoded_words import decode_digits
from mailcli.message.structure import Part, Range
from mailcli.message.window import BLOCK

_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_DIGITS = bytes(octet for octet in range(256) if octet not in _DIGITS)
_PADDING = re.compile(rb"[=\s]*+")
_WHOLE_LINE = re.compile(
    rb"(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)++[= \t\r]*+(?:\n|\Z)"
)
"""A line of nothing but base64. After padding, only such a line is more of it, not a footer."""

_TRAILING_BLANKS = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n)")
_BARE_CR = re.compile(rb"=\r(?!\n)")
_BLANK_ENDS = (b" \n", b"\t\n", b" \r\n", b"\t\r\n")
_UU_BEGIN = re.compile(rb"begin [0-7]{3,4} ")
_UU_END = re.compile(rb"end[ \t]*")

_BASE64 = frozenset({"base64", "b", "x-base64"})
_QUOTED_PRINTABLE = frozenset({"quoted-printable", "quoted_printable", "q", "quoted"})
_UUENCODE = frozenset({"x-uuencode", "uuencode", "x-uue", "uue", "x-uu"})
_META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:+-]{1,40})", re.IGNORECASE
)
_META_WITHIN = 2_048


def decoded(stream: BinaryIO, part: Part) -> Iterator[bytes]:
    """Yield the content of a part, in pieces of about `BLOCK` octets.

    Of a multipart, or a forwarded message that was not encoded, these are the octets as they
    are in `stream`. Nobody else may move the stream meanwhile. Raises: OSError.
    """
    blocks = raw(stream, part.body)
    if part.encoding in _BASE64:
        return _base64(blocks)
    if part.encoding in _QUOTED_PRINTABLE:
        return _quoted_printable(blocks)
    if part.encoding in _UUENCODE:
        return _uuencode(blocks)
    return blocks


def decoded_size(stream: BinaryIO, part: Part) -> int:
    """Count the octets of a part's content. Raises: OSError."""
    if part.encoding in _BASE64 | _QUOTED_PRINTABLE | _UUENCODE:
        return sum(map(len, decoded(stream, part)))
    return part.body.length


def raw(stream: BinaryIO, where: Range) -> Iterator[bytes]:
    """Yield the octets of a stretch of a stream, as they are. Raises: OSError."""
    stream.seek(where.start)
    left = where.length
    while left > 0 and (block := stream.read(min(left, BLOCK))):
        left -= len(block)
        yield block


def text_of(stream: BinaryIO, part: Part, *, most: int | None = None) -> str:
    """Return a part's text, its lines ended by LF; of a long one what `most` octets hold.

    HTML that declares its charset in itself alone is believed. Raises: OSError.
    """
    blocks: list[bytes] = []
    length = 0
    for block in decoded(stream, part):
        blocks.append(block)
        length += len(block)
        if most is not None and length >= most:
            break
    octets = b"".join(blocks)
    octets = octets if most is None else cut(octets, most)
    charset = part.charset
    if not charset and part.type == "text/html":
        meta = _META_CHARSET.search(octets[:_META_WITHIN])
        charset = meta[1].decode("ascii") if meta else None
    return to_text(octets, charset).replace("\r\n", "\n")


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield octets in pieces that end with a line, unless one is longer than a block."""
    held = b""
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            yield held + block[:end]
            held = block[end:]
        else:
            held += block
            if len(held) >= BLOCK:
                yield held
                held = b""
    if held:
        yield held


# base64


def _base64(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Decode base64. Padding ends it, unless a whole line of it follows: some join pieces."""
    held = b""
    is_padded = False
    for piece in _whole_lines(blocks):
        at = whole_until = 0
        found: list[bytes] = []
        while at < len(piece):
            if is_padded:
                at = _behind_padding(piece, at)
                if whole_until <= at < len(piece):
                    line = _WHOLE_LINE.match(piece, at)
                    if line is None:
                        yield b"".join(found)
                        return
                    whole_until = line.end()
                is_padded = at == len(piece)
                continue
            end = piece.find(b"=", at)
            is_padded = end >= 0
            digits = held + piece[at : end if is_padded else None].translate(None, _NOT_DIGITS)
            whole = len(digits) if is_padded else len(digits) // 4 * 4
            found.append(decode_digits(digits[:whole]))
            held = digits[whole:]
            at = end if is_padded else len(piece)
        yield b"".join(found)
    yield decode_digits(held)


def _behind_padding(piece: bytes, at: int) -> int:
    found = _PADDING.match(piece, at)
    return found.end() if found else at


# quoted-printable


def _quoted_printable(blocks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in _whole_lines(blocks):
        octets = held + piece
        cut = len(octets) if octets.endswith(b"\n") else _safe_cut(octets)
        held = octets[cut:]
        yield _unquoted(octets[:cut])
    yield _unquoted(held.rstrip(b" \t"))


def _safe_cut(octets: bytes) -> int:
    """Return where a line may be cut: in no escape, and before blanks that may end it."""
    end = len(octets.rstrip(b" \t\r"))
    escape = octets.rfind(b"=", max(0, end - 2), end)
    return (escape if escape >= 0 else end) or len(octets)


def _unquoted(octets: bytes) -> bytes:
    """Decode whole lines. Blanks at their ends were added under way (rule 3)."""
    if any(end in octets for end in _BLANK_ENDS):
        octets = _TRAILING_BLANKS.sub(b"", octets)
    if b"=\r" in octets:  # a2b_qp would take all up to the next LF for a soft line break
        octets = _BARE_CR.sub(b"=\n", octets)
    return binascii.a2b_qp(octets)


# uuencode


def _uuencode(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Decode lines of uuencode, between `begin` and `end` where these are there."""
    for piece in _whole_lines(blocks):
        found: list[bytes] = []
        for line in piece.split(b"\n"):
            text = line.rstrip(b"\r")
            if _UU_END.fullmatch(text):
                yield b"".join(found)
                return
            if not _UU_BEGIN.match(text):
                found.append(_uu_line(text))
        yield b"".join(found)


def _uu_line(line: bytes) -> bytes:
    """Decode one line, which begins with its length; blanks at its end may have been lost."""
    if not line or not 32 <= line[0] <= 96:
        return b""
    length = (line[0] - 32) & 63
    digits = (length * 4 + 2) // 3
    try:
        return binascii.a2b_uu(line[: 1 + digits].ljust(1 + digits))
    except binascii.Error:
        return b""
