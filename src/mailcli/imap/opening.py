"""Opening folders: one, or many in one go to learn what has changed in each.

RFC 3501 §6.3.1, §6.3.2; CONDSTORE and QRESYNC by RFC 7162, MAILBOXID by RFC 8474.
"""

from collections.abc import Iterator, Mapping, Sequence

from mailcli.errors import MailError, NotFound, ProtocolViolation
from mailcli.imap import folder_answers
from mailcli.imap.answers import Answer
from mailcli.imap.connection import ImapConnection, quoted
from mailcli.imap.conversation import CommandFailed, FolderUnusable
from mailcli.imap.listing import FlagListing
from mailcli.imap.responses import Condition, Data, Response
from mailcli.imap.sets import SET_OCTETS
from mailcli.imap.values import Fetched, Selected, Since
from mailcli.model import Flags, Uid
from mailcli.net import Wire

CHANGES_CAP = 64 * 1024 * 1024
"""Octets that the changes of a folder may have: a million changed messages."""


class OpeningCommands(ImapConnection):
    """SELECT and EXAMINE; `open_folder` is the wire name of what is open."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._takes_parameters = True  # until SELECT with parameters was not understood
        self.open_folder: bytes | None = None

    def select(
        self, folder: bytes, *, read_only: bool = False, since: Since | None = None
    ) -> Selected:
        """Open a folder by its wire name.

        With `since`, and QRESYNC enabled, the server also tells what changed since that state;
        where it does not, `changes` is None.

        Raises: NotFound (66) where it does not exist, FolderUnusable (76) without
            UIDVALIDITY, on which everything else rests.
        """
        verb = _verb(read_only)
        self._enter(verb, folder)
        parameter = self._parameter(since)
        command = b"%b %b%b" % (verb.encode(), quoted(folder), parameter)
        try:
            return self._select(folder, command, read_only=read_only, since=since)
        except CommandFailed as exc:
            if parameter and exc.misunderstood:  # such as iCloud (MailKit#970)
                self._takes_parameters = False
                return self.select(folder, read_only=read_only)
            raise _refused(exc) from exc

    def select_each(
        self, folders: Sequence[tuple[bytes, Since]], *, read_only: bool = False
    ) -> dict[bytes, Selected | MailError]:
        """Open folders one after the other, in one round trip, and return what each told.

        In place of one that fails stands what `select` would have raised. What is not there is
        yet to be asked for: where the server has no QRESYNC, does not understand the question,
        or where the connection was lost on the way. The last one stays open.
        """
        results: dict[bytes, Selected | MailError] = {}
        if not folders or "QRESYNC" not in self.enabled or not self._takes_parameters:
            return results
        self.open_folder = None
        self._enter(_verb(read_only), folders[0][0])
        done = 0
        try:
            with self._wire.transfer(CHANGES_CAP), self._wire.blaming():
                for place, found in self._opened_each(folders, read_only=read_only):
                    if not (isinstance(found, CommandFailed) and found.misunderstood):
                        results[folders[place][0]] = found
                    done = place + 1
                    if done < len(folders):
                        self._enter(_verb(read_only), folders[done][0])
        except MailError as exc:
            results[folders[done][0]] = exc
        return results

    def newest_flags(
        self, folders: Sequence[tuple[bytes, int]], *, count: int
    ) -> dict[bytes, tuple[Selected, Mapping[Uid, Flags]]]:
        """Return, by folder, what opening it tells, and the flags of its newest messages.

        `folders` come with the number of their messages, which is not 0. In one round trip, and
        nothing is changed by looking. What cannot be had is missing from the result.

        Raises: MailError where the connection is lost.
        """
        commands: list[bytes] = []
        for folder, exists in folders:
            first = max(1, exists - count + 1)
            commands += [b"EXAMINE %b" % quoted(folder), b"FETCH %d:* (UID FLAGS)" % first]
        results: dict[bytes, tuple[Selected, Mapping[Uid, Flags]]] = {}
        selected: Selected | MailError | None = None
        self._wire.phase = "EXAMINE"
        with self._wire.transfer(CHANGES_CAP), self._wire.blaming():
            for place, opening in self._each_answer(commands):
                folder = folders[place // 2][0]
                if place % 2 == 0:
                    selected = self._outcome(opening, folder, read_only=True, since=None)
                elif isinstance(selected, Selected) and opening.answer().final.kind == "OK":
                    results[folder] = selected, opening.flags.found
        self.open_folder = None  # what is open can only be read
        return results

    def _opened_each(
        self, folders: Sequence[tuple[bytes, Since]], *, read_only: bool
    ) -> Iterator[tuple[int, Selected | MailError]]:
        verb = _verb(read_only).encode()
        commands = [b"%b %b%b" % (verb, quoted(f), self._parameter(since)) for f, since in folders]
        for place, opening in self._each_answer(commands):
            folder, since = folders[place]
            yield place, self._outcome(opening, folder, read_only=read_only, since=since)

    def _each_answer(self, commands: Sequence[bytes]) -> Iterator[tuple[int, "_Opening"]]:
        """Run commands at once; yield the place of each, and what came for it."""
        opening, due = _Opening(), iter(range(len(commands)))
        for place, response in self._flow(commands, shortcut=opening.take):
            assert not isinstance(response, Fetched)  # noqa: S101 - no message was asked for
            opening.heed(response)
            if place is None:
                continue
            if place != next(due):
                raise self._wire.violation("answers about folders out of their order")
            yield place, opening
            opening.begin_anew()

    def _outcome(
        self, opening: "_Opening", folder: bytes, *, read_only: bool, since: Since | None
    ) -> Selected | MailError:
        self.open_folder = None
        if failure := self._failure(opening.answer().final):
            return failure if failure.misunderstood else _refused(failure)
        try:
            return self._opened(opening, folder, read_only=read_only, since=since)
        except FolderUnusable as exc:
            return exc

    def _parameter(self, since: Since | None) -> bytes:
        if not self._takes_parameters:
            return b""
        if since and "QRESYNC" in self.enabled:
            known = str(since.known or "").encode("ascii")
            known = b" " + known if 0 < len(known) <= SET_OCTETS else b""
            return b" (QRESYNC (%d %d%b))" % (since.uidvalidity, since.modseq, known)
        if self._keeps_modseq and "CONDSTORE" not in self.enabled:
            return b" (CONDSTORE)"
        return b""

    def _select(
        self, folder: bytes, command: bytes, *, read_only: bool, since: Since | None
    ) -> Selected:
        opening = _Opening()
        self.open_folder = None  # a SELECT that fails closes what was open (RFC 3501 §6.3.1)
        with self._wire.transfer(CHANGES_CAP), self._wire.blaming():
            tag = self._send(command)
            for response in self._responses(tag, shortcut=opening.take):
                opening.heed(response)
        return self._opened(opening, folder, read_only=read_only, since=since)

    def _opened(
        self, opening: "_Opening", folder: bytes, *, read_only: bool, since: Since | None
    ) -> Selected:
        answer = opening.answer()
        try:
            found = folder_answers.selected(answer, read_only=read_only)
        except ProtocolViolation as exc:
            raise FolderUnusable(f"{self._wire.where}: {exc.message.partition(':')[0]}") from exc
        self._exists = found.exists
        self.open_folder = folder
        if not self._keeps_modseq:
            # Yahoo tells a HIGHESTMODSEQ that no command can be asked about.
            return found._replace(highestmodseq=None)
        if since is None or "QRESYNC" not in self.enabled or opening.flags.unnamed:
            return found
        gone = answer.data("VANISHED")
        changes = folder_answers.changes(found, since, opening.flags.found, gone)
        return found._replace(changes=changes)


def _verb(read_only: bool, /) -> str:
    return "EXAMINE" if read_only else "SELECT"


def _refused(failure: CommandFailed) -> MailError:
    return NotFound(failure.message) if failure.response_code == "NONEXISTENT" else failure


class _Opening:
    """What SELECT told so far; of messages only their flags, which may be very many."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self.flags = FlagListing(0)
        self._rest: list[Response] = []

    def take(self, line: bytes) -> bool:
        return self.flags.take(line)

    def heed(self, response: Response) -> None:
        if isinstance(response, Condition) and response.code == "CLOSED":
            # What came before is about the folder that was open (RFC 7162 §3.2.11).
            self.begin_anew()
        elif isinstance(response, Data) and response.name == "FETCH":
            self.flags.heed(response)
        else:
            self._rest.append(response)

    def answer(self) -> Answer:
        *untagged, final = self._rest
        assert isinstance(final, Condition)  # noqa: S101 - for the type checker
        return Answer(untagged, final)
