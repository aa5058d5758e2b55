"""Short options: what click makes of them, whichever way they are written."""

import click
import pytest

from mailcli.cli.pop_fetch import command as pop_fetch
from mailcli.cli.send import command as send


def _values(command: click.Command, words: str) -> dict[str, object]:
    values = command.make_context("mailcli", words.split()).params
    return {name: value for name, value in values.items() if value not in {None, (), False}}


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("-n a@b.example", "--dry-run a@b.example"),
        ("-nqv a@b.example", "--dry-run --quiet --verbose a@b.example"),
        ("-vv -A home a@b.example", "--verbose --verbose --account home a@b.example"),
        ("-nAhome a@b.example", "--dry-run --account home a@b.example"),
        ("-s=x -bc@d.example a@b.example", "--subject==x --bcc c@d.example a@b.example"),
        ("-s -n a@b.example", "--subject=-n a@b.example"),
        ("-n -- -q", "--dry-run -- -q"),
    ],
)
def test_short_options_mean_what_the_long_ones_mean(short: str, full: str) -> None:
    assert _values(send, short) == _values(send, full)


def test_a_flag_may_stand_before_an_option_that_takes_its_value_along() -> None:
    assert _values(pop_fetch, "-nk30d") == _values(pop_fetch, "--dry-run --keep=30d")


@pytest.mark.parametrize(("words", "name"), [("-nZ", "-Z"), ("-Z", "-Z"), ("-Zn", "-Z")])
def test_a_short_option_that_is_none_is_named_as_it_was_typed(words: str, name: str) -> None:
    with pytest.raises(click.NoSuchOption) as caught:
        send.make_context("mailcli", [words])

    assert caught.value.option_name == name
