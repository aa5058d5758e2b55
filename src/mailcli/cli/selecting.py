"""What all commands share that get messages by selectors."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mailcli.errors import Exit, NotFound

if TYPE_CHECKING:
    from mailcli.app.context import Context
    from mailcli.app.found import Found
    from mailcli.cli.runtime import Runtime
    from mailcli.results import AttachmentsResult, ExportResult, OrganisedResult

    _Result = AttachmentsResult | ExportResult | OrganisedResult


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

    `tell` says which folders could not be searched for them.

    `stdin` are the lines for `-`, where somebody has read them already.

    Raises: NotFound (66), UsageError (2), TemporaryFailure (75), ConfigError (78).
    """
    from mailcli.app.selection import Failures, select

    named = runtime.common.account or runtime.common.all_accounts
    if stdin is None and "-" in selectors:
        stdin = sys.stdin
    accounts = runtime.accounts if named else None
    failures = Failures()
    found = select(context, selectors, accounts=accounts, stdin=stdin, failures=failures)
    runtime.failures += failures.reports
    return found


def told_failures(runtime: "Runtime") -> Exit:
    """Say which folders could not be searched, where the messages are the output."""
    from mailcli.errors import gravest

    for failure in runtime.failures:
        runtime.printer.warn(failure.message)
    return gravest(Exit(failure.exit_code) for failure in runtime.failures)


def tell(runtime: "Runtime", result: "_Result", *, asked: bool = False) -> Exit:
    """Print a result, with what a selection left out; return the exit code that they call for."""
    from mailcli.output.problems import exit_of

    result = result._replace(errors=(*runtime.failures, *result.errors))
    runtime.printer.emit(result, asked=asked)
    return exit_of(result)


def selected(runtime: "Runtime", selectors: tuple[str, ...]) -> Selected:
    """Return the messages that selectors mean, one at least.

    Raises: as `messages`.
    """
    from mailcli.app.reading import Wanted, paths_in

    lines = tuple(sys.stdin) if "-" in selectors else ()
    found = messages(runtime, runtime.offline_context, selectors, stdin=lines)
    told_failures(runtime)
    if not found:
        raise NotFound("standard input names no message")
    return Selected(found, paths_in(Wanted(selectors, stdin=lines)))
