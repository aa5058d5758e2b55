"""What a reply's header says: who gets it, and what it answers. Pure.

RFC 5322 §3.6.2 (From, Reply-To), §3.6.3 (To, Cc), §3.6.4 (In-Reply-To, References),
RFC 2369 §3.4 (List-Post). Mail-Followup-To and Mail-Reply-To are in no RFC, but are what
writers on lists ask for. Nobody writes to himself by accident.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import NamedTuple
from urllib.parse import unquote

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import parse_address
from mailcli.message.encoded_words import decode_words
from mailcli.message.fields import Field
from mailcli.message.people import key_of, one_line, people_in
from mailcli.model import Address

MOST_REFERENCES = 20
_LONGEST_REFERENCES = 998 - len("References: ")
"""Octets that one line could hold (RFC 5322 §2.1.1): some readers unfold it into one."""

_IDENTIFIER = re.compile(rb"<[!-;=?-~]{1,800}>")
_MAILTO = re.compile(r"<\s*+mailto:([^<>?\s]++)[^<>]*+>", re.IGNORECASE)
_LONGEST_LIST_POST = 2_000
"""Characters of it that are read."""

_COMMENT = re.compile(r"\([^()]*\)")
_MARK = (
    r"(?:re|aw|sv|vs|antw|odp|res|rif|ynt|\u56de\u590d|\u7b54\u590d|\u56de\u8986)"
    r"\s*(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4})?\s*[:\uff1a]\s*"
)
_REPLY_MARKS = re.compile(rf"(?P<tag>(?:\[[^\][]{{1,60}}\]\s*)?)(?:{_MARK})+", re.IGNORECASE)
_NOBODY = re.compile(
    r"(?:no|not|do-?not|donot|nicht)[-_.]?(?:reply|replies|respond|answer|antworten)"
    r"|(?:mailer-daemon|bounces?|nobody)(?=[+@])",
    re.IGNORECASE,
)
_DELIVERED_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_WHERE_TO_ANSWER = ("mail-reply-to", "reply-to")


class Wish(Enum):
    """Who a reply is for."""

    SENDER = "sender"
    ALL = "all"
    LIST = "list"


class Own(NamedTuple):
    """The user's addresses: those of the account that replies, and those of the others."""

    account: tuple[Address, ...]
    others: tuple[Address, ...] = ()

    def is_ours(self, address: Address) -> bool:
        """Tell whether it is one of the account's, or one with a detail (RFC 5233)."""
        return _is_one_of(self.account, address)

    def is_anyones(self, address: Address) -> bool:
        """Tell whether it is one of the user's, of any account."""
        return self.is_ours(address) or _is_one_of(self.others, address)


class Answer(NamedTuple):
    """The header of a reply; `sender` is the own address that the message was sent to.

    `references` are identifiers with their brackets. `warnings` are for the user to read
    before the reply is written.
    """

    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    sender: Address | None
    subject: str
    in_reply_to: str | None
    references: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def answer(fields: Sequence[Field], wish: Wish, own: Own) -> Answer:
    """Return the header of a reply to the message with these fields.

    Raises: InvalidMessage (65) where it names nobody to reply to, or no list.
    """
    header = _Header(fields)
    to, cc = _recipients(header, wish, own)
    return Answer(
        to=to,
        cc=cc,
        sender=_identity(header, own),
        subject=reply_subject(subject_of(fields)),
        in_reply_to=header.identifier(),
        references=references(fields),
        warnings=(*header.warnings, *_warnings(header, to)),
    )


# -- who gets it ---------------------------------------------------------------


class _Header:
    """The fields of a message; what could not be read of those asked for is in `warnings`."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._values: dict[str, list[bytes]] = {}
        for name, value in fields:
            self._values.setdefault(name.lower(), []).append(value)
        self.warnings: dict[str, None] = {}

    def people(self, *names: str) -> tuple[Address, ...]:
        found = people_in(value for name in names for value in self._values.get(name, []))
        for each in found.unreadable:
            self.warnings[f"left out, as it is no address: {each[:80]}"] = None
        return found.addresses

    def text(self, name: str) -> str:
        return decode_words(self._values.get(name, [b""])[0])

    def has(self, name: str) -> bool:
        return name in self._values

    def identifier(self) -> str | None:
        found = identifiers_in(self._values.get("message-id", [])[:1])
        return found[0] if found else None


def _recipients(
    header: _Header, wish: Wish, own: Own
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    if wish is Wish.LIST:
        return (_list_address(header),), ()
    authors = header.people("from")
    if authors and all(map(own.is_ours, authors)) and not _is_for_others(header, own):
        first = header.people("to") or header.people("cc")
        rest = header.people("cc")
    else:
        first = _reply_address(header, own)
        rest = header.people("to", "cc")
        followers = header.people("mail-followup-to") if wish is Wish.ALL else ()
        if followers := _without(followers, own.is_anyones):
            return followers, ()
    to = _without(first, own.is_ours)
    taken = {key_of(each.email) for each in to}
    everybody = rest if wish is Wish.ALL else ()
    others = _without(everybody, own.is_anyones)
    cc = tuple(each for each in others if key_of(each.email) not in taken)
    if to or cc:
        return (to, cc) if to else (cc, ())
    if not first:
        raise InvalidMessage("the message names nobody to reply to", hint="see: mailcli send")
    return first, ()  # to oneself, who was the only one


def _is_for_others(header: _Header, own: Own) -> bool:
    """Tell whether answers should go to somebody else: a form wrote for him in our name."""
    named = (header.people(name) for name in _WHERE_TO_ANSWER)
    return any(_without(each, own.is_anyones) for each in named)


def _reply_address(header: _Header, own: Own) -> tuple[Address, ...]:
    """Return where answers should go (RFC 5322 §3.6.2); the user's own address only at last."""
    found = [header.people(name) for name in (*_WHERE_TO_ANSWER, "from", "sender")]
    named = [each for each in found if each]
    others = (each for each in named if _without(each, own.is_ours))
    return next(others, named[0] if named else ())


def _list_address(header: _Header) -> Address:
    """Return where a list's messages go (RFC 2369 §3.4), under the name that the message has."""
    value = _COMMENT.sub("", header.text("list-post")[:_LONGEST_LIST_POST])
    found = _MAILTO.search(value)
    if not found:
        if value.strip().upper() == "NO":
            raise InvalidMessage("the list takes no messages", hint="reply to its sender")
        raise InvalidMessage("the message came from no list", hint="leave --list out")
    address = parse_address(unquote(found[1]))
    named = header.people("to", "cc")
    same = (each for each in named if key_of(each.email) == key_of(address.email))
    return next(same, address)


def _identity(header: _Header, own: Own) -> Address | None:
    """Return the own address that the message is from, or was sent to; else the account's."""
    named = (*header.people("from", "to", "cc"), *header.people(*_DELIVERED_TO))
    keys = {key_of(each.email) for each in named}
    return next((each for each in own.account if key_of(each.email) in keys), None)


def _warnings(header: _Header, to: tuple[Address, ...]) -> list[str]:
    found = [
        f"{each.email} looks like an address that nobody reads"
        for each in to
        if _NOBODY.search(each.email)
    ]
    automatic = header.text("auto-submitted").partition(";")[0].strip().lower()
    if header.text("return-path").replace(" ", "") == "<>" or automatic not in {"", "no"}:
        found.append("the message was sent by a program; perhaps nobody reads the reply")
    return found


def _without(
    addresses: Iterable[Address], is_own: Callable[[Address], bool]
) -> tuple[Address, ...]:
    return tuple(each for each in addresses if not is_own(each))


def _is_one_of(own: Iterable[Address], address: Address) -> bool:
    keys = {key_of(each.email) for each in own}
    key = key_of(address.email)
    local, _, domain = key.rpartition("@")
    return key in keys or f"{local.partition('+')[0]}@{domain}" in keys


# -- what it answers -----------------------------------------------------------


def subject_of(fields: Sequence[Field]) -> str:
    """Return a message's subject, decoded, on one line; "" where it has none."""
    found = next((value for name, value in fields if name.lower() == "subject"), b"")
    return one_line(decode_words(found))


def reply_subject(subject: str) -> str:
    """Return `Re: ` and a subject, whatever marks of replies it had; a list's tag stays."""
    found = _REPLY_MARKS.match(subject)
    rest = found["tag"] + subject[found.end() :] if found else subject
    return f"Re: {rest.strip()}".strip()


def references(fields: Sequence[Field]) -> tuple[str, ...]:
    """Return the References of a reply (RFC 5322 §3.6.4): the parent's, and the parent.

    Of a parent without, In-Reply-To counts where it names one message. Of many the first
    stays, which begins the thread, and the last ones, which are near.
    """
    values: dict[str, list[bytes]] = {}
    for name, value in fields:
        values.setdefault(name.lower(), []).append(value)
    before = identifiers_in(values.get("references", []))
    if not before:
        answered = identifiers_in(values.get("in-reply-to", []))
        before = answered if len(answered) == 1 else ()
    parent = identifiers_in(values.get("message-id", [])[:1])[:1]
    return _trimmed(
        tuple(dict.fromkeys((*(each for each in before if each not in parent), *parent)))
    )


def identifiers_in(values: Iterable[bytes]) -> tuple[str, ...]:
    """Return the message identifiers in fields, each once; what is none is passed over."""
    found = (each.decode("ascii") for value in values for each in _IDENTIFIER.findall(value))
    return tuple(dict.fromkeys(found))


def _trimmed(identifiers: tuple[str, ...]) -> tuple[str, ...]:
    kept = list(identifiers)
    while len(kept) > MOST_REFERENCES or (
        len(kept) > 1 and sum(map(len, kept)) + len(kept) - 1 > _LONGEST_REFERENCES
    ):
        del kept[1 if len(kept) > 2 else 0]  # the first and the last stay
    return tuple(kept)
