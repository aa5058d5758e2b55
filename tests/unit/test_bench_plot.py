"""The bench's pictures: valid SVG, one line for each program, names that can be read."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.bench import __main__ as bench
from tests.bench.figures import FIGURES, drawings, titles
from tests.bench.measure import Wire
from tests.bench.page import markdown
from tests.bench.plot import Curve as Drawn
from tests.bench.plot import Panel, apart, decades, number, svg
from tests.bench.report import Curve, Line, Measured, Point, Section
from tests.bench.rows import rows
from tests.bench.work import Sizes

_SVG = "{http://www.w3.org/2000/svg}"
_OURS = Drawn("mailcli", ((1_000, 0.2), (10_000, 0.2), (100_000, 0.2)))
_PEERS = Drawn("mbsync <&>", ((10_000, 0.3), (1_000, 0.03), (100_000, 3.0)))


def _parsed(*panels: Panel) -> ET.Element:
    return ET.fromstring(svg("cost & <size>", panels))  # noqa: S314 - see above


def _panel(*curves: Drawn) -> Panel:
    return Panel("seconds", "messages", curves)


def _texts(picture: ET.Element) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{_SVG}text")]


def _places(line: ET.Element) -> list[tuple[float, float]]:
    pairs = (pair.split(",") for pair in line.attrib["points"].split())
    return [(float(x), float(y)) for x, y in pairs]


def test_a_picture_is_valid_xml_with_one_line_and_one_name_for_each_program() -> None:
    picture = _parsed(_panel(_OURS, _PEERS))
    assert picture.tag == f"{_SVG}svg"
    assert picture.findtext(f"{_SVG}title") == "cost & <size>"
    assert len(list(picture.iter(f"{_SVG}polyline"))) == 2
    assert _texts(picture).count("mailcli") == 1
    assert _texts(picture).count("mbsync <&>") == 1


def test_the_axes_tell_the_amounts_and_the_decades_of_the_costs() -> None:
    texts = _texts(_parsed(_panel(_OURS, _PEERS)))
    assert {"1,000", "10,000", "100,000", "0.01", "0.1", "1", "10", "messages"} <= {*texts}


def test_a_cost_that_does_not_grow_is_a_level_line_and_one_that_does_rises_to_the_right() -> None:
    level, rising = map(_places, _parsed(_panel(_OURS, _PEERS)).iter(f"{_SVG}polyline"))
    assert len({y for _, y in level}) == 1
    assert [x for x, _ in rising] == sorted(x for x, _ in rising)
    assert [y for _, y in rising] == sorted((y for _, y in rising), reverse=True)


def test_equal_factors_are_equal_steps() -> None:
    (line,) = map(_places, _parsed(_panel(_PEERS)).iter(f"{_SVG}polyline"))
    (x1, y1), (x2, y2), (x3, y3) = line
    assert x3 - x2 == pytest.approx(x2 - x1, abs=0.2)
    assert y3 - y2 == pytest.approx(y2 - y1, abs=0.2)


def test_a_program_has_one_colour_in_all_panels() -> None:
    lines = _parsed(_panel(_OURS, _PEERS), _panel(_PEERS)).iter(f"{_SVG}polyline")
    colours = [line.attrib["stroke"] for line in lines]
    assert colours[1] == colours[2] != colours[0]


def test_names_of_lines_that_end_together_do_not_overlap() -> None:
    picture = _parsed(_panel(_OURS, Drawn("other", _OURS.points), Drawn("third", _OURS.points)))
    names = {"mailcli", "other", "third"}
    texts = [text for text in picture.iter(f"{_SVG}text") if text.text in names]
    heights = sorted(float(text.attrib["y"]) for text in texts)
    assert len(heights) == 3
    assert min(b - a for a, b in pairwise(heights)) >= 12


def test_everything_lies_within_the_picture() -> None:
    picture = _parsed(*[_panel(_OURS, _PEERS)] * 3)
    width, height = map(float, picture.attrib["viewBox"].split()[2:])
    for group in picture.iter(f"{_SVG}g"):
        moved = group.attrib["transform"].removeprefix("translate(").removesuffix(")").split()
        right, down = map(float, moved)
        for element in [*group.iter(f"{_SVG}text"), *group.iter(f"{_SVG}circle")]:
            x = element.attrib.get("x") or element.attrib["cx"]
            y = element.attrib.get("y") or element.attrib["cy"]
            assert 0 < right + float(x) < width
            assert 0 < down + float(y) < height


def test_one_amount_alone_is_a_point_and_no_division_by_nought() -> None:
    assert len(list(_parsed(_panel(Drawn("mailcli", ((1, 1.0),)))).iter(f"{_SVG}circle"))) == 1


@pytest.mark.parametrize(
    ("values", "found"),
    [
        pytest.param([0.2, 3.0], [0.1, 1, 10], id="around"),
        pytest.param([2.0, 3.0], [1, 10], id="within one"),
        pytest.param([10.0], [10, 100], id="at its border"),
    ],
)
def test_decades_lie_around_all_values(values: list[float], found: list[float]) -> None:
    assert decades(values) == pytest.approx(found)


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        pytest.param([10, 50], [10, 50], id="far apart"),
        pytest.param([50, 10], [50, 10], id="in another order"),
        pytest.param([10, 12, 14], [10, 15, 20], id="too close"),
        pytest.param([99, 98], [100, 95], id="pushed back at the end"),
    ],
)
def test_positions_are_moved_apart_as_little_as_they_must(
    wanted: list[float], placed: list[float]
) -> None:
    assert apart(wanted, 5, 100) == placed


@pytest.mark.parametrize(
    ("value", "shown"), [(0.001, "0.001"), (0.1, "0.1"), (1, "1"), (205, "205"), (1e5, "100,000")]
)
def test_numbers_are_shown_as_on_an_axis(value: float, shown: str) -> None:
    assert number(value) == shown


def _section(curve: Curve, amount: int, **walls: float | None) -> Section:
    wire = Wire(turns=3, sent=900, received=3_100)
    lines = (
        Line(
            name, Measured(wall, wall, 9_000, 1, wire) if wall else None, is_ours=name == "mailcli"
        )
        for name, wall in walls.items()
    )
    return Section("work", tuple(lines), Point(curve, amount))


def test_a_figure_has_a_line_for_each_program_that_was_measured_in_each_of_its_panels() -> None:
    sections = [
        Section("no point", (Line("mpop", Measured(1.0, 1.0, 9_000, 1)),)),
        _section(Curve.FOLDERS, 10, mailcli=0.4, mbsync=1.6, offlineimap=None),
        _section(Curve.FOLDERS, 205, mailcli=0.4, mbsync=21.0, offlineimap=None),
    ]
    made = drawings(sections)
    assert list(made) == ["benchmarks-folders.svg"]
    picture = ET.fromstring(made["benchmarks-folders.svg"])  # noqa: S314 - see above
    assert len(list(picture.iter(f"{_SVG}polyline"))) == 2 * 2
    assert {"mailcli", "mbsync", "nothing to do: seconds"} <= {*_texts(picture)}
    assert not {"offlineimap", "mpop"} & {*_texts(picture)}


def test_the_page_shows_the_pictures_that_were_made_and_no_others() -> None:
    page = markdown([_section(Curve.FLAG, 1_000, mailcli=0.4)], {"machine": "2 cores"})
    assert "(benchmarks-messages.svg)" in page
    assert "(benchmarks-folders.svg)" not in page
    assert titles(["benchmarks-messages.svg"])[0][1] in page


def test_a_whole_run_writes_the_page_and_beside_it_every_picture_that_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "_PAGE", tmp_path / "docs" / "benchmarks.md")
    bench._print_and_write([_section(Curve.FOLDERS, 10, mailcli=0.4)], {"machine": "2 cores"})
    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "docs").iterdir()}
    assert {*written} == {"benchmarks.md", "benchmarks-folders.svg"}
    assert "](benchmarks-folders.svg)" in written["benchmarks.md"]
    assert "mailcli" in capsys.readouterr().out


def test_every_curve_of_a_figure_has_rows_in_growing_amounts() -> None:
    points = [row.point for row in rows(Sizes()) if row.point]
    for curve in {curve for figure in FIGURES for curve, _, _ in figure.panels}:
        amounts = [point.amount for point in points if point.curve is curve]
        assert amounts == sorted({*amounts})
        assert len(amounts) >= 3
    assert {point.amount for point in points} == {1, 10, 50, 205, 1_000, 10_000, 100_000}
