"""A query as SQL on the tables of the index (`index_schema`). Pure.

What is typed never becomes SQL or an expression of FTS5: values are bound, and words stand in
quotes, where FTS5 knows no operator. Words that stand together become one MATCH, since looking
several up at once is what FTS5 is good at; where they are mixed with flags or dates, each is a
set of numbers of its own, and SQL does the logic: a condition means the same wherever it stands.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, assert_never

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
    Leaf,
    Marked,
    Not,
    OfAccount,
    Query,
    Since,
    Smaller,
    Words,
)
from mailcli.search.words import prepared
from mailcli.store.index_rows import Condition, bits_of

_COLUMNS = {
    Field.FROM: "sender",
    Field.TO: "recipients copies",  # whom a message went to, whichever field says so
    Field.CC: "copies",
    Field.SUBJECT: "subject",
    Field.BODY: "body",
    Field.FILE: "files",
    Field.LIST: "list",
}
_FOUND = "+message.number IN (SELECT rowid FROM texts WHERE texts MATCH ?)"
"""The `+` makes SQLite go through messages by date, where they are wanted by date, and hold each
against the set: the newest with a common word are found at once, and nothing is sorted."""


class SearchedFolder(NamedTuple):
    """A folder of the index; `letters` are those that its keywords have, by their folded names."""

    id: int
    account: str
    name: str
    letters: Mapping[str, str] = MappingProxyType({})


def condition(query: Query, folders: Sequence[SearchedFolder]) -> Condition:
    """Return the condition on `message` that holds for what a query asks for."""
    if (words := _expression(query)) is not None:
        return Condition(_FOUND, (words,))
    match query:
        case Not(inner):
            return _joined("NOT (", [condition(inner, folders)], ")")
        case All(parts):
            return _all(parts, folders)
        case Any(parts):
            return _any(parts, folders)
        case HasKeyword(name):
            return _lettered(name.casefold(), folders)
    return _on_place(query, folders) or _on_row(query)


def _on_place(query: Leaf, folders: Sequence[SearchedFolder]) -> Condition | None:
    match query:
        case InFolder():
            found = [each.id for each in folders if query.covers(each.name)]
        case OfAccount():
            found = [each.id for each in folders if query.covers(each.account)]
        case _:
            return None
    return Condition(_in_folders(found))


def _on_row(query: Leaf) -> Condition:
    """Return a condition that a message's own row settles."""
    match query:
        case Marked(flag):
            found = Condition(f"message.flags & {bits_of(frozenset({flag}))} != 0")
        case HasAttachment():
            found = Condition("message.attachments > 0")
        case Since(when):
            found = Condition("message.date >= ?", (_seconds(when),))
        case Before(when):
            found = Condition("message.date < ?", (_seconds(when),))
        case Larger(octets):
            found = Condition("message.size > ?", (octets,))
        case Smaller(octets):
            found = Condition("message.size < ?", (octets,))
        case HasId(message_id):
            # NULL IN (…) is neither true nor false, and neither would its contrary be.
            sql = "message.message_id IS NOT NULL AND message.message_id IN (?, ?)"
            found = Condition(sql, (message_id, f"<{message_id}>"))
        case Words() | HasKeyword() | InFolder() | OfAccount():
            raise AssertionError("settled before")
        case _:
            assert_never(query)
    return found


def _seconds(when: datetime) -> int:
    """Return the first whole second that is not before an instant."""
    return math.ceil(when.timestamp())


def _lettered(keyword: str, folders: Sequence[SearchedFolder]) -> Condition:
    """Look for the letter that a keyword has in each folder, which may be another in each.

    One condition a letter, of which there are few: SQLite takes no thousand side by side.
    """
    places: dict[str, list[int]] = {}
    for each in folders:
        if (letter := each.letters.get(keyword)) is not None:
            places.setdefault(letter, []).append(each.id)
    found = [
        Condition(f"{_in_folders(ids)} AND instr(message.info, ?) > 3", (letter,))
        for letter, ids in places.items()
    ]
    return _joined("(", found, ")", between=" OR ") if found else Condition("0")


def _in_folders(ids: Sequence[int]) -> str:
    return f"message.folder IN ({', '.join(map(str, ids))})"


# -- logic -------------------------------------------------------------------------------


def _all(parts: Sequence[Query], folders: Sequence[SearchedFolder]) -> Condition:
    """Look all words up at once, with those that must not be there, and then the rest."""
    words = [part for part in parts if _expression(part) is not None]
    against = [part for part in parts if isinstance(part, Not) and _expression(part.inner)]
    together = [*words, *against] if words else []
    conditions = [condition(part, folders) for part in parts if part not in together]
    if together:
        looked_up = All(tuple(together)) if len(together) > 1 else together[0]
        conditions.insert(0, condition(looked_up, folders))
    return _joined("(", conditions, ")", between=" AND ")


def _any(parts: Sequence[Query], folders: Sequence[SearchedFolder]) -> Condition:
    words = [part for part in parts if _expression(part) is not None]
    conditions = [condition(part, folders) for part in parts if part not in words]
    if words:
        looked_up = Any(tuple(words)) if len(words) > 1 else words[0]
        conditions.insert(0, condition(looked_up, folders))
    return _joined("(", conditions, ")", between=" OR ")


def _joined(
    before: str, conditions: Sequence[Condition], behind: str, *, between: str = ""
) -> Condition:
    sql = between.join(f"({each})" for each in conditions)
    return Condition(
        f"{before}{sql}{behind}", tuple(value for each in conditions for value in each.values)
    )


# -- words -------------------------------------------------------------------------------


def _expression(query: Query) -> str | None:
    """Return the FTS5 expression of a query of words alone; None where it has more than that.

    FTS5 has no NOT of one operand: words that must not be there need others that must.
    """
    match query:
        case Words():
            return _phrase(query)
        case Any(parts):
            found = [_expression(part) for part in parts]
            return None if None in found else " OR ".join(f"({each})" for each in found)
        case All(parts):
            wanted = [_expression(part) for part in parts if not isinstance(part, Not)]
            unwanted = [_expression(part.inner) for part in parts if isinstance(part, Not)]
            if not wanted or None in (*wanted, *unwanted):
                return None
            text = " AND ".join(f"({each})" for each in wanted)
            rest = " OR ".join(f"({each})" for each in unwanted)
            return f"({text}) NOT ({rest})" if rest else text
    return None


def _phrase(words: Words) -> str:
    """Return words as FTS5 has them: a string, which knows but one special character."""
    text = prepared(words.text).replace('"', '""').replace("\0", " ")  # NUL would end it
    column = f"{{{_COLUMNS[words.field]}}} : " if words.field else ""
    return f'{column}"{text}"{" *" if words.prefix else ""}'
