"""Header fields as they are in a message: names and octets. Pure. RFC 5322 §2.2."""

import re
from typing import NamedTuple

MOST_FIELDS = 2_000

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?")
_LINE_END = re.compile(rb"\r?\n")


class Field(NamedTuple):
    """A header field: its name as it is written, its value unfolded and without blanks around."""

    name: str
    value: bytes


def parse_fields(text: bytes) -> tuple[tuple[Field, ...], int]:
    """Return the fields of a header, and how many octets they take."""
    fields: list[Field] = []
    at = 0
    while len(fields) < MOST_FIELDS and (found := _FIELD.match(text, at)):
        at = found.end()
        name, value = found.groups()
        if b"\n" in value:
            value = _LINE_END.sub(b"", value)
        fields.append(Field(name.decode("ascii"), value.strip()))
    return tuple(fields), at
