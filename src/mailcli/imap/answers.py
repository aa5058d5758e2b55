"""What the answers to our commands mean: responses in, messages and places out. Pure.

RFC 3501 §7; APPENDUID and COPYUID by RFC 4315, ESEARCH by RFC 4731, EMAILID by RFC 8474. Only
ProtocolViolation leaves this module; the connection adds which server it was. What concerns
whole folders is in `folder_answers`.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from mailcli.errors import ProtocolViolation
from mailcli.imap import dates, responses
from mailcli.imap.responses import Condition, Data, Response, Value
from mailcli.imap.sets import MAX_UID, UidSet, expand
from mailcli.imap.values import Details, Headed, Moved, Place
from mailcli.model import Flag, Flags, Keyword, Uid, UidValidity


@dataclass(frozen=True, slots=True)
class Answer:
    """All that came back for one command: untagged responses, then the tagged one."""

    untagged: list[Response]
    final: Condition

    def data(self, name: str) -> Iterator[Data]:
        """Yield the untagged data of one name."""
        return (r for r in self.untagged if isinstance(r, Data) and r.name == name)

    def codes(self, name: str) -> Iterator[list[Value]]:
        """Yield the arguments of a response code, wherever it came."""
        for response in (*self.untagged, self.final):
            if isinstance(response, Condition) and response.code == name:
                yield response.arguments

    def code(self, name: str) -> list[Value] | None:
        """Return the arguments of a response code that came first, or None."""
        return next(self.codes(name), None)


def capabilities(answer: Answer) -> frozenset[str] | None:
    """Return what the server can do, told as data or as a response code; None if it says nothing.

    Raises: ProtocolViolation when it is no list of names.
    """
    found = answer.code("CAPABILITY")
    for data in answer.data("CAPABILITY"):
        found = data.values
    return None if found is None else _names(found)


def enabled(answer: Answer) -> frozenset[str]:
    """Return what ENABLE switched on: only what an ENABLED response says (RFC 5161 §3.2).

    Raises: ProtocolViolation when it is no list of names.
    """
    found = frozenset(name for data in answer.data("ENABLED") for name in _names(data.values))
    # QRESYNC brings CONDSTORE with it (RFC 7162 §3.2.3).
    return found | {"CONDSTORE"} if "QRESYNC" in found else found


def _names(values: list[Value]) -> frozenset[str]:
    return frozenset(responses.octets(v).decode("ascii", "replace").upper() for v in values)


def identity(answer: Answer) -> dict[str, str]:
    """Return what the server says of itself (RFC 2971 §3.2), by lower-case name.

    Raises: ProtocolViolation when it is no list of pairs.
    """
    found: dict[str, str] = {}
    for data in answer.data("ID"):
        told = data.values[0] if data.values else None
        for name, value in responses.pairs(told or []).items():
            if value is not None:
                found[name.lower()] = responses.octets(value).decode("utf-8", "replace")
    return found


# -- flags -----------------------------------------------------------------

_SYSTEM_FLAGS = {flag.imap.upper(): flag for flag in Flag}


def named(names: Iterable[bytes]) -> Flags:
    """Return the flags of a flag list (RFC 3501 §9, flag-list).

    Names count in any case; `\\Recent`, and system flags that we do not know, do not count.
    """
    return _named(tuple(names))


@lru_cache(maxsize=4096)  # a folder has few different lists, and may have 100,000 messages
def _named(names: tuple[bytes, ...]) -> Flags:
    texts = [name.decode("utf-8", "replace") for name in names]
    system = {flag for text in texts if (flag := _SYSTEM_FLAGS.get(text.upper()))}
    return frozenset(system) | {
        Keyword(text)
        for text in texts
        if not text.startswith("\\") and text.upper() not in _SYSTEM_FLAGS
    }


# -- FETCH -----------------------------------------------------------------


def attributes(response: Response) -> dict[str, Value]:
    """Return what a FETCH response tells by name; nothing for any other response.

    Raises: ProtocolViolation when it is no list of pairs.
    """
    if not isinstance(response, Data) or response.name != "FETCH":
        return {}
    if len(response.values) != 1:
        raise ProtocolViolation("a FETCH response is malformed")
    return responses.pairs(response.values[0])


def uid(told: Mapping[str, Value]) -> Uid:
    """Return the UID among a message's attributes.

    Raises: ProtocolViolation when it is missing or out of range.
    """
    number = responses.number(told.get("UID"))
    if not 0 < number <= MAX_UID:
        raise ProtocolViolation(f"UID {number} is out of range")
    return Uid(number)


def flags(told: Mapping[str, Value]) -> Flags:
    """Return the flags among a message's attributes; none where it has none.

    Raises: ProtocolViolation when they are no list of names.
    """
    names = responses.items(told.get("FLAGS", []))
    return named(responses.octets(name) for name in names)


def details(answers: Iterable[Answer]) -> dict[Uid, Details]:
    """Return what FETCH responses tell of messages by UID; those without a size are passed over.

    Raises: ProtocolViolation when they are malformed.
    """
    found = (attributes(response) for answer in answers for response in answer.untagged)
    return {
        uid(told): Details(
            responses.number(told["RFC822.SIZE"]), internal_date(told), email_id(told)
        )
        for told in found
        if "UID" in told and "RFC822.SIZE" in told
    }


def headed(response: Response) -> Headed | None:
    """Return a message with its header fields; None for a response that has none.

    Raises: ProtocolViolation when it is malformed.
    """
    told = attributes(response)
    header = next((v for name, v in told.items() if name.startswith("BODY[HEADER")), None)
    if "UID" not in told or not isinstance(header, bytes):
        return None
    size = responses.number(told["RFC822.SIZE"]) if "RFC822.SIZE" in told else 0
    return Headed(uid(told), flags(told), size, internal_date(told), header)


def internal_date(told: Mapping[str, Value]) -> datetime | None:
    """Return when a message was received; None where that is not told, or makes no sense."""
    value = told.get("INTERNALDATE")
    return dates.read(value.decode("ascii", "replace")) if isinstance(value, bytes) else None


def email_id(told: Mapping[str, Value]) -> str | None:
    """Return what names a message in all its copies: EMAILID, or Gmail's X-GM-MSGID."""
    match told.get("EMAILID", told.get("X-GM-MSGID")):
        case [bytes(found)] | bytes(found) if found:
            return found.decode("ascii", "replace")
    return None


# -- SEARCH ----------------------------------------------------------------


def uids_found(answer: Answer) -> list[Uid]:
    """Return the UIDs of a SEARCH, oldest first.

    Raises: ProtocolViolation when they are no numbers.
    """
    found = (responses.number(v) for data in answer.data("SEARCH") for v in data.values)
    return sorted(Uid(number) for number in found if 0 < number <= MAX_UID)


def uids_in_short(answer: Answer) -> UidSet | None:
    """Return the UIDs of an ESEARCH with RETURN (ALL); None where it does not tell them.

    iCloud answers with nothing but COUNT.
    """
    tag = answer.final.tag
    for data in answer.data("ESEARCH"):
        match data.values:
            case [[bytes(word), bytes(about)], *rest] if word.upper() == b"TAG" and about == tag:
                return _all(rest)
    return None


def _all(told: list[Value]) -> UidSet | None:
    if not told or not isinstance(told[0], bytes) or told[0].upper() != b"UID":
        return None  # numbers of another kind
    try:
        found = responses.pairs(told[1:])
        if "ALL" in found:
            return UidSet.parse(responses.octets(found["ALL"]))
        return None if found.get("COUNT", b"0") != b"0" else UidSet()
    except ProtocolViolation:
        return None


# -- places ----------------------------------------------------------------


def places(answer: Answer, count: int) -> list[Place | None]:
    """Return where an APPEND put its messages, in their order (RFC 4315 §3).

    Never raises: the messages were taken in any case, and an error would say the contrary.
    """
    try:
        match answer.code("APPENDUID"):
            case [bytes(generation), bytes(numbers)]:
                uidvalidity = _generation(generation)
                uids = expand(numbers, most=count)
                if len(set(uids)) == count:
                    return [(uidvalidity, one) for one in uids]
    except ProtocolViolation:
        pass
    return [None] * count


def moved(answers: Iterable[Answer], asked: AbstractSet[Uid]) -> Moved | None:
    """Return where messages went, from the COPYUIDs of all commands (RFC 4315 §3, RFC 6851 §4.3).

    None where the server does not say, or says what cannot be. Never raises: the messages
    were moved in any case.
    """
    generations: set[UidValidity] = set()
    pairs: dict[Uid, Uid] = {}
    try:
        for answer in answers:
            for told in answer.codes("COPYUID"):
                uidvalidity, found = _copied(told, len(asked))
                generations.add(uidvalidity)
                pairs |= found
    except ProtocolViolation:
        return None
    fits = len(generations) == 1 and pairs.keys() <= asked
    if not fits or len(set(pairs.values())) < len(pairs):
        return None
    return Moved(generations.pop(), pairs)


def _copied(told: list[Value], most: int) -> tuple[UidValidity, dict[Uid, Uid]]:
    match told:
        case [bytes(generation), bytes(old), bytes(new)]:
            before, after = expand(old, most=most), expand(new, most=most)
            if len(before) == len(after) == len(set(before)):
                return _generation(generation), dict(zip(before, after, strict=True))
    raise ProtocolViolation("COPYUID is malformed")


def _generation(raw: bytes) -> UidValidity:
    number = responses.number(raw)
    if not 0 < number <= MAX_UID:
        raise ProtocolViolation("UIDVALIDITY is out of range")
    return UidValidity(number)
