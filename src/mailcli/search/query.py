"""What is looked for, as a tree of plain values. Pure.

`str` of a query is text that parses to the same query. Trees are made by `all_of`, `any_of` and
`negated`, which keep them flat: no conjunction stands in a conjunction, no negation in another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailcli.model import Flag


class Field(StrEnum):
    """Where words are looked for; each is a key of the language."""

    FROM = "from"
    TO = "to"  # whoever got it: To, Cc and Bcc
    CC = "cc"
    SUBJECT = "subject"
    BODY = "body"
    FILE = "file"  # names of attachments
    LIST = "list"  # List-Id


@dataclass(frozen=True, slots=True)
class Words:
    """Words that follow one another in one place; anywhere where `field` is None.

    `prefix`: the last of them may go on.
    """

    text: str
    field: Field | None = None
    prefix: bool = False

    def __str__(self) -> str:
        key = f"{self.field}:" if self.field else ""
        return f'{key}"{self.text}"{"*" if self.prefix else ""}'


@dataclass(frozen=True, slots=True)
class Marked:
    """A system flag is set."""

    flag: Flag

    def __str__(self) -> str:
        return f"is:{FLAG_WORDS[self.flag]}"


FLAG_WORDS = {
    Flag.SEEN: "read",
    Flag.FLAGGED: "flagged",
    Flag.ANSWERED: "answered",
    Flag.DRAFT: "draft",
    Flag.PASSED: "forwarded",
    Flag.DELETED: "deleted",
}


@dataclass(frozen=True, slots=True)
class HasKeyword:
    """A keyword is set; its name in any case."""

    name: str

    def __str__(self) -> str:
        return f"keyword:{_value(self.name)}"


@dataclass(frozen=True, slots=True)
class HasAttachment:
    """There is at least one attachment."""

    def __str__(self) -> str:
        return "has:attachment"


@dataclass(frozen=True, slots=True)
class Since:
    """Dated at this instant or later; it knows its time zone."""

    when: datetime

    def __str__(self) -> str:
        return f"after:{self.when.isoformat()}"


@dataclass(frozen=True, slots=True)
class Before:
    """Dated earlier than this instant, which knows its time zone."""

    when: datetime

    def __str__(self) -> str:
        return f"before:{self.when.isoformat()}"


@dataclass(frozen=True, slots=True)
class InFolder:
    """In a folder of this name, in any case; `*` stands for anything."""

    pattern: str

    def covers(self, folder: str) -> bool:
        """Whether a folder has such a name."""
        return _covers(self.pattern, folder)

    def __str__(self) -> str:
        return f"folder:{_value(self.pattern)}"


@dataclass(frozen=True, slots=True)
class OfAccount:
    """Of an account of this name, in any case; `*` stands for anything."""

    pattern: str

    def covers(self, account: str) -> bool:
        """Whether an account has such a name."""
        return _covers(self.pattern, account)

    def __str__(self) -> str:
        return f"account:{_value(self.pattern)}"


@dataclass(frozen=True, slots=True)
class Larger:
    """Has more octets than this."""

    octets: int

    def __str__(self) -> str:
        return f"larger:{self.octets}"


@dataclass(frozen=True, slots=True)
class Smaller:
    """Has fewer octets than this."""

    octets: int

    def __str__(self) -> str:
        return f"smaller:{self.octets}"


@dataclass(frozen=True, slots=True)
class HasId:
    """Has exactly this Message-ID; written without its angle brackets."""

    message_id: str

    def __str__(self) -> str:
        return f"id:{_value(self.message_id)}"


@dataclass(frozen=True, slots=True)
class Not:
    """What does not hold."""

    inner: "Query"

    def __str__(self) -> str:
        return f"-{_grouped(self.inner)}"


@dataclass(frozen=True, slots=True)
class All:
    """Two or more that all hold."""

    parts: tuple["Query", ...]

    def __str__(self) -> str:
        return " ".join(map(_grouped, self.parts))


@dataclass(frozen=True, slots=True)
class Any:
    """Two or more of which one holds, at least."""

    parts: tuple["Query", ...]

    def __str__(self) -> str:
        return " OR ".join(map(_grouped, self.parts))


Leaf = (
    Words
    | Marked
    | HasKeyword
    | HasAttachment
    | Since
    | Before
    | InFolder
    | OfAccount
    | Larger
    | Smaller
    | HasId
)
Query = Leaf | Not | All | Any


def all_of(parts: Iterable[Query]) -> Query:
    """Return the query that asks for all of one part or more."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, All) else [part])]
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def any_of(parts: Iterable[Query]) -> Query:
    """Return the query that asks for any of one part or more."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Any) else [part])]
    return flat[0] if len(flat) == 1 else Any(tuple(flat))


def negated(query: Query) -> Query:
    """Return the query that asks for the contrary."""
    return query.inner if isinstance(query, Not) else Not(query)


def _covers(pattern: str, name: str) -> bool:
    """Whether a pattern fits a name as a whole, without going back over it for each `*`."""
    first, *others = pattern.casefold().split("*")
    folded = name.casefold()
    if not others:
        return folded == first
    *middle, last = others
    if not folded.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        found = folded.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(folded) - len(last) >= at and folded.endswith(last)


def _grouped(query: Query) -> str:
    return f"({query})" if isinstance(query, All | Any) else str(query)


def _value(text: str) -> str:
    """Write a value in quotes, or as it is where it holds one: then it holds no blank."""
    return text if any(quote in text for quote in QUOTES) else f'"{text}"'


QUOTES = '"“”„'
"""What begins and ends a phrase; text that was pasted has the typographic ones."""
