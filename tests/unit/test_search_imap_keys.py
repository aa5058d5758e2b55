"""Queries as IMAP search keys: what a server is asked, and what it cannot be asked."""

from datetime import UTC, datetime

import pytest

from mailcli.search.imap_keys import Piece, ServerSearch, imap_keys
from mailcli.search.parser import parse

NOW = datetime(2026, 10, 14, 15, 30, tzinfo=UTC)


def asked(query: str, *, folder: str = "INBOX") -> ServerSearch:
    return imap_keys(parse(query, NOW), account="work", folder=folder)


def _line(pieces: tuple[Piece, ...]) -> str:
    return "".join(p.decode("ascii") if isinstance(p, bytes) else f'"{p}"' for p in pieces)


KEYS = {
    "lunch": 'TEXT "lunch"',
    '"two words"': 'TEXT "two words"',
    "lun*": 'TEXT "lun"',
    "a b": 'TEXT "a" TEXT "b"',
    "a OR b": 'OR TEXT "a" TEXT "b"',
    "a OR b OR c": 'OR TEXT "a" OR TEXT "b" TEXT "c"',
    "a OR b OR c OR d": 'OR OR TEXT "a" TEXT "b" OR TEXT "c" TEXT "d"',
    "a b OR c": 'OR (TEXT "a" TEXT "b") TEXT "c"',
    "a (b OR c)": 'TEXT "a" OR TEXT "b" TEXT "c"',
    "-a": 'NOT TEXT "a"',
    "-(a b)": 'NOT (TEXT "a" TEXT "b")',
    "-(a OR b)": 'NOT OR TEXT "a" TEXT "b"',
    "from:ada": 'FROM "ada"',
    "subject:é": 'SUBJECT "é"',
    "body:x": 'BODY "x"',
    "cc:x": 'CC "x"',
    "to:x": 'OR TO "x" OR CC "x" BCC "x"',
    "-to:x": 'NOT OR TO "x" OR CC "x" BCC "x"',
    "list:dev": 'HEADER List-Id "dev"',
    "id:<a@b>": 'HEADER Message-ID "<a@b>"',
    "is:unread": "UNSEEN",
    "is:read": "SEEN",
    "is:flagged": "FLAGGED",
    "-is:flagged": "NOT FLAGGED",
    "is:forwarded": "KEYWORD $Forwarded",
    "keyword:Work": "KEYWORD Work",
    "larger:1k": "LARGER 1024",
    "smaller:1k": "SMALLER 1024",
    "larger:5G x": "",
    "smaller:5G": "ALL",
    "keyword:wörk": "",
    "-keyword:wörk": "ALL",
    "date:2026-10-05": "SENTSINCE 5-Oct-2026 SENTBEFORE 6-Oct-2026",
    "before:2026": "SENTBEFORE 1-Jan-2026",
    "after:2026": "SENTSINCE 1-Jan-2026",
    "folder:inbox x": 'TEXT "x"',
    "folder:Sent x": "",
    "folder:Sent OR x": 'TEXT "x"',
    "folder:inbox OR x": "ALL",
    "-folder:Sent": "ALL",
    "-folder:inbox x": "",
    "account:work": "ALL",
    "account:home": "",
    "-(x folder:Sent)": "ALL",
    "-(x folder:inbox)": 'NOT (TEXT "x")',
}


@pytest.mark.parametrize(("query", "line"), KEYS.items(), ids=list(KEYS))
def test_a_query_is_asked_like_this(query: str, line: str) -> None:
    search = asked(query)
    assert _line(search.keys) == line
    assert search.notes == ()


INEXACT = {
    "has:attachment": 'HEADER Content-Type "multipart/mixed"',
    "file:a x": 'TEXT "x"',
    "file:a": "ALL",
    "file:a OR x": "ALL",
    "-file:a": "ALL",
    "-file:a x": 'TEXT "x"',
    "-(file:a x)": "ALL",
    "-(file:a OR x)": 'NOT TEXT "x"',
    "after:12h": "SENTSINCE 14-Oct-2026",
    "-after:12h": "NOT SENTSINCE 15-Oct-2026",
    "before:12h": "SENTBEFORE 15-Oct-2026",
    "-before:12h": "NOT SENTBEFORE 14-Oct-2026",
}


@pytest.mark.parametrize(("query", "line"), INEXACT.items(), ids=list(INEXACT))
def test_what_cannot_be_asked_finds_more_and_is_told(query: str, line: str) -> None:
    search = asked(query)
    assert _line(search.keys) == line
    assert len(search.notes) == 1


def test_whether_an_account_is_meant_at_all_is_known_before_its_folders() -> None:
    for query, meant in {
        "x": True,
        "folder:none": True,
        "-folder:INBOX": True,
        "account:home x": False,
        "account:home OR folder:x": True,
        "-account:work": False,
    }.items():
        search = imap_keys(parse(query, NOW), account="work", folder=None)
        assert bool(search.keys) is meant, query


def test_a_search_of_many_alternatives_is_no_deep_nest() -> None:
    line = _line(asked(" OR ".join(f"w{number}" for number in range(200))).keys)
    assert line.count("OR ") == 199
    assert "OR " * 9 not in line


def test_no_day_comes_after_the_last_one() -> None:
    assert _line(asked("before:9999-12-31T12Z").keys) == "ALL"
    assert _line(asked("-after:9999-12-31T12Z").keys) == "ALL"
