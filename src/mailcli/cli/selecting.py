"""What all commands share that get messages by selectors."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mailcli.errors import NotFound

if TYPE_CHECKING:
    from mailcli.app.context import Context
    from mailcli.app.found import Found
    from mailcli.cli.runtime import Runtime


class Selected(NamedTuple):
    """Messages in their order, and the files that were given by their paths."""

    found: "list[Found]"
    given: frozenset[Path]


def messages(
    runtime: "Runtime",
    context: "Context",
    selectors: tuple[str, ...],
    *,
    stdin: Iterable[str] | None = None,
) -> "list[Found]":
    """Return the messages that selectors mean, of the accounts that options name, or of all.

    `stdin` are the lines for `-`, where somebody has read them already.

    Raises: NotFound (66), UsageError (2), TemporaryFailure (75), ConfigError (78).
    """
    from mailcli.app.selection import select

    named = runtime.common.account or runtime.common.all_accounts
    if stdin is None and "-" in selectors:
        stdin = sys.stdin
    accounts = runtime.accounts if named else None
    return select(context, selectors, accounts=accounts, stdin=stdin)


def selected(runtime: "Runtime", selectors: tuple[str, ...]) -> Selected:
    """Return the messages that selectors mean, one at least.

    Raises: as `messages`.
    """
    from mailcli.app.reading import Wanted, paths_in

    lines = tuple(sys.stdin) if "-" in selectors else ()
    found = messages(runtime, runtime.offline_context, selectors, stdin=lines)
    if not found:
        raise NotFound("standard input names no message")
    return Selected(found, paths_in(Wanted(selectors, stdin=lines)))
