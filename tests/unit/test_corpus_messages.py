"""Every message of the corpus, read as JSON and as a person reads it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli
from tests.corpus.__main__ import files
from tests.corpus.writing import DIRECTORY, MESSAGES
from tests.support.schemas import fitting

Read = Callable[..., bytes]

_OWN_COLOURS = re.compile(rb"\x1b\[[0-9;]*m")
_NEVER_SHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)


@pytest.fixture
def read(run_mailcli: RunMailcli) -> Read:
    """Return a function that runs `mailcli read`, and gives what it prints."""

    def run(*words: str | Path) -> bytes:
        done = run_mailcli("read", *words)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.encode("utf-8", "surrogateescape")

    return run


def test_the_corpus_is_what_its_modules_say() -> None:
    here = {path.name: path.read_bytes() for path in DIRECTORY.iterdir()}

    assert sorted(here) == sorted(files()), "run: python -m tests.corpus"
    assert here == files()
    assert len(MESSAGES) >= 100


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_is_read_as_expected(read: Read, name: str) -> None:
    expected = json.loads(DIRECTORY.joinpath(f"{name}.json").read_bytes())

    found = fitting(json.loads(read(DIRECTORY / f"{name}.eml", "--json")), "read")

    assert {key: _short(found, key, value) for key, value in expected.items()} == expected


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_is_shown_without_anything_raw(read: Read, name: str) -> None:
    shown = read(DIRECTORY / f"{name}.eml", "-o", "table", "--color", "always")

    assert not _NEVER_SHOWN.search(_OWN_COLOURS.sub(b"", shown).decode("utf-8"))


def test_each_message_is_one_line_for_scripts(read: Read) -> None:
    paths = [DIRECTORY / f"{name}.eml" for name in sorted(MESSAGES)]

    lines = read(*paths, "-o", "tsv").decode("utf-8").split("\n")

    assert lines.pop() == ""
    assert [line.split("\t")[14] for line in lines] == [str(path) for path in paths]


def _short(found: dict[str, Any], key: str, expected: Any) -> Any:
    """Return what was found in the form in which it is expected."""
    short = _SHORT.get(key)
    return short(found, expected) if short else found[key]


_SHORT: dict[str, Callable[[dict[str, Any], Any], list[Any]]] = {
    "from_": lambda found, _: [_address(each) for each in found["from"]],
    "attachments": lambda found, _: [
        f"{a['part']} {a['name']} {a['type']} {a['size']}" for a in found["attachments"]
    ],
    "attachment_names": lambda found, _: [each["name"] for each in found["attachments"]],
    "types": lambda found, _: [
        f"{each['part']} {each['type']}".strip() for each in _all(found["parts"])
    ],
    "signed": lambda found, _: [each["status"] for each in found["signatures"]],
    "text_holds": lambda found, wanted: [each for each in wanted if each in found["text"]],
    "headers_hold": lambda found, wanted: [each for each in wanted if each in found["headers"]],
}


def _address(address: dict[str, str]) -> str:
    name, email = address["name"], address["email"]
    return f"{name} <{email}>" if name else email


def _all(parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in parts:
        yield part
        yield from _all(part["parts"])
