"""The two directions of a scripted conversation: what the server says, what it hears.

Each method is one kind of step; a client that says something else is a
`DeviationError`, which the player turns into a `Failure`.
"""

import re
from typing import Final, NoReturn

from tests.support.scripted_record import Connection, shown
from tests.support.steps import Do, Expect, Send, Swallow
from tests.support.template import pattern, render, to_octets, to_text

_LITERAL: Final = re.compile(rb"\{(\d+)(\+?)\}\r\n\Z")  # RFC 3501 §4.3, RFC 7888 §4


class DeviationError(Exception):
    """The client did something else. The arguments are line, expected, received."""


class Talk:
    """Talks on one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.wire = connection.wire
        self._unsent = bytearray()

    # What the server says.

    def send(self, step: Send) -> None:
        """Say what a step says."""
        self.say(self.rendered(step.text, raw=step.raw) * step.times)

    def rendered(self, text: str, *, raw: bool) -> bytes:
        """Return the octets of a text, with CRLF unless it is raw."""
        values = self.connection.values
        return render(text, values, escapes=raw) + (b"" if raw else b"\r\n")

    def say(self, octets: bytes) -> None:
        """Keep octets until the server listens again: all leave in one segment."""
        self._unsent += octets
        self.connection.sent += octets
        self.connection.note("S", octets)

    def flush(self) -> None:
        """Send what was said."""
        if self._unsent:
            octets = bytes(self._unsent)
            self._unsent.clear()
            self.wire.send(octets)

    # What the client says.

    def peek(self) -> bytes | None:
        """Return the next line with its end, without taking it; `None` once the client left."""
        self.flush()
        return self.wire.line()

    def expect(self, step: Expect) -> None:
        """Take a line, which must match, and remember what it names."""
        line = self.peek()
        if line is None:
            self.deviate(step.line, f"{step.match} {step.text}", self.how_it_left())
        self.taken(line)
        found = self.matches(step, line)
        if not line.endswith(b"\r\n"):
            self.deviate(step.line, "a line that ends in CRLF", f"C: {shown(line)}")
        if not found:
            self.deviate(step.line, f"{step.match} {step.text}", f"C: {shown(line)}")
        self.connection.note("C", line)
        for name, value in found.groupdict().items():
            self.connection.values[name] = to_octets(value or "")

    def taken(self, line: bytes) -> None:
        """Take the line that `peek` returned."""
        self.wire.take(len(line))
        self.connection.lines.append(line.removesuffix(b"\n").removesuffix(b"\r"))

    def matches(self, step: Expect, line: bytes) -> re.Match[str] | None:
        """Return the match of a line with what a step wants."""
        wanted = pattern(step.match, step.text, self.connection.values)
        return wanted.fullmatch(to_text(line.removesuffix(b"\n").removesuffix(b"\r")))

    def swallow(self, step: Swallow) -> None:
        """Take octets, as many as the step says or all up to a lone dot."""
        if step.octets is not None:
            self.keep(step, int(render(step.octets, self.connection.values)))
            return
        kept = bytearray()
        while (line := self.peek()) is not None:
            self.wire.take(len(line))
            if line == b".\r\n" and (not kept or kept.endswith(b"\r\n")):
                self._kept(step.name, bytes(kept))
                self.connection.note("C", b".\r\n")
                return
            kept += line
        self._kept(step.name, bytes(kept))
        self.deviate(step.line, "C: . (the end of the text)", self.how_it_left())

    def literal(self, step: Do) -> None:
        """Take the literal that the last line announced, inviting it where the client waits."""
        said = self.connection.lines[-1] + b"\r\n" if self.connection.lines else b""
        found = _LITERAL.search(said)
        if not found:
            self.deviate(step.line, "a line that ends in a literal", f"C: {shown(said)}")
        if not found[2]:
            self.say(b"+ go ahead\r\n")
        self.keep(Swallow(step.line, step.argument, None), int(found[1]))

    def keep(self, step: Swallow, octets: int) -> None:
        """Take exactly so many octets and remember them."""
        self.flush()
        taken = self.wire.take(octets)
        self._kept(step.name, taken)
        if len(taken) < octets:
            received = f"{len(taken)} octets, then {self.how_it_left()}"
            self.deviate(step.line, f"{octets} octets", received)

    def _kept(self, name: str, octets: bytes) -> None:
        self.connection.received.setdefault(name, []).append(octets)
        self.connection.values[name] = octets
        self.connection.note("C", b"(%d octets)" % len(octets))

    def deviate(self, line: int, expected: str, received: str) -> NoReturn:
        """End the conversation: the client did something else."""
        raise DeviationError(line, expected, received)

    def how_it_left(self) -> str:
        """Return how the client stopped talking, with the line that it began."""
        partial = bytes(self.wire.buffer)
        said = f" after '{shown(partial)}' without a line end" if partial else ""
        if self.wire.aborted:
            return f"nothing until the test was over{said}"
        return f"the client left{said}"
