"""Signatures are checked by the programs that know how: `gpg` and `openssl`.

PGP/MIME (RFC 3156) and S/MIME (RFC 8551) in their detached form, `multipart/signed`
(RFC 1847). The programs get the signed octets as they were sent, and only the
signature lies in a private file. They may use no network, ask nobody anything, and
take ten seconds. Nothing is decrypted here, so nothing that was secret ever stands
beside what a stranger wrote (EFAIL).

gpg is believed only by its status lines, which go where no user id or file name can
reach (CVE-2018-12020).
"""

import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from mailcli.message.domains import a_label
from mailcli.results.reading import SignatureStatus

SECONDS = 10.0
"""How long a program may take for one signature."""
LARGEST_SIGNATURE = 1_000_000
_LONGEST_OUTPUT = 1_000_000

Content = Callable[[], Iterator[bytes]]
"""Gives the signed octets, with CRLF, anew each time."""


class Checked(NamedTuple):
    """What became of one signature; as `SignatureInfo`."""

    status: SignatureStatus
    detail: str
    signer: str | None = None
    key: str | None = None
    trusted: bool = False
    from_sender: bool = False


class Verifier(NamedTuple):
    """Checks signatures for one reader, with the programs on the `PATH` of `environ`."""

    environ: Mapping[str, str]
    seconds: float = SECONDS

    def pgp(self, content: Content, signature: bytes, senders: Sequence[str]) -> Checked:
        """Check an OpenPGP signature; `senders` are the addresses in From."""
        with tempfile.TemporaryDirectory(prefix="mailcli-") as name:
            directory = Path(name)
            directory.joinpath("signature").write_bytes(signature)
            gpg = [*_GPG, *self._gpg_home(directory)]
            command = [*gpg, "--verify", str(directory / "signature"), "-"]
            ran = self._run(command, content)
            if isinstance(ran, str):
                return Checked("unknown", f"signed (PGP), not verified: {ran}")
            found = _chosen(list(_gpg_signatures(ran.output)))
            if found is None:
                return Checked("unknown", "signed (PGP), not verified: it holds no signature")
            if found.status != "good" or not found.key:
                return found.checked()
            listed = self._run([*gpg, "--with-colons", "--list-keys", "--", found.key], _nothing)
        names = [] if isinstance(listed, str) else _user_ids(listed.output)
        return found.checked(names, senders)

    def smime(self, content: Content, signature: bytes, senders: Sequence[str]) -> Checked:
        """Check a CMS signature against the system's authorities; as `pgp`."""
        with tempfile.TemporaryDirectory(prefix="mailcli-") as name:
            directory = Path(name)
            directory.joinpath("signature").write_bytes(signature)
            signer = directory / "signer"
            verify = [
                *("openssl", "cms", "-verify", "-binary", "-inform", "DER"),
                *("-in", str(directory / "signature"), "-content", "/dev/stdin"),
                *("-out", "/dev/null", "-signer", str(signer), "-purpose", "smimesign"),
            ]
            ran = self._run(verify, content)
            if isinstance(ran, str):
                return Checked("unknown", f"signed (S/MIME), not verified: {ran}")
            reason = "" if ran.code == 0 else _chain_error(ran.errors)
            if ran.code:  # the octets may be as they were signed all the same
                again = self._run([*verify, "-noverify"], content)
                if isinstance(again, str) or again.code:
                    return _smime_failed(again if isinstance(again, str) else again.errors)
            x509 = ("openssl", "x509", "-in", str(signer), "-noout")
            described = self._output(
                [*x509, "-subject", "-fingerprint", "-sha256", "-nameopt", _ESCAPED]
            )
            # In a call of its own, where no subject can look like one, and asked about again:
            # an address may hold a line end, too.
            emails = self._output([*x509, "-email"]).split("\n")
            ours, others = _emails(emails, senders)
            email = next((e for e in (*ours, *others) if self._names(x509, e)), "")
        return _smime_good(described, email, reason, is_ours=email in ours)

    def _names(self, x509: Sequence[str], email: str) -> bool:
        """Tell whether a certificate has exactly this address."""
        said = self._output([*x509, "-checkemail", email])
        return said.strip() == f"Email {email} does match certificate"

    def _output(self, command: Sequence[str]) -> str:
        ran = self._run(command, _nothing)
        return "" if isinstance(ran, str) else ran.output

    def _gpg_home(self, directory: Path) -> list[str]:
        """Give gpg an empty home where the user has none: it would make one."""
        home = self.environ.get("GNUPGHOME") or f"{self.environ.get('HOME', '')}/.gnupg"
        return [] if Path(home).is_dir() else ["--homedir", str(directory)]

    def _run(self, command: Sequence[str], content: Content) -> "_Ran | str":
        """Run a program on octets; a text says why that was not possible."""
        environ = {**self.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "C"}
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            try:
                child = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=output, stderr=errors, env=environ
                )
            except FileNotFoundError:
                return f"{command[0]} is not installed"
            except OSError as exc:
                return f"{command[0]}: {exc.strerror}"
            late = threading.Event()
            timer = threading.Timer(self.seconds, _stop, [child, late])
            timer.start()
            try:
                _feed(child, content())
                code = child.wait()
            finally:
                timer.cancel()
                child.kill()
                child.wait()
            if late.is_set():
                return f"{command[0]} took longer than {self.seconds:g} seconds"
            return _Ran(code, _text(output), _text(errors))


class _Ran(NamedTuple):
    code: int
    output: str
    errors: str


def _stop(child: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    child.kill()


def _feed(child: subprocess.Popen[bytes], octets: Iterator[bytes]) -> None:
    assert child.stdin is not None  # noqa: S101 - it was asked for
    try:
        with child.stdin as stdin:
            for chunk in octets:
                stdin.write(chunk)
    except BrokenPipeError:
        return  # it has seen enough; its answer says why


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(_LONGEST_OUTPUT).decode("utf-8", "replace")


def _nothing() -> Iterator[bytes]:
    return iter(())


# ── OpenPGP ──────────────────────────────────────────────────────────────────

_GPG = (
    *("gpg", "--batch", "--no-tty", "--quiet", "--no-verbose", "--status-fd", "1"),
    *("--no-auto-key-retrieve", "--auto-key-locate", "local", "--disable-dirmngr"),
)
_VERDICTS: Mapping[str, tuple[SignatureStatus, str]] = {
    "GOODSIG": ("good", ""),
    "EXPSIG": ("unknown", "the signature has expired"),
    "EXPKEYSIG": ("unknown", "its key has expired"),
    "REVKEYSIG": ("bad", "its key was revoked"),
    "BADSIG": ("bad", "the text is not what was signed"),
    "ERRSIG": ("unknown", "it cannot be checked"),
}
_TRUSTED = {"TRUST_FULLY", "TRUST_ULTIMATE"}
_OVER_A_DOCUMENT = {"00", "01"}  # RFC 4880 §5.2.1: not one over a key, or over nothing
_MISSING_KEY = "9"


@dataclass(slots=True)
class _PgpSignature:
    """One signature as gpg's status lines tell it (GnuPG, doc/DETAILS)."""

    status: SignatureStatus
    why: str
    user_id: str
    key: str = ""
    valid: bool = False
    trusted: bool = False

    def checked(self, names: Sequence[str] = (), senders: Sequence[str] = ()) -> Checked:
        """Return it with whose it is; `names` are the user ids of its key."""
        signer = self.user_id or None
        if self.status != "good":
            by = f" by {signer}" if signer else ""
            word = "BAD signature" if self.status == "bad" else "signed, not verified"
            return Checked(self.status, f"{word} (PGP){by}: {self.why}", signer, self.key or None)
        ours = [each for each in names if _address_in(each) in _comparable(senders)]
        signer = ours[0] if ours else signer
        whose = "" if self.trusted else "; the key is not certified, so it could be anybody's"
        other = "" if ours else "; the key does not name the sender's address"
        return Checked(
            "good",
            f"good signature (PGP) by {signer}{whose}{other}",
            signer,
            self.key,
            trusted=self.trusted,
            from_sender=bool(ours),
        )


def _gpg_signatures(status: str) -> Iterator[_PgpSignature]:
    current: _PgpSignature | None = None
    for line in status.split("\n"):
        mark, _, rest = line.partition(" ")
        keyword, *words = rest.split(" ")
        if mark != "[GNUPG:]":
            continue
        if keyword in _VERDICTS:
            if current:
                yield current
            current = _begun(keyword, words)
        elif current and keyword == "VALIDSIG" and len(words) >= 9:
            current.key = words[-1] if len(words) > 9 else words[0]
            current.valid = words[8] in _OVER_A_DOCUMENT
        elif current and keyword in _TRUSTED:
            current.trusted = True
    if current:
        yield current


def _begun(keyword: str, words: Sequence[str]) -> _PgpSignature:
    status, why = _VERDICTS[keyword]
    if keyword == "ERRSIG":
        if len(words) > 5 and words[5] == _MISSING_KEY:
            why = f"its key {words[0]} is not in the keyring"
        return _PgpSignature(status, why, "", key=words[0] if words else "")
    return _PgpSignature(status, why, " ".join(words[1:]), key=words[0] if words else "")


def _chosen(found: Sequence[_PgpSignature]) -> _PgpSignature | None:
    """Return a bad signature before a good one, and a good one before any other."""
    for each in found:
        if each.status == "good" and not each.valid:
            each.status, each.why = "unknown", "it is no signature over a text"
    order = ("bad", "good", "unknown")
    return min(found, key=lambda each: order.index(each.status), default=None)


def _user_ids(listing: str) -> list[str]:
    """Return the user ids of a key that count (GnuPG, doc/DETAILS, "uid")."""
    records = (line.split(":") for line in listing.split("\n") if line.startswith("uid:"))
    kept = [each for each in records if len(each) > 9 and each[1] not in {"r", "e", "i", "n"}]
    return [re.sub(r"\\x([0-9a-f]{2})", _unescaped, each[9]) for each in kept]


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


# ── S/MIME ───────────────────────────────────────────────────────────────────

_ESCAPED = "RFC2253,utf8,-esc_msb"
"""One line for a subject, with no control character in it."""
_MOST_EMAILS = 8
_PRINT = re.compile(r"sha256 fingerprint=", re.IGNORECASE)
_CHAIN = re.compile(r".*[Vv]erify error: ?([^\n]*)")


def _chain_error(errors: str) -> str:
    """Return why openssl does not believe the certificate; empty where that is not the trouble."""
    found = _CHAIN.search(errors)
    return found[1].strip() if found else "its certificate is not valid"


def _smime_failed(errors: str) -> Checked:
    if re.search(r"digest|verification failure|signature failure", errors, re.IGNORECASE):
        return Checked("bad", "BAD signature (S/MIME): the text is not what was signed")
    return Checked("unknown", "signed (S/MIME), not verified: openssl cannot read the signature")


def _emails(lines: Sequence[str], senders: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the first addresses of a certificate: those of the senders, and others."""
    found = [e for e in dict.fromkeys(lines) if "@" in e and e.isprintable()]
    ours = [each for each in found if _address_in(each) in _comparable(senders)]
    return ours[:_MOST_EMAILS], [each for each in found if each not in ours][:_MOST_EMAILS]


def _smime_good(described: str, email: str, reason: str, *, is_ours: bool) -> Checked:
    lines = described.split("\n")
    subject = next((each.partition("=")[2] for each in lines if each.startswith("subject=")), "")
    prints = (each.partition("=")[2] for each in lines if _PRINT.match(each))
    print_ = next(prints, "")
    common = re.search(r"(?:^|,)\s*CN=((?:[^,\\]|\\.)*)", subject)
    name = common[1] if common else ""
    signer = (f"{name} <{email}>" if name and email else name or email or subject.strip()) or None
    whose = f"; the certificate is not trusted: {reason}" if reason else ""
    other = "" if is_ours else "; the certificate does not name the sender's address"
    return Checked(
        "good",
        f"good signature (S/MIME) by {signer}{whose}{other}",
        signer,
        print_.replace(":", "") or None,
        trusted=not reason,
        from_sender=is_ours,
    )


def _address_in(user_id: str) -> str:
    """Return the address of `Name <address>`, or of a bare address, in comparable form."""
    found = re.search(r"<([^<>]*)>\s*$", user_id)
    return next(iter(_comparable([found[1] if found else user_id.strip()])))


def _comparable(addresses: Sequence[str]) -> set[str]:
    split = (each.rpartition("@") for each in addresses)
    return {f"{local}@{a_label(domain)}".lower() for local, _, domain in split}
