"""What a maildrop holds, from the lines of UIDL and LIST (RFC 1939 §5, §7). Pure.

A line that makes no sense costs the message that it is about, and no other.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mailcli.model import UniqueId
from mailcli.pop.plan import NO_ID, Message

_NAME = re.compile(rb"\s*(\d{1,10})\s+([^\s\x00-\x1f\x7f]+)(?:\s.*)?")
"""Message number, unique-id; longer and odder ones than the RFC allows do exist."""

_SIZE = re.compile(rb"\s*(\d{1,10})\s+(\d{1,15})(?:\s.*)?")
"""Message number, octets (`scan-listing`); some servers add more behind it."""


class Listing(NamedTuple):
    """The messages, by number; what is wrong with others; whether there are unique-ids."""

    messages: tuple[Message, ...] = ()
    problems: tuple[str, ...] = ()
    has_ids: bool = True


def listing_of(names: Sequence[bytes] | None, sizes: Sequence[bytes]) -> Listing:
    """Put unique-ids and sizes together; `names` is None where the server has none."""
    problems: list[str] = []
    octets = _table("LIST", _SIZE, sizes, problems)
    if names is None:
        found = [Message(n, NO_ID, int(octets[n])) for n in sorted(octets)]
        return Listing(tuple(found), tuple(problems), has_ids=False)
    ids = _table("UIDL", _NAME, names, problems)
    for number in sorted(ids.keys() ^ octets.keys()):
        if not problems:
            problems.append(f"UIDL and LIST do not both have message {number}")
    messages = (
        Message(n, UniqueId(ids[n].decode("utf-8", "surrogateescape")), int(octets[n]))
        for n in sorted(ids.keys() & octets.keys())
    )
    return Listing(tuple(messages), tuple(problems))


def _table(
    command: str, form: re.Pattern[bytes], lines: Iterable[bytes], problems: list[str]
) -> dict[int, bytes]:
    """Read the values by message number; one that has two values has none."""
    table: dict[int, bytes] = {}
    doubled: set[int] = set()
    for line in lines:
        found = form.fullmatch(line)
        number = int(found[1]) if found else 0
        if found is None or not number:
            problems.append(
                f"{command}: a line is malformed: {line[:80].decode('utf-8', 'replace')}"
            )
        elif number in table:
            problems.append(f"{command}: message {number} is listed twice")
            doubled.add(number)
        else:
            table[number] = found[2]
    return {number: value for number, value in table.items() if number not in doubled}
