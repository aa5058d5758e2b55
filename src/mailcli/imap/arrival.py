"""How a message arrives, read by one regular expression where it comes as it mostly does. Pure.

A first synchronisation reads tens of thousands; anything out of the ordinary is left to the
general parser. RFC 3501 §7.4.2, with MODSEQ by RFC 7162.
"""

import re
from functools import cache
from typing import NamedTuple

from mailcli.imap import dates
from mailcli.imap.listing import flags_of
from mailcli.imap.sets import MAX_UID
from mailcli.imap.values import Body, Fetched
from mailcli.model import Uid

_ORDINARY = (
    rb"\* [1-9]\d{0,9} FETCH \(UID ([1-9]\d{0,9})(?: MODSEQ \(\d{1,19}\))?"
    rb" FLAGS \(([!#$&'+-z|~ ]*)\)(?: MODSEQ \(\d{1,19}\))?"
    rb' INTERNALDATE "([ \w:+-]{26})" BODY\[\] \{(\d{1,10})\}\r\n'
)
"""What comes before the body; behind it, there is nothing but the bracket."""

END = b")\r\n"
"""The line behind the body of an ordinary message."""


class Head(NamedTuple):
    """The line before a message of so many octets."""

    told: tuple[bytes, bytes, bytes]
    size: int

    def message(self, body: Body) -> Fetched | None:
        """Return the message, once the line behind it was `END`; None where it cannot be one."""
        uid, flags, date = self.told
        if int(uid) > MAX_UID:
            return None
        received = dates.read(date.decode("ascii"))
        return Fetched(Uid(int(uid)), flags_of(flags), received, body, self.size)


def head(line: bytes) -> Head | None:
    """Return what a line tells of the message that follows it; None for any other line."""
    if not (found := _ordinary().fullmatch(line)):
        return None
    uid, flags, date, size = found.groups()
    return Head((uid, flags, date), int(size))


@cache  # not before a message comes: most runs have none
def _ordinary() -> re.Pattern[bytes]:
    return re.compile(_ORDINARY)
