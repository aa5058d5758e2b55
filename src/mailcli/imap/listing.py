"""A listing of the flags of all messages in a folder, line by line, and whether it is whole. Pure.

The ordinary line, of which a folder may have 100,000, is read by one regular expression; any
other is left to the general parser. RFC 3501 §7.4.2, with MODSEQ by RFC 7162.
"""

import re
from array import array
from functools import lru_cache

from mailcli.errors import ProtocolViolation
from mailcli.imap import answers, responses
from mailcli.imap.folder_answers import vanished
from mailcli.imap.responses import Data, Response
from mailcli.imap.sets import MAX_UID, UidSet
from mailcli.imap.uid_flags import UidFlags
from mailcli.model import Flags, Uid

_UID = rb"UID ([1-9]\d{0,9})"
_FLAGS = rb"FLAGS \(([!#$&'+-z|~ ]*)\)"
_MODSEQ = rb"MODSEQ \(\d{1,19}\)"
_ORDINARY = rb"\* ([1-9]\d{0,9}) FETCH \((?:%b )?(?:%b (?:%b )?%b|%b (?:%b )?%b)(?: %b)?\)\r\n" % (
    _MODSEQ,
    _UID,
    _MODSEQ,
    _FLAGS,
    _FLAGS,
    _MODSEQ,
    _UID,
    _MODSEQ,
)
"""UID and FLAGS in any order, with or without MODSEQ; flags are ASCII atoms."""


@lru_cache(maxsize=4096)  # a folder has few different lists
def flags_of(text: bytes) -> Flags:
    """Return the flags of a list of ASCII atoms, as it stands between the brackets."""
    return answers.named(map(responses.octets, responses.tokenize([text])))


class FlagListing:
    """What FETCH told so far of the flags in a folder of `exists` messages.

    `unnamed` counts messages that were told without their UID.
    """

    def __init__(self, exists: int) -> None:
        self.found = UidFlags()
        self.unnamed = 0
        self._exists = exists
        self._gone = 0
        self._in_order = True
        self._by_number = array("I", [0])  # UIDs by sequence number, as long as all is in order
        self._twice: Uid | None = None
        self._ordinary = re.compile(_ORDINARY)  # not before a listing comes: most runs have none

    def take(self, line: bytes) -> bool:
        """Read an ordinary line; False leaves it to the general parser.

        Raises: ProtocolViolation for a UID that is out of range.
        """
        told = self._ordinary.fullmatch(line)
        if not told:
            return False
        number, uid, flags, other_flags, other_uid = told.groups()
        self._note(int(number), int(uid or other_uid), flags_of(flags if uid else other_flags))
        return True

    def heed(self, response: Response) -> None:
        """Take any other response.

        Raises: ProtocolViolation when it is malformed.
        """
        if not isinstance(response, Data):
            return
        told = answers.attributes(response)
        if "FLAGS" in told and "UID" in told:
            self._note(response.number or 0, answers.uid(told), answers.flags(told))
        elif "FLAGS" in told:
            self.unnamed += 1  # no UID: nobody can say which message it is
        elif response.name == "EXPUNGE":
            self._gone += 1
            self._in_order = False
        elif response.name == "VANISHED":
            self._remove(vanished(response))

    def doubt(self) -> str | None:
        """Say why the listing is not believed to be whole; None where it is."""
        if self._twice:
            return f"the server listed UID {self._twice} for two messages"
        if len(self.found) + min(self._gone, self._exists) < self._exists:
            return f"the folder has {self._exists} messages, the server listed {len(self.found)}"
        if self._gone > self._exists:
            return f"the folder has {self._exists} messages, of which {self._gone} went away"
        return None

    def _note(self, number: int, uid: int, flags: Flags) -> None:
        if uid > MAX_UID:
            raise ProtocolViolation(f"UID {uid} is out of range")
        known = self._by_number
        if self._in_order and number == len(known) and uid > known[-1]:
            known.append(uid)  # nearly always
        elif self._in_order:
            self._place(number, Uid(uid))
        self.found[Uid(uid)] = flags

    def _place(self, number: int, uid: Uid) -> None:
        """Hold a message against its sequence number: one that comes again has the same."""
        known = self._by_number
        if uid in self.found and not (number < len(known) and known[number] == uid):
            self._twice = uid
        elif number == len(known):
            known.append(uid)
        elif number > len(known):  # a change in passing, or a server that lists in its own order
            self._in_order = False

    def _remove(self, gone: UidSet) -> None:
        self._gone += len(gone)
        self._in_order = False
        for uid in [uid for uid in self.found if uid in gone]:
            del self.found[uid]
