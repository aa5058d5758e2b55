"""Searches of the open folder, and what a list shows of the messages found.

SEARCH by RFC 3501 §6.4.4, its short answer by RFC 4731. Text outside ASCII goes as a literal of
UTF-8; where UTF-8 was enabled, in quotes, and no charset may be named (RFC 6855 §3).
"""

from collections.abc import Iterable, Iterator, Sequence

from mailcli.errors import Refused
from mailcli.imap import answers
from mailcli.imap.answers import Answer
from mailcli.imap.connection import ImapConnection, quoted
from mailcli.imap.conversation import ANSWER_CAP, TRANSFER_CAP
from mailcli.imap.messages import FETCH_SET, SEARCH_SET
from mailcli.imap.responses import Condition
from mailcli.imap.sets import UidSet, pieces
from mailcli.imap.values import Fetched, Headed
from mailcli.model import Uid

_BREAKS = set("\0\r\n")
_BREAK_OCTETS = set(b"\0\r\n")

_HEADED = (
    b"UID FLAGS INTERNALDATE RFC822.SIZE"
    b" BODY.PEEK[HEADER.FIELDS (DATE FROM TO CC SUBJECT MESSAGE-ID CONTENT-TYPE)]"
)


class SearchCommands(ImapConnection):
    """Commands that find messages."""

    def search(self, keys: Sequence[bytes | str]) -> UidSet:
        """Return the messages of the open folder for which search keys hold.

        Of the keys, octets go as they are; text goes as a string.

        Raises: CommandFailed when the server refuses, such as a charset that it does not know.
        """
        self._wire.phase = "UID SEARCH"
        if not self._exists:
            return UidSet()
        plain = self._utf8 or all(key.isascii() for key in keys)
        charset = b"" if plain else b"CHARSET UTF-8 "
        if "ESEARCH" in self.capabilities:
            answer = self._say([b"UID SEARCH RETURN (ALL) " + charset, *keys])
            if (found := answers.uids_in_short(answer)) is not None:
                return found
        starts = range(1, self._exists + 1, SEARCH_SET)
        some = [b"%d:%d " % (start, start + SEARCH_SET - 1) for start in starts[:-1]]
        some.append(b"%d:* " % starts[-1] if len(starts) > 1 else b"")
        done = [self._say([b"UID SEARCH " + charset + numbers, *keys]) for numbers in some]
        with self._wire.blaming():
            return UidSet.of(uid for answer in done for uid in answers.uids_found(answer))

    def _say(self, command: Sequence[bytes | str]) -> Answer:
        """Run a command made of octets and of strings, which go in quotes or as literals."""
        if any(
            set(text) & (_BREAKS if isinstance(text, str) else _BREAK_OCTETS) for text in command
        ):
            raise Refused(f"{self._wire.where}: an argument holds a NUL, CR or LF")
        tag = self._client.tag()
        line = tag + b" "
        with self._wire.transfer(ANSWER_CAP):
            for text in command:
                if isinstance(text, bytes):
                    line += text
                elif self._utf8 or text.isascii():
                    line += quoted(text.encode("utf-8"))
                else:
                    line = self._with_literal(tag, line, text.encode("utf-8"))
            self._wire.sendall(line + b"\r\n")
            return self._collect(tag)

    def _with_literal(self, tag: bytes, line: bytes, octets: bytes) -> bytes:
        """Add a literal to a line, and return what of it is still to be sent."""
        if self._goes_unasked(len(octets)):
            return b"%b{%d+}\r\n%b" % (line, len(octets), octets)
        self._wire.sendall(b"%b{%d}\r\n" % (line, len(octets)))
        self._await_consent(tag)
        return octets

    def fetch_headed(self, uids: Iterable[Uid]) -> Iterator[Headed]:
        """Yield what a list shows of messages; one that is gone is not among them.

        Raises: CommandFailed when the server refuses some, after all others.
        """
        self._wire.phase = "UID FETCH headers"
        commands = (
            b"UID FETCH %b (%b)" % (some, _HEADED) for some in pieces(uids, most=FETCH_SET)
        )
        failures = []
        try:
            with self._wire.transfer(TRANSFER_CAP):
                for place, response in self._flow(commands):
                    assert not isinstance(response, Fetched)  # noqa: S101 - no message was asked for
                    if place is not None and isinstance(response, Condition):
                        failures.append(self._failure(response))
                        continue
                    with self._wire.blaming():
                        headed = answers.headed(response)
                    if headed:
                        yield headed
        except BaseException:  # also when the caller stops early: the rest would still come
            self.close()
            raise
        for failure in filter(None, failures):
            raise failure
