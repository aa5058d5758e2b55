"""Any octets at all are read: by scripts as valid UTF-8, by people with nothing raw in them."""

import importlib.util
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.writing import DIRECTORY
from tests.support.schemas import fitting

from mailcli.app.message_reading import Manner
from mailcli.app.reading import Wanted, read
from mailcli.cli.command import Common
from mailcli.cli.runtime import Runtime
from mailcli.output.machine import json_document
from mailcli.output.reading import Paper, read_text
from mailcli.results import ReadResult

SMALL = [p.read_bytes() for p in sorted(DIRECTORY.glob("*.eml")) if p.stat().st_size < 4_000]
NOW = datetime(2026, 11, 3, tzinfo=UTC)
_RAW = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one message after the other is written."""
    return tmp_path_factory.mktemp("any") / "message.eml"


def check(*paths: Path) -> None:
    """Read messages both ways. Raises: whatever breaks a promise."""
    for for_people in (False, True):
        manner = Manner(for_people=for_people, zone=UTC, width=60)
        wanted = Wanted(tuple(map(str, paths)))
        result = read(Runtime(Common()).offline_context, wanted, manner, peek=False)
        assert not result.errors
        if for_people:
            _check_shown(result)
        else:
            fitting(json.loads(json_document(result).encode("utf-8")), "read")


def _check_shown(result: ReadResult) -> None:
    for width in (None, 60):
        shown = read_text(result, Paper(width, color=False, unicode=True, now=NOW))
        assert not _RAW.search(shown)
        shown.encode("utf-8")


@given(st.binary(max_size=2_000))
def test_any_octets_are_read(file: Path, octets: bytes) -> None:
    file.write_bytes(octets)
    check(file)


@given(
    st.sampled_from(SMALL),
    st.lists(st.tuples(st.integers(0, 4_000), st.binary(max_size=20)), max_size=5),
    st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 200)), max_size=3),
)
def test_any_message_that_was_damaged_is_read(
    file: Path, raw: bytes, more: list[tuple[int, bytes]], less: list[tuple[int, int]]
) -> None:
    for at, octets in more:
        raw = raw[:at] + octets + raw[at:]
    for at, count in less:
        raw = raw[:at] + raw[at + count :]
    file.write_bytes(raw)
    check(file)


@given(
    st.lists(
        st.sampled_from(
            [
                *("--b", "--b--", "", " ", "text", "> quoted", "-- ", "begin 644 x", "end"),
                *("Content-Type: multipart/mixed; boundary=b", "Content-Type: text/html"),
                *("Content-Type: multipart/alternative; boundary=b", "From: a@b.example"),
                *("Content-Type: multipart/signed; boundary=b", "Content-Type: message/rfc822"),
                *("Content-Type: multipart/related; boundary=b; start=x", "Content-ID: <x>"),
                *("Content-Type: multipart/encrypted; boundary=b", "Content-Type: text/calendar"),
                *("Content-Transfer-Encoding: base64", "Content-Disposition: attachment"),
                *("Content-Type: message/delivery-status", "Action: failed", "BEGIN:VCALENDAR"),
                *("Content-Type: application/pkcs7-mime", "Content-Type: multipart/report"),
                *("<table><tr><td>", "<a href=x>", "</table>", "BEGIN:VEVENT", "END:VEVENT"),
                *("Content-Type: text/plain; format=flowed; charset=utf-16", "flowed "),
            ]
        ),
        max_size=40,
    )
)
def test_lines_of_messages_in_any_order_are_read(file: Path, lines: list[str]) -> None:
    file.write_bytes("\n".join(lines).encode())
    check(file)


def test_the_interpreters_own_test_messages_are_read() -> None:
    spec = importlib.util.find_spec("test")  # not every Python brings its tests along
    places = [] if spec is None else spec.submodule_search_locations or []
    for place in places:
        for path in sorted(Path(place).glob("test_email/data/*.txt")):
            check(path)
