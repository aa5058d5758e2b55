"""The query language: what a text asks for, how it is written again, and what is refused."""

import contextlib
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailcli.errors import UsageError
from mailcli.model import Flag
from mailcli.search.keys import KEYS
from mailcli.search.parser import DEEPEST, MOST_TERMS, parse
from mailcli.search.query import (
    All,
    Any,
    Before,
    Field,
    HasAttachment,
    HasId,
    HasKeyword,
    InFolder,
    Larger,
    Marked,
    Not,
    OfAccount,
    Query,
    Since,
    Smaller,
    Words,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 14, 15, 30, tzinfo=BERLIN)
A, B, C = Words("a"), Words("b"), Words("c")


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, tzinfo=BERLIN)


MEANS: dict[str, Query] = {
    "a": A,
    "a b": All((A, B)),
    "a AND b": All((A, B)),
    "a OR b": Any((A, B)),
    "a OR b OR c": Any((A, B, C)),
    "a b OR c": Any((All((A, B)), C)),
    "a (b OR c)": All((A, Any((B, C)))),
    "a(b)c": All((A, B, C)),
    "-a": Not(A),
    "NOT a": Not(A),
    "NOT -a": A,
    "-(a b)": Not(All((A, B))),
    "a -b": All((A, Not(B))),
    "a - b": All((A, B)),
    "a & b": All((A, B)),
    "or and not": All((Words("or"), Words("and"), Words("not"))),
    '"OR"': Words("OR"),
    "ORDER NOTE": All((Words("ORDER"), Words("NOTE"))),
    '"a  b"': Words("a b"),
    "“a b”": Words("a b"),
    '"a b"*': Words("a b", prefix=True),
    "a*": Words("a", prefix=True),
    'a"b': Words("a b"),
    "don't": Words("don't"),
    "from:a": Words("a", Field.FROM),
    "FROM:a": Words("a", Field.FROM),
    "from:ada@example.org": Words("ada@example.org", Field.FROM),
    'subject:"a b"': Words("a b", Field.SUBJECT),
    "-from:a": Not(Words("a", Field.FROM)),
    "from:(a OR b)": Any((Words("a", Field.FROM), Words("b", Field.FROM))),
    "from:(a to:b)": All((Words("a", Field.FROM), Words("b", Field.TO))),
    "is:(flagged OR draft)": Any((Marked(Flag.FLAGGED), Marked(Flag.DRAFT))),
    "cc:a": Words("a", Field.CC),
    "body:a*": Words("a", Field.BODY, prefix=True),
    "file:a.pdf": Words("a.pdf", Field.FILE),
    "list:dev.example.org": Words("dev.example.org", Field.LIST),
    "has:attachment": HasAttachment(),
    "is:unread": Not(Marked(Flag.SEEN)),
    "is:new": Not(Marked(Flag.SEEN)),
    "-is:unread": Marked(Flag.SEEN),
    "is:Read": Marked(Flag.SEEN),
    "is:starred": Marked(Flag.FLAGGED),
    "is:answered": Marked(Flag.ANSWERED),
    "is:forwarded": Marked(Flag.PASSED),
    "is:draft": Marked(Flag.DRAFT),
    "keyword:$Label1": HasKeyword("$Label1"),
    "folder:Work/*": InFolder("Work/*"),
    'folder:"My Work"': InFolder("My Work"),
    "account:home": OfAccount("home"),
    "larger:1M": Larger(1024 * 1024),
    "larger:1.5k": Larger(1536),
    "smaller:500": Smaller(500),
    "larger:999999999999999T": Larger(2**62),
    "id:<a@b.example>": HasId("a@b.example"),
    "id:a@b.example": HasId("a@b.example"),
    "date:yesterday": All((Since(day(10, 13)), Before(day(10, 14)))),
    "date:2w": Since(day(9, 30)),
    "-date:yesterday": Not(All((Since(day(10, 13)), Before(day(10, 14))))),
    "date:..2026-10-05": Before(day(10, 6)),
    "after:2026-10-05": Since(day(10, 5)),
    "before:2026-10-05": Before(day(10, 5)),
    'after:"last friday"': Since(day(10, 9)),
    "http://x.example/a": Words("http://x.example/a"),
    "form://x": Words("form://x"),
    "Re: 12:30": All((Words("Re:"), Words("12:30"))),
    "fro:a": Words("fro:a"),
    "note:a": Words("note:a"),
    '"form:a"': Words("form:a"),
    "() a": A,
    "\ta\nb\0c": All((A, B, C)),
}


@pytest.mark.parametrize(("text", "query"), MEANS.items(), ids=list(MEANS))
def test_a_text_means_this_query_and_its_writing_the_same(text: str, query: Query) -> None:
    assert parse(text, NOW) == query
    assert parse(str(query), NOW) == query


WRONG = {
    "": "nothing to look for",
    "!!! -": "nothing to look for",
    "()": "nothing to look for",
    "from:": "from: needs a value (at character 1)",
    "a from: ada": "from: needs a value (at character 3)",
    "from:()": "from: needs a value",
    "from:!!": "from:!! holds no letter or digit to look for (at character 6)",
    "from:)": "from: needs a value",
    "form:ada": "there is no key form:, did you mean from:?",
    "a Subjet:x": "there is no key subjet:, did you mean subject:? In quotes it is text"
    " (at character 3)",
    'a "b': "this quotation is not closed (at character 3)",
    "(a": "this ( is not closed; in quotes it is text (at character 1)",
    "a)": "this ) closes nothing; in quotes it is text (at character 2)",
    "a OR": "OR needs a term on both sides (at character 3)",
    "OR a": "OR needs a term on both sides (at character 1)",
    "a OR OR b": "OR needs a term on both sides (at character 3)",
    "a AND": "AND needs a term on both sides (at character 3)",
    "a AND OR b": "AND needs a term on both sides (at character 3)",
    "NOT": "NOT needs a term behind it (at character 1)",
    "a NOT OR b": "NOT needs a term behind it (at character 3)",
    "a -)": "- needs a term behind it (at character 3)",
    "is:sleepy": "is:sleepy says nothing: is: takes unread, read, flagged",
    "has:fun": "has: takes attachment",
    "larger:big": "larger:big is no size: write octets, or 500k",
    'keyword:""': "needs a name",
    "id:<>": "names no message",
    "date:soon": "date:soon is no date",
    "date:3m": "3min or 3mo",
    "after:2025..2026": "is a range: after: takes one date",
    "a \udcff": "not valid Unicode (at character 3)",
    "(" * (DEEPEST + 1) + "a": "too many parentheses",
    "a " * (MOST_TERMS + 1): "too many terms",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=[t[:20] for t in WRONG])
def test_what_is_wrong_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, NOW)
    assert caught.value.message.startswith("search: ")
    assert message in caught.value.message


PIECES = st.sampled_from(
    [
        *(f"{key}:" for key in KEYS),
        *("(", ")", '"', "”", "-", "*", "OR", "AND", "NOT", " ", "\0", "!", "a", "é", "東京"),
        *("2026", "..", "1k", "unread", "attachment", "http://", "form:"),
    ]
)


@given(st.text() | st.lists(PIECES, max_size=40).map("".join))
@example('0*"')
@example('subject:a*"*')
@example('"a * *"')
def test_any_text_is_a_query_that_can_be_written_again_or_refused(text: str) -> None:
    try:
        query = parse(text, NOW)
    except UsageError:
        return
    assert parse(str(query), NOW) == query


MONSTERS = {
    "negations": "-" * 100_000 + "a",
    "words of negation": "NOT " * 50_000 + "a",
    "one word": "a" * 1_000_000,
    "quotation marks": '"' * 99_999,
    "blanks": " " * 1_000_000 + "a",
    "groups": "(" * 100_000,
}


@pytest.mark.growth
@pytest.mark.parametrize("text", MONSTERS.values(), ids=list(MONSTERS))
def test_a_monstrous_text_ends_soon_and_its_error_is_short(text: str) -> None:
    """What fails for a parser that goes over the text again and again is the limit on a test."""
    with contextlib.suppress(UsageError):
        parse(text, NOW)
    with pytest.raises(UsageError) as caught:
        parse(f"larger:{text.replace(' ', '')}", NOW)
    assert len(caught.value.message) < 300
