"""Which account applies."""

from pathlib import Path

import pytest

from mailcli.config import Account, Config
from mailcli.errors import ConfigError
from mailcli.model import Protocol


def config(*names: str, default: str | None = None) -> Config:
    accounts = {name: Account(name, None, Path("/mail") / name) for name in names}
    return Config(None, default, accounts)


@pytest.mark.parametrize(
    ("option", "environ", "default", "expected"),
    [
        ("a", {"MAILCLI_ACCOUNT": "b"}, "c", "a"),
        (None, {"MAILCLI_ACCOUNT": "b"}, "c", "b"),
        (None, {"MAILCLI_ACCOUNT": ""}, "c", "c"),
        (None, {}, "c", "c"),
    ],
    ids=["option", "environment", "empty environment", "default"],
)
def test_option_wins_over_environment_over_default(
    option: str | None, environ: dict[str, str], default: str | None, expected: str
) -> None:
    assert config("a", "b", "c", default=default).account(option, environ).name == expected


def test_the_only_account_needs_no_choice() -> None:
    assert config("work").account(None, {}).name == "work"


def test_several_accounts_without_a_choice_are_named() -> None:
    with pytest.raises(ConfigError, match="home, work") as caught:
        config("home", "work").account(None, {})
    assert "MAILCLI_ACCOUNT" in caught.value.hint


def test_unknown_account_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="no account wrok; there are: home, work") as caught:
        config("home", "work").account("wrok", {})
    assert "work" in caught.value.hint


def test_no_account_at_all_points_at_the_demo() -> None:
    with pytest.raises(ConfigError, match="there are none") as caught:
        config().account(None, {})
    assert "demo" in caught.value.hint


def test_server_that_an_account_lacks_is_told_with_the_table_to_add() -> None:
    with pytest.raises(ConfigError, match="work has no imap server") as caught:
        config("work").accounts["work"].server(Protocol.IMAP)
    assert "[accounts.work.imap]" in caught.value.hint
