"""What the answers about folders mean: LIST, STATUS, NAMESPACE, SELECT. Pure.

RFC 3501 §7.2; special uses by RFC 6154, SIZE by RFC 8438, HIGHESTMODSEQ and VANISHED by
RFC 7162, MAILBOXID by RFC 8474, NAMESPACE by RFC 2342. Only ProtocolViolation leaves this
module; the connection adds which server it was.
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping

from mailcli.errors import ProtocolViolation
from mailcli.imap import responses
from mailcli.imap.answers import Answer, named
from mailcli.imap.names import decode
from mailcli.imap.responses import Data, Value
from mailcli.imap.sets import MAX_UID, UidSet
from mailcli.imap.values import (
    ROLES,
    Changes,
    Counts,
    Folder,
    Namespace,
    Namespaces,
    Selected,
    Since,
    Status,
)
from mailcli.model import NOTHING_STORABLE, Flag, Flags, Storable, Uid, UidValidity

_OBJECT_ID = rb"[A-Za-z0-9_-]{1,255}"
"""objectid = 1*255(ALPHA / DIGIT / "_" / "-") (RFC 8474 §7)."""

Told = Mapping[str, Value]
"""What a STATUS says, by upper-case name."""


def key(wire: bytes) -> bytes:
    """Return what a folder's name is known by: INBOX is the same in any case (RFC 3501 §5.1)."""
    return b"INBOX" if wire.upper() == b"INBOX" else wire


def folders(answer: Answer, *, utf8: bool = False) -> list[Folder]:
    """Return the folders of a LIST, each once; INBOX is one in whatever case it is told.

    Raises: ProtocolViolation when a response is not one.
    """
    found: dict[bytes, Folder] = {}
    for data in answer.data("LIST"):
        folder = _folder(data.values, utf8=utf8)
        found.setdefault(key(folder.wire), folder)
    return list(found.values())


def subscribed(answer: Answer) -> frozenset[bytes]:
    """Return the names of an LSUB, as `key` has them.

    Raises: ProtocolViolation when a response is not one.
    """
    found = (data.values for data in answer.data("LSUB"))
    return frozenset(key(responses.octets(values[2])) for values in found if len(values) == 3)


def _folder(values: list[Value], *, utf8: bool) -> Folder:
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
        _readable(wire, utf8=utf8),
        delimiter.decode("utf-8", "replace") or None,
        roles[0] if roles else None,
        "\\SUBSCRIBED" in attributes,
        not attributes & {"\\NOSELECT", "\\NONEXISTENT"},
        has_children=_has_children(attributes),
    )


def _has_children(attributes: set[str]) -> bool | None:
    if "\\HASCHILDREN" in attributes:
        return True
    return False if attributes & {"\\HASNOCHILDREN", "\\NOINFERIORS"} else None


def _readable(wire: bytes, *, utf8: bool) -> str:
    """Return a name as text, with surrogates for octets that no decoder understands."""
    try:
        return decode(wire, utf8=utf8)
    except ProtocolViolation:
        return wire.decode("utf-8", "surrogateescape")


# -- STATUS ----------------------------------------------------------------


def statuses(answers: Iterable[Answer]) -> dict[bytes, Told]:
    """Return what STATUS responses say, by the folder's `key`.

    Raises: ProtocolViolation when a response is not one.
    """
    return dict(_status(data.values) for answer in answers for data in answer.data("STATUS"))


def _status(values: list[Value]) -> tuple[bytes, Told]:
    if len(values) != 2:
        raise ProtocolViolation("a STATUS response is malformed")
    return key(responses.octets(values[0])), responses.pairs(values[1])


def told_about(folder: Folder, told: Told | None) -> Folder:
    """Return a folder with what a STATUS said of it.

    Raises: ProtocolViolation where a number is none.
    """
    if told is None:
        return folder
    known = counts(told)
    if known:
        folder = folder._replace(messages=known.messages, unseen=known.unseen, size=known.size)
    return folder._replace(status=status(told))


def counts(told: Told) -> Counts | None:
    """Return messages, unseen ones and octets; None where one of the first two is missing.

    Raises: ProtocolViolation where a number is none.
    """
    if not {"MESSAGES", "UNSEEN"} <= told.keys():
        return None
    messages, unseen = (responses.number(told[name]) for name in ("MESSAGES", "UNSEEN"))
    return Counts(messages, unseen, responses.number(told["SIZE"]) if "SIZE" in told else None)


def status(told: Told) -> Status | None:
    """Return what tells whether a folder changed; None where a number is missing or impossible.

    Raises: ProtocolViolation where a number is none.
    """
    if not {"MESSAGES", "UIDNEXT", "UIDVALIDITY"} <= told.keys():
        return None
    messages, uidnext, uidvalidity = (
        responses.number(told[name]) for name in ("MESSAGES", "UIDNEXT", "UIDVALIDITY")
    )
    # After the last UID of all comes one that no message can have.
    if messages > MAX_UID or not 0 < uidnext <= MAX_UID + 1 or not 0 < uidvalidity <= MAX_UID:
        return None
    return Status(
        messages,
        uidnext,
        UidValidity(uidvalidity),
        modseq(told.get("HIGHESTMODSEQ")),
    )


def append_limit(answers: Iterable[Answer]) -> int | None:
    """Return the octets that a message may have in a folder (RFC 7889 §3); None: any number."""
    for told in statuses(answers).values():
        limit = told.get("APPENDLIMIT")
        if isinstance(limit, bytes) and limit.isdigit():
            return responses.number(limit)
    return None


def modseq(value: Value) -> int | None:
    """Return a mod-sequence; None for 0, which stands for none, and for what is no number.

    Never raises: it only serves to do less.
    """
    if isinstance(value, bytes) and value.isdigit() and len(value) <= 19:
        number = int(value)
        return number if 0 < number <= responses.MAX_NUMBER else None
    return None


def object_id(value: Value) -> str | None:
    """Return an identifier in its parentheses (RFC 8474 §4); None for anything else."""
    match value:
        case [bytes(found)] if re.fullmatch(_OBJECT_ID, found):
            return found.decode("ascii")
    return None


# -- NAMESPACE -------------------------------------------------------------


def namespaces(answer: Answer, *, utf8: bool = False) -> Namespaces:
    """Return the three kinds of namespaces (RFC 2342 §5).

    Raises: ProtocolViolation when a response is not one.
    """
    for data in answer.data("NAMESPACE"):
        kinds = [_kind(value, utf8=utf8) for value in data.values[:3]]
        return Namespaces(*kinds)
    return Namespaces()


def _kind(value: Value, *, utf8: bool) -> tuple[Namespace, ...]:
    """Read a list of prefix and delimiter; extensions behind them are passed over."""
    if value is None:
        return ()
    found = []
    for one in responses.items(value):
        known: list[Value] = [*responses.items(one), None, None]
        prefix, delimiter = known[:2]
        text = decode(responses.octets(prefix), utf8=utf8)
        mark = b"" if delimiter is None else responses.octets(delimiter)
        found.append(Namespace(text, mark.decode("utf-8", "replace") or None))
    return tuple(found)


# -- SELECT ----------------------------------------------------------------


def selected(answer: Answer, *, read_only: bool) -> Selected:
    """Return what SELECT or EXAMINE says about a folder, without changes.

    Raises: ProtocolViolation without UIDVALIDITY, on which everything else rests, or without
        EXISTS, which taken for 0 would mean that all messages are gone.
    """
    uidvalidity = answer.code("UIDVALIDITY")
    if not uidvalidity or not 0 < responses.number(uidvalidity[0]) <= MAX_UID:
        raise ProtocolViolation("the folder has no UIDVALIDITY")
    exists = [data.number for data in answer.data("EXISTS")]
    if not exists or exists[-1] is None:
        raise ProtocolViolation("the folder does not say how many messages it has")
    if answer.code("UIDNOTSTICKY") is not None:
        raise ProtocolViolation("the folder's UIDs do not last")
    mailbox_id = answer.code("MAILBOXID")
    closed = answer.final.code == "READ-ONLY"
    return Selected(
        exists[-1],
        UidValidity(responses.number(uidvalidity[0])),
        _following(answer),
        read_only or closed,
        NOTHING_STORABLE if closed and not read_only else _storable(answer, read_only),
        _highest(answer),
        object_id(mailbox_id[0]) if mailbox_id else None,
    )


def _following(answer: Answer) -> int | None:
    """Return the UIDNEXT; None where there is none, or one that cannot be."""
    told = answer.code("UIDNEXT")
    number = responses.number(told[0]) if told else 0
    return number if 0 < number <= MAX_UID + 1 else None


def _highest(answer: Answer) -> int | None:
    told = answer.code("HIGHESTMODSEQ")
    return modseq(told[0]) if told and answer.code("NOMODSEQ") is None else None


def changes(
    found: Selected, since: Since, flags: MutableMapping[Uid, Flags], gone: Iterable[Data]
) -> Changes | None:
    """Return what changed since a state: flags that were told, and VANISHED responses.

    None where that is in any doubt: another generation, a mod-sequence that went back, UIDs
    that are none, as iCloud sends them.
    """
    if found.uidvalidity != since.uidvalidity or (found.highestmodseq or 0) < since.modseq:
        return None
    try:
        return Changes(flags, UidSet.union(map(vanished, gone)))
    except ProtocolViolation:
        return None


def vanished(data: Data) -> UidSet:
    """Return the UIDs of a VANISHED response, with or without EARLIER (RFC 7162 §3.2.10).

    Raises: ProtocolViolation when it is not one.
    """
    values = data.values[1:] if data.values[:1] == [[b"EARLIER"]] else data.values
    if len(values) != 1:
        raise ProtocolViolation("a VANISHED response is malformed")
    return UidSet.parse(responses.octets(values[0]))


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
