"""Results for programs: JSON and JSON Lines (`tsv` has the third).

JSON follows RFC 8259, dates RFC 3339; the schemas stand in `docs/schema`. The
text is always valid UTF-8 and harmless on a terminal: control, bidi and
zero-width characters are written as `\\u` escapes, which a JSON reader turns
back into exactly what they were. Nothing is cleaned, shortened or translated.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path

from mailcli.message.clean import UNSAFE_RANGES
from mailcli.output.tsv import rfc3339
from mailcli.results import SCHEMA, FolderSync, ListResult, MessageInfo, ReadResult, Result

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

_FOR_PEOPLE = frozenset(("info", "own", "single", "view"))
"""Fields that JSON has not: what they tell stands beside them, or is shown on a screen alone."""

_UNSAFE = "[{}]".format("".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in UNSAFE_RANGES))


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
        case tuple() if hasattr(value, "_fields"):
            hidden = _hidden(value)
            named = zip(value._fields, value, strict=True)
            body = {_name(field): plain(item) for field, item in named if field not in hidden}
            return {**_listed(value), **body}
        case Sequence():
            return [plain(item) for item in value]
        case _:
            raise TypeError(f"a result cannot hold {type(value).__name__}")


def to_json(value: object, *, indent: int | None = None) -> str:
    """Return the JSON text of `value`, without a final line end."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=indent)
    return re.sub(_UNSAFE, _escape, text)


def json_document(result: Result, *, indent: int | None = None) -> str:
    """Return `result` as the one object with its schema number.

    A message that was asked for alone is that object itself.
    """
    alone = result.messages if isinstance(result, ReadResult) and result.single else ()
    body = plain(alone[0] if alone else result)
    assert isinstance(body, dict), "a result has fields"  # noqa: S101 - narrows the type
    return to_json({"schema": SCHEMA, **body}, indent=indent) + "\n"


def json_parts(result: Result) -> Iterator[str]:
    """Yield `json_document` in parts, a list of 100,000 messages one by one."""
    if not isinstance(result, ListResult):
        yield json_document(result)
        return
    yield f'{{"schema": {SCHEMA}, "messages": ['
    for place, each in enumerate(result.messages):
        yield f"{', ' if place else ''}{to_json(each)}"
    yield f'], "errors": {to_json(result.errors)}}}\n'


def json_lines(result: Result) -> Iterator[str]:
    """Yield a line for each item of the result's collection, or the one object.

    What was changed is a line `{"change": …}` behind them, what could not be had a line
    `{"error": …}`.
    """
    named = result._asdict()
    changes, errors = named.pop("changes", ()), named.pop("errors", ())
    alone = named.pop("single", False)
    items, *others = named.values()
    if alone or others or isinstance(items, str) or not isinstance(items, Sequence):
        yield json_document(result)
        return
    yield from (to_json(item) + "\n" for item in items)
    yield from (to_json({"change": change}) + "\n" for change in changes)
    yield from (to_json({"error": error}) + "\n" for error in errors)


def _name(field: str) -> str:
    """Return the name in JSON of a field: `from_` is `from`."""
    return field.rstrip("_")


def _hidden(value: object) -> Container[str]:
    """Return the fields that are left out: those for people, or for another kind of run."""
    if not isinstance(value, FolderSync):
        return _FOR_PEOPLE
    optional = {"actions": value.actions, "differences": value.differences}
    hidden = frozenset(name for name, given in optional.items() if given is None)
    return hidden if hidden == optional.keys() else hidden | _COUNTS


def _listed(value: object) -> dict[str, Json]:
    """Return what lists say of a message that is read; its other fields stand beside that."""
    info = getattr(value, "info", None)
    about = plain(info) if isinstance(info, MessageInfo) else {}
    assert isinstance(about, dict)  # noqa: S101 - narrows the type
    return about


def _escape(found: re.Match[str]) -> str:
    """Escape one character as JSON does, in UTF-16 (RFC 8259 §7)."""
    character = found[0]
    if character == "\n":
        return character  # between lines of indented output; inside strings json escapes it
    if "\ud800" <= character <= "\udfff":
        return "\N{REPLACEMENT CHARACTER}"
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
