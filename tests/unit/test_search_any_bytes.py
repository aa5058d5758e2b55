"""Searches of files that hold anything at all: they end, and find what is there."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcli.app.context import Context
from mailcli.app.listing import Wanted, list_path
from mailcli.app.queries import parsed
from mailcli.config import Config
from mailcli.credentials import Sources

PIECES = st.sampled_from(
    [
        *(b"From ", b"From: ", b"Subject: ", b"Date: ", b"Content-Type: multipart/mixed"),
        *(b"\n", b"\r\n", b"\n\n", b"\0", b"\xff", b"\xe6\x9d\xb1", b"=?utf-8?q?", b"needle"),
        *(b"; boundary=x", b"--x\n", b"--x--\n", b"Content-Transfer-Encoding: base64\n"),
    ]
)


def _context(place: Path) -> Context:
    return Context(
        config=Config(None, None, {}),
        sources=Sources(environ={}, state_dir=place, prompt=None),
        cache_dir=place,
        timeout=1,
        now=lambda: datetime(2026, 11, 25, tzinfo=UTC),
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.lists(PIECES, max_size=30).map(b"".join))
def test_a_file_of_any_octets_is_searched(tmp_path: Path, octets: bytes) -> None:
    context, file = _context(tmp_path), tmp_path / "any.eml"
    file.write_bytes(octets)

    def found(query: str) -> int:
        wanted = Wanted(query=parsed(context, query))
        return len(list_path(context, file, folder=None, wanted=wanted).messages)

    assert found("needle date:1y") <= found("needle") <= found("larger:0 OR smaller:1")
    assert found("needle") + found("-needle") == found("smaller:1G")
