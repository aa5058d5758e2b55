"""What all commands share that get messages by selectors."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mailcli.errors import NotFound

if TYPE_CHECKING:
    from mailcli.app.found import Found
    from mailcli.cli.runtime import Runtime


class Selected(NamedTuple):
    """Messages in their order, and the files that were given by their paths."""

    found: "list[Found]"
    given: frozenset[Path]


def selected(runtime: "Runtime", selectors: tuple[str, ...]) -> Selected:
    """Return the messages that selectors mean, one at least.

    Raises: NotFound (66), UsageError (2), ConfigError (78).
    """
    from mailcli.app.reading import Wanted, paths_in
    from mailcli.app.selection import select

    lines = tuple(sys.stdin) if "-" in selectors else ()
    accounts = tuple(runtime.accounts) if runtime.common.account else None
    context = runtime.offline_context
    found = select(context, selectors, accounts=accounts, stdin=lines)
    if not found:
        raise NotFound("standard input names no message")
    return Selected(found, paths_in(Wanted(selectors, stdin=lines)))
