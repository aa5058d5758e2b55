"""What the README says of configuration keys and exit codes is what the code has."""

import re
from pathlib import Path

import pytest

from mailcli.config.file import ACCOUNT_KEYS, TOP_KEYS
from mailcli.config.servers import KEYS
from mailcli.errors import Exit

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_key_of_the_configuration_is_explained() -> None:
    known = {*TOP_KEYS, *ACCOUNT_KEYS, *(key for keys in KEYS.values() for key in keys)}
    told = set(re.findall(r"[a-z_]+", _section("Configuration")))
    assert known - told == set()


def test_every_key_in_the_table_of_imap_exists() -> None:
    rows = re.findall(r"^\| (`.*?) \|", _section("Configuration"), re.MULTILINE)
    told = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert told <= {key for keys in KEYS.values() for key in keys}
    assert "max_delete" in told


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_stands_in_the_table(code: Exit) -> None:
    codes = {int(number) for number in re.findall(r"\b\d+\b", _section("Exit codes"))}
    assert code in codes
