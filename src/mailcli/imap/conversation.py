"""An IMAP conversation on imaplib: commands out, one or many at a time, and their answers in.

imaplib keeps the connection's life and the tags (`client`); replies go through our own
parser, because imaplib's loses what it does not know and keeps whole messages
in memory. The one place that talks to the wire; what commands mean is the affair
of the layers above. RFC 3501 §2.2, §5.5.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from mailcli.errors import Exit, ProtocolViolation, Refused
from mailcli.imap import arrival, responses
from mailcli.imap.answers import Answer
from mailcli.imap.client import Client
from mailcli.imap.flight import WINDOW_COUNT, Flight
from mailcli.imap.responses import Condition, Continuation, Data, Response, Streamed
from mailcli.imap.values import Body, Fetched
from mailcli.net import Wire

TRANSFER_CAP = 1 << 40
"""Octets that the answer to one command may have; what limits it in practice is the disk."""

ANSWER_CAP = 8 * 1024 * 1024
"""Octets of an answer that is kept in memory: a hundred thousand folders, not a million."""

RESPONSE_CAP = 1024 * 1024
"""Octets of one response that are kept in memory: names, flags, never a message."""

MESSAGE_CAP = 2**32 - 1
"""Octets of one message: the largest number that a literal can have (RFC 3501 §9, number)."""

CHUNK = 64 * 1024
"""Octets of a literal read at once: nearly all messages are one chunk."""

_BODY = rb"(?i)[ (]BODY\[\] ~?\{\d{1,20}\+?\}\r\n$"
"""How the line ends that announces a message."""

_BODY_OCTETS = 35
"""What that may take of it."""


class CommandFailed(Refused):
    """The server answered NO or BAD to one command; the session goes on.

    `misunderstood` says that it was BAD.
    """

    def __init__(self, message: str, response_code: str, *, misunderstood: bool = False) -> None:
        super().__init__(message)
        self.response_code = response_code
        self.misunderstood = misunderstood


class RefusedForNow(CommandFailed):
    """The server answered NO, and says that the same command may succeed later."""

    exit_code = Exit.TEMPORARY
    code = "temporary"


_FOR_NOW = {"UNAVAILABLE", "INUSE", "EXPUNGEISSUED"}
"""Response codes (RFC 5530 §3) of what passes: a service, a lock, a message that has just gone."""


class FolderUnusable(ProtocolViolation):
    """What the server says of a folder makes no sense, but it said all of it: others go on."""


class Conversation:
    """Commands and answers over one wire; `exists` is what the open folder holds, as last told."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._client = Client(wire)
        self._exists = 0

    def close(self) -> None:
        """Close the connection without a word."""
        self._wire.close()

    def interrupt(self) -> None:
        """End what another thread is saying or hearing: there it fails as if the server left."""
        self._wire.interrupt()

    @property
    def waited(self) -> float:
        """Seconds that the connection has waited for the server so far."""
        return self._wire.waited

    @property
    def is_open(self) -> bool:
        """Whether the connection can still be used."""
        return self._wire.is_open

    # -- one command -------------------------------------------------------

    def _run(self, command: bytes) -> Answer:
        with self._wire.transfer(ANSWER_CAP):
            return self._collect(self._send(command))

    def _send(self, command: bytes) -> bytes:
        tag, line = self._tagged(command)
        self._wire.sendall(line)
        return tag

    def _tagged(self, command: bytes) -> tuple[bytes, bytes]:
        """Return a command's tag and its line."""
        if re.search(rb"[\r\n\0]", command):
            raise Refused(f"{self._wire.where}: an argument holds a NUL, CR or LF")
        tag = self._client.tag()
        return tag, tag + b" " + command + b"\r\n"

    def _collect(self, tag: bytes, proceed: Callable[[bytes], None] | None = None) -> Answer:
        """Return the whole answer to a command; see `_responses`."""
        *untagged, final = self._responses(tag, proceed=proceed)
        assert isinstance(final, Condition)  # noqa: S101 - for the type checker
        return Answer(untagged, final)

    def _responses(
        self,
        tag: bytes,
        *,
        proceed: Callable[[bytes], None] | None = None,
        shortcut: Callable[[bytes], bool] | None = None,
    ) -> Iterator[Response]:
        """Yield what comes until the tagged OK, which is the last.

        `proceed` is called when the server asks to go on; `shortcut` sees each line first, and
        one that it takes is not yielded.

        Raises: CommandFailed for NO and BAD, TemporaryFailure for BYE.
        """
        reader = self._wire.makefile()
        while True:
            line = reader.readline()
            if shortcut and shortcut(line):
                continue
            response = self._read(line)
            if isinstance(response, Continuation) and proceed:
                proceed(response.text)
            elif self._ends(response, {tag}):
                assert isinstance(response, Condition)  # noqa: S101 - for the type checker
                if failure := self._failure(response):
                    raise failure
                yield response
                return
            else:
                yield response

    # -- several commands --------------------------------------------------

    def _run_all(self, commands: Sequence[bytes]) -> list[Answer | CommandFailed]:
        """Run commands whose untagged data names what it is about, several at a time.

        Returns one answer each, in their order; NO or BAD to one is its result, and the others
        go on. Which of the answers holds an untagged response depends on the server.
        """
        results: dict[int, Answer | CommandFailed] = {}
        untagged: list[Response] = []
        with self._wire.transfer(ANSWER_CAP):
            for place, response in self._flow(commands):
                assert not isinstance(response, Fetched)  # noqa: S101 - no message was asked for
                if place is None or not isinstance(response, Condition):
                    untagged.append(response)
                    continue
                results[place] = self._failure(response) or Answer(untagged, response)
                untagged = []
        return [results[place] for place in range(len(commands))]

    def _all_done(self, commands: Sequence[bytes]) -> list[Answer]:
        """Run commands as `_run_all` does.

        Raises: CommandFailed for the first that was refused; the others were run all the same.
        """
        done = []
        failures = []
        for result in self._run_all(commands):
            if isinstance(result, CommandFailed):
                failures.append(result)
            else:
                done.append(result)
        if failures:
            raise failures[0]
        return done

    def _flow(
        self,
        commands: Iterable[bytes],
        *,
        open_body: Callable[[], Body] | None = None,
        shortcut: Callable[[bytes], bool] | None = None,
        ahead: int | None = None,
    ) -> Iterator[tuple[int | None, Response | Fetched]]:
        """Send commands ahead, as many as the window lets, and yield what comes.

        With `ahead`, at most so many, and the next one is asked for only when it can go.
        A tagged response comes with the place of its command; an untagged one with None. With
        `open_body`, so does an ordinary message, which is read already. `shortcut` is as for
        `_responses`.
        """
        reader = self._wire.makefile()
        tagged = map(self._tagged, commands)
        # Without `ahead`, one that cannot be said is found before another has been.
        flight = Flight(iter(list(tagged)) if ahead is None else tagged, ahead or WINDOW_COUNT)
        while flight.goes_on():
            if lines := flight.departing():
                self._wire.sendall(lines)
            line = reader.readline()
            if shortcut and shortcut(line):
                continue
            begun: list[bytes | Streamed] = []
            if open_body and (head := arrival.head(line)):
                streamed = self._stream(head.size, open_body)
                begun, line = [line, streamed], reader.readline()
                if line == arrival.END and (message := head.message(streamed.body)):
                    yield None, message
                    continue
            response = self._parsed(self._pieces(line, open_body, begun))
            if self._ends(response, flight.tags):
                assert isinstance(response, Condition)  # noqa: S101 - for the type checker
                self._wire.await_next()
                yield flight.landed(response.tag), response
            else:
                yield None, response

    # -- responses ---------------------------------------------------------

    def _ends(self, response: Response, tags: Iterable[bytes]) -> bool:
        """Whether a response ends one of these commands.

        Raises: TemporaryFailure for BYE, ProtocolViolation for what nobody waits for.
        """
        if isinstance(response, Continuation):
            raise self._wire.violation("the server waits for something it was not promised")
        if isinstance(response, Data):
            if response.name == "EXISTS" and response.number is not None:
                self._exists = response.number
            return False
        if response.tag and response.tag not in tags:
            raise self._wire.violation("an answer to a command that was not sent")
        if not response.tag and response.kind == "BYE":
            self.close()
            raise self._wire.failure(self._wire.quote(response.text))
        return bool(response.tag)

    def _failure(self, final: Condition) -> CommandFailed | None:
        """Return the error that a tagged response is, or None."""
        if final.kind == "OK":
            return None
        words = f"[{final.code}] {final.text}" if final.code else final.text
        kind = RefusedForNow if final.code in _FOR_NOW else CommandFailed
        return kind(
            f"{self._wire.where}: {self._wire.quote(words)}",
            final.code,
            misunderstood=final.kind == "BAD",
        )

    def _hear(self) -> Response:
        """Read the next response, which holds no message."""
        return self._read(self._wire.makefile().readline())

    def _read(self, line: bytes) -> Response:
        """Read the rest of a response that begins with a line, with its literals."""
        return self._parsed(self._pieces(line))

    def _pieces(
        self,
        line: bytes,
        open_body: Callable[[], Body] | None = None,
        begun: Sequence[bytes | Streamed] = (),
    ) -> list[bytes | Streamed]:
        """Read the lines of a response, of which we have the next, and the literals between.

        A literal that is a message body goes to `open_body`, any other into memory. `begun` is
        what was read before.
        """
        reader = self._wire.makefile()
        pieces = [*begun, line]
        left = RESPONSE_CAP - len(line)
        while (size := responses.literal_size(line)) is not None:
            if open_body and re.search(_BODY, line[-_BODY_OCTETS:]):
                if any(isinstance(piece, Streamed) for piece in pieces):
                    raise self._wire.violation("two messages in one response")
                pieces.append(self._stream(size, open_body))
            elif size > left:
                raise self._wire.violation("a response that is too large to keep")
            else:
                pieces.append(reader.read(size))
                left -= size
            line = reader.readline()
            pieces.append(line)
            left -= len(line)
        return pieces

    def _parsed(self, pieces: list[bytes | Streamed]) -> Response:
        try:
            return responses.parse(pieces)
        except ProtocolViolation as exc:
            said = next(piece for piece in pieces if isinstance(piece, bytes))
            why = exc.message.partition(":")[0]
            raise self._wire.violation(f"{why}; {self._wire.quote(said)}") from exc

    def _stream(self, size: int, open_body: Callable[[], Body]) -> Streamed:
        if size > MESSAGE_CAP:
            raise self._wire.violation(f"a message of {size} octets")
        body = open_body()
        reader = self._wire.makefile()
        left = size
        while left > CHUNK:
            chunk = reader.read_some(CHUNK)
            body.write(chunk)
            left -= len(chunk)
        if left:
            body.write(reader.read(left))
        self._wire.trace.bulk("S", size)
        return Streamed(body, size)
