"""Names of files that strangers gave, made safe to create. Pure.

The result is one name, never a path: it names no other directory, no hidden
file, nothing that a command could take for an option, no device of Windows,
and shows as what it is. It is at most 200 octets long and never empty.
"""

import re
import unicodedata

from mailcli.message.clean import UNSAFE_RANGES

LONGEST = 200
"""Octets of a name; with room for a suffix below what file systems take."""

_LONGEST_EXTENSION = 20
_UNSAFE = re.compile(
    "[" + "".join(f"{re.escape(chr(a))}-{re.escape(chr(b))}" for a, b in UNSAFE_RANGES) + "]"
)
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE
)
_NOT_IN_NAMES = str.maketrans(dict.fromkeys(':*?"<>|', "_"))
"""What Windows allows in no name, and shells take for something else."""

_EXTENSIONS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/css": ".css",
    "text/rtf": ".rtf",
    "text/xml": ".xml",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/javascript": ".js",
    "text/x-vcard": ".vcf",
    "text/directory": ".vcf",
    "text/x-patch": ".patch",
    "text/x-diff": ".patch",
    "text/vcard": ".vcf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/json": ".json",
    "application/xml": ".xml",
    "application/ms-tnef": ".dat",
    "application/pgp-signature": ".asc",
    "application/pgp-keys": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/ics": ".ics",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
}


def safe_name(name: str) -> str:
    """Return a name for a file that is like `name`, or "" where nothing of it is left.

    Its last segment counts, whichever separator it has, and without a drive's letter.
    """
    text = unicodedata.normalize("NFC", _UNSAFE.sub("", name))
    segment = re.split(r"[/\\]", text.strip("/\\ "))[-1]
    segment = re.sub(r"^[A-Za-z]:", "", segment).translate(_NOT_IN_NAMES)
    segment = " ".join(segment.split()).lstrip(".-~ ").rstrip(". ")
    if _RESERVED.fullmatch(segment.partition(".")[0].strip()):
        segment = f"_{segment}"
    return shortened(segment)


def attachment_name(name: str | None, kind: str, number: str) -> str:
    """Return a safe name for a part: what its sender named it, or one of type and number."""
    found = safe_name(name or "")
    if kind in {"message/rfc822", "message/global"} and not found.lower().endswith(".eml"):
        return shortened(f"{found or f'message-{number}'}.eml")
    return found or safe_name(f"part-{number or '0'}{_extension(kind)}")


def _extension(kind: str) -> str:
    """Return the extension for a type that nobody named: of a text, one that opens as text."""
    return _EXTENSIONS.get(kind) or (".txt" if kind.startswith("text/") else ".bin")


def numbered(name: str, count: int) -> str:
    """Return a name with a number before its extension: `a.pdf` becomes `a-1.pdf`."""
    stem, extension = split(name)
    return shortened(f"{stem}-{count}{extension}", keep=len(f"-{count}"))


def split(name: str) -> tuple[str, str]:
    """Return a name's stem and its extension, which may be two: `.tar.gz`."""
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or len(extension) > _LONGEST_EXTENSION or " " in extension:
        return name, ""
    inner, _, tar = stem.rpartition(".")
    if inner and tar == "tar":
        return inner, f".tar.{extension}"
    return stem, f".{extension}"


def shortened(name: str, *, keep: int = 0) -> str:
    """Return a name of at most `LONGEST` octets that keeps its extension.

    `keep` characters at the end of the stem stay, too.
    """
    if len(name.encode("utf-8")) <= LONGEST:
        return name
    stem, extension = split(name)
    end = stem[len(stem) - keep :] + extension
    room = LONGEST - len(end.encode("utf-8"))
    start = stem[: len(stem) - keep].encode("utf-8")[:room].decode("utf-8", "ignore")
    return start.rstrip(". ") + end
