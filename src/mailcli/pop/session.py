"""A maildrop: typed results in, typed results out, on poplib.

poplib keeps its commands and status lines; this adds pipelining, exact octets
and streaming. Nothing of poplib leaves `client`: no tuple, no exception.
RFC 1939 §5-§7, RFC 2449 §6.6 (PIPELINING).
"""

from collections.abc import Iterator, Sequence

from mailcli.net import Wire
from mailcli.pop.client import CommandFailed, RefusedForNow
from mailcli.pop.connection import LISTING_CAP, PopConnection
from mailcli.pop.listing import Listing, listing_of
from mailcli.pop.plan import Message
from mailcli.pop.transfer import ShortMessage, Stream, Window

__all__ = ["CommandFailed", "PopSession"]


class PopSession(PopConnection):
    """One connection, and after the login the maildrop behind it."""

    def listing(self) -> Listing:
        """Return every message with its unique-id and size in octets (RFC 1939 §5, §7).

        What the server can do is asked again: some say more after the login. In one round
        trip where commands may be sent ahead.

        Raises: RefusedForNow where it cannot be told now; that says nothing about unique-ids.
        """
        ahead = self.capabilities.pipelines
        if ahead:
            self._client.send(["CAPA", "UIDL", "LIST"])
            self._read_capabilities()
        else:
            self._ask_capabilities()
        try:
            names = self._lines("UIDL", sent=ahead)
        except RefusedForNow:
            raise
        except CommandFailed:  # the command is optional
            names = None
        return listing_of(names, self._lines("LIST", sent=ahead))

    def _lines(self, command: str, *, sent: bool) -> list[bytes]:
        self._wire.phase = command
        with self._wire.transfer(LISTING_CAP):
            if not sent:
                self._client.send([command])
            return self._client.listing()

    def retrieve(
        self, messages: Sequence[Message], *, ahead: bool = True
    ) -> Iterator[tuple[Message, Iterator[bytes]]]:
        """Yield each message with its octets, in chunks: dots unstuffed, else as they are there.

        The chunks must be read to their end before the next message is asked for; otherwise
        the session is over, since the rest would be taken for an answer. Reading them raises
        CommandFailed when the server refuses this message alone, or whatever ends the session;
        then the message is not complete. `ahead`: send commands ahead where the server lets.
        """
        stream = Stream(self._wire, self._client)
        commands = [f"RETR {message.number}" for message in messages]
        window = Window(self._client, commands, ahead=ahead and self.capabilities.pipelines)
        complete = False
        try:
            for message in messages:
                self._wire.phase = f"RETR {message.number}"
                window.fill()
                body = _Body(self._wire, message, stream, is_last=window.unanswered == 1)
                yield message, body.chunks()
                if not body.answered:
                    raise self._wire.violation("the message was not read to its end")
                window.answered()
                if not window.unanswered and stream.rest:
                    raise self._wire.violation("the server went on after the end of a message")
            complete = True
        finally:
            if not complete:
                self.close()

    def quit(self, doomed: Sequence[Message] = ()) -> list[tuple[Message, CommandFailed]]:
        """Delete messages and end the session: the server removes them now (RFC 1939 §6).

        Returns those that it refuses to delete.

        Raises: MailError when it cannot be told what was removed.
        """
        refused: list[tuple[Message, CommandFailed]] = []
        commands = [*(f"DELE {message.number}" for message in doomed), "QUIT"]
        window = Window(self._client, commands, ahead=self.capabilities.pipelines)
        try:
            for command, message in zip(commands, [*doomed, None], strict=True):
                self._wire.phase = command
                window.fill()
                try:
                    self._client.status()
                except CommandFailed as exc:
                    if message is None:
                        raise
                    refused.append((message, exc))
                window.answered()
                self._wire.await_next()
        finally:
            self.close()
        return refused


class _Body:
    """One message's octets, and whether the answer to its RETR is over."""

    def __init__(self, wire: Wire, message: Message, stream: Stream, *, is_last: bool) -> None:
        self._wire = wire
        self._message = message
        self._stream = stream
        self._is_last = is_last
        self.answered = False

    def chunks(self) -> Iterator[bytes]:
        with self._wire.transfer(1 << 62):  # the stream counts for itself
            try:
                self._stream.status()
            except CommandFailed:
                self.answered = True
                raise
            try:
                yield from self._stream.content(self._message)
            except ShortMessage:
                # What follows may be the rest of this message, however much it looks like answers.
                self.answered = self._is_last
                raise
            self.answered = True
