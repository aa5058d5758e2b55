"""Values that every part of mailcli shares: plain, frozen, without IO.

Names follow the RFCs: UID and UIDVALIDITY (RFC 3501 §2.3.1), flag and keyword
(§2.3.2), unique-id (RFC 1939 §7). User-facing texts say folder where the RFCs
say mailbox.
"""

from enum import Enum, StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, NewType, cast

Uid = NewType("Uid", int)
"""Unique identifier of a message in one folder: 1 to 2^32-1."""

UidValidity = NewType("UidValidity", int)
"""Generation of a folder's UIDs: 1 to 2^32-1. UIDs of two generations never compare."""

UniqueId = NewType("UniqueId", str)
"""POP3's name of a message (UIDL): 1 to 70 characters by RFC, longer in the wild."""


class Protocol(StrEnum):
    """The three mail protocols."""

    SMTP = "smtp"
    POP3 = "pop"
    IMAP = "imap"


class TlsMode(StrEnum):
    """How a connection becomes confidential."""

    IMPLICIT = "implicit"  # TLS from the first byte (RFC 8314)
    STARTTLS = "starttls"  # upgraded before anything that matters
    NONE = "none"  # loopback and testing


class AuthKind(StrEnum):
    """What proves who we are."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind, not a password
    OAUTH2 = "oauth2"
    EXTERNAL = "external"  # the certificate that TLS was opened with
    NONE = "none"


class Layout(StrEnum):
    """How folders lie in a Maildir tree."""

    NESTED = "nested"  # Work/Clients
    MAILDIRPP = "maildir++"  # .Work.Clients


class SyncMode(StrEnum):
    """Which side an IMAP synchronisation may change."""

    TWO_WAY = "two-way"
    PULL = "pull"
    PUSH = "push"


class DeletePolicy(StrEnum):
    """What becomes of a message on the server when its file here was deleted."""

    EXPUNGE = "expunge"
    TRASH = "trash"  # moved to the trash folder, and expunged only from there


class Flag(Enum):
    """A system flag: its letter in a Maildir file name and its IMAP name.

    `\\Recent` is the server's own affair and is not one of them. Passed is
    the keyword `$Forwarded` on the wire (RFC 5788).
    """

    DRAFT = ("D", "\\Draft")
    FLAGGED = ("F", "\\Flagged")
    PASSED = ("P", "$Forwarded")
    ANSWERED = ("R", "\\Answered")
    SEEN = ("S", "\\Seen")
    DELETED = ("T", "\\Deleted")

    def __init__(self, letter: str, imap: str) -> None:
        self.letter = letter
        self.imap = imap


class Keyword:
    """A flag that is no system flag: a name that a user or a program made up (RFC 3501 §2.3.2).

    `imap` is the name as it was first seen; two that differ in case alone are the same.
    """

    __slots__ = ("_folded", "imap")

    def __init__(self, imap: str) -> None:
        self.imap = imap
        self._folded = imap.casefold()

    def __repr__(self) -> str:
        return f"Keyword({self.imap!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keyword) and other._folded == self._folded

    def __hash__(self) -> int:
        return hash(self._folded)


SystemFlags = frozenset[Flag]
"""Those that a file name in a Maildir has letters of its own for."""

Flags = frozenset[Flag | Keyword]
"""What is written on a message, not in it: system flags and keywords."""


def keywords_of(flags: Flags) -> frozenset[Keyword]:
    """Return the keywords among flags."""
    return cast("frozenset[Keyword]", flags - system_flags_of(flags))


@lru_cache(maxsize=4096)  # a folder has few different flag sets, and may have a million messages
def system_flags_of(flags: Flags) -> SystemFlags:
    """Return the system flags among flags."""
    return frozenset(flag for flag in flags if isinstance(flag, Flag))


class Storable(NamedTuple):
    """The flags that a server keeps when they are set (RFC 3501 §7.1, PERMANENTFLAGS).

    `any_keyword`: keywords may be made, whatever their name.
    """

    flags: Flags = frozenset(Flag)
    any_keyword: bool = True

    def of(self, flags: Flags) -> Flags:
        """Return those of these flags that the server keeps."""
        kept = flags & self.flags
        return kept | keywords_of(flags) if self.any_keyword else kept


ANYTHING_STORABLE = Storable()
NOTHING_STORABLE = Storable(frozenset(), any_keyword=False)


class Address(NamedTuple):
    """A mailbox address: a display name, which may be empty, and `local@domain`."""

    name: str
    email: str

    @property
    def domain(self) -> str:
        """What follows the last `@`; empty for an address without one."""
        return self.email.rpartition("@")[2] if "@" in self.email else ""


class Secret:
    """A password or token that never prints itself."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret; called only where it goes to the server or a store."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class TlsPolicy(NamedTuple):
    """What a connection must prove before anything private crosses it.

    `fingerprint` is the SHA-256 of the leaf certificate (32 octets); given, it
    replaces both the CA and the name check.
    """

    mode: TlsMode = TlsMode.IMPLICIT
    ca_file: Path | None = None
    fingerprint: bytes | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    allow_cleartext_password: bool = False


class Endpoint(NamedTuple):
    """A server to talk to, and how."""

    protocol: Protocol
    host: str
    port: int
    tls: TlsPolicy
    proxy: str | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


DEFAULT_PORTS = {
    (Protocol.SMTP, TlsMode.IMPLICIT): 465,
    (Protocol.SMTP, TlsMode.STARTTLS): 587,
    (Protocol.SMTP, TlsMode.NONE): 25,
    (Protocol.POP3, TlsMode.IMPLICIT): 995,
    (Protocol.POP3, TlsMode.STARTTLS): 110,
    (Protocol.POP3, TlsMode.NONE): 110,
    (Protocol.IMAP, TlsMode.IMPLICIT): 993,
    (Protocol.IMAP, TlsMode.STARTTLS): 143,
    (Protocol.IMAP, TlsMode.NONE): 143,
}


class Notify(StrEnum):
    """When the sender wants a report (RFC 3461 §4.1); `NEVER` stands alone."""

    NEVER = "never"
    SUCCESS = "success"
    FAILURE = "failure"
    DELAY = "delay"


class Return(StrEnum):
    """What a report brings back (RFC 3461 §4.3): the headers, or the whole message."""

    HEADERS = "hdrs"
    FULL = "full"
