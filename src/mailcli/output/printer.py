"""The printer: one result to stdout, everything else to stderr.

stdout is data: a table at a terminal, TSV in a pipe, or what `--output` asks
for. Notes, warnings and the failures inside a result go to stderr. Under
`json` and `jsonl` stderr too is JSON, one object a line: `{"warning": …}`,
and at most one `{"error": …}`, the gravest.

Streams, terminal and clock are passed in. `json` and `tsv` are UTF-8
whatever the locale says.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol, TextIO

from mailcli import results

if TYPE_CHECKING:
    from mailcli.results import ReadResult, Result, SendPreview


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"


class Color(StrEnum):
    """Whether to use colour; `auto` asks the terminal and the environment."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Printer(Protocol):
    """What a command tells its user through."""

    def emit(self, result: "Result", *, asked: bool = False) -> None:
        """Write the result of the command, and a line on stderr for each failure in it.

        In a pipe and without `--output`, `pop-fetch` and `imap-sync` write no
        data, for cron; `asked` says that the user wants to see this one (a dry run).
        """

    def note(self, text: str) -> None:
        """Tell what is good to know; `--quiet` and JSON leave it out."""

    def warn(self, text: str) -> None:
        """Tell what the user should look at; always shown."""


class _Streams(NamedTuple):
    stdout: TextIO
    stderr: TextIO
    quiet: bool
    verbose: bool

    def lines(self, lines: Iterable[str]) -> None:
        """Write text to stdout in the stream's own encoding, whatever it lacks replaced."""
        encoding = self.stdout.encoding or "utf-8"
        for line in lines:
            self.stdout.write(line.encode(encoding, "replace").decode(encoding))
        self.stdout.flush()

    def octets(self, lines: Iterable[bytes]) -> None:
        """Write octets to stdout exactly."""
        self.stdout.flush()
        buffer = getattr(self.stdout, "buffer", None)
        for line in lines:
            if buffer is None:
                self.stdout.write(line.decode("utf-8", "surrogateescape"))
            else:
                buffer.write(line)
        self.stdout.flush()

    def complain(self, text: str) -> None:
        self.stderr.write(text)
        self.stderr.flush()


class _TextPrinter:
    """What table and TSV have in common: stderr in plain lines."""

    def __init__(self, streams: _Streams) -> None:
        self._streams = streams

    def note(self, text: str) -> None:
        from mailcli.message.clean import clean

        if not self._streams.quiet:
            self._streams.complain(f"{clean(text)}\n")

    def warn(self, text: str) -> None:
        from mailcli.message.clean import clean

        self._streams.complain(f"mailcli: warning: {clean(text)}\n")

    def _report(self, result: "Result") -> None:
        from mailcli.output.problems import problems_of, problems_text, warnings_of

        for note in _notes_of(result):
            self.note(note)
        self._streams.complain(problems_text(problems_of(result)))
        for warning in warnings_of(result):
            self.warn(warning)


class _TablePrinter(_TextPrinter):
    def __init__(
        self, streams: _Streams, *, width: int, color: bool, now: Callable[[], datetime]
    ) -> None:
        super().__init__(streams)
        self._width, self._color, self._now = width, color, now

    def emit(self, result: "Result", *, asked: bool = False) -> None:
        from mailcli.output.summary import summary_of

        if isinstance(result, results.SendPreview):
            self._preview(result)
        elif isinstance(result, results.ReadResult):
            self._streams.lines([self._read(result)])
        elif (summary := summary_of(result)) is None:
            if asked or not (self._streams.quiet and _tells_what_was_done(result)):
                self._table(result)
        elif asked or not self._streams.quiet:
            self._streams.lines(f"{line}\n" for line in summary)
        self._report(result)

    def _table(self, result: "Result") -> None:
        from mailcli.output.human import Screen, table_text

        encoding = (self._streams.stdout.encoding or "utf-8").lower()
        unicode = encoding.replace("-", "").startswith("utf")
        screen = Screen(self._width, color=self._color, unicode=unicode, now=self._now())
        text = table_text(result, screen)
        self._streams.lines([text])
        if not text:
            self.note("Nothing to show.")

    def _read(self, result: "ReadResult") -> str:
        from mailcli.output.reading import paper_of, read_text

        stdout = self._streams.stdout
        return read_text(
            result, paper_of(stdout, width=self._width, color=self._color, now=self._now())
        )

    def _preview(self, result: "SendPreview") -> None:
        from mailcli.message.clean import clean_block
        from mailcli.output.summary import envelope_lines

        envelope = [f"{line}\n" for line in envelope_lines(result)]
        self._streams.lines([*envelope, "\n", clean_block(result.message).rstrip("\n"), "\n"])


class _TsvPrinter(_TextPrinter):
    """`by_default`: nobody asked for TSV, stdout just is no terminal."""

    def __init__(
        self, streams: _Streams, *, by_default: bool, color: bool, now: Callable[[], datetime]
    ) -> None:
        super().__init__(streams)
        self._by_default, self._color, self._now = by_default, color, now

    def emit(self, result: "Result", *, asked: bool = False) -> None:
        if asked or not self._silent(result):
            self._write(result)
        self._report(result)

    def _write(self, result: "Result") -> None:
        match result:
            case results.ListResult() | results.StatusResult():
                self._record(result)
            case results.ReadResult():
                self._read(result)
            case results.SendPreview() if self._by_default:
                self._preview(result)
            case _:
                self._record(result)

    def _record(self, result: "Result") -> None:
        from mailcli.output.tables import table_of
        from mailcli.output.tsv import tsv_lines

        rows = tsv_lines(table_of(result))
        self._streams.octets(line.encode("utf-8") for line in rows)

    def _read(self, result: "ReadResult") -> None:
        """Write messages as text, no line of it broken; as records where TSV was asked for."""
        lines: Iterable[str]
        if self._by_default:
            from mailcli.output.reading import paper_of, read_text

            paper = paper_of(self._streams.stdout, width=None, color=self._color, now=self._now())
            lines = [read_text(result, paper)]
        else:
            from mailcli.output.tables import table_of
            from mailcli.output.tsv import tsv_lines

            lines = tsv_lines(table_of(result))
        self._streams.octets(line.encode("utf-8", "replace") for line in lines)

    def _silent(self, result: "Result") -> bool:
        """Say whether nothing is written: nobody asked for a record of what was done."""
        if not self._by_default:
            return False
        match result:
            case results.ImapResult() | results.PopResult():
                return not self._streams.verbose
            case results.ListResult() | results.StatusResult():
                return False
            case results.FlushResult():
                return not self._streams.verbose
            case _:
                return self._streams.quiet and _only_tells_what_was_done(result)

    def _preview(self, result: "SendPreview") -> None:
        """Write the exact message, so that it can be piped on, and the envelope beside it."""
        from mailcli.output.summary import envelope_lines

        for line in envelope_lines(result):
            self.note(line)
        self._streams.octets([result.message.encode("utf-8", "surrogateescape")])


def _notes_of(result: "Result") -> Iterable[str]:
    """Return what is good to know beside the data of a result."""
    match result:
        case results.ImapResult() | results.PopResult() | results.ListResult():
            return ()
        case results.FoldersResult():
            from mailcli.output.summary import change_lines

            return change_lines(result)
        case results.OrganisedResult():
            from mailcli.output.organising import undo_commands

            return [f"undo: {command}" for command in undo_commands(result)]
        case _:
            return ()


def _only_tells_what_was_done(result: "Result") -> bool:
    match result:
        case (
            results.SendResult()
            | results.DraftResult()
            | results.CredentialChange()
            | results.ImportResult()
            | results.ExportResult()
        ):
            return True
        case _:
            return _tells_what_was_done(result)


def _tells_what_was_done(result: "Result") -> bool:
    """Say whether folders or messages are listed only because they were changed."""
    if isinstance(result, results.OrganisedResult):
        return True
    return isinstance(result, results.FoldersResult) and bool(result.changes)


class _JsonPrinter:
    def __init__(self, streams: _Streams, *, lines: bool, indent: int | None) -> None:
        self._streams, self._lines, self._indent = streams, lines, indent

    def emit(self, result: "Result", *, asked: bool = False) -> None:  # noqa: ARG002 - see Printer
        from mailcli.output.machine import json_document, json_lines, json_parts
        from mailcli.output.problems import gravest_problem, problem_json, problems_of

        texts: Iterable[str]
        if self._lines:
            texts = json_lines(result)
        elif self._indent is None:
            texts = json_parts(result)
        else:
            texts = [json_document(result, indent=self._indent)]
        self._streams.octets(text.encode("utf-8") for text in texts)
        if problem := gravest_problem(problems_of(result)):
            self._streams.complain(problem_json(problem))

    def note(self, text: str) -> None:
        """Say nothing: notes are for people."""

    def warn(self, text: str) -> None:
        from mailcli.output.machine import to_json

        self._streams.complain(to_json({"warning": {"message": text}}) + "\n")


def make_printer(  # noqa: PLR0913 - one argument for each option and stream, all by name
    *,
    fmt: Format | None,
    stdout: TextIO,
    stderr: TextIO,
    is_terminal: bool,
    color: Color = Color.AUTO,
    quiet: bool = False,
    verbose: int = 0,
    environ: Mapping[str, str],
    now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
) -> Printer:
    """Return the printer for `--output fmt`; `None`: a table at a terminal, TSV in a pipe."""
    streams = _Streams(stdout, stderr, quiet=quiet, verbose=verbose > 0)
    colored = use_color(color, is_terminal=is_terminal, environ=environ)
    match fmt or (Format.TABLE if is_terminal else Format.TSV):
        case Format.TABLE:
            width = screen_width(stdout, environ)
            return _TablePrinter(streams, width=width, color=colored, now=now)
        case Format.TSV:
            return _TsvPrinter(streams, by_default=fmt is None, color=colored, now=now)
        case Format.JSON:
            return _JsonPrinter(streams, lines=False, indent=2 if is_terminal else None)
        case Format.JSONL:
            return _JsonPrinter(streams, lines=True, indent=None)


def use_color(color: Color, *, is_terminal: bool, environ: Mapping[str, str]) -> bool:
    """Decide on colour: the option, then NO_COLOR, FORCE_COLOR, TERM, then the terminal.

    A variable that is empty counts as not set (no-color.org).
    """
    if color is not Color.AUTO:
        return color is Color.ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM", "dumb") != "dumb"


def screen_width(stdout: TextIO, environ: Mapping[str, str]) -> int:
    """Return the width of the terminal in cells: COLUMNS, else what it says, else 80."""
    columns = environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stdout.fileno()).columns or 80
    except (OSError, ValueError):  # no terminal, or a stream without a file
        return 80
