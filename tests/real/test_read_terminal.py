"""`mailcli read` at a terminal: harmless whatever messages hold, through a pager, at any width."""

import re
from pathlib import Path

import pytest
from tests.conftest import WriteConfig
from tests.corpus.writing import DIRECTORY, MESSAGES
from tests.support.local_mail import letters, mail_files, put
from tests.support.terminal import at_terminal

FILES = sorted(DIRECTORY.glob("*.eml"))
_OWN_COLOURS = re.compile("\x1b\\[(?:[0-9]{1,2}(?:;[0-9]{1,2})*)?m")
_RAW = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
PLAIN = b"From: Ada <ada@example.com>\nSubject: Engines\n\nhello\n"


@pytest.fixture
def terminal(mailcli_env: dict[str, str]) -> dict[str, str]:
    """The environment of somebody at a terminal with colours, and no pager."""
    return {**mailcli_env, "TERM": "xterm-256color", "MAILCLI_PAGER": ""}


@pytest.mark.parametrize("options", [(), ("--headers",), ("--raw",), ("--no-fold",)], ids=str)
def test_nothing_that_a_message_holds_reaches_the_terminal_raw(
    terminal: dict[str, str], options: tuple[str, ...]
) -> None:
    screen = at_terminal(["read", *FILES, *options], terminal)

    assert screen.code == 0
    assert not _RAW.search(_OWN_COLOURS.sub("", screen.text))
    assert len(MESSAGES) <= screen.octets.count(b"\n")


def test_raw_at_a_terminal_has_no_colours_at_all(terminal: dict[str, str]) -> None:
    assert "\x1b" not in at_terminal(["read", *FILES, "--raw"], terminal).text


def test_a_hostile_part_is_harmless_and_a_picture_is_not_shown(
    terminal: dict[str, str],
) -> None:
    part = at_terminal(["read", DIRECTORY / "escape-sequences.eml", "--part", "1"], terminal)
    picture = at_terminal(["read", DIRECTORY / "image-alone.eml", "--part", "1"], terminal)

    assert part.text == "␛]0;owned␇␛[31mred\\x9b31m\n"
    assert picture.code == 2
    assert "part 1 is no text" in picture.text


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_lines_fit_the_terminal(terminal: dict[str, str], columns: int) -> None:
    names = ("attachment", "forwarded", "from-imitated-domain", "reply-to-elsewhere", "flowed")

    screen = at_terminal(
        ["read", *(DIRECTORY / f"{name}.eml" for name in names)],
        {**terminal, "NO_COLOR": "1"},
        columns=columns,
    )

    paths = [line for line in screen.text.split("\n") if str(DIRECTORY) in line]
    lines = [line for line in screen.text.split("\n") if line not in paths]
    assert max(map(len, lines)) <= columns


def test_colour_says_nothing_alone(terminal: dict[str, str]) -> None:
    paths = [DIRECTORY / f"{name}.eml" for name in ("from-group", "pgp-signed-unsigned")]

    coloured = at_terminal(["read", *paths], terminal).text
    plain = at_terminal(["read", *paths], {**terminal, "NO_COLOR": "1"}).text

    assert coloured != plain
    assert _OWN_COLOURS.sub("", coloured) == plain


def test_the_pager_gets_everything(terminal: dict[str, str], home: Path) -> None:
    path = put(home / "old", "1.x", PLAIN)
    environ = {**terminal, "MAILCLI_PAGER": "sed 's/^/paged: /'", "PAGER": "false"}

    screen = at_terminal(["read", path], environ)
    without = at_terminal(["read", path, "--no-pager"], environ)

    assert "paged: hello\n" in screen.text
    assert "paged" not in without.text
    assert "hello\n" in without.text


@pytest.mark.parametrize(
    "environ",
    [{"PAGER": ""}, {"PAGER": "cat"}, {"PAGER": "/no/such/pager -x"}, {"PAGER": "'"}],
    ids=str,
)
def test_without_a_pager_that_works_the_text_is_shown(
    terminal: dict[str, str], home: Path, environ: dict[str, str]
) -> None:
    path = put(home / "old", "1.x", PLAIN)
    del terminal["MAILCLI_PAGER"]

    screen = at_terminal(["read", path], {**terminal, **environ})

    assert screen.code == 0
    assert screen.text.endswith("hello\n")


def test_less_shows_a_short_message_and_ends(terminal: dict[str, str], home: Path) -> None:
    path = put(home / "old", "1.x", PLAIN)
    del terminal["MAILCLI_PAGER"]

    screen = at_terminal(["read", path], terminal)

    assert screen.code == 0
    assert "hello" in screen.text


def test_a_pager_that_stops_reading_is_no_error(terminal: dict[str, str], home: Path) -> None:
    path = put(home / "old", "1.x", PLAIN + b"x\n" * 100_000)

    screen = at_terminal(["read", path], {**terminal, "PAGER": "x", "MAILCLI_PAGER": "true"})

    assert (screen.code, screen.text) == (0, "")


def test_what_was_read_at_a_terminal_is_seen(
    terminal: dict[str, str], write_config: WriteConfig, home: Path
) -> None:
    write_config({"work": {"email": "bob@example.org"}})
    inbox = home / "Mail" / "work" / "INBOX"
    put(inbox, "1.x", PLAIN)

    assert at_terminal(["read", "last"], terminal).code == 0

    assert letters(mail_files(inbox)[0]) == "S"
