"""The transcript language: text in, the steps of each connection out.

Pure: it opens no socket. `tests/transcripts/README.md` describes the language;
`scripted_player` plays what `parse` returns.
"""

import re
from collections.abc import Iterable
from typing import Final

from tests.support.steps import (
    Action,
    Block,
    Do,
    Expect,
    Kind,
    Script,
    Section,
    Send,
    Step,
    Swallow,
)
from tests.support.template import Match, TranscriptError, captures, names_in, render, to_octets

_MARKER: Final = re.compile(r"(C:|c:|C~|C\?|C\*|C\.|S:|S!)(?: (.*))?")
_DIRECTIVE: Final = re.compile(r"@([a-z]+!?)(?: +(.*))?")
_REPEATED: Final = re.compile(r"'(.*)' \* (\d+)")
_SWALLOW: Final = re.compile(r"(\d+|\{\w+\})(?: +(\w+))?")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


_ENDS: Final = frozenset(
    {
        Action.CUT,
        Action.DROP,
        Action.RESET,
        Action.BYE,
        Action.GONE,
        Action.REST,
        Action.ENDLESS,
        Action.ENDLESS_RAW,
    }
)
_SECONDS: Final = r"\d+(?:\.\d+)?"
_ARGUMENTS: Final = {
    Action.TLS: "|refused",
    Action.BYE: ".+",
    Action.STALL: f"forever|{_SECONDS}",
    Action.DEAF: f"forever|{_SECONDS}",
    Action.DRIBBLE: f"off|{_SECONDS}",
    Action.ENDLESS: ".+",
    Action.ENDLESS_RAW: ".+",
    Action.WAIT: r"[\w-]+",
    Action.SIGNAL: r"[\w-]+",
    Action.LITERAL: rf"|{_NAME.pattern}",
}


def parse(text: str, name: str = "the script") -> Script:
    """Return the steps that a transcript describes.

    Raises: `TranscriptError`, naming the line, for what is not in the language.
    """
    return _Parser(text, name).script()


class _Parser:
    """A recursive descent over the lines; blocks nest."""

    def __init__(self, text: str, name: str) -> None:
        # Not splitlines(): it also splits at octets that a fault may well contain.
        self._lines = [line.lstrip(" \t") for line in text.split("\n")]
        self._name = name
        self._at = 0
        self._texts: dict[str, bytes] = {}
        self._uses: dict[str, int] = {}
        self._defines: set[str] = set()
        self._needs_tls = False

    def script(self) -> Script:
        sections: list[Section] = []
        steps, stop = self._sequence(frozenset({"connection"}))
        # Only comments and texts stand before the first `@connection`: that is no section.
        if steps or stop is None:
            sections.append(Section(1, steps))
        while stop is not None:
            number, optional = self._heading(stop)
            if any(section.number == number for section in sections):
                raise self._wrong("this connection has a section already")
            steps, stop = self._sequence(frozenset({"connection"}))
            sections.append(Section(number, steps, optional))
        return Script(
            self._name,
            tuple(sections),
            self._texts,
            self._uses,
            frozenset(self._defines | set(self._texts)),
            needs_tls=self._needs_tls,
        )

    def _sequence(self, stops: frozenset[str]) -> tuple[tuple[Step, ...], str | None]:
        """Return the steps up to a directive in `stops`, and that line; `None` at the end."""
        steps: list[Step] = []
        while (line := self._next()) is not None:
            directive = _DIRECTIVE.fullmatch(line.rstrip())
            if directive and directive[1] in stops:
                return tuple(steps), line.rstrip()
            if steps and _ends(steps[-1]):
                raise self._wrong("the connection has ended in the line before")
            step = self._directive(*directive.groups("")) if directive else self._line(line)
            if step is not None:
                steps.append(step)
        return tuple(steps), None

    def _next(self) -> str | None:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if line and not line.startswith("#"):
                return line
        return None

    def _line(self, line: str) -> Step:
        found = _MARKER.fullmatch(line)
        if not found:
            raise self._wrong(f"not in the language: {line}")
        marker, text = found[1], found[2] or ""
        match marker:
            case "S:":
                return self._send(text)
            case "S!":
                return self._send(text, raw=True)
            case "C*":
                return self._octets(text)
            case "C.":
                return Swallow(self._at, self._named(text.strip() or "data"), None)
            case _:
                return self._expect(Match(marker), text)

    def _send(self, text: str, *, raw: bool = False) -> Send:
        repeated = _REPEATED.fullmatch(text) if raw else None
        times = int(repeated[2]) if repeated else 1
        step = Send(self._at, repeated[1] if repeated else text, raw, times)
        self._checked(step.text, escapes=raw)
        return step

    def _expect(self, match: Match, text: str) -> Expect:
        try:
            captured = captures(match, text)
        except TranscriptError as error:
            raise self._wrong(str(error)) from error
        self._defines |= captured
        self._use(name for name in names_in(text) if not name.startswith("tag"))
        return Expect(self._at, match, text)

    def _octets(self, text: str) -> Swallow:
        found = _SWALLOW.fullmatch(text.strip())
        if not found:
            raise self._wrong("C* wants a number of octets or {name}, and perhaps a name")
        self._use(names_in(found[1]))
        return Swallow(self._at, self._named(found[2] or "data"), found[1])

    def _named(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise self._wrong(f"not a name: {name}")
        self._defines.add(name)
        return name

    def _directive(self, word: str, argument: str) -> Step | None:
        match word:
            case "text":
                self._text(argument)
                return None
            case "inject":
                return self._send(argument, raw=True)
            case "optional" | "repeat" | "choose" | "unordered":
                return self._block(Kind(word), argument)
            case _:
                return self._do(word, argument)

    def _do(self, word: str, argument: str) -> Do:
        if word not in set(Action):
            raise self._wrong(f"no such directive: @{word}")
        action = Action(word)
        if not re.fullmatch(_ARGUMENTS.get(action, ""), argument):
            raise self._wrong(f"@{word} does not take '{argument}'")
        if action in {Action.ENDLESS, Action.ENDLESS_RAW, Action.BYE}:
            self._checked(argument, escapes=action is Action.ENDLESS_RAW)
        if action is Action.LITERAL:
            argument = self._named(argument or "literal")
        self._needs_tls |= action is Action.TLS
        return Do(self._at, action, argument)

    def _text(self, name: str) -> None:
        """Read the `|` lines that follow; each ends in CRLF."""
        self._named(name)
        octets = bytearray()
        while self._at < len(self._lines) and self._lines[self._at].startswith("|"):
            octets += to_octets(self._lines[self._at][1:].removeprefix(" ")) + b"\r\n"
            self._at += 1
        self._texts[name] = bytes(octets)

    def _block(self, kind: Kind, argument: str) -> Block:
        line = self._at
        if argument and not (kind is Kind.REPEAT and argument.isdecimal()):
            raise self._wrong(f"@{kind} does not take '{argument}'")
        alternatives: list[tuple[Step, ...]] = []
        stop: str | None = "@or"
        while stop == "@or":
            steps, stop = self._sequence(frozenset({"or", "end", "connection"}))
            if not steps or not isinstance(steps[0], Expect | Block):
                raise self._wrong("an alternative begins with a line of the client")
            alternatives.append(steps)
        if stop != "@end":
            raise self._wrong(f"the @{kind} of line {line} has no @end")
        return Block(line, kind, tuple(alternatives), int(argument) if argument else None)

    def _heading(self, line: str) -> tuple[int | None, bool]:
        found = re.fullmatch(r"@connection +(?:(\d+)( +optional)?|\*)", line)
        if not found:
            raise self._wrong("@connection wants a number, a number and 'optional', or *")
        return (int(found[1]), bool(found[2])) if found[1] else (None, True)

    def _checked(self, text: str, *, escapes: bool) -> None:
        self._use(names_in(text))
        try:
            render(text, dict.fromkeys(names_in(text), b""), escapes=escapes)
        except TranscriptError as error:
            raise self._wrong(str(error)) from error

    def _use(self, names: Iterable[str]) -> None:
        for name in names:
            self._uses.setdefault(name, self._at)

    def _wrong(self, what: str) -> TranscriptError:
        return TranscriptError(f"{self._name}, line {self._at}: {what}")


def _ends(step: Step) -> bool:
    """Return whether the connection is over once this step is done."""
    if not isinstance(step, Do):
        return False
    return step.action in _ENDS or (
        step.action in {Action.TLS, Action.STALL, Action.DEAF}
        and step.argument in {"refused", "forever"}
    )
