"""The trace: the protocol conversation as a person can read it, without secrets.

Each line that crosses the wire is shown with `C:` or `S:` and, where a table
knows it, what it means. Bodies are shown as a count of octets. Credentials are
masked twice: the code that sends one says what to show instead, and every form
of a known secret (plain, base64, inside a SASL message) is replaced wherever
it turns up, even in what the server says.
"""

import base64
import contextlib
import re
from collections.abc import Callable, Iterator, Mapping

from mailcli.message.clean import clean
from mailcli.model import Secret

MASK = "***"

_MARGIN = 44
"""Column at which explanations begin, where the line leaves room."""

_QUESTION = rb"334[ -]|\+ "
"""How a server's question begins during a login."""


class Trace:
    """Writes one connection's conversation, or nothing where there is no sink.

    `sink` takes one finished line; `meanings` maps the first words of a client
    line, or a server's reply code, to a short explanation.
    """

    def __init__(
        self,
        sink: Callable[[str], None] | None = None,
        meanings: Mapping[str, str] | None = None,
    ) -> None:
        self._sink = sink
        self._meanings = meanings or {}
        self._secrets: list[str] = []
        self._masking = False

    def explain_with(self, meanings: Mapping[str, str]) -> None:
        """Take a protocol's table of explanations."""
        self._meanings = meanings

    def hide(self, secret: Secret, *, username: str = "") -> None:
        """Mask a secret from now on, in each form that it takes on a wire."""
        forms = {*self._secrets, *_forms(secret.reveal(), username)}
        self._secrets = sorted(forms, key=len, reverse=True)  # the whole before its parts

    def redact(self, text: str) -> str:
        """Return a server's words without any known secret."""
        for form in self._secrets:
            text = text.replace(form, MASK)
        return text

    @contextlib.contextmanager
    def masked(self) -> Iterator[None]:
        """Show no server line whole while a login is going on: challenges are half a secret."""
        self._masking = True
        try:
            yield
        finally:
            self._masking = False

    def note(self, text: str) -> None:
        """Add a remark of our own, such as the TLS version agreed on."""
        if self._sink:
            self._sink(f"*  {clean(text)}")

    def sent(self, data: bytes) -> None:
        """Show what the client sent, line by line."""
        if self._sink:
            for line in data.split(b"\r\n"):
                if line:
                    self._write("C:", line)

    def received(self, line: bytes) -> None:
        """Show one line of the server's."""
        if self._sink:
            line = line.rstrip(b"\r\n")
            if self._masking and (question := re.match(_QUESTION, line)):
                line = question[0] + MASK.encode()
            self._write("S:", line)

    def bulk(self, direction: str, octets: int) -> None:
        """Show that message data went by, `C` or `S`, without showing it."""
        if self._sink and octets:
            self._sink(f"{direction}: … {octets:,} octets of message data")

    def _write(self, who: str, line: bytes) -> None:
        assert self._sink is not None  # noqa: S101 - every caller asked
        text = clean(self.redact(line.decode("utf-8", "replace")))
        shown = f"{who} {text}"
        if meaning := self._meaning(who, text):
            gap = " " * max(2, _MARGIN - len(shown))
            shown = f"{shown}{gap}# {meaning}"
        self._sink(shown)

    def _meaning(self, who: str, text: str) -> str:
        """Find the longest table entry that the line begins with.

        An IMAP tag before it, or a message number behind `*`, does not count.
        """
        goes_on = text[:3].isdigit() and text[3:4] == "-"
        words = text.upper().replace("-", " ", goes_on).split()[:5]
        if goes_on and f"{who}{' '.join(words[:2])}" not in self._meanings:
            return ""  # one line of an SMTP reply that has more
        if words[:1] == ["*"] and len(words) > 2 and words[1].isdigit():
            del words[1]
        for start in (0, 1):
            for end in range(min(start + 3, len(words)), start, -1):
                found = self._meanings.get(f"{who}{' '.join(words[start:end])}")
                if found:
                    return found
        return ""


def _forms(secret: str, username: str) -> set[str]:
    """Return every text in which the secret may cross a wire."""
    if not secret:
        return set()
    raw = secret.encode("utf-8")
    user = username.encode("utf-8")
    saslname = user.replace(b"=", b"=3D").replace(b",", b"=2C")  # RFC 5801 §4
    messages = [
        raw,
        b"\0" + user + b"\0" + raw,
        user + b"\0" + user + b"\0" + raw,
        b"user=" + user + b"\x01auth=Bearer " + raw + b"\x01\x01",
        b"n,a=" + saslname + b",\x01auth=Bearer " + raw + b"\x01\x01",
    ]
    quoted = secret.replace("\\", "\\\\").replace('"', '\\"')
    return {secret, quoted, *(base64.b64encode(m).decode("ascii") for m in messages)}
