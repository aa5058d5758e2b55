"""A message as it arrives, read by one regular expression where it comes as it mostly does. Pure.

A first synchronisation reads tens of thousands; anything out of the ordinary is left to the
general parser. RFC 3501 §7.4.2, with MODSEQ by RFC 7162.
"""

import re
from collections.abc import Sequence

from mailcli.imap import dates
from mailcli.imap.listing import flags_of
from mailcli.imap.responses import Streamed
from mailcli.imap.sets import MAX_UID
from mailcli.imap.values import Fetched
from mailcli.model import Uid

_ORDINARY = (
    rb"\* [1-9]\d{0,9} FETCH \(UID ([1-9]\d{0,9})(?: MODSEQ \(\d{1,19}\))?"
    rb" FLAGS \(([!#$&'+-z|~ ]*)\)(?: MODSEQ \(\d{1,19}\))?"
    rb' INTERNALDATE "([ \w:+-]{26})" BODY\[\] \{\d{1,10}\}\r\n'
)
"""What comes before the body; behind it, there is nothing but the bracket."""


def ordinary(pieces: Sequence[bytes | Streamed]) -> Fetched | None:
    """Return the message that a response is, read piece by piece; None for any other."""
    match pieces:
        case [bytes(head), Streamed(body, size), b")\r\n"] if told := re.fullmatch(
            _ORDINARY, head
        ):
            uid = int(told[1])
            received = dates.read(told[3].decode("ascii"))
            if uid <= MAX_UID:
                return Fetched(Uid(uid), flags_of(told[2]), received, body, size)
    return None
