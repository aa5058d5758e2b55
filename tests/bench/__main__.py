"""`python -m tests.bench`: measure, print the table, write docs/benchmarks.md."""

import argparse
import compileall
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.bench.facts import facts
from tests.bench.figures import drawings
from tests.bench.ground import ground
from tests.bench.ours import SOURCE
from tests.bench.page import markdown
from tests.bench.report import COLUMNS, Section, reasons, table
from tests.bench.rows import matching, rows
from tests.bench.runner import Runner
from tests.bench.work import Row, Sizes

Publish = Callable[[Sequence[Section], Mapping[str, str]], None]
"""What is done with the results, and with the facts about the machine."""
_QUICK = 0.05
"""The share of the mail that is enough to see that everything still works."""
_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def main() -> int:
    """Run the bench; 1 when mailcli failed at something, or a server is missing."""
    options = _parser().parse_args()
    scale = options.scale
    if scale is None:
        scale = _QUICK if options.quick else 1.0
    chosen = matching(rows(Sizes(scale)), tuple(options.row))
    if options.list or not chosen:
        print(*(row.key for row in rows(Sizes())), sep="\n")  # noqa: T201 - what was asked for
        return 0 if options.list else 2
    compileall.compile_dir(SOURCE, quiet=1)  # an installed mailcli is compiled, too
    whole = not options.row and scale == 1 and not options.quick and not options.no_write
    publish = _print_and_write if whole else _print
    try:
        sections = _measure(chosen, publish, rounds=1 if options.quick else options.runs)
    except pytest.skip.Exception as lacking:
        _say(str(lacking))
        return 1
    return 1 if any(_is_bad(section) for section in sections) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one run, 5 %% of the mail")
    parser.add_argument(
        "--runs", type=int, help="runs of everything (default: 3, short work more)"
    )
    parser.add_argument(
        "--row", action="append", default=[], metavar="TEXT", help="only rows whose key holds TEXT"
    )
    parser.add_argument(
        "--scale", type=float, help="share of the mail (default: 1; with --quick: 0.05)"
    )
    parser.add_argument("--no-write", action="store_true", help="do not write docs/benchmarks.md")
    parser.add_argument("--list", action="store_true", help="list the rows' keys")
    return parser


def _measure(
    chosen: tuple[Row, ...], publish: Publish, *, rounds: int | None
) -> tuple[Section, ...]:
    with ground() as here:
        known = facts(here.directory)
        runner = Runner(here, rounds=rounds, say=_say)
        sections = tuple(Section(row.title, runner.measure(row), row.point) for row in chosen)
        publish(sections, known)  # before some 500,000 files are removed, which nobody waits for
    return sections


def _is_bad(section: Section) -> bool:
    return any(line.is_ours and line.note.startswith("failed") for line in section.lines)


def _print_and_write(sections: Sequence[Section], known: Mapping[str, str]) -> None:
    """Print the table, and write the page, and beside it the pictures that it shows."""
    _print(sections, known)
    files = {_PAGE.name: markdown(sections, known), **drawings(sections)}
    _PAGE.parent.mkdir(exist_ok=True)
    for name, text in files.items():
        _PAGE.with_name(name).write_text(text, "utf-8")
        _say(f"written: docs/{name}")


def _print(sections: Sequence[Section], _known: Mapping[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(title="medians; the ratio is to mailcli's")
    for number, column in enumerate(COLUMNS):
        shown.add_column(column, justify="left" if number < 2 else "right", overflow="fold")
    for cells in table(sections):
        if cells[0]:
            shown.add_section()
        shown.add_row(*cells)
    console = Console(width=None if sys.stdout.isatty() else 160, markup=False)
    console.print(shown, *reasons(sections), sep="\n")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
