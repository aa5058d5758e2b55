"""Results for programs: JSON, JSON Lines and tab-separated values.

JSON follows RFC 8259, dates RFC 3339; the schemas stand in `docs/schema`. The
text is always valid UTF-8 and harmless on a terminal: control, bidi and
zero-width characters are written as `\\u` escapes, which a JSON reader turns
back into exactly what they were. Nothing is cleaned, shortened or translated.

TSV has no header line, one record a line, and neither TAB nor line end inside
a field: texts are cleaned, so that a subject cannot forge a record.
"""

import json
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path

from mailcli.message.clean import UNSAFE_RANGES, visible
from mailcli.output.cells import Cell, Table
from mailcli.results import SCHEMA, FolderSync, ReadMessage, ReadResult, Result

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_COUNTS = frozenset(
    (
        "fetched",
        "appended",
        "moved",
        "flags_local",
        "flags_remote",
        "deleted_local",
        "deleted_remote",
    )
)
"""What a dry run replaces by `actions`, and a comparison by `differences`: nothing is done."""

_UNSAFE = re.compile(
    "[{}]".format("".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in UNSAFE_RANGES))
)


def plain(value: object) -> Json:
    """Return a result, or a value inside one, as what JSON knows.

    Raises:
        TypeError: a value of a kind that no result may hold.
    """
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | float() | str():
            return value
        case datetime() | Path():
            return rfc3339(value) if isinstance(value, datetime) else str(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case _ if is_dataclass(value) or hasattr(value, "_fields"):
            body = {name: plain(getattr(value, field)) for field, name in _shown(value)}
            return {**_listed(value), **body}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            raise TypeError(f"a result cannot hold {type(value).__name__}")


def to_json(value: object, *, indent: int | None = None) -> str:
    """Return the JSON text of `value`, without a final line end."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=indent)
    return _UNSAFE.sub(_escape, text)


def json_document(result: Result, *, indent: int | None = None) -> str:
    """Return `result` as the one object with its schema number.

    A message that was asked for alone is that object itself.
    """
    alone = result.messages if isinstance(result, ReadResult) and result.single else ()
    body = plain(alone[0] if alone else result)
    assert isinstance(body, dict), "a result is a dataclass"  # noqa: S101 - narrows the type
    return to_json({"schema": SCHEMA, **body}, indent=indent) + "\n"


def json_lines(result: Result) -> Iterator[str]:
    """Yield a line for each item of the result's collection, or the one object.

    What was changed is a line `{"change": …}` behind them, what could not be had a line
    `{"error": …}`.
    """
    named = {field: getattr(result, field) for field, _ in _names(result)}
    changes, errors = named.pop("changes", ()), named.pop("errors", ())
    named.pop("single", None)
    items, *others = named.values()
    if others or not isinstance(items, tuple):
        yield json_document(result)
        return
    yield from (to_json(item) + "\n" for item in items)
    yield from (to_json({"change": change}) + "\n" for change in changes)
    yield from (to_json({"error": error}) + "\n" for error in errors)


def tsv_lines(table: Table) -> Iterator[str]:
    """Yield a line for each row; absent is empty, dates are RFC 3339."""
    for row in table.rows:
        yield "\t".join(map(_field, row)) + "\n"


def rfc3339(moment: datetime) -> str:
    """Return `moment` with seconds and offset, as in `2026-11-12T14:05:00+01:00`.

    A time without a zone is taken for UTC, and one with an offset that RFC
    3339 cannot write, such as half a minute, is converted to UTC.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elif (moment.utcoffset() or timedelta()) % timedelta(minutes=1):
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")


def _field(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return rfc3339(cell)
        case _:
            return visible(str(cell))


def _listed(value: object) -> dict[str, Json]:
    """Return what lists say of a message that is read; its other fields stand beside that."""
    about = plain(value.info) if isinstance(value, ReadMessage) else {}
    assert isinstance(about, dict)  # noqa: S101 - narrows the type
    return about


def _names(value: object) -> tuple[tuple[str, str], ...]:
    """Return each field's name in Python and in JSON: `from_` is `from`."""
    return _names_in(type(value))  # type: ignore[arg-type] # mypy takes no class for hashable


@cache
def _names_in(kind: Hashable) -> tuple[tuple[str, str], ...]:
    names = getattr(kind, "_fields", None)
    if names is None and is_dataclass(kind):
        names = [field.name for field in fields(kind)]
    if names is None:
        raise TypeError(f"{kind} has no fields")
    return tuple((name, name.rstrip("_")) for name in names)


def _shown(value: object) -> tuple[tuple[str, str], ...]:
    names = _names(value)
    if isinstance(value, ReadResult | ReadMessage):
        return tuple(pair for pair in names if pair[0] not in {"single", "info", "view"})
    if not isinstance(value, FolderSync):
        return names
    optional = {"actions": value.actions, "differences": value.differences}
    hidden = {name for name, given in optional.items() if given is None}
    if hidden != optional.keys():
        hidden |= _COUNTS
    return tuple(pair for pair in names if pair[0] not in hidden)


def _escape(found: re.Match[str]) -> str:
    """Escape one character as JSON does, in UTF-16 (RFC 8259 §7)."""
    character = found[0]
    if character == "\n":
        return character  # between lines of indented output; inside strings json escapes it
    if "\ud800" <= character <= "\udfff":
        return "\N{REPLACEMENT CHARACTER}"
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
