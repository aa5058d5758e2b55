"""What the receiving server found out about a message's sender (RFC 8601). Pure.

SMTP lets anybody write anything into From. The server that received a message
can check where it came from (SPF, RFC 7208), who signed it (DKIM, RFC 6376) and
whether either speaks for the domain in From (DMARC, RFC 7489), and says so in
`Authentication-Results`. Anybody can write that field, too. So only the fields
of one server are believed, the account's `authserv_id`, and of these only the
topmost run (RFC 8601 §5, §7.1): whatever stands below the next Received field,
or below one that another organisation's server wrote, came with the message.
That the server takes forged ones of its own name away is its duty (§5), and
cannot be checked here. ARC (RFC 8617) is not evaluated.

    authres-payload = [CFWS] authserv-id [ CFWS authres-version ]
                      ( no-result / 1*resinfo ) [CFWS] CRLF
    no-result  = [CFWS] ";" [CFWS] "none"
    resinfo    = [CFWS] ";" methodspec [ CFWS reasonspec ] [ CFWS 1*propspec ]
    methodspec = [CFWS] method [CFWS] "=" [CFWS] result
    propspec   = ptype [CFWS] "." [CFWS] property [CFWS] "=" pvalue
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailcli.message.domains import a_label, registrable

Field = tuple[str, str]
"""Name and unfolded value of a header field."""

_LONGEST = 16_000
"""Characters of a field that are read."""
_MOST_RESULTS = 200

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"?', re.DOTALL)
_BARE = re.compile(r'[^\s()";=]+')
_INNER = (".internal", ".local", ".localdomain", ".localhost", ".lan", ".intern", ".home.arpa")
"""Names that no other organisation's server can have: these domains are nobody's."""
_BY = re.compile(r"\bby\s+([^\s;()]+)", re.IGNORECASE)


class Verdict(StrEnum):
    """What the results mean for the address in From."""

    VERIFIED = "verified"  # its domain stands behind the message
    UNVERIFIED = "unverified"  # nobody does, or only another domain
    FAILED = "failed"  # its domain says that such a message is not its own
    UNKNOWN = "unknown"  # nobody whom we trust has looked


class Result(StrEnum):
    """The result of one method (RFC 8601 §2.7)."""

    PASS = "pass"  # noqa: S105 - the name of a result
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NONE = "none"
    NEUTRAL = "neutral"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_ALIASES = {
    "hardfail": Result.FAIL,  # of old servers
    "error": Result.TEMPERROR,
    "policy": Result.NEUTRAL,  # signed, but not as the server wants it
    "bestguesspass": Result.NONE,  # Exchange Online: the domain publishes nothing
}
_BEST_FIRST = (
    Result.PASS,
    Result.TEMPERROR,  # might have passed
    Result.NEUTRAL,
    Result.SOFTFAIL,
    Result.FAIL,
    Result.PERMERROR,
    Result.NONE,
)


@dataclass(frozen=True, slots=True)
class Authentication:
    """What the trusted server says; None where it says nothing. `by` is its authserv-id."""

    spf: Result | None = None
    dkim: Result | None = None
    dmarc: Result | None = None
    by: str | None = None
    verdict: Verdict = Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class _Finding:
    method: str
    result: Result | None
    properties: dict[str, str]

    def domain(self, *names: str) -> str:
        """Return the domain of the first of these properties that is there."""
        value = next((self.properties[name] for name in names if name in self.properties), "")
        return a_label(value.rpartition("@")[2])


def authentication(
    fields: Sequence[Field], *, authserv_id: str | None, domains: Sequence[str]
) -> Authentication:
    """Return what the server named `authserv_id` found, nothing where none is trusted.

    `fields` are those of the header from its top; `domains` are those of the addresses in
    From: with several, or none, nothing is verified.
    """
    if not authserv_id:
        return Authentication()
    payloads = list(trusted(fields, authserv_id))
    if not payloads:
        return Authentication()
    found = list(_findings(payloads))
    domain = a_label(domains[0]) if len(set(domains)) == 1 else ""
    dmarc = [each for each in found if each.method == "dmarc" and _speaks_of(each, domain)]
    dkim = [each for each in found if each.method == "dkim"]
    spf = [each for each in found if each.method == "spf"]
    return Authentication(
        spf=_spf(spf),
        dkim=_best(dkim),
        dmarc=_best(dmarc),
        by=authserv_id,
        verdict=_verdict(dmarc, dkim, spf, domain),
    )


def trusted(fields: Sequence[Field], authserv_id: str) -> Iterator[str]:
    """Yield what follows the authserv-id in the topmost fields that this server wrote."""
    any_found = False
    for name, value in fields:
        match name.lower():
            case "received" if any_found or _is_foreign(value, authserv_id):
                return
            case "authentication-results":
                found, payload = _identified(value[:_LONGEST])
                if found.lower() == authserv_id.lower():
                    any_found = True
                    yield payload
            case _:
                pass


def _is_foreign(received: str, authserv_id: str) -> bool:
    """Tell whether another organisation's server wrote a Received field.

    Bare and private host names, addresses and what cannot be read are an inner hop's.
    """
    found = _BY.search(without_comments(received[:_LONGEST]))
    host = found[1].strip("[].").lower() if found else ""
    if "." not in host or ":" in host or host.replace(".", "").isdigit() or host.endswith(_INNER):
        return False
    return registrable(host) != registrable(authserv_id)


def _identified(value: str) -> tuple[str, str]:
    """Split a field into authserv-id and the rest, from its first semicolon on."""
    text = without_comments(value).strip()
    quoted = _QUOTED.match(text)
    found = quoted or _BARE.match(text)
    if not found:
        return "", ""
    rest = text[found.end() :].lstrip()
    version = re.match(r"[0-9]+\s*(?=;|$)", rest)
    rest = rest[version.end() :] if version else rest
    if not rest.startswith(";"):  # a server that left its name out: nobody's results
        return "", ""
    return quoted[1] if quoted else found[0], rest


def _findings(payloads: Iterable[str]) -> Iterator[_Finding]:
    for payload in payloads:
        for resinfo in _split(payload)[:_MOST_RESULTS]:
            pairs = list(_pairs(resinfo))
            if not pairs:  # `none`, or nothing that makes sense
                continue
            (method, result), *properties = pairs
            yield _Finding(
                method.partition("/")[0], _result(result), dict(reversed(list(properties)))
            )


def _split(payload: str) -> list[str]:
    """Split at semicolons that stand outside quoted strings."""
    parts, begin, at = [], 0, 0
    while at < len(payload):
        if payload[at] == '"' and (quoted := _QUOTED.match(payload, at)):
            at = quoted.end()
            continue
        if payload[at] == ";":
            parts.append(payload[begin:at])
            begin = at + 1
        at += 1
    return [part for part in (*parts, payload[begin:]) if part.strip()]


_PAIR = re.compile(
    r"(?<![A-Za-z0-9_./-])([A-Za-z][A-Za-z0-9_-]*+(?:\s*[./]\s*[A-Za-z0-9_-]+)*)\s*=\s*"
    r'(?:"((?:[^"\\]|\\.)*)"?|([^\s;"]*))'
)


def _pairs(resinfo: str) -> Iterator[tuple[str, str]]:
    for name, quoted, bare in _PAIR.findall(resinfo):
        yield re.sub(r"\s+", "", name).lower(), quoted or bare


def _result(text: str) -> Result | None:
    word = text.lower()
    if word in _ALIASES:
        return _ALIASES[word]
    return Result(word) if word in list(Result) else None


def without_comments(text: str) -> str:
    """Return a structured field without its comments (RFC 5322 §3.2.2), each a space."""
    if "(" not in text:
        return text
    kept: list[str] = []
    depth = at = 0
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text):
            kept.append("" if depth else text[at : at + 2])
            at += 2
            continue
        if character == '"' and not depth and (quoted := _QUOTED.match(text, at)):
            kept.append(quoted[0])
            at = quoted.end()
            continue
        if character == "(":
            depth += 1
        elif not depth:
            kept.append(character)
        elif character == ")":
            depth -= 1
            kept.append("" if depth else " ")
        at += 1
    return "".join(kept)


def _speaks_of(dmarc: _Finding, domain: str) -> bool:
    """Tell whether a DMARC result is about the domain in From, where it says about which."""
    about = dmarc.domain("header.from")
    return not about or not domain or registrable(about) == registrable(domain)


def _best(found: Sequence[_Finding]) -> Result | None:
    results = [each.result for each in found if each.result]
    return min(results, key=_BEST_FIRST.index, default=None)


def _spf(found: Sequence[_Finding]) -> Result | None:
    """Return the result for the envelope's sender; that for HELO only where there is no other."""
    of_sender = [each for each in found if "smtp.mailfrom" in each.properties]
    return _best(of_sender or found)


def _verdict(
    dmarc: Sequence[_Finding], dkim: Sequence[_Finding], spf: Sequence[_Finding], domain: str
) -> Verdict:
    """Judge as DMARC does (RFC 7489 §3.1), where the server did not."""
    match _best(dmarc):
        case Result.PASS:
            return Verdict.VERIFIED if domain else Verdict.UNVERIFIED
        case Result.FAIL:
            return Verdict.FAILED
        case Result.TEMPERROR | Result.PERMERROR:
            return Verdict.UNVERIFIED
    signers = {e.domain("header.d", "header.i") for e in dkim if e.result is Result.PASS}
    senders = {e.domain("smtp.mailfrom") for e in spf if e.result is Result.PASS}
    aligned = {registrable(each) for each in signers | senders if each}
    if domain and registrable(domain) in aligned:
        return Verdict.VERIFIED
    return Verdict.UNVERIFIED
