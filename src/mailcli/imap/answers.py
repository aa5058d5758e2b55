"""What the answers to our commands mean: responses in, folders, messages and places out. Pure.

RFC 3501 §7; special uses by RFC 6154, APPENDUID by RFC 4315, SIZE by RFC 8438. Only
ProtocolViolation leaves this module; the connection adds which server it was.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from mailcli.errors import ProtocolViolation
from mailcli.imap import responses
from mailcli.imap.names import decode
from mailcli.imap.responses import Condition, Data, Response, Value
from mailcli.imap.values import ROLES, Counts, Folder, Selected
from mailcli.model import NOTHING_STORABLE, Flag, Flags, Keyword, Storable, Uid, UidValidity

MAX_UID = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Answer:
    """All that came back for one command: untagged responses, then the tagged one."""

    untagged: list[Response]
    final: Condition

    def data(self, name: str) -> Iterator[Data]:
        """Yield the untagged data of one name."""
        return (r for r in self.untagged if isinstance(r, Data) and r.name == name)

    def code(self, name: str) -> list[Value] | None:
        """Return the arguments of a response code, wherever it came, or None."""
        for response in (*self.untagged, self.final):
            if isinstance(response, Condition) and response.code == name:
                return response.arguments
        return None


def capabilities(answer: Answer) -> frozenset[str] | None:
    """Return what the server can do, told as data or as a response code; None if it says nothing.

    Raises: ProtocolViolation when it is no list of names.
    """
    found = answer.code("CAPABILITY")
    for data in answer.data("CAPABILITY"):
        found = data.values
    if found is None:
        return None
    return frozenset(responses.octets(v).decode("ascii", "replace").upper() for v in found)


def folders(answer: Answer) -> list[Folder]:
    """Return the folders of a LIST.

    Raises: ProtocolViolation when a response is not one.
    """
    return [_folder(data.values) for data in answer.data("LIST")]


def subscribed(answer: Answer) -> frozenset[bytes]:
    """Return the wire names of an LSUB.

    Raises: ProtocolViolation when a response is not one.
    """
    found = (data.values for data in answer.data("LSUB"))
    return frozenset(responses.octets(values[2]) for values in found if len(values) == 3)


def _folder(values: list[Value]) -> Folder:
    """Read the tail of a LIST response: attributes, delimiter, name, extended data."""
    if len(values) < 3:
        raise ProtocolViolation("a LIST response is too short")
    names = (responses.octets(name) for name in responses.items(values[0]))
    attributes = {name.decode("ascii", "replace").upper() for name in names}
    delimiter = b"" if values[1] is None else responses.octets(values[1])
    wire = responses.octets(values[2])
    roles = [ROLES[a] for a in sorted(attributes) if a in ROLES]
    return Folder(
        wire,
        _readable(wire),
        delimiter.decode("utf-8", "replace") or None,
        roles[0] if roles else None,
        "\\SUBSCRIBED" in attributes,
        not attributes & {"\\NOSELECT", "\\NONEXISTENT"},
    )


def _readable(wire: bytes) -> str:
    """Return a name as text, with surrogates for octets that no decoder understands."""
    try:
        return decode(wire)
    except ProtocolViolation:
        return wire.decode("utf-8", "surrogateescape")


def counts(answer: Answer) -> dict[bytes, Counts]:
    """Return messages, unseen ones and octets by wire name, from STATUS responses.

    Raises: ProtocolViolation when a response is not one.
    """
    return dict(_status(data.values) for data in answer.data("STATUS"))


def _status(values: list[Value]) -> tuple[bytes, Counts]:
    if len(values) != 2:
        raise ProtocolViolation("a STATUS response is malformed")
    found = responses.pairs(values[1])
    messages, unseen = (responses.number(found.get(name)) for name in ("MESSAGES", "UNSEEN"))
    size = responses.number(found["SIZE"]) if "SIZE" in found else None
    return responses.octets(values[0]), Counts(messages, unseen, size)


def personal_prefix(answer: Answer) -> str:
    """Return what stands before the user's own folders (RFC 2342 §5).

    Raises: ProtocolViolation when a response is not one.
    """
    for data in answer.data("NAMESPACE"):
        personal = data.values[0] if data.values else None
        if personal:
            first = responses.items(responses.items(personal)[0])
            return decode(responses.octets(first[0] if first else None))
    return ""


def selected(answer: Answer, *, read_only: bool) -> Selected:
    """Return what SELECT or EXAMINE says about a folder.

    Raises: ProtocolViolation without UIDVALIDITY, on which everything else rests, or without
        EXISTS, which taken for 0 would mean that all messages are gone.
    """
    uidvalidity = answer.code("UIDVALIDITY")
    if not uidvalidity or not 0 < responses.number(uidvalidity[0]) <= MAX_UID:
        raise ProtocolViolation("the folder has no UIDVALIDITY")
    exists = [data.number for data in answer.data("EXISTS")]
    if not exists or exists[-1] is None:
        raise ProtocolViolation("the folder does not say how many messages it has")
    uidnext = answer.code("UIDNEXT")
    closed = answer.final.code == "READ-ONLY"
    return Selected(
        exists[-1],
        UidValidity(responses.number(uidvalidity[0])),
        responses.number(uidnext[0]) if uidnext else None,
        read_only or closed,
        NOTHING_STORABLE if closed and not read_only else _storable(answer, read_only),
    )


def _storable(answer: Answer, read_only: bool, /) -> Storable:
    """Return what PERMANENTFLAGS says (RFC 3501 §7.1); without it, or in EXAMINE, all flags.

    `\\*` means that keywords may be made, of which `$Forwarded` is one.
    """
    said = answer.code("PERMANENTFLAGS")
    if read_only or not said:
        return Storable()
    names = {responses.octets(name) for name in responses.items(said[0])}
    any_keyword = b"\\*" in names
    return Storable(named(names) | ({Flag.PASSED} if any_keyword else set()), any_keyword)


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


def attributes(response: Response) -> dict[str, Value]:
    """Return what a FETCH response tells by name; nothing for any other response.

    Raises: ProtocolViolation when it is no list of pairs.
    """
    if not isinstance(response, Data) or response.name != "FETCH":
        return {}
    if len(response.values) != 1:
        raise ProtocolViolation("a FETCH response is malformed")
    return responses.pairs(response.values[0])


def uid(told: dict[str, Value]) -> Uid:
    """Return the UID among a message's attributes.

    Raises: ProtocolViolation when it is missing or out of range.
    """
    number = responses.number(told.get("UID"))
    if not 0 < number <= MAX_UID:
        raise ProtocolViolation(f"UID {number} is out of range")
    return Uid(number)


def flags(told: dict[str, Value]) -> Flags:
    """Return the flags among a message's attributes; none where it has none.

    Raises: ProtocolViolation when they are no list of names.
    """
    names = responses.items(told.get("FLAGS", []))
    return named(responses.octets(name) for name in names)


def sizes(answer: Answer) -> dict[Uid, int]:
    """Return the octets of messages by UID, from FETCH responses; others are passed over.

    Raises: ProtocolViolation when they are no numbers.
    """
    found = map(attributes, answer.untagged)
    return {
        uid(told): responses.number(told["RFC822.SIZE"])
        for told in found
        if "UID" in told and "RFC822.SIZE" in told
    }


def internal_date(told: dict[str, Value]) -> datetime | None:
    """Read `dd-Mon-yyyy hh:mm:ss +zzzz` (RFC 3501 §9, date-time); None when it is not one."""
    value = told.get("INTERNALDATE")
    if not isinstance(value, bytes):
        return None
    try:
        return datetime.strptime(value.decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None


def uids_found(answer: Answer) -> list[Uid]:
    """Return the UIDs of a SEARCH, oldest first.

    Raises: ProtocolViolation when they are no numbers.
    """
    found = (responses.number(v) for data in answer.data("SEARCH") for v in data.values)
    return sorted(Uid(number) for number in found if 0 < number <= MAX_UID)


def place(answer: Answer) -> tuple[UidValidity, Uid] | None:
    """Return where an APPEND put its message (RFC 4315 §3), or None.

    Never raises: the message was taken in any case, and an error would say the contrary.
    """
    match answer.code("APPENDUID"):
        case [bytes(generation), bytes(number)] if generation.isdigit() and number.isdigit():
            found = int(generation[:11]), int(number[:11])
            if all(0 < n <= MAX_UID for n in found):
                return UidValidity(found[0]), Uid(found[1])
    return None
