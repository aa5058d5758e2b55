"""`mailcli read`: show messages of the local Maildir, or of files."""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import option
from mailcli.errors import Exit

if TYPE_CHECKING:
    from mailcli.app.found import Found
    from mailcli.app.reading import Wanted
    from mailcli.cli.runtime import Runtime

_EXAMPLE = """\b
Examples:
  mailcli read last
  mailcli read 42 --thread
  mailcli read 42 --part 2 > invoice.pdf
  mailcli read ~/Downloads/message.eml --json
  mailcli read - --peek < numbers
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("selectors", nargs=-1, required=True, metavar="SELECTOR...")
@option("--peek", is_flag=True, help="Do not mark the messages as seen.")
@option("--thread", is_flag=True, help="Show the whole threads that they belong to.")
@option("--headers", is_flag=True, help="Show every header field.")
@option("--no-fold", is_flag=True, help="Show long quotations, and all of a thread.")
@option("--html", is_flag=True, help="Open the HTML in the browser, made harmless.")
@option("--raw", is_flag=True, help="Write the message as it is stored.")
@option("--part", metavar="N", help="Write the content of this part, decoded.")
@option("--no-pager", is_flag=True, help="Use no pager at a terminal.")
@common_options(accounts="many")
def command(  # noqa: PLR0913, PLR0917 - one argument for each option
    common: Common,
    selectors: tuple[str, ...],
    peek: bool,
    thread: bool,
    headers: bool,
    no_fold: bool,
    html: bool,
    raw: bool,
    part: str | None,
    no_pager: bool,
) -> Exit:
    """Show messages, and mark them as seen.

    SELECTOR is a number, a range (50-55), last, mid:<...>, a file, - for selectors on standard
    input, or a search in quotes. Nothing is asked of a server, and nothing that a message
    refers to is ever loaded. A message that is given by its file is not changed.

    At a terminal a pager shows them: MAILCLI_PAGER, PAGER, or less.
    """
    from mailcli.cli.runtime import Runtime

    forms = [name for name, given in (("--html", html), ("--raw", raw), ("--part", part)) if given]
    _check(common, forms, thread=thread)
    runtime = Runtime(common)
    wanted = _wanted(runtime, selectors, thread=thread)
    if html:
        return _browse(runtime, wanted, peek=peek)
    if forms:
        return _octets(runtime, wanted, part, peek=peek, pager=not no_pager)
    return _show(runtime, wanted, (peek, headers, not no_fold, not no_pager))


def _check(common: Common, forms: list[str], *, thread: bool) -> None:
    from mailcli.errors import UsageError

    if len(forms) > 1:
        raise UsageError(f"{forms[0]} and {forms[1]} contradict each other")
    if forms and (common.json or common.output):
        raise UsageError(f"{forms[0]} and --output contradict each other")
    if forms and thread:
        raise UsageError(f"{forms[0]} and --thread contradict each other")


def _wanted(runtime: "Runtime", selectors: tuple[str, ...], *, thread: bool) -> "Wanted":
    from mailcli.app.reading import Wanted

    named = runtime.common.account or runtime.common.all_accounts
    return Wanted(
        selectors,
        tuple(runtime.accounts) if named else None,
        tuple(sys.stdin) if "-" in selectors else (),
        thread=thread,
    )


def _show(runtime: "Runtime", wanted: "Wanted", how: tuple[bool, bool, bool, bool]) -> Exit:
    """Show messages in whatever form was asked for, through a pager where somebody looks."""
    import os

    from mailcli.app.message_reading import Manner
    from mailcli.app.reading import read
    from mailcli.cli.pager import paged
    from mailcli.output.printer import screen_width
    from mailcli.output.problems import exit_of

    peek, headers, fold, pager = how
    common = runtime.common
    chosen = "json" if common.json else common.output
    at_terminal = sys.stdout.isatty()
    for_people = chosen == "table" or chosen is None
    manner = Manner(
        for_people=for_people,
        zone=runtime.zone,
        width=screen_width(sys.stdout, os.environ),
        fold=fold and (at_terminal or chosen == "table"),
        headers=headers,
    )
    result = read(runtime.offline_context, wanted, manner, peek=peek)
    with paged(sys.stdout, os.environ, wanted=pager and for_people) as stdout:
        runtime.printer_to(stdout).emit(result)
    return exit_of(result)


def _octets(
    runtime: "Runtime", wanted: "Wanted", part: str | None, *, peek: bool, pager: bool
) -> Exit:
    """Write messages, or a part of each, exactly; at a terminal as text, made harmless."""
    from mailcli.app.reading import open_part, raw_octets

    def write(each: "Found") -> None:
        if part is None:
            _write(raw_octets(each), None, pager=pager)
            return
        with each.open() as stream:
            chosen, content = open_part(stream, part, each)
            _refuse_binary(chosen.main_type, part)
            _write(content, chosen.charset, pager=pager)

    return _each(runtime, wanted, write, peek=peek)


def _each(
    runtime: "Runtime", wanted: "Wanted", show: Callable[["Found"], None], *, peek: bool
) -> Exit:
    """Show messages one by one; one that cannot be shown stops no other."""
    from mailcli.app.reading import find, report_of
    from mailcli.errors import MailError, UsageError
    from mailcli.output.problems import exit_of
    from mailcli.results import ReadResult

    selection = find(runtime.offline_context, wanted)
    errors = [*selection.errors]
    done: list[Found] = []
    for each in selection.found:
        try:
            show(each)
        except UsageError:
            raise
        except MailError as error:
            if len(selection.found) == 1 and not errors:
                raise
            errors.append(report_of(error, each))
        else:
            done.append(each)
    _seen(runtime, done, wanted, peek=peek)
    result = ReadResult((), tuple(errors))
    if errors:
        runtime.printer.emit(result)
    return exit_of(result)


def _refuse_binary(kind: str, number: str) -> None:
    from mailcli.errors import UsageError

    if sys.stdout.isatty() and kind not in {"text", "message", "multipart"}:
        raise UsageError(
            f"part {number} is no text", hint=f"mailcli read … --part {number} > FILE"
        )


_MOST_SHOWN = 2_000_000
"""Octets that are shown at a terminal; a pipe gets everything."""


def _write(octets: Iterator[bytes], charset: str | None, *, pager: bool) -> None:
    import os

    if not sys.stdout.isatty():
        sys.stdout.flush()
        for piece in octets:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    from mailcli.app.reading import shown_text
    from mailcli.cli.pager import paged
    from mailcli.message.clean import clean_block

    text = clean_block(shown_text(octets, charset, most=_MOST_SHOWN))
    with paged(sys.stdout, os.environ, wanted=pager) as stdout:
        stdout.write(text if text.endswith("\n") else f"{text}\n")


def _browse(runtime: "Runtime", wanted: "Wanted", *, peek: bool) -> Exit:
    """Open each message's HTML in the browser, or say where the page lies."""
    import os

    from mailcli.app.pages import page_of
    from mailcli.cli.browser import open_page, write_page

    def show(each: "Found") -> None:
        page = write_page(page_of(each), runtime.paths.cache_dir / "pages")
        if not open_page(page, os.environ):
            click.echo(page)

    return _each(runtime, wanted, show, peek=peek)


def _seen(runtime: "Runtime", found: "list[Found]", wanted: "Wanted", *, peek: bool) -> None:
    from mailcli.app.reading import mark_seen, paths_in

    if not peek:
        for error in mark_seen(found, paths_in(wanted)):
            runtime.printer.warn(error.message)
