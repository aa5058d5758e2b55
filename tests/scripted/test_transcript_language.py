"""The transcript language: what it means, and what it refuses."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.scripted import Scripted
from tests.support.steps import Action, Block, Do, Expect, Kind, Send, Swallow
from tests.support.template import Match, TranscriptError, pattern, render, stuffed, unstuffed
from tests.support.transcript import parse

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
VALUES: Mapping[str, bytes] = {"name": b"Ada", "letter": b"a\r\n.b", "odd": b"\\x41.*"}


def test_each_line_becomes_one_step_with_its_line_number() -> None:
    script = parse("# about\nS: +OK\n\n  C: UIDL\nC. letter\n@stall 2.5\nC* 12")
    assert script.sections[0].steps == (
        Send(2, "+OK"),
        Expect(4, Match.EXACT, "UIDL"),
        Swallow(5, "letter", None),
        Do(6, Action.STALL, "2.5"),
        Swallow(7, "data", "12"),
    )


def test_blanks_at_the_end_of_a_line_belong_to_it() -> None:
    assert parse("S: + ").sections[0].steps == (Send(1, "+ "),)


def test_blocks_nest() -> None:
    (outer,) = parse("@repeat\n@choose\nC: A\n@or\nC: B\n@end\n@end").sections[0].steps
    assert isinstance(outer, Block)
    ((inner,),) = outer.alternatives
    assert isinstance(inner, Block)
    assert (outer.kind, inner.kind, len(inner.alternatives)) == (Kind.REPEAT, Kind.CHOOSE, 2)


def test_sections_belong_to_connections() -> None:
    script = parse(
        "@text x\n| y\n@connection 1\nS: a\n@connection 2 optional\nS: b\n@connection *"
    )
    numbers = [(section.number, section.optional) for section in script.sections]
    assert numbers == [(1, False), (2, True), (None, True)]
    assert script.section(7) == script.sections[2]


def test_a_script_without_connections_has_no_second_one() -> None:
    assert parse("S: a").section(2) is None


@pytest.mark.parametrize(
    ("text", "escapes", "octets"),
    [
        pytest.param("hello {name}", False, b"hello Ada", id="value"),
        pytest.param("BODY[] {12}", False, b"BODY[] {12}", id="imap-literal-is-no-placeholder"),
        pytest.param(r"(\Seen)", False, rb"(\Seen)", id="backslash-in-a-line"),
        pytest.param("BODY[] {letter.literal})", False, b"BODY[] {5}\r\na\r\n.b)", id="literal"),
        pytest.param("{letter.size}", False, b"5", id="size"),
        pytest.param("{letter.stuffed}", False, b"a\r\n..b\r\n", id="stuffed"),
        pytest.param("{name.base64}", False, b"QWRh", id="base64"),
        pytest.param(r"\x00\xfF\r\n\t\0\\", True, b"\0\xff\r\n\t\0\\", id="escapes"),
        pytest.param(r"{odd}", True, rb"\x41.*", id="values-are-not-unescaped"),
        pytest.param(r"\x7babc}", True, b"{abc}", id="escaped-brace"),
        pytest.param("é", True, "é".encode(), id="utf-8"),
    ],
)
def test_a_server_text_is_rendered(text: str, escapes: bool, octets: bytes) -> None:
    assert render(text, VALUES, escapes=escapes) == octets


@pytest.mark.parametrize(
    ("kind", "text", "line", "matches"),
    [
        pytest.param(Match.EXACT, "RETR 1", "RETR 1", True, id="same"),
        pytest.param(Match.EXACT, "RETR 1", "retr 1", False, id="case"),
        pytest.param(Match.EXACT, "RETR 1", "RETR 11", False, id="longer"),
        pytest.param(Match.ANY_CASE, "RETR 1", "retr 1", True, id="any-case"),
        pytest.param(Match.EXACT, "FETCH 1:* (X)", "FETCH 1:* (X)", True, id="no-specials"),
        pytest.param(Match.GLOB, "* BODY[]", "a1 FETCH 1 BODY[]", True, id="glob"),
        pytest.param(Match.GLOB, "* BODY[]", "a1 BODYB", False, id="glob-has-no-classes"),
        pytest.param(Match.REGEX, r"A(\d{2})", "A12", True, id="regex"),
        pytest.param(Match.REGEX, "A", "AB", False, id="regex-matches-the-whole-line"),
        pytest.param(Match.EXACT, "{tag} NOOP", "A001 NOOP", True, id="tag"),
        pytest.param(Match.EXACT, "{tag} NOOP", "A 1 NOOP", False, id="tag-is-one-word"),
        pytest.param(Match.EXACT, "{tag} NOOP", "+ NOOP", False, id="plus-is-no-tag"),
        pytest.param(Match.REGEX, "say {odd}", r"say \x41.*", True, id="value-is-literal"),
        pytest.param(Match.REGEX, "say {odd}", "say A", False, id="value-is-no-regex"),
    ],
)
def test_a_client_line_is_compared(kind: Match, text: str, line: str, matches: bool) -> None:
    assert bool(pattern(kind, text, VALUES).fullmatch(line)) is matches


@pytest.mark.parametrize("raw", [b"", b".", b"a\r\n.\r\n..b\r\n", b"x\r\n"])
def test_dots_doubled_are_undone(raw: bytes) -> None:
    ended = raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
    assert unstuffed(stuffed(raw)) == ended


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("S: a\nX: b", "line 2: not in the language: X: b", id="marker"),
        pytest.param("S:a", "not in the language", id="no-blank"),
        pytest.param("@explode", "no such directive: @explode", id="directive"),
        pytest.param("@stall soon", "@stall does not take 'soon'", id="argument"),
        pytest.param("@cut now", "@cut does not take 'now'", id="needless-argument"),
        pytest.param("@optional twice\nC: A\n@end", "does not take 'twice'", id="block-argument"),
        pytest.param("@cut\nS: a", "line 2: the connection has ended", id="after-the-end"),
        pytest.param("@stall forever\nS: a", "the connection has ended", id="after-for-ever"),
        pytest.param("@optional\nC: A", "the @optional of line 1 has no @end", id="no-end"),
        pytest.param("@repeat\nS: a\n@end", "begins with a line of the client", id="server-first"),
        pytest.param("@end", "no such directive: @end", id="end-of-nothing"),
        pytest.param("C? (", "not a regular expression", id="regex"),
        pytest.param(r"S! \q", r"unknown escape \q", id="escape"),
        pytest.param("C* many", "C* wants a number", id="octets"),
        pytest.param("@connection one", "@connection wants a number", id="connection"),
        pytest.param("S: a\n@connection 1", "has a section already", id="section-twice"),
    ],
)
def test_what_is_not_in_the_language_is_refused(text: str, told: str) -> None:
    with pytest.raises(TranscriptError, match=re.escape(told)):
        parse(text)


def test_a_placeholder_that_nothing_defines_is_refused_before_the_test_begins() -> None:
    with pytest.raises(TranscriptError, match=r"line 2: nothing defines \{whom\}"):
        Scripted("S: hello\nS: {whom}")


def test_tls_without_a_certificate_is_refused_before_the_test_begins() -> None:
    with pytest.raises(TranscriptError, match="TLS needs a certificate"):
        Scripted("@tls")


@pytest.mark.parametrize("path", sorted(TRANSCRIPTS.glob("*.txt")), ids=lambda path: path.stem)
def test_each_transcript_parses(path: Path) -> None:
    assert parse(path.read_text("utf-8"), path.name).sections


def test_the_readme_describes_every_word_of_the_language() -> None:
    readme = (TRANSCRIPTS / "README.md").read_text("utf-8")
    words = [f"@{word}" for word in (*Action, *Kind)] + [str(match) for match in Match]
    assert [word for word in words if f"`{word}" not in readme] == []


def test_octets_that_split_lines_elsewhere_do_not_split_a_transcript() -> None:
    assert len(parse("S: a\x0b\x1c\u2028b").sections[0].steps) == 1
