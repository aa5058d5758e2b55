"""What SEARCH finds (RFC 3501 §6.4.4). Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime

from mailcli.demo.imap_fetch import header_fields, parse_date_time, text_of
from mailcli.demo.imap_syntax import SyntaxRefused, Token, is_set, number_set, octets, word
from mailcli.demo.mailbox import Message

_SYSTEM = ("ANSWERED", "DELETED", "DRAFT", "FLAGGED", "SEEN")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message with its number, and the largest number and UID in the folder."""

    message: Message
    number: int
    last_number: int
    last_uid: int


Criterion = Callable[[Candidate], bool]


def search_criterion(asked: list[Token]) -> Criterion:
    """Return the test that a SEARCH asks for; all keys must hold. Raises: SyntaxRefused."""
    rest = list(asked)
    if rest and isinstance(rest[0], str) and rest[0].upper() == "CHARSET":
        if len(rest) < 2 or word(rest[1]).upper() not in {"US-ASCII", "UTF-8"}:
            raise SyntaxRefused("CHARSET is US-ASCII or UTF-8")
        del rest[:2]
    if not rest:
        raise SyntaxRefused("SEARCH for what?")
    criteria = []
    while rest:
        criteria.append(_next_key(rest))
    return lambda candidate: all(holds(candidate) for holds in criteria)


def _next_key(rest: list[Token]) -> Criterion:
    """Take one search key, with its arguments, off the front."""
    first = _take(rest)
    if isinstance(first, list):
        return search_criterion(first)
    key = word(first).upper()
    match key:
        case "NOT":
            inner = _next_key(rest)
            return lambda candidate: not inner(candidate)
        case "OR":
            one, other = _next_key(rest), _next_key(rest)
            return lambda candidate: one(candidate) or other(candidate)
        case "UID":
            text = word(_take(rest))
            return lambda c: any(c.message.uid in each for each in number_set(text, c.last_uid))
        case _ if is_set(key):
            return lambda c: any(c.number in each for each in number_set(key, c.last_number))
    return _on_message(key, rest)


def _on_message(key: str, rest: list[Token]) -> Criterion:
    holds = _flag_key(key, rest) or _size_or_date_key(key, rest) or _text_key(key, rest)
    if holds is None:
        raise SyntaxRefused(f"{key[:40]}: the demo's server has no such search key")
    return lambda candidate: holds(candidate.message)


def _flag_key(key: str, rest: list[Token]) -> Callable[[Message], bool] | None:
    if key == "ALL":
        return lambda _: True
    name = key.removeprefix("UN")
    if name == "KEYWORD":
        flag = word(_take(rest))
    elif name in _SYSTEM:
        flag = "\\" + name.title()
    else:
        return None
    return lambda message: (flag in message.flags) is (name == key)


def _size_or_date_key(key: str, rest: list[Token]) -> Callable[[Message], bool] | None:
    if key in {"LARGER", "SMALLER"}:
        size = word(_take(rest))
        if not size.isdecimal():
            raise SyntaxRefused("a size is a number")
        sign = 1 if key == "LARGER" else -1
        return lambda message: (len(message.raw) - int(size)) * sign > 0
    which = key.removeprefix("SENT")
    if which in {"SINCE", "BEFORE", "ON"}:
        day = _day(word(_take(rest)))
        told = _sent if which != key else _received
        tests: dict[str, Callable[[date], bool]] = {
            "SINCE": lambda came: came >= day,
            "BEFORE": lambda came: came < day,
            "ON": lambda came: came == day,
        }
        return lambda message: (when := told(message)) is not None and tests[which](when)
    return None


def _received(message: Message) -> date | None:
    return message.received.date()


def _sent(message: Message) -> date | None:
    """Return the day in the header, as the sender's clock has it; None where there is none."""
    found = (line for name, line in header_fields(message.raw) if name == "date")
    text = next(found, b"").partition(b":")[2].decode("ascii", "replace")
    try:
        return parsedate_to_datetime(text.strip()).date()
    except ValueError:
        return None


def _text_key(key: str, rest: list[Token]) -> Callable[[Message], bool] | None:
    cuts: dict[str, Callable[[bytes], bytes]] = {"TEXT": lambda raw: raw, "BODY": text_of}
    if key in cuts:
        sought = octets(_take(rest)).lower()
        return lambda message: sought in cuts[key](message.raw).lower()
    if key not in {"HEADER", "FROM", "TO", "CC", "BCC", "SUBJECT"}:
        return None
    name = word(_take(rest)).lower() if key == "HEADER" else key.lower()
    value = octets(_take(rest)).lower()
    return lambda message: any(
        found == name and value in line.partition(b":")[2].lower()
        for found, line in header_fields(message.raw)
    )


def _take(rest: list[Token]) -> Token:
    if not rest:
        raise SyntaxRefused("something is missing")
    return rest.pop(0)


def _day(text: str) -> date:
    return parse_date_time(f"{text} 00:00:00 +0000").date()
