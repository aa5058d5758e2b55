"""The ordinary parts of a conversation as transcript text, so that a test states what is special.

Pure text, to be joined by `script`. A client has some freedom in how it opens a
conversation (which mechanism, whether it asks for capabilities again); these
parts leave it, and are strict about everything else. Usable wherever the
protocol allows the part: SMTP (RFC 5321, RFC 4954), POP3 (RFC 1939, RFC 2449,
RFC 5034), IMAP (RFC 3501, RFC 4959).
"""

from textwrap import dedent
from typing import Final, Literal

Protocol = Literal["smtp", "pop3", "imap"]
Tls = Literal["implicit", "starttls"]

CAPABILITIES: Final[dict[Protocol, tuple[str, ...]]] = {
    "smtp": ("PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES", "AUTH PLAIN"),
    "pop3": ("TOP", "UIDL", "PIPELINING", "RESP-CODES", "USER", "SASL PLAIN"),
    "imap": ("IMAP4rev1", "SASL-IR", "LITERAL+", "AUTH=PLAIN", "UIDPLUS", "MOVE"),
}
_GOODBYE: Final[dict[Protocol, tuple[str, ...]]] = {
    "smtp": ("c: QUIT", "S: 221 2.0.0 bye"),
    "pop3": ("C: QUIT", "S: +OK bye"),
    "imap": ("C: {tag} LOGOUT", "S: * BYE bye", "S: {tag} OK LOGOUT completed"),
}
_STARTTLS: Final[dict[Protocol, str]] = {"smtp": "STARTTLS", "pop3": "STLS", "imap": "STARTTLS"}


def script(*parts: str) -> str:
    """Return one transcript made of parts; each may be indented as the test is."""
    return "\n".join(dedent(part).strip("\n") for part in parts) + "\n"


def greeting(protocol: Protocol) -> str:
    """Return what a server says first."""
    match protocol:
        case "smtp":
            return "S: 220 mail.example.org ESMTP ready"
        case "pop3":
            return "S: +OK POP3 ready"
        case "imap":
            return "S: * OK IMAP4rev1 ready"


def capabilities(protocol: Protocol, names: tuple[str, ...] | None = None) -> str:
    """Return the question for capabilities and its answer; only SMTP makes a client ask."""
    known = CAPABILITIES[protocol] if names is None else names
    match protocol:
        case "smtp":
            lines = ("mail.example.org", *known)
            said = [f"S: 250-{line}" for line in lines[:-1]] + [f"S: 250 {lines[-1]}"]
            return script(r"C? (?i)EHLO \S+", *said)
        case "pop3":
            said = [f"S: {line}" for line in known]
            return script("@optional", "C: CAPA", "S: +OK these:", *said, "S: .", "@end")
        case "imap":
            said = [f"S: * CAPABILITY {' '.join(known)}"]
            done = "S: {tag} OK CAPABILITY completed"
            return script("@optional", "C: {tag} CAPABILITY", *said, done, "@end")


def starttls(protocol: Protocol) -> str:
    """Return the upgrade to TLS, up to the handshake."""
    match protocol:
        case "smtp":
            return script("c: STARTTLS", "S: 220 2.0.0 ready to start TLS", "@tls")
        case "pop3":
            return script("C: STLS", "S: +OK begin TLS", "@tls")
        case "imap":
            return script("C: {tag} STARTTLS", "S: {tag} OK begin TLS", "@tls")


def login(protocol: Protocol, names: tuple[str, ...] | None = None) -> str:
    """Return a successful login by any of the ways that `CAPABILITIES` offers."""
    match protocol:
        case "smtp":
            return _SMTP_LOGIN
        case "pop3":
            return _POP3_LOGIN
        case "imap":
            known = CAPABILITIES["imap"] if names is None else names
            return _IMAP_LOGIN.replace("KNOWN", " ".join(known))


def opening(
    protocol: Protocol,
    *,
    tls: Tls | None = None,
    names: tuple[str, ...] | None = None,
    logged_in: bool = True,
) -> str:
    """Return everything up to the first command that a test is about.

    `tls="implicit"` begins with `@tls`; "starttls" offers it, upgrades, and the
    capabilities that hold afterwards are `names`.
    """
    known = CAPABILITIES[protocol] if names is None else names
    parts = ["@tls"] if tls == "implicit" else []
    parts.append(greeting(protocol))
    if tls == "starttls":
        # Before TLS no mechanism is offered (RFC 8314 §3).
        offered = tuple(name for name in known if not _is_login(name))
        if protocol == "imap":
            offered += ("LOGINDISABLED",)  # RFC 3501 §6.2.3
        parts += [capabilities(protocol, (*offered, _STARTTLS[protocol])), starttls(protocol)]
    parts.append(capabilities(protocol, known))
    if logged_in:
        parts.append(login(protocol, known))
        parts.append(capabilities(protocol, known) if protocol != "smtp" else "")
    return script(*filter(None, parts))


def goodbye(protocol: Protocol, *, required: bool = True) -> str:
    """Return the polite end; not `required`, the client may also just leave."""
    said = _GOODBYE[protocol]
    return script(*said) if required else script("@optional", *said, "@end")


def answer(command: str, *untagged: str, status: str = "OK completed") -> str:
    """Return one IMAP command (`*` stands for anything), its untagged responses and its status."""
    said = [f"S: * {response}" for response in untagged]
    return script(f"C~ {{tag}} {command}", *said, f"S: {{tag}} {status}")


def counters(*, exists: int | None = None) -> str:
    """Return the question for the counters of folders, as many as a client asks for.

    The answers are those of a server without CONDSTORE, for folders that have `exists` messages.
    None leaves that out: nothing says that a folder is as it was, so each of them is opened.
    """
    number = "" if exists is None else f"MESSAGES {exists} "
    return script(
        "@repeat",
        r'C? {tag} STATUS (?P<name>".*") \(MESSAGES UIDNEXT UIDVALIDITY\)',
        f"S: * STATUS {{name}} ({number}UIDNEXT 9 UIDVALIDITY 7)",
        "S: {tag} OK done",
        "@end",
    )


def _is_login(name: str) -> bool:
    return name == "USER" or name.startswith(("AUTH", "SASL "))


_SMTP_LOGIN: Final = script(
    r"""
    @choose
      C? (?i)AUTH PLAIN (?P<plain>[A-Za-z0-9+/=]+)
    @or
      c: AUTH PLAIN
      S! 334 \x20\r\n
      C? (?P<plain>[A-Za-z0-9+/=]+)
    @end
    S: 235 2.7.0 welcome
    """
)
_POP3_LOGIN: Final = script(
    r"""
    @choose
      C? AUTH PLAIN (?P<plain>[A-Za-z0-9+/=]+)
    @or
      C: AUTH PLAIN
      S! +\x20\r\n
      C? (?P<plain>[A-Za-z0-9+/=]+)
    @or
      C? USER (?P<user>.+)
      S: +OK and the password?
      C? PASS (?P<password>.*)
    @end
    S: +OK welcome
    """
)
_IMAP_LOGIN: Final = script(
    r"""
    @choose
      C? {tag} AUTHENTICATE PLAIN (?P<plain>[A-Za-z0-9+/=]+)
    @or
      C: {tag} AUTHENTICATE PLAIN
      S! +\x20\r\n
      C? (?P<plain>[A-Za-z0-9+/=]+)
    @or
      C? {tag} LOGIN (?P<user>\S+) (?P<password>.+)
    @end
    S: {tag} OK [CAPABILITY KNOWN] welcome
    """
)
