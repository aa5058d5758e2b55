"""Waiting for what happens in the open folder: IDLE (RFC 2177), or asking now and then.

The wire's time limits hold for each thing that the server begins to say, not for its silence.
"""

from collections.abc import Iterator

from mailcli.imap.connection import ImapConnection
from mailcli.imap.responses import Condition, Continuation, Data
from mailcli.net.deadline import Deadline

RENEWAL = 28 * 60.0
"""Seconds after which IDLE is said anew: servers may hang up after 30 minutes (RFC 2177 §3)."""

POLL = 60.0
"""Seconds between two questions where the server has no IDLE."""


class WaitingCommands(ImapConnection):
    """Commands that wait."""

    def idle(self, seconds: float) -> Iterator[Data]:
        """Yield what happens in the open folder: EXISTS, EXPUNGE or VANISHED, FETCH and others.

        It ends when the seconds are over, or when the caller closes it, which takes one round
        trip; the session can be used again then.

        Raises: CommandFailed where the server refuses, TemporaryFailure where it leaves.
        """
        self._wire.phase = "IDLE"
        end = Deadline(seconds)
        going = True
        while going:
            if "IDLE" in self.capabilities:
                yield from self._idle(Deadline(min(end.remaining(), RENEWAL)))
            else:
                yield from self._poll(min(end.remaining(), POLL))
            going = not end.passed()

    def _poll(self, seconds: float) -> Iterator[Data]:
        """Ask, yield the answer, and wait; a server may also tell unasked."""
        for response in self._run(b"NOOP").untagged:
            if isinstance(response, Data):
                yield response
        self._wire.await_data(seconds)

    def _idle(self, end: Deadline) -> Iterator[Data]:
        tag = self._send(b"IDLE")
        try:
            yield from self._until_consent(tag)
            while not end.passed() and self._wire.await_data(end.remaining()):
                yield from self._news(tag)
        except GeneratorExit:
            self._done(tag)
            raise
        yield from self._done(tag)

    def _until_consent(self, tag: bytes) -> Iterator[Data]:
        """Yield what comes before the server begins to wait with us."""
        while not isinstance(response := self._hear(), Continuation):
            if self._ends(response, [tag]):
                assert isinstance(response, Condition)  # noqa: S101 - for the type checker
                raise self._failure(response) or self._wire.violation("the server does not wait")
            if isinstance(response, Data):
                yield response

    def _news(self, tag: bytes) -> Iterator[Data]:
        response = self._hear()
        if self._ends(response, [tag]):
            raise self._wire.violation("the server stopped waiting by itself")
        if isinstance(response, Data):
            yield response

    def _done(self, tag: bytes) -> list[Data]:
        """Stop waiting, and return what came meanwhile."""
        self._wire.sendall(b"DONE\r\n")
        # Where the caller stopped early, the server's consent may still be on its way.
        answer = self._collect(tag, proceed=lambda _: None)
        return [response for response in answer.untagged if isinstance(response, Data)]
