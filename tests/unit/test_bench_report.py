"""From runs to the table: medians, ratios, and honest gaps."""

import pytest
from tests.bench.measure import Run, Wire
from tests.bench.page import markdown
from tests.bench.report import ABSENT, COLUMNS, Line, Measured, Section, ratio, seconds, table


def _runs(*walls: float) -> list[Run]:
    return [Run(0, wall, wall / 2, 20_480) for wall in walls]


def _line(name: str, *walls: float, wire: Wire | None = None) -> Line:
    return Line(name, Measured.of(_runs(*walls), wire), is_ours=name == "mailcli")


def test_the_median_ignores_one_slow_run() -> None:
    measured = Measured.of(_runs(1.0, 9.0, 1.2))
    assert (measured.wall, measured.cpu, measured.peak_kb, measured.runs) == (1.2, 0.6, 20_480, 3)


def test_ratio_is_how_many_times_mailclis_time_a_peer_takes() -> None:
    lines = (_line("mailcli", 0.5), _line("mbsync", 2.0))
    assert [ratio(line, lines) for line in lines] == [1.0, 4.0]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((_line("mbsync", 2.0),), id="mailcli takes no part"),
        pytest.param(
            (_line("mbsync", 2.0), Line("mailcli", None, "failed", is_ours=True)),
            id="mailcli failed",
        ),
    ],
)
def test_no_ratio_without_mailclis_time(lines: tuple[Line, ...]) -> None:
    assert ratio(lines[0], lines) is None
    assert table([Section("work", lines)])[0][3] == ABSENT


def test_a_peer_that_is_missing_is_named_and_has_no_figures() -> None:
    section = Section("work", (_line("mailcli", 1.0), Line("mbsync", None, "not installed")))
    assert table([section])[1] == ("", "mbsync", "not installed", *[""] * (len(COLUMNS) - 3))


def test_every_line_of_the_table_has_all_columns_and_its_work_once() -> None:
    wire = Wire(turns=1205, sent=12_345, received=1_234_567, connections=2)
    cells = table([Section("work", (_line("mailcli", 0.25, wire=wire), _line("mpop", 12.0)))])
    first = (
        "work",
        "mailcli",
        "0.250",
        "1.00",
        "0.125",
        "20",
        "1,205",
        "2",
        "12.3",
        "1,234.6",
        "1",
    )
    assert cells[0] == first
    assert cells[1] == ("", "mpop", "12.0", "48", "6.00", "20", *[ABSENT] * 4, "1")


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0149, "0.015"), (0.9994, "0.999"), (9.65, "9.65"), (67.04, "67.0")]
)
def test_seconds_show_three_figures(value: float, shown: str) -> None:
    assert seconds(value) == shown


def test_the_page_holds_facts_table_and_reasons_and_breaks_no_cell() -> None:
    failed = Line("mpop", None, "failed", "exit 1: a | b\nc", is_ours=False)
    page = markdown([Section("work", (_line("mailcli", 1.0), failed))], {"machine": "2 cores"})
    lines = page.splitlines()
    assert "- machine: 2 cores" in lines
    assert "- work: mpop: exit 1: a \\| b c" in lines
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 4
    assert {line.count("|") for line in rows} == {len(COLUMNS) + 1}
