"""What was done to messages, in a line or two, and the commands that would take it back."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from mailcli.message.clean import visible
from mailcli.output.cells import Table
from mailcli.output.words import counted
from mailcli.results import ChangedMessage, OrganisedResult

_LIKE_AN_OPTION = re.compile(r"-[Anoqv]")
_VERBS = {
    "flagged": ("Changed", "Would change"),
    "moved": ("Moved", "Would move"),
    "copied": ("Copied", "Would copy"),
    "deleted": ("Deleted", "Would delete"),
}


def organised_table(result: OrganisedResult) -> Table:
    """Return one row for each message that was changed."""
    rows = (
        (
            *(each.id, each.account, each.action, each.folder, each.path, each.from_, each.to),
            *map(",".join, (each.flags, each.keywords, each.added, each.removed)),
            each.done,
        )
        for each in result.changed
    )
    columns = tuple(name.rstrip("_") for name in ChangedMessage._fields)
    return Table(columns, tuple(rows))


def organised_lines(result: OrganisedResult) -> list[str]:
    """Return what was done, one line for each kind of it."""
    if not result.changed:
        return [] if result.errors else ["Nothing to change."]
    lines = []
    for (action, target, done, changes), group in _grouped(result.changed, _kind):
        verb = _VERBS[action][0 if done else 1]
        lines.append(f"{verb} {counted(len(group), 'message')}{_how(action, target, changes)}.")
    return lines


def undo_commands(result: OrganisedResult) -> list[str]:
    """Return the command lines that take back what was really changed; deletion has none."""
    done = [each for each in result.changed if each.done]
    return [
        f"mailcli {words}"
        for key, group in _grouped(done, _way_back)
        if (words := _command(key, " ".join(_numbers(group))))
    ]


def _kind(message: ChangedMessage) -> tuple[str, str | None, bool, tuple[str, ...]]:
    target = message.to
    if target is not None and message.from_ and ":" in message.from_:
        target = f"{message.account}:{target}"
    return message.action, target, message.done, _changes(message.added, message.removed)


def _how(action: str, target: str | None, changes: Sequence[str]) -> str:
    if action == "flagged":
        return f": {visible(' '.join(changes))}" if changes else ""
    return f" to {visible(target)}" if target is not None else " for good"


def _way_back(message: ChangedMessage) -> tuple[str, tuple[str, ...]]:
    if message.action == "flagged":
        return message.action, _changes(message.removed, message.added)
    return message.action, (message.from_ or "",)


def _command(key: tuple[str, tuple[str, ...]], numbers: str) -> str:
    from shlex import quote

    match key:
        case "moved", (folder,):
            return f"move {numbers} {quote(folder)}"
        case "copied", _:
            return f"delete --permanent {numbers}"
        case "flagged", changes if changes:
            end = "-- " if any(map(_LIKE_AN_OPTION.match, changes)) else ""
            return f"flag {numbers} {end}{' '.join(map(quote, changes))}"
        case _:
            return ""


def _changes(added: Iterable[str], removed: Iterable[str]) -> tuple[str, ...]:
    return (*(f"+{name}" for name in added), *(f"-{name}" for name in removed))


def _grouped(
    messages: Iterable[ChangedMessage], key: Callable[[ChangedMessage], Any]
) -> list[tuple[Any, list[ChangedMessage]]]:
    """Return messages by what they have in common, in the order in which it came first."""
    groups: dict[Any, list[ChangedMessage]] = {}
    for each in messages:
        groups.setdefault(key(each), []).append(each)
    return list(groups.items())


def _numbers(messages: Sequence[ChangedMessage]) -> Iterator[str]:
    """Yield the selectors of messages: numbers, from three in a row on as a range, and paths."""
    from shlex import quote

    numbers = sorted({each.id for each in messages if each.id is not None})
    rows = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    for row in ([number for _, number in pairs] for _, pairs in rows):
        yield from [f"{row[0]}-{row[-1]}"] if len(row) > 2 else map(str, row)
    yield from (quote(str(each.path)) for each in messages if each.id is None)
