"""SASL mechanisms (RFC 4422): pure generators of what to answer.

A mechanism is a generator: the first value it yields is the initial response
(`None` where the server speaks first); each challenge is sent in, each answer
comes out. `Exchange` adds the base64 that all three protocols use, the sessions
add their framing. For passwords: SCRAM-SHA-256 (RFC 7677), PLAIN (RFC 4616) and
LOGIN; for tokens OAUTHBEARER (RFC 7628) and XOAUTH2; for a certificate EXTERNAL.
"""

import base64
import re
from collections.abc import Collection, Generator
from typing import NamedTuple

from mailcli.errors import LoginFailed, ProtocolViolation
from mailcli.model import AuthKind, Secret

_Steps = Generator[bytes | None, bytes, None]

PRIVATE_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "LOGIN")
OPEN_MECHANISMS = ("SCRAM-SHA-256", "PLAIN", "LOGIN")
TOKEN_MECHANISMS = ("OAUTHBEARER", "XOAUTH2")
CERTIFICATE_MECHANISMS = ("EXTERNAL",)

MIN_ITERATIONS = 4096
"""Fewest PBKDF2 rounds a server may ask for (RFC 7677 §4)."""

MAX_ITERATIONS = 10_000_000
"""Most rounds: beyond it a server only wants to keep us busy."""


class Identity(NamedTuple):
    """Who logs in: the user name and the secret, which is a password or a token."""

    username: str
    secret: Secret


def choose(offered: Collection[str], kind: AuthKind, *, private: bool) -> str | None:
    """Return the best mechanism that both sides know, or None.

    Inside verified TLS (`private`) PLAIN is best: it takes one round trip, SCRAM three, and
    the server has proved itself already. Elsewhere SCRAM is, which shows nobody the password.

    One is tried, never one after another: each refused try counts towards a lock-out.
    """
    wanted: tuple[str, ...] = PRIVATE_MECHANISMS if private else OPEN_MECHANISMS
    if kind is not AuthKind.PASSWORD:
        wanted = TOKEN_MECHANISMS if kind is AuthKind.OAUTH2 else CERTIFICATE_MECHANISMS
    names = {name.upper() for name in offered}
    return next((name for name in wanted if name in names), None)


class Exchange:
    """One login: what to send first, what to answer, and whether its end is honest.

    Challenges and answers are base64, as on the wire.

    Raises: LoginFailed for a secret that no protocol line can carry.
    """

    def __init__(self, mechanism: str, identity: Identity, *, nonce: str | None = None) -> None:
        _check(identity)
        self.mechanism = mechanism
        self._steps = _steps(mechanism, identity, nonce)
        first = next(self._steps)
        self.initial = None if first is None else base64.b64encode(first)
        self._proved = mechanism != "SCRAM-SHA-256"

    def answer(self, challenge: bytes) -> bytes:
        """Return the answer to a challenge.

        Raises: ProtocolViolation when the challenge makes no sense.
        """
        try:
            words = base64.b64decode(challenge.strip(), validate=True)
        except ValueError as exc:
            raise ProtocolViolation("the server's login challenge is not base64") from exc
        try:
            response = self._steps.send(words)
        except StopIteration:
            raise ProtocolViolation("the server asks more than the mechanism knows") from None
        self._proved = self._proved or response == b""
        return base64.b64encode(response or b"")

    def conclude(self) -> None:
        """Check, when the server says yes, that it has proved itself where it must.

        Raises: ProtocolViolation for a SCRAM success without the server's signature.
        """
        if not self._proved:
            raise ProtocolViolation("the server accepted the login without proving itself")


def _check(identity: Identity) -> None:
    """Refuse what would break out of its place in a mechanism or a line."""
    text = identity.username + identity.secret.reveal()
    if any(c in text for c in "\0\1\r\n"):
        raise LoginFailed("user name or password holds a NUL, CR or LF", hint="store it again")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise LoginFailed("user name or password is not valid UTF-8", hint="store it again")


def _steps(mechanism: str, identity: Identity, nonce: str | None) -> _Steps:
    match mechanism:
        case "SCRAM-SHA-256":
            from secrets import token_urlsafe

            return _scram(identity, nonce or token_urlsafe(24))
        case "PLAIN":
            return _plain(identity)
        case "LOGIN":
            return _login(identity)
        case "EXTERNAL":
            return _external()
        case "OAUTHBEARER":
            return _bearer(b"n,a=%b," % _saslname(identity), identity, b"\x01")
        case "XOAUTH2":
            return _bearer(b"user=%b" % identity.username.encode(), identity, b"")
        case _:
            raise LoginFailed(f"mechanism {mechanism} is not one of ours")


def _plain(identity: Identity) -> _Steps:
    yield b"\0%b\0%b" % (identity.username.encode(), identity.secret.reveal().encode())


def _login(identity: Identity) -> _Steps:
    yield None
    yield identity.username.encode()
    yield identity.secret.reveal().encode()


def _external() -> _Steps:
    """Claim what the certificate of TLS says, without a name of our own (RFC 4422 App. A)."""
    yield b""


def _bearer(head: bytes, identity: Identity, acknowledgement: bytes) -> _Steps:
    """Send the token; a challenge after it is the error, which wants an empty answer."""
    yield b"%b\x01auth=Bearer %b\x01\x01" % (head, identity.secret.reveal().encode())
    yield acknowledgement


def _saslname(identity: Identity) -> bytes:
    """Return the user name with `=` and `,` escaped (RFC 5801 §4)."""
    return identity.username.replace("=", "=3D").replace(",", "=2C").encode()


def _scram(identity: Identity, nonce: str) -> _Steps:
    """Prove the password without sending it, and check that the server knows it too.

    RFC 5802 §3, without channel binding.

    Raises: ProtocolViolation when the server's proof or its numbers do not hold,
        LoginFailed when it refuses ours.
    """
    import hashlib
    import hmac

    first = b"n=%b,r=%b" % (_saslname(identity), nonce.encode())
    challenge = yield b"n,," + first
    salt, rounds, server_nonce = _scram_challenge(challenge, nonce)
    final = b"c=biws,r=" + server_nonce
    message = b",".join((first, challenge, final))
    password = _prepare(identity.secret.reveal()).encode()
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, rounds)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    answer = yield final + b",p=" + base64.b64encode(proof)
    verdict, _, _ = answer.partition(b",")  # extensions may follow
    if verdict.startswith(b"e="):
        raise LoginFailed(f"the login was refused: {verdict[2:].decode('utf-8', 'replace')}")
    expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")
    if not hmac.compare_digest(verdict, b"v=" + base64.b64encode(expected)):
        raise ProtocolViolation("the server cannot prove that it knows the password")
    yield b""


def _scram_challenge(challenge: bytes, nonce: str) -> tuple[bytes, int, bytes]:
    """Read `r=nonce,s=salt,i=rounds` (RFC 5802 §7, server-first-message)."""
    found = re.fullmatch(rb"r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})(?:,.*)?", challenge)
    if not found or not found[1].startswith(nonce.encode()) or len(found[1]) == len(nonce):
        raise ProtocolViolation("the server's SCRAM challenge is malformed")
    rounds = int(found[3])
    if not MIN_ITERATIONS <= rounds <= MAX_ITERATIONS:
        raise ProtocolViolation(f"the server asks for {rounds} SCRAM rounds")
    try:
        return base64.b64decode(found[2], validate=True), rounds, found[1]
    except ValueError as exc:
        raise ProtocolViolation("the server's SCRAM salt is not base64") from exc


def _prepare(password: str) -> str:
    """Map and normalise a password (SASLprep, RFC 4013 §2.1, §2.2); nothing is prohibited."""
    if password.isascii():
        return password
    import stringprep
    import unicodedata

    kept = (c for c in password if not stringprep.in_table_b1(c))
    mapped = "".join(" " if stringprep.in_table_c12(c) else c for c in kept)
    return unicodedata.normalize("NFKC", mapped)
