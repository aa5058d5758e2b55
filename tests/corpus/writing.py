"""How the messages of the corpus are written: headers, parts, and what is expected of them."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from quopri import encodestring
from typing import Any

DIRECTORY = Path(__file__).parent / "messages"

MESSAGES: dict[str, tuple[bytes, dict[str, Any]]] = {}

_HEAD = {
    "From": "Ada <ada@example.org>",
    "To": "Bob <bob@example.com>",
    "Subject": "Engines",
    "Date": "Tue, 03 Nov 2026 10:00:00 +0100",
    "Message-ID": "<n@example.org>",
    "MIME-Version": "1.0",
}


def octets(text: str | bytes) -> bytes:
    """Return text in UTF-8, octets as they are."""
    return text.encode("utf-8") if isinstance(text, str) else text


def header(fields: Mapping[str, str | bytes | None] | None = None, **more: str | bytes) -> bytes:
    """Return the usual fields, others in their place or behind them; None takes one away."""
    every = {**_HEAD, **(fields or {}), **{k.replace("_", "-"): v for k, v in more.items()}}
    lines = (
        octets(name) + b": " + octets(value) for name, value in every.items() if value is not None
    )
    return b"\n".join(lines) + b"\n"


def add(name: str, raw: bytes, **expected: Any) -> None:
    """Add a message."""
    assert name not in MESSAGES, name
    MESSAGES[name] = (raw, expected)


def text(
    name: str, body: str | bytes, kind: str = "text/plain", encoding: str = "8bit", **expected: Any
) -> None:
    """Add a message of one part."""
    fields = {"Content-Type": kind, "Content-Transfer-Encoding": encoding}
    add(name, header(fields) + b"\n" + octets(body), **expected)


def part(kind: str, body: str | bytes = "", *more: str) -> bytes:
    """Return a part with its header."""
    lines = [f"Content-Type: {kind}", *more] if kind else [*more]
    return "".join(f"{line}\n" for line in lines).encode() + b"\n" + octets(body)


def multi(kind: str, *parts: bytes, boundary: str = "=b=") -> bytes:
    """Return a multipart's header field and body."""
    body = b"".join(b"--" + octets(boundary) + b"\n" + each + b"\n" for each in parts)
    field = f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n'
    return octets(field) + body + octets(f"--{boundary}--\n")


def many(name: str, kind: str, *parts: bytes, **expected: Any) -> None:
    """Add a message of several parts."""
    add(name, header() + multi(kind, *parts), **expected)


def base64(content: str | bytes) -> str:
    """Return octets in base64, in lines."""
    digits = b64encode(octets(content)).decode("ascii")
    return "\n".join(digits[at : at + 76] for at in range(0, len(digits), 76)) + "\n"


def quoted(content: str | bytes) -> bytes:
    """Return octets quoted-printable."""
    return encodestring(octets(content))
