"""Messages put together by hand, octet by octet, as other people's programs send them. Pure.

`mailcli.message.compose` would make them all alike, and some of these are
meant to be unlike anything that mailcli would send.
"""

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

Fields = Sequence[tuple[str, str]]

_BASE64 = ("Content-Transfer-Encoding", "base64")
_EIGHT_BIT = ("Content-Transfer-Encoding", "8bit")


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part: what it says of itself, and its octets as they are sent."""

    fields: Fields
    octets: bytes


def text_part(text: str, kind: str = "text/plain", *, charset: str = "utf-8") -> Part:
    """Return text in a charset, one line per line, not encoded any further."""
    lines = text.strip("\n").split("\n")
    octets = "".join(f"{line}\r\n" for line in lines).encode(charset)
    # ISO-2022-JP and its like have seven bits only; the rest says honestly that it has eight.
    transfer = [] if octets.isascii() else [_EIGHT_BIT]
    return Part([("Content-Type", f"{kind}; charset={charset}"), *transfer], octets)


def file_part(octets: bytes, kind: str, disposition: str) -> Part:
    """Return a file in base64; `disposition` is the whole Content-Disposition."""
    fields = [("Content-Type", kind), _BASE64, ("Content-Disposition", disposition)]
    return Part(fields, base64.encodebytes(octets).replace(b"\n", b"\r\n"))


def multipart(kind: str, parts: Sequence[Part], *, boundary: str) -> Part:
    """Return parts as one (RFC 2046 §5.1)."""
    line = f"--{boundary}".encode()
    inner = b"".join(b"%b\r\n%b\r\n" % (line, _block(part.fields, part.octets)) for part in parts)
    content_type = f'multipart/{kind}; boundary="{boundary}"'
    return Part([("Content-Type", content_type)], b"%b%b--\r\n" % (inner, line))


def message(fields: Fields, part: Part) -> bytes:
    """Return a whole message with CRLF line ends."""
    return _block([*fields, ("MIME-Version", "1.0"), *part.fields], part.octets)


def encoded_word(text: str, charset: str) -> str:
    """Return text as one encoded word (RFC 2047 §2); the caller keeps it short."""
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def _block(fields: Fields, octets: bytes) -> bytes:
    header = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return header.encode() + b"\r\n" + octets


def png(width: int, height: int) -> bytes:
    """Return a small picture: a sky from blue to gold (ISO/IEC 15948)."""
    rows = (
        b"\0"
        + bytes((60 + 190 * y // height, 120 + 80 * y // height, 220 - 170 * y // height)) * width
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pdf(text: str) -> bytes:
    """Return a one-page document with one line of text, without a cross-reference table."""
    stream = f"BT /F1 18 Tf 72 720 Td ({text}) Tj ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            " /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body = "".join(f"{n} 0 obj\n{held}\nendobj\n" for n, held in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}trailer\n<< /Root 1 0 R >>\n%%EOF\n".encode()
