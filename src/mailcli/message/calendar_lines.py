"""The content lines and components of an iCalendar object (RFC 5545 §3.1, §3.6). Pure.

Reads what calendars of all kinds write: bare line ends, lines that were folded without
the space, parameters without quotes, components that are never ended.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LONGEST = 1 << 20
"""Characters that are read."""
_MOST_LINES = 20_000
_DEEPEST = 5
_LINE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}[;:]")
_FOLD = re.compile(r"\n[ \t]")
_HEAD = re.compile(r'[^:"]*(?:"[^"]*"[^:"]*)*(?=:)')
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)\s*=\s*("[^"]*"|[^;"]*)')
_ESCAPED = re.compile(r"\\([nN,;\\:\"])")


@dataclass(frozen=True, slots=True)
class Property:
    """`NAME;PARAMETER=VALUE:value`; names in capitals, the value as it is written."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value as text, its escapes replaced (§3.3.11)."""
        return _ESCAPED.sub(_unescaped, self.value)


@dataclass(slots=True)
class Component:
    """Properties between BEGIN and END, and the components in it."""

    name: str
    properties: list[Property] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)

    def first(self, *names: str) -> Property | None:
        """Return the first property of the first of these names that has one."""
        for name in names:
            for found in self.properties:
                if found.name == name:
                    return found
        return None

    def text(self, name: str) -> str:
        """Return a property's text without space around it; empty: there is none."""
        found = self.first(name)
        return found.text.strip() if found else ""

    def each(self, name: str) -> Iterator["Component"]:
        """Yield the components of a name, however deep."""
        for part in self.parts:
            if part.name == name:
                yield part
            else:
                yield from part.each(name)


def components(text: str) -> Component:
    """Return all of an iCalendar stream, below a component without a name."""
    root = Component("")
    open_ = [root]
    for line in _lines(text):
        match line.name:
            case "BEGIN":
                part = Component(line.value.strip().upper())
                open_[-1].parts.append(part)
                open_ += [part] if len(open_) < _DEEPEST else []
            case "END":
                names = [part.name for part in open_]
                name = line.value.strip().upper()
                if name and name in names:
                    del open_[len(names) - 1 - names[::-1].index(name) :]
            case _:
                open_[-1].properties.append(line)
    return root


def parts_of(value: str) -> dict[str, str]:
    """Return the parts of a rule such as `FREQ=WEEKLY;COUNT=3` in capitals."""
    pairs = (part.partition("=") for part in value[:1000].upper().split(";"))
    return {name.strip(): text.strip() for name, _, text in pairs if text.strip()}


def _lines(text: str) -> Iterator[Property]:
    text = text[:_LONGEST].lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    pending = ""
    for line in _FOLD.sub("", text).split("\n")[:_MOST_LINES]:
        if _LINE.match(line):
            if pending:
                yield _property(pending)
            pending = line
        elif pending and len(pending) + len(line) < _LONGEST // 16:
            pending += f"\\n{line}"
    if pending:
        yield _property(pending)


def _property(line: str) -> Property:
    head = _HEAD.match(line)
    end = head.end() if head else line.find(":")
    if end < 0:
        return Property(line.upper()[:60], {}, "")
    name, _, parameters = line[:end].partition(";")
    found = {key.upper(): value.strip('"') for key, value in _PARAMETER.findall(f";{parameters}")}
    return Property(name.strip().upper(), found, line[end + 1 :])


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] in "nN" else found[1]
