"""Queries as IMAP search keys: what a server is asked, and what it cannot be asked."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.query_oracle import Letter, holds

from mailcli.demo.imap_search import Candidate, search_criterion
from mailcli.demo.imap_syntax import tokens
from mailcli.demo.mailbox import Message
from mailcli.model import Flag
from mailcli.search.imap_keys import Piece, ServerSearch, imap_keys
from mailcli.search.parser import parse
from mailcli.search.query import (
    Before,
    Field,
    HasId,
    HasKeyword,
    InFolder,
    Marked,
    OfAccount,
    Query,
    Since,
    Words,
    all_of,
    any_of,
    negated,
)

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


# -- against a server ------------------------------------------------------------------------

WORDS = ("alpha", "beta", "gamma")
"""None is a part of another: then a server finds just what we find."""

MIDNIGHT = datetime(2026, 10, 14, tzinfo=UTC)
PLACES = ("subject", "sender", "recipients", "copies", "body")


@dataclass(frozen=True, slots=True)
class Both:
    """A message as we see it, and as the demo's server has it."""

    letter: Letter
    message: Message


@st.composite
def both(draw: st.DrawFn) -> Both:
    texts = {place: draw(st.sampled_from(("", *WORDS))) for place in PLACES}
    flags = draw(st.sets(st.sampled_from((Flag.SEEN, Flag.FLAGGED, Flag.PASSED))))
    keywords = draw(st.sets(st.sampled_from(("todo", "done"))))
    date = MIDNIGHT + timedelta(hours=draw(st.sampled_from((-30, -12, 0, 12, 30))))
    file = draw(st.sampled_from(WORDS))
    head = {"From": "sender", "To": "recipients", "Cc": "copies", "Subject": "subject"}
    raw = "".join(f"{name}: {texts[place]}\r\n" for name, place in head.items())
    raw += f"Message-ID: <1@x>\r\nDate: {date:%d %b %Y %H:%M:%S +0000}\r\n\r\n{texts['body']}"
    letter = Letter(
        account="work",
        folder="INBOX",
        texts={**texts, "files": file, "list": ""},
        flags=frozenset(flags),
        keywords=frozenset(keywords),
        date=date,
        size=len(raw),
        attachments=0,
        message_id="<1@x>",
    )
    names = frozenset({*(flag.imap for flag in flags), *keywords})
    return Both(letter, Message(1, raw.encode(), MIDNIGHT, names))


EXACT: st.SearchStrategy[Query] = st.one_of(
    st.builds(
        Words,
        st.sampled_from(WORDS),
        st.sampled_from((Field.FROM, Field.TO, Field.CC, Field.SUBJECT, Field.BODY)),
    ),
    st.builds(Marked, st.sampled_from((Flag.SEEN, Flag.FLAGGED, Flag.PASSED))),
    st.builds(HasKeyword, st.sampled_from(("todo", "none", "nö"))),
    st.builds(HasId, st.sampled_from(("1@x", "2@x"))),
    st.builds(InFolder, st.sampled_from(("INBOX", "Sent"))),
    st.builds(OfAccount, st.sampled_from(("work", "home"))),
    st.builds(Since, st.sampled_from((MIDNIGHT, MIDNIGHT + timedelta(1)))),
    st.builds(Before, st.sampled_from((MIDNIGHT, MIDNIGHT + timedelta(1)))),
)
INEXACT_TOO: st.SearchStrategy[Query] = st.one_of(
    EXACT,
    st.builds(Words, st.sampled_from(WORDS), st.just(Field.FILE)),
    st.builds(Since, st.just(MIDNIGHT + timedelta(hours=7))),
    st.builds(Before, st.just(MIDNIGHT + timedelta(hours=7))),
)


def _composed(inner: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(several.map(all_of), several.map(any_of), inner.map(negated))


def _is_found(search: ServerSearch, message: Message) -> bool:
    if not search.keys:
        return False
    criterion = search_criterion(tokens(_line(search.keys).encode()))
    return criterion(Candidate(message, 1, 1, 1))


@settings(deadline=None)
@given(both(), st.recursive(EXACT, _composed, max_leaves=10))
def test_a_server_finds_what_a_query_means(mail: Both, query: Query) -> None:
    search = imap_keys(query, account="work", folder="INBOX")
    assert _is_found(search, mail.message) is holds(query, mail.letter)
    assert search.notes == ()


@settings(deadline=None)
@given(both(), st.recursive(INEXACT_TOO, _composed, max_leaves=10))
def test_a_server_misses_nothing_of_what_it_cannot_be_asked(mail: Both, query: Query) -> None:
    search = imap_keys(query, account="work", folder="INBOX")
    assert _is_found(search, mail.message) or not holds(query, mail.letter)
