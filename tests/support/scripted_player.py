"""Plays the steps of one connection, and writes down what happened.

A client that does what the steps do not say is a `Failure`, with both lines and
the conversation before it; nothing else is ever raised into the server's thread.
"""

import contextlib
import ssl
import time
from collections.abc import Callable
from typing import Final, NoReturn, assert_never

from tests.support.scripted_record import Connection, Failure, Stage, shown
from tests.support.scripted_talk import DeviationError, Talk
from tests.support.steps import Action, Block, Do, Expect, Kind, Section, Send, Step, Swallow
from tests.support.template import TranscriptError

_PIECE: Final = 65_536  # octets of @endless at once


class _OverError(Exception):
    """The connection ends here, as the transcript says."""


class Player:
    """Plays one section on one connection."""

    def __init__(self, connection: Connection, stage: Stage) -> None:
        self._connection = connection
        self._wire = connection.wire
        self._stage = stage
        self._talk = Talk(connection)
        self._line = 0

    def play(self, section: Section) -> None:
        """Play all steps, then see the client off. What goes wrong becomes a `Failure`."""
        try:
            self._all(section.steps)
            self._talk.flush()
            self._wire.finish(notify=True)
            self._see_off()
        except _OverError:
            self._wire.linger()
        except DeviationError as deviation:
            self._fail(*deviation.args)
        except TranscriptError as error:
            self._fail(self._line, "a transcript that can be played", str(error))
        except TimeoutError:
            waited = f"nothing for {self._stage.patience:g} seconds"
            self._fail(self._line, "a client that reads and answers", waited)
        finally:
            self._wire.close()

    def _all(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            self._line = step.line
            match step:
                case Send():
                    self._talk.send(step)
                case Expect():
                    self._talk.expect(step)
                case Swallow():
                    self._talk.swallow(step)
                case Block():
                    self._block(step)
                case Do():
                    self._ACTIONS[step.action](self, step)
                case _:
                    assert_never(step)

    # Which way the conversation goes.

    def _block(self, block: Block) -> None:
        if block.times is not None:
            for count in range(1, block.times + 1):
                self._connection.values["count"] = b"%d" % count
                self._all(self._must_choose(block, block.alternatives))
            return
        match block.kind:
            case Kind.OPTIONAL:
                self._all(self._choose(block.alternatives) or ())
            case Kind.REPEAT:
                self._repeat(block)
            case Kind.CHOOSE:
                self._all(self._must_choose(block, block.alternatives))
            case Kind.UNORDERED:
                self._unordered(block)
            case _:
                assert_never(block.kind)

    def _repeat(self, block: Block) -> None:
        count = 1
        while steps := self._choose(block.alternatives):
            self._connection.values["count"] = b"%d" % count
            self._all(steps)
            count += 1

    def _unordered(self, block: Block) -> None:
        left = list(block.alternatives)
        while left:
            steps = self._must_choose(block, tuple(left))
            left.remove(steps)
            self._all(steps)

    def _choose(self, alternatives: tuple[tuple[Step, ...], ...]) -> tuple[Step, ...] | None:
        line = self._talk.peek()
        if line is None:
            return None
        return next((steps for steps in alternatives if self._opens(steps, line)), None)

    def _must_choose(
        self, block: Block, alternatives: tuple[tuple[Step, ...], ...]
    ) -> tuple[Step, ...]:
        steps = self._choose(alternatives)
        if steps is None:
            line = self._talk.peek()
            received = self._talk.how_it_left() if line is None else f"C: {shown(line)}"
            wanted = " | ".join(_first_words(steps[0]) for steps in alternatives)
            self._talk.deviate(block.line, wanted, received)
        return steps

    def _opens(self, steps: tuple[Step, ...], line: bytes) -> bool:
        """Return whether this line begins these steps."""
        for step in steps:
            if isinstance(step, Expect):
                return self._talk.matches(step, line) is not None
            if not isinstance(step, Block):
                return False
            if any(self._opens(inner, line) for inner in step.alternatives):
                return True
            if step.kind not in {Kind.OPTIONAL, Kind.REPEAT} or step.times:
                return False
        return False

    # What the server does.

    def _tls(self, step: Do) -> None:
        self._talk.flush()
        assert self._stage.context is not None
        try:
            self._wire.start_tls(self._stage.context)
        except ssl.SSLError as error:
            if step.argument == "refused" and not self._wire.aborted:
                raise _OverError from error
            told = self._talk.how_it_left() if self._wire.aborted else str(error)
            self._talk.deviate(step.line, "a TLS handshake", told)
        self._connection.note("-", b"TLS")
        if step.argument == "refused":
            self._gone(step)

    def _cut(self, step: Do) -> NoReturn:
        self._talk.flush()
        self._wire.finish(notify=step.action is not Action.DROP)
        raise _OverError

    def _bye(self, step: Do) -> NoReturn:
        self._talk.say(self._talk.rendered(step.argument, raw=False))
        self._cut(step)

    def _reset(self, _step: Do) -> NoReturn:
        self._talk.flush()
        self._wire.reset()
        raise _OverError

    def _gone(self, step: Do) -> NoReturn:
        self._talk.flush()
        while not self._wire.left and not self._wire.buffer:
            self._wire.fill(time.monotonic() + self._stage.patience)
        if self._wire.buffer:
            said = bytes(self._wire.buffer)
            self._talk.deviate(step.line, "a client that leaves at once", f"C: {shown(said)}")
        if self._wire.aborted:
            self._talk.deviate(step.line, "a client that leaves at once", self._talk.how_it_left())
        raise _OverError

    def _rest(self, _step: Do) -> NoReturn:
        self._talk.flush()
        self._wire.linger()
        while (line := self._wire.line()) is not None:
            self._talk.taken(line)
            self._connection.note("C", line)
        raise _OverError

    def _stall(self, step: Do) -> None:
        self._talk.flush()
        self._connection.note("-", f"stall {step.argument}".encode("ascii"))
        if step.argument == "forever":
            self._wire.linger()
            raise _OverError
        self._wire.linger(time.monotonic() + float(step.argument))

    def _deaf(self, step: Do) -> None:
        self._talk.flush()
        self._connection.note("-", f"deaf {step.argument}".encode("ascii"))
        if step.argument == "forever":
            self._stage.cues.pause(None)
            raise _OverError
        self._stage.cues.pause(float(step.argument))

    def _dribble(self, step: Do) -> None:
        self._talk.flush()
        self._wire.gap = 0.0 if step.argument == "off" else float(step.argument)

    def _endless(self, step: Do) -> NoReturn:
        self._talk.flush()
        sent = count = 0
        while not self._wire.left and not self._stage.cues.over:
            if sent > self._stage.cap:
                self._talk.deviate(step.line, "a client that gives up", f"it took {sent} octets")
            octets = bytearray()
            while len(octets) < (1 if self._wire.gap else _PIECE):
                count += 1
                self._connection.values["count"] = b"%d" % count
                raw = step.action is Action.ENDLESS_RAW
                octets += self._talk.rendered(step.argument, raw=raw)
                if not (self._wire.gap or "{count}" in step.argument):
                    octets *= _PIECE // len(octets) + 1  # always the same, and slow to render
            self._wire.send(bytes(octets))
            sent += len(octets)
            self._wire.linger(only_ready=True)
        raise _OverError

    def _wait(self, step: Do) -> None:
        self._talk.flush()
        if not self._stage.cues.wait(step.argument, self._stage.patience):
            self._talk.deviate(step.line, f"the event {step.argument}", "no such event")

    def _signal(self, step: Do) -> None:
        self._talk.flush()
        self._stage.cues.give(step.argument)

    def _flush_now(self, _step: Do) -> None:
        self._talk.flush()

    _ACTIONS: Final[dict[Action, Callable[["Player", Do], None]]] = {
        Action.TLS: _tls,
        Action.CUT: _cut,
        Action.DROP: _cut,
        Action.RESET: _reset,
        Action.BYE: _bye,
        Action.GONE: _gone,
        Action.REST: _rest,
        Action.STALL: _stall,
        Action.DEAF: _deaf,
        Action.DRIBBLE: _dribble,
        Action.FLUSH: _flush_now,
        Action.ENDLESS: _endless,
        Action.ENDLESS_RAW: _endless,
        Action.WAIT: _wait,
        Action.SIGNAL: _signal,
        Action.LITERAL: lambda player, step: player._talk.literal(step),
    }

    # How it ends.

    def _see_off(self) -> None:
        """Let the client leave. The script is over: whatever it still says is a deviation."""
        self._wire.linger()
        if self._wire.buffer:
            said = f"C: {shown(bytes(self._wire.buffer))}"
            self._fail(self._line, "nothing, for the transcript ends here", said)

    def _fail(self, line: int, expected: str, received: str) -> None:
        connection = self._connection
        told = tuple(connection.log)
        failure = Failure(self._stage.script, connection.number, line, expected, received, told)
        connection.failures.append(failure)
        # The client sees an ordinary end, not a hang: its own error should be readable too.
        with contextlib.suppress(TimeoutError):
            self._talk.flush()
        self._wire.finish(notify=True)
        self._wire.linger()


def _first_words(step: Step) -> str:
    """Return what a client would have to say to begin here."""
    match step:
        case Expect():
            return f"{step.match} {step.text}"
        case Block():
            return " | ".join(_first_words(steps[0]) for steps in step.alternatives)
        case _:
            return str(step)
