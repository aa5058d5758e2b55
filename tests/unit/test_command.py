from typing import Any

import click
import pytest
from click.testing import CliRunner

from mailcli.cli.command import STDERR, Common, MailCommand, OptionalValue, common_options


@click.command(cls=MailCommand)
@click.argument("recipients", nargs=-1)
@click.option("-s", "--subject", default="")
@click.option("-a", "--attach", multiple=True)
@click.option("-k", "--keep", cls=OptionalValue, implied="for ever", metavar="AGE")
@click.option("--no-save", is_flag=True)
@common_options(accounts="many", network=True, dry_run=True)
def command(common: Common, **values: Any) -> None:
    """Stand for every command of ours."""
    click.get_current_context().obj.update(values, common=common)


def parsed(*args: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    command.main(list(args), standalone_mode=False, obj=values)
    return values


def trace(*args: str) -> str | None:
    common = parsed(*args)["common"]
    assert isinstance(common, Common)
    return common.trace


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((), None),
        (("--trace",), STDERR),
        (("--trace=file",), "file"),
        (("--trace=",), ""),
        (("--trace=a=b",), "a=b"),
        (("--trace", "-n"), STDERR),
        (("-n", "--trace"), STDERR),
    ],
)
def test_value_of_an_optional_value_stands_behind_the_equals_sign(
    args: tuple[str, ...], expected: str | None
) -> None:
    assert trace(*args) == expected


@pytest.mark.parametrize("spelling", ["--trace", "--keep", "-k", "-nk", "-vk"])
def test_option_that_may_stand_alone_never_eats_the_next_argument(spelling: str) -> None:
    assert parsed(spelling, "ada@example.org")["recipients"] == ("ada@example.org",)


@pytest.mark.parametrize(
    "args", [("-k30d",), ("-k=30d",), ("--keep=30d",), ("-nk30d",), ("-nvk=30d",)]
)
def test_short_form_takes_its_value_attached(args: tuple[str, ...]) -> None:
    assert parsed(*args)["keep"] == "30d"


def test_flags_before_a_short_form_still_count() -> None:
    values = parsed("-nvvk", "ada@example.org")
    assert values["keep"] == "for ever"
    assert values["common"].dry_run
    assert values["common"].verbose == 2


@pytest.mark.parametrize(
    ("args", "subject", "traced"),
    [
        (("-s", "--trace"), "--trace", None),
        (("--subject", "--trace"), "--trace", None),
        (("-s", "-k"), "-k", None),
        (("-s--trace",), "--trace", None),
        (("--subject=--trace",), "--trace", None),
        (("-ns", "--trace"), "--trace", None),
        (("-s", "-s", "--trace"), "-s", STDERR),
        (("-s", "--", "--trace"), "--", STDERR),
        (("-s", "x", "--trace"), "x", STDERR),
        (("-sx", "--trace"), "x", STDERR),
        (("--subject=x", "--trace"), "x", STDERR),
        (("-a", "-s", "-s", "--trace"), "--trace", None),
    ],
)
def test_value_of_another_option_is_never_taken_for_an_option(
    args: tuple[str, ...], subject: str, traced: str | None
) -> None:
    values = parsed(*args)
    assert values["subject"] == subject
    assert values["common"].trace == traced


def test_everything_behind_two_dashes_is_an_argument() -> None:
    values = parsed("--trace", "--", "--trace", "-k", "-s")
    assert values["recipients"] == ("--trace", "-k", "-s")
    assert values["common"].trace == STDERR
    assert values["keep"] is None


@pytest.mark.parametrize("args", [("--nonsense",), ("-s",), ("-Z",), ("-nZk",)])
def test_wrong_usage_is_still_wrong_usage(args: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        parsed(*args)


def test_a_lone_dash_is_an_argument() -> None:
    assert parsed("-", "--trace")["recipients"] == ("-",)


def test_help_shows_the_value_as_optional() -> None:
    text = CliRunner().invoke(command, ["--help"]).output
    assert "-k, --keep[=AGE]" in text
    assert "--trace[=FILE]" in text


def test_common_options_have_their_defaults() -> None:
    assert parsed()["common"] == Common()


def test_common_options_arrive_as_one_value() -> None:
    values = parsed("-A", "work", "--account", "home", "-o", "tsv", "--timeout", "5", "--yes")
    assert values["common"] == Common(
        account=("work", "home"), output="tsv", timeout=5.0, yes=True
    )
    assert values.keys() == {"common", "recipients", "subject", "attach", "keep", "no_save"}


def test_json_contradicts_another_output() -> None:
    assert parsed("--json", "-o", "json")["common"].json
    with pytest.raises(click.UsageError, match="contradict"):
        parsed("--json", "-o", "tsv")


def test_command_for_one_account_has_it_as_a_tuple_too() -> None:
    found: list[Common] = []

    @click.command(cls=MailCommand)
    @common_options(accounts="one")
    def single(common: Common) -> None:
        found.append(common)

    single.main(["-A", "work"], standalone_mode=False)
    single.main([], standalone_mode=False)
    assert [common.account for common in found] == [("work",), ()]
