"""What a query finds, told message by message, without any index: the measure for the SQL."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from mailcli.model import Flag
from mailcli.search.query import (
    All,
    Any,
    Before,
    Field,
    HasAttachment,
    HasId,
    HasKeyword,
    InFolder,
    Larger,
    Marked,
    Not,
    OfAccount,
    Query,
    Since,
    Smaller,
    Words,
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as a search sees it."""

    account: str
    folder: str
    texts: dict[str, str]
    flags: frozenset[Flag]
    keywords: frozenset[str]
    date: datetime
    size: int
    attachments: int
    message_id: str | None


_PLACES = {
    Field.FROM: ("sender",),
    Field.TO: ("recipients", "copies"),
    Field.CC: ("copies",),
    Field.SUBJECT: ("subject",),
    Field.BODY: ("body",),
    Field.FILE: ("files",),
    Field.LIST: ("list",),
}


def holds(query: Query, letter: Letter) -> bool:  # noqa: C901, PLR0911, PLR0912 - one line each
    """Whether a message is what a query asks for."""
    match query:
        case Words():
            places = _PLACES[query.field] if query.field else tuple(letter.texts)
            return any(_stands_in(query, letter.texts[place]) for place in places)
        case Marked(flag):
            return flag in letter.flags
        case HasKeyword(name):
            return name.casefold() in {each.casefold() for each in letter.keywords}
        case HasAttachment():
            return letter.attachments > 0
        case Since(when):
            return letter.date >= when
        case Before(when):
            return letter.date < when
        case InFolder(pattern):
            return _fits(pattern, letter.folder)
        case OfAccount(pattern):
            return _fits(pattern, letter.account)
        case Larger(octets):
            return letter.size > octets
        case Smaller(octets):
            return letter.size < octets
        case HasId(message_id):
            return letter.message_id == f"<{message_id}>"
        case Not(inner):
            return not holds(inner, letter)
        case All(parts):
            return all(holds(part, letter) for part in parts)
        case Any(parts):
            return any(holds(part, letter) for part in parts)
        case _:
            assert_never(query)


def _fits(pattern: str, name: str) -> bool:
    expression = ".*".join(map(re.escape, pattern.casefold().split("*")))
    return bool(re.fullmatch(expression, name.casefold()))


def _stands_in(words: Words, text: str) -> bool:
    sought, there = _tokens(words.text), _tokens(text)
    *whole, last = sought
    for start in range(len(there) - len(sought) + 1):
        piece = there[start : start + len(sought)]
        end = piece[-1].startswith(last) if words.prefix else piece[-1] == last
        if piece[:-1] == whole and end:
            return True
    return False


def _tokens(text: str) -> list[str]:
    """Cut text as the index does: letters and digits, without accents; each Han one by itself."""
    plain = "".join(
        c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c)
    )
    return re.findall(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+", plain)
