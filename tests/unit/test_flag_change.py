"""Changes of flags as people write them."""

import pytest

from mailcli.app.flag_change import parse_changes, split_changes
from mailcli.cli.flag import command
from mailcli.errors import UsageError
from mailcli.model import Flag, Keyword


def test_flags_have_the_names_of_results_and_anything_else_is_a_keyword() -> None:
    change = parse_changes(["+seen", "+Flagged", "-forwarded", "-passed", "+$Label1", "-todo"])

    assert change.added == {Flag.SEEN, Flag.FLAGGED, Keyword("$Label1")}
    assert change.removed == {Flag.PASSED, Keyword("todo")}


def test_a_flag_may_be_written_as_imap_writes_it() -> None:
    assert parse_changes(["+\\Seen", "-$Forwarded"]).added == {Flag.SEEN}
    assert parse_changes(["+\\Seen", "-$Forwarded"]).removed == {Flag.PASSED}


@pytest.mark.parametrize(
    "word", ["+a b", "+\\Other", "+(", '+"', "+]", "+ä", "+*", "+%", "+\x7f", "-{1}"]
)
def test_what_no_server_would_take_for_a_keyword_is_wrong_usage(word: str) -> None:
    with pytest.raises(UsageError, match="is no flag, and no keyword either"):
        parse_changes([word])


def test_a_flag_that_is_to_be_set_and_taken_away_is_a_contradiction() -> None:
    with pytest.raises(UsageError, match=r"\+seen and -seen contradict each other"):
        parse_changes(["+seen", "-Seen"])


def test_standard_input_and_searches_are_no_changes() -> None:
    words = ["+seen", "-", "-from:ada is:unread", "-from:ada", "42", "-todo"]

    assert split_changes(words) == (
        ["+seen", "-todo"],
        ["-", "-from:ada is:unread", "-from:ada", "42"],
    )


@pytest.mark.parametrize(
    ("args", "words", "options"),
    [
        (["42", "-flagged"], ("42", "-flagged"), {}),
        (["-answered", "42"], ("42", "-answered"), {}),
        (["-n", "42", "-next", "+seen"], ("42", "-next", "+seen"), {"dry_run": True}),
        (["42", "-qn", "-order"], ("42", "-order"), {"dry_run": True, "quiet": True}),
        (["42", "-ojson", "+x", "-Awork"], ("42", "+x"), {"output": "json", "account": ("work",)}),
        (["-A", "work", "+x", "42"], ("42", "+x"), {"account": ("work",)}),
        (["42", "-$Label1", "--", "-nv"], ("42", "-$Label1", "-nv"), {"dry_run": False}),
        (["-", "-seen"], ("-", "-seen"), {}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_minus_is_no_option_where_no_option_can_be_read_from_it(
    args: list[str], words: tuple[str, ...], options: dict[str, object]
) -> None:
    parsed = command.make_context("flag", args).params

    assert parsed["words"] == words
    assert {name: parsed[name] for name in options} == options
