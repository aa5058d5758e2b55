"""What `flag`, `move`, `copy`, `archive` and `delete` share: selecting, asking, telling."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from mailcli.cli import selecting
from mailcli.cli.command import Common, MailCommand
from mailcli.errors import ConfirmationNeeded, Exit

if TYPE_CHECKING:
    from mailcli.app.found import Found
    from mailcli.cli.runtime import Runtime
    from mailcli.results import OrganisedResult

SELECTORS = "SELECTOR..."

_CHANGE = re.compile(r"[+-][^-:\s][^:\s]*")
_FLAGS_THEN_VALUE = re.compile(r"-[nqv]*(?:[nqv]|A.*|o(?:table|tsv|json|jsonl)?)")


class FlagCommand(MailCommand):
    """A command that takes `-flagged` for an argument, not for options f, l, a and so on.

    What options of a letter can be read from stays an option: `-n`, `-qv`, `-ojson`, `-Awork`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put such arguments behind `--`, in their order."""
        before, dashes, after = _at_dashes(args)
        changes = [each for each in before if _is_change(each)]
        if changes:
            before = [each for each in before if not _is_change(each)]
            return super().parse_args(ctx, [*before, "--", *changes, *after])
        return super().parse_args(ctx, [*before, *dashes, *after])


def _at_dashes(args: list[str]) -> tuple[list[str], list[str], list[str]]:
    at = args.index("--") if "--" in args else len(args)
    return args[:at], args[at : at + 1], args[at + 1 :]


def _is_change(word: str) -> bool:
    return bool(_CHANGE.fullmatch(word)) and not _FLAGS_THEN_VALUE.fullmatch(word)


def selected(runtime: "Runtime", selectors: tuple[str, ...]) -> "list[Found]":
    """Return the messages that are meant. Raises: as `messages`."""
    return selecting.messages(runtime, runtime.context, selectors)


def split_target(words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Part selectors from the folder, which comes last. Raises: UsageError (2)."""
    *selectors, folder = words
    if not selectors:
        raise click.UsageError("Missing argument: first SELECTOR..., then FOLDER.")
    return tuple(selectors), folder


def tell(runtime: "Runtime", result: "OrganisedResult") -> Exit:
    """Print a result, and return the exit code that it calls for."""
    code = selecting.tell(runtime, result, asked=runtime.common.dry_run)
    if runtime.common.dry_run:
        runtime.printer.note("nothing was changed: a dry run")
    return code


def confirming(runtime: "Runtime") -> Callable[[str], None]:
    """Return what asks a question at the terminal; without one, only `--yes` answers."""

    def ask(question: str) -> None:
        if runtime.common.yes:
            return
        if not runtime.interactive:
            raise ConfirmationNeeded(f"{question} Nobody is there to answer", hint="add --yes")
        if not click.confirm(question, err=True):
            raise ConfirmationNeeded(f"{question} No: nothing was deleted")

    return ask


def file_messages(
    common: Common, words: tuple[str, ...], *, create: bool, action: Callable[..., Any]
) -> Exit:
    """Move or copy messages to the folder that is the last of the words."""
    from mailcli.app.organising import Target
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    selectors, folder = split_target(words)
    result = action(
        runtime.context,
        selected(runtime, selectors),
        Target(folder, create),
        dry_run=common.dry_run,
        say=runtime.printer.note,
    )
    return tell(runtime, result)
