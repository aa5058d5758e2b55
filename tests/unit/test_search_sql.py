"""A query on the index finds what it means: the SQL against an evaluation message by message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.query_oracle import Letter, holds

from mailcli.model import Address, Flag
from mailcli.search.parser import parse
from mailcli.search.query import (
    Before,
    Field,
    HasAttachment,
    HasId,
    HasKeyword,
    InFolder,
    Larger,
    Marked,
    OfAccount,
    Query,
    Since,
    Smaller,
    Words,
    all_of,
    any_of,
    negated,
)
from mailcli.store.entries import Entry
from mailcli.store.index import Index
from mailcli.store.index_rows import Condition, Described, Texts
from mailcli.store.index_search import SearchedFolder, condition

NOW = datetime(2026, 10, 14, 12, tzinfo=UTC)
FOLDERS = [("work", "INBOX"), ("work", "Lists/Dev"), ("home", "INBOX")]
LETTERS = [{"todo": "a", "$label1": "b"}, {"$label1": "a"}, {}]
"""A keyword has another letter in another folder."""

PLAIN = Letter(
    account="work",
    folder="INBOX",
    texts=dict.fromkeys(
        ("subject", "sender", "recipients", "copies", "body", "files", "list"), ""
    ),
    flags=frozenset(),
    keywords=frozenset(),
    date=NOW,
    size=1000,
    attachments=0,
    message_id=None,
)


@dataclass
class Searched:
    """An index with messages, by their places in a list."""

    index: Index
    folders: Sequence[SearchedFolder]

    def found(self, query: Query | str) -> set[int]:
        query = parse(query, NOW) if isinstance(query, str) else query
        where = condition(query, self.folders)
        return {each.number - 1 for each in self.index.find(where.sql, *where.values)}


_OPEN: list[Index] = []


@pytest.fixture(autouse=True, scope="module")
def _closed() -> Iterator[None]:
    """Close all indexes when the last test has ended."""
    yield
    while _OPEN:
        _OPEN.pop().close()


def indexed(letters: Sequence[Letter]) -> Searched:
    index = Index.in_memory()
    _OPEN.append(index)
    folders = [
        SearchedFolder(index.folder(account, name).id, account, name, letters)
        for (account, name), letters in zip(FOLDERS, LETTERS, strict=True)
    ]
    for number, letter in enumerate(letters, 1):
        place = next(f for f in folders if (f.account, f.name) == (letter.account, letter.folder))
        marks = sorted(flag.letter for flag in letter.flags)
        marks += sorted(place.letters[name.casefold()] for name in letter.keywords)
        index.add(
            number, place.id, _entry(number, "".join(marks)), _described(letter), _texts(letter)
        )
    return Searched(index, folders)


def _entry(number: int, marks: str) -> Entry:
    # The unique part holds all letters: only those behind it count.
    return Entry("cur", f"{number}.abDFRSTP:2,{marks}" if marks else f"{number}.abDFRSTP")


def _described(letter: Letter) -> Described:
    nobody = (Address("", ""),)
    return Described(
        date=int(letter.date.timestamp()),
        zone=0,
        size=letter.size,
        attachments=letter.attachments,
        sender=nobody,
        recipients=nobody,
        copies=nobody,
        subject=letter.texts["subject"],
        message_id=letter.message_id,
        fingerprint=b"",
    )


def _texts(letter: Letter) -> Texts:
    return Texts(**letter.texts)


# -- random queries over random messages -----------------------------------------------------

WORDS = st.sampled_from(["ada", "bob", "adam", "café", "CAFE", "東京都", "京", "x1", "a-da", "ße"])
DATES = st.integers(-3, 3).map(lambda hours: NOW + timedelta(hours=hours))
PLACES = st.integers(0, len(FOLDERS) - 1)


@st.composite
def letters(draw: st.DrawFn) -> Letter:
    place = draw(PLACES)
    account, folder = FOLDERS[place]
    names = sorted(LETTERS[place])
    words = draw(st.lists(st.tuples(st.sampled_from(sorted(PLAIN.texts)), WORDS), max_size=6))
    return Letter(
        account=account,
        folder=folder,
        texts={name: " ".join(w for where, w in words if where == name) for name in PLAIN.texts},
        flags=frozenset(draw(st.sets(st.sampled_from(Flag), max_size=2))),
        keywords=frozenset(draw(st.sets(st.sampled_from(names))) if names else ()),
        date=draw(DATES),
        size=draw(st.integers(0, 4)),
        attachments=draw(st.integers(0, 1)),
        message_id=draw(st.sampled_from([None, "<1@x>", "<2@x>"])),
    )


LEAVES: st.SearchStrategy[Query] = st.one_of(
    st.builds(
        Words,
        st.lists(WORDS, min_size=1, max_size=2).map(" ".join),
        st.none() | st.sampled_from(Field),
        st.booleans(),
    ),
    st.builds(Marked, st.sampled_from(Flag)),
    st.builds(HasKeyword, st.sampled_from(["Todo", "$LABEL1", "none"])),
    st.builds(HasAttachment),
    st.builds(Since, DATES),
    st.builds(Before, DATES),
    st.builds(InFolder, st.sampled_from(["inbox", "Lists*", "*e*", "none"])),
    st.builds(OfAccount, st.sampled_from(["work", "HOME", "*o*"])),
    st.builds(Larger, st.integers(0, 4)),
    st.builds(Smaller, st.integers(0, 4)),
    st.builds(HasId, st.sampled_from(["1@x", "2@x", "3@x"])),
)


def _composed(inner: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    several = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(several.map(all_of), several.map(any_of), inner.map(negated))


QUERIES = st.recursive(LEAVES, _composed, max_leaves=12)


@settings(deadline=None)
@given(st.lists(letters(), max_size=6), st.lists(QUERIES, min_size=1, max_size=8))
def test_sql_finds_what_a_query_means(messages: list[Letter], queries: list[Query]) -> None:
    searched = indexed(messages)
    for query in queries:
        expected = {n for n, letter in enumerate(messages) if holds(query, letter)}
        assert searched.found(query) == expected
        assert searched.found(parse(str(query), NOW)) == expected


@settings(deadline=None)
@given(st.text(), st.sampled_from([*Field, None]), st.booleans())
def test_no_text_breaks_out_of_its_quotation(text: str, field: Field | None, prefix: bool) -> None:
    """Whatever stands in the words, they are looked for, and nothing else happens."""
    text = text.replace('"', " ")
    searched = indexed([PLAIN])
    assert searched.found(Words(f"zz {text}", field, prefix)) == set()
    assert searched.found(negated(Words(f'zz" OR "{text}', field, prefix))) == {0}


# -- by hand ---------------------------------------------------------------------------------


def _with(**texts: str) -> Letter:
    return replace(PLAIN, texts={**PLAIN.texts, **texts})


CASES: dict[str, tuple[str, str, bool]] = {
    "a word of an address": ("from:ada", "Ada Lovelace ada@example.org", True),
    "its domain": ("from:example.org", "ada@example.org", True),
    "the whole address": ("from:ada@example.org", "ada@example.org", True),
    "another address": ("from:ada@example.org", "ada@example.com", False),
    "an address within a longer one": ("from:ada@example.org", "eve.ada@example.org.x", True),
    "no part of a word": ("from:da", "ada@example.org", False),
    "the beginning of a word": ("from:ad*", "ada@example.org", True),
    "the beginning of a phrase": ('from:"ada love"*', "Ada Lovelace", True),
    "accents in what is asked": ("from:émile", "Emile", True),
    "accents in what is there": ("from:emile", "Émile", True),
    "one stroke": ("from:soren", "Søren", True),
    "sharp s": ("from:strasse", "Straße", True),
    "characters within a name": ("from:京都", "東京都庁", True),
    "characters in another order": ("from:都京", "東京都庁", False),
    "characters among Latin letters": ("from:abc東", "abc東京", True),
    "half of a Korean word": ("from:국", "한국어", True),
    "Thai": ("from:ชาย", "เด็กชายไทย", True),
    "a word of Devanagari": ("from:हिन्दी", "हिन्दी भाषा", True),
    "other vowels in Devanagari": ("from:हन्द", "हिन्दी भाषा", False),
    "Arabic without vowels": ("from:محمد", "مُحَمَّد", True),
    "Cyrillic in another case": ("from:привет", "ПРИВЕТ", True),
    "an operator in quotes": ('from:"a NOT b"', "a not b", True),
    "a column's name in quotes": ('from:"body : x"', "body x", True),
}


@pytest.mark.parametrize(("query", "sender", "is_found"), CASES.values(), ids=list(CASES))
def test_words_are_found_as_people_write_them(query: str, sender: str, is_found: bool) -> None:
    assert bool(indexed([_with(sender=sender)]).found(query)) is is_found


def test_a_free_word_is_found_in_any_place() -> None:
    searched = indexed([_with(**{place: "Needle"}) for place in PLAIN.texts])
    assert searched.found("needle") == set(range(len(PLAIN.texts)))
    assert searched.found("-needle") == set()


def test_to_finds_whoever_got_a_message_and_cc_only_the_copies() -> None:
    searched = indexed([_with(recipients="ada"), _with(copies="ada"), _with(sender="ada")])
    assert searched.found("to:ada") == {0, 1}
    assert searched.found("cc:ada") == {1}


def test_a_phrase_does_not_go_from_one_place_to_another() -> None:
    assert indexed([_with(recipients="ada", copies="bob")]).found('to:"ada bob"') == set()


def test_words_alone_are_looked_up_at_once() -> None:
    folders = [SearchedFolder(1, "work", "INBOX")]
    for text in ("a b c", "a b OR c", "a -b", "(a OR b) -(c d)", "a from:b -subject:c"):
        assert condition(parse(text, NOW), folders).sql.count("MATCH") == 1, text
    both = condition(parse("a is:unread b -c larger:5", NOW), folders)
    assert both.sql.count("MATCH") == 1
    assert len(both.values) == 2


def test_a_keyword_of_thousands_of_folders_is_looked_for() -> None:
    searched = indexed([replace(PLAIN, keywords=frozenset({"todo"})), PLAIN])
    folders = [
        *searched.folders,
        *(SearchedFolder(n, "work", f"{n}", {"todo": "ab"[n % 2]}) for n in range(100, 3000)),
    ]
    found = condition(HasKeyword("ToDo"), folders)
    (only,) = searched.index.find(str(found), *found.values)
    assert only.number == 1


def test_what_is_typed_is_never_part_of_the_sql() -> None:
    folders = [SearchedFolder(1, "work", "INBOX", {"o'brien": "a"})]
    text = "o'brien keyword:o'brien folder:x'y account:x'y id:x'y -b'c"
    assert "'" not in str(condition(parse(text, NOW), folders))


def test_a_message_that_is_gone_is_not_found() -> None:
    searched = indexed([_with(subject="x"), _with(subject="x")])
    index = searched.index
    (first,) = index.find("number=1")
    folder = index.folder(first.account, first.folder).id
    with index.updating():
        index.note_there(folder, [f"cur/{each.entry.name}" for each in index.find("number>1")])
        index.note_gone(folder)
        index.remove_gone()
    assert searched.found("x") == {1}
    assert searched.found("-y") == {1}


def test_an_instant_within_a_second_counts_as_it_is() -> None:
    searched = indexed([replace(PLAIN, date=NOW), replace(PLAIN, date=NOW + timedelta(seconds=1))])
    half = NOW + timedelta(milliseconds=500)
    assert searched.found(Since(half)) == {1}
    assert searched.found(Before(half)) == {0}


def test_the_largest_query_is_taken() -> None:
    searched = indexed([_with(subject="x")])
    words = " ".join(f"-w{number} x" for number in range(100))
    mixed = " OR ".join(f"(w{number} is:flagged)" for number in range(100))
    nested = "(" * 49 + "x OR is:flagged" + ") is:unread" * 49
    assert searched.found(words) == {0}
    assert searched.found(mixed) == set()
    assert searched.found(nested) == {0}


def test_a_condition_says_its_sql() -> None:
    assert str(Condition("1")) == "1"
