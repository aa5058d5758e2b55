"""Mailbox names in modified UTF-7 (RFC 3501 §5.1.3), and patterns over them. Pure."""

import base64
import re
from functools import lru_cache

from mailcli.errors import ProtocolViolation, UsageError

_SHIFTED = r"&([^-]*)-"
_RUNS = r"[\x20-\x25\x27-\x7e]+|&|[^\x20-\x7e]+"


def encode(name: str, *, utf8: bool = False) -> bytes:
    """Return a folder's name as the wire has it: in UTF-8 where that was enabled (RFC 6855 §3).

    Raises: UsageError (2) for lone surrogates: octets outside UTF-8 on the command line.
    """
    try:
        if utf8 or ("&" not in name and name.isascii() and name.isprintable()):
            return name.encode("utf-8")
        return "".join(_encode_run(run) for run in re.findall(_RUNS, name)).encode("ascii")
    except UnicodeEncodeError as exc:
        raise UsageError(f"folder name {name!r} is not valid Unicode") from exc


def _encode_run(run: str) -> str:
    if run == "&":
        return "&-"
    if run.isascii() and run.isprintable():
        return run
    return f"&{_base64(run)}-"


def _base64(run: str) -> str:
    text = base64.b64encode(run.encode("utf-16-be")).decode("ascii")
    return text.rstrip("=").replace("/", ",")


def decode(wire: bytes, *, utf8: bool = False) -> str:
    """Return a folder's name as people read it; with `utf8`, the wire has it as it is.

    Servers that answer in UTF-8 (RFC 6855, and many without saying so) are understood. What is
    not exactly as `encode` would write it is taken as it stands: `R&D` is no modified UTF-7, and
    decoding `&AC8-` to `/` would give two of a server's folders one name.

    Raises: ProtocolViolation for a name that is no text at all.
    """
    try:
        text = wire.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ProtocolViolation(f"folder name {wire!r} is not modified UTF-7") from exc
    if utf8 or "&" not in text:
        return text
    try:
        name = re.sub(_SHIFTED, _decode_run, text)
    except ValueError:
        return text
    return name if encode(name) == wire else text


def _decode_run(match: re.Match[str]) -> str:
    run = match[1].replace(",", "/")
    if not run:
        return "&"
    padded = run + "=" * (-len(run) % 4)
    return base64.b64decode(padded, validate=True).decode("utf-16-be")


def matches(name: str, pattern: str, delimiter: str | None) -> bool:
    """Whether a pattern of LIST covers a name: `*` anything, `%` one level (RFC 3501 §6.3.8).

    INBOX matches in any case.
    """
    return bool(_expression(pattern, delimiter, name.upper() == "INBOX").fullmatch(name))


@lru_cache
def _expression(pattern: str, delimiter: str | None, any_case: bool, /) -> re.Pattern[str]:
    level = f"[^{re.escape(delimiter)}]*" if delimiter else ".*"
    parts = (
        ".*" if part == "*" else level if part == "%" else re.escape(part)
        for part in re.split(r"([*%])", pattern)
    )
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if any_case else 0))


def selected(name: str, patterns: tuple[str, ...], delimiter: str | None) -> bool:
    """Whether a list of patterns covers a name; `!` excludes, and the last match decides.

    A list that only excludes starts from everything.
    """
    verdict = all(pattern.startswith("!") for pattern in patterns)
    for pattern in patterns:
        if matches(name, pattern.removeprefix("!"), delimiter):
            verdict = not pattern.startswith("!")
    return verdict
