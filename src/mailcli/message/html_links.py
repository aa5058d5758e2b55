"""Where the links of an HTML document lead, and what they pretend. Pure.

A target is shown as it is, for the reader to judge; one that would run a
program or open a file of this computer is none at all.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

_SCHEMES = frozenset(
    {
        *("http", "https", "ftp", "mailto", "tel", "sms", "sip", "sips", "xmpp", "webcal"),
        *("geo", "irc", "ircs", "news", "nntp", "magnet", "mid"),
    }
)
"""Others (`javascript:`, `data:`, `vbscript:`, `file:`, whatever starts a program) are dropped."""
_NOISE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\xad]+")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_SHOWN = re.compile(
    r"(?:https?://|//)?(?:[^\s/@:]{1,64}@)?((?:[\w-]{1,63}\.){1,10}[^\W\d_]{2,24})"
    r"(?::\d{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?:https?://|\bwww\.)((?:[\w-]{1,63}\.){1,10}[^\W\d_]{2,24})(?![\w@-]|\.\w|:\S*@)",
    re.IGNORECASE,
)
_MAILBOXES = re.compile(r"[^:@<>\"/\\]+(?:@[^:@<>\"/\\]+)+")
"""Addresses; without a colon, so that none can be taken for one of another scheme."""
_FILES = frozenset(
    {
        *("js", "ts", "py", "md", "sh", "rs", "pl", "txt", "pdf", "doc", "docx", "xls", "xlsx"),
        *("zip", "png", "jpg", "jpeg", "gif", "html", "htm", "php", "exe", "csv", "xml", "json"),
        *("ppt", "pptx", "odt", "ods", "ics", "vcf", "eml", "gz", "tar", "mp3", "mp4", "java"),
    }
)
"""Ends of names that are rather files than domains."""
_LONGEST = 8_000


@dataclass(frozen=True, slots=True)
class Link:
    """A link by the number that stands behind its text; `text` is where it was first met."""

    number: int
    target: str
    text: str


@dataclass(slots=True)
class Links:
    """The targets of one document in their order, each once."""

    found: dict[str, Link] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    """In order, each once."""

    def mark(self, href: str, text: str) -> str:
        """Take a link; return what to put behind its text: `[1]`, or nothing if it says all."""
        target = target_of(href)
        if not target:
            return ""
        if (warning := deception(text, target)) is not None:
            self.warnings[warning] = None
        elif _says_all(text, target):
            return ""
        link = self.found.setdefault(target, Link(len(self.found) + 1, target, text))
        return f"[{link.number}]"


def target_of(href: str) -> str:
    """Return where a link leads, as a reader wants it; empty: nowhere that may be shown.

    Of `mailto:` only the address is left. An address without a scheme leads nowhere,
    as a message has no place that it could start from.
    """
    target = _NOISE.sub("", href[:_LONGEST])
    if target.startswith("//"):
        target = f"https:{target}"
    elif target.lower().startswith("www."):
        target = f"http://{target}"
    scheme = _SCHEME.match(target)
    if scheme is None or scheme[1].lower() not in _SCHEMES or scheme.end() == len(target):
        return ""
    if scheme[1].lower() != "mailto":
        return target
    address = _NOISE.sub("", unquote(target[7:].partition("?")[0]))
    return address if _MAILBOXES.fullmatch(address) else ""


def deception(text: str, target: str) -> str | None:
    """Return what is wrong with a link whose text names another place than it leads to."""
    if "://" not in target:
        return _other_address(text, target)
    parts = _split(target)
    host = _host(parts.hostname or "") if parts else ""
    shown = _domain_shown(text)
    if shown and host and not _related(shown, host):
        return f"a link shows {shown} and leads to {host}"
    if parts and parts.username and "." in parts.username:
        return f"a link seems to lead to {unquote(parts.username)} and leads to {host}"
    return None


def _other_address(text: str, target: str) -> str | None:
    shown = text.strip().lower()
    if ":" in target or shown.count("@") != 1 or not _SHOWN.fullmatch(shown):
        return None
    return None if shown == target.lower() else f"a link shows {shown} and writes to {target}"


def _says_all(text: str, target: str) -> bool:
    text = _NOISE.sub("", text).lower().rstrip("/")
    bare = target.lower().rstrip("/")
    forms = {bare, bare.partition("://")[2], bare.partition("://www.")[2], bare.partition(":")[2]}
    return bool(text) and (text in forms or ("@" in bare and "://" not in bare and bare in text))


def _domain_shown(text: str) -> str:
    """Return the domain that a link's text is, or names with an address; empty: none."""
    text = text.strip()[:2_000]
    found = _SHOWN.fullmatch(text)
    if found is None:
        named = _NAMED.search(text)
        return _host(named[1]) if named else ""
    if "@" in found[0].removeprefix("//").partition("://")[2 if "://" in found[0] else 0]:
        return ""
    sure = found[0].lower().startswith(("http", "//", "www.")) or "/" in found[0]
    name = found[1].lower()
    return "" if not sure and name.rpartition(".")[2] in _FILES else _host(name)


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _host(name: str) -> str:
    """Return a domain for comparison: A-labels, without `www.`."""
    name = name.lower().rstrip(".").removeprefix("www.")
    if name.isascii():
        return name
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError:
        return name


def _split(target: str) -> SplitResult | None:
    try:
        return urlsplit(target)
    except ValueError:  # "[" of what is no IPv6 address
        return None
