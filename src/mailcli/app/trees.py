"""A thread as a tree: which message answers which. Pure.

The nearest message that one names and that is there is the one above it (RFC 5256 §3,
REFERENCES), so a gap joins what is below it to what is above.
"""

from collections.abc import Iterator, Sequence

from mailcli.store.index_rows import Indexed

DEEPEST = 20
"""Levels that are told apart; what answers a message so deep stands beside it."""


def in_trees(messages: Sequence[Indexed]) -> Iterator[tuple[int, Indexed]]:
    """Yield the messages of a thread, each below what it answers, with how deep it is.

    Those beside one another stand oldest first. Messages that name no other that is there,
    but for the oldest, are of the thread because of a message that is gone, or of their
    subject: they stand below the oldest.
    """
    by_date = sorted(messages, key=lambda each: (each.date, each.number))
    known = {each.own: each for each in reversed(by_date) if each.own is not None}
    below: dict[int | None, list[Indexed]] = {}
    place: dict[int, Indexed] = {}
    answered: set[int] = set()
    for each in by_date:
        above = next((known[name] for name in reversed(each.named) if name in known), None)
        if above is None or above is each:
            continue
        # Only what has something below it can close a circle; most have not, as they come by date.
        if each.number not in answered or not _leads_to(above, each, place):
            place[each.number] = above
            answered.add(above.number)
    roots = [each for each in by_date if each.number not in place]
    for each in roots[1:]:
        place[each.number] = roots[0]
    for each in by_date:
        above = place.get(each.number)
        below.setdefault(None if above is None else above.number, []).append(each)
    stack = [(0, each) for each in reversed(below.get(None, []))]
    while stack:
        depth, each = stack.pop()
        yield depth, each
        deeper = min(depth + 1, DEEPEST)
        stack += [(deeper, under) for under in reversed(below.get(each.number, []))]


def _leads_to(above: Indexed, message: Indexed, place: dict[int, Indexed]) -> bool:
    """Tell whether a message is above `above` already: some name one another in circles."""
    current: Indexed | None = above
    while current is not None:
        if current.number == message.number:
            return True
        current = place.get(current.number)
    return False
