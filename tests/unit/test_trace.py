"""The trace: every line explained, nothing secret, nothing that a terminal would obey."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.imap.meanings import MEANINGS as IMAP
from mailcli.model import Secret
from mailcli.net.trace import Trace
from mailcli.pop.meanings import MEANINGS as POP
from mailcli.smtp.meanings import MEANINGS as SMTP


def _received(line: bytes, meanings: dict[str, str] | None = None) -> str:
    said: list[str] = []
    Trace(said.append, meanings).received(line)
    (shown,) = said
    return shown


def _sent(line: bytes, meanings: dict[str, str]) -> str:
    said: list[str] = []
    Trace(said.append, meanings).sent(line)
    (shown,) = said
    return shown


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("line", "meanings", "key"),
    [
        (b"EHLO localhost", SMTP, "C:EHLO"),
        (b"ehlo localhost", SMTP, "C:EHLO"),
        (b"MAIL FROM:<a@b>", SMTP, "C:MAIL"),
        (b".", SMTP, "C:."),
        (b"CAPA", POP, "C:CAPA"),
        (b"RETR 1", POP, "C:RETR"),
        (b"m1 LOGOUT", IMAP, "C:LOGOUT"),
        (b"m2 UID FETCH 1:* (FLAGS)", IMAP, "C:UID FETCH"),
    ],
)
def test_a_command_is_explained(line: bytes, meanings: dict[str, str], key: str) -> None:
    shown = _sent(line + b"\r\n", meanings)
    assert shown.startswith(f"C: {line.decode()}  ")
    assert shown.endswith(f"# {meanings[key]}")


@pytest.mark.parametrize(
    ("line", "meanings", "key"),
    [
        (b"220 ready", SMTP, "S:220"),
        (b"250-SIZE 1000", SMTP, "S:250 SIZE"),
        (b"250 SIZE 1000", SMTP, "S:250 SIZE"),
        (b"550 5.1.1 unknown", SMTP, "S:550"),
        (b"+OK ready", POP, "S:+OK"),
        (b"-ERR no such message", POP, "S:-ERR"),
        (b"-ERR", POP, "S:-ERR"),
        (b"m1 OK done", IMAP, "S:OK"),
        (b"m1 NO [NONEXISTENT] none", IMAP, "S:NO"),
        (b'* LIST (\\HasNoChildren) "/" INBOX', IMAP, "S:* LIST"),
        (b"* OK [UIDVALIDITY 7] valid", IMAP, "S:* OK [UIDVALIDITY"),
        (b"+ go on", IMAP, "S:+"),
    ],
)
def test_an_answer_is_explained(line: bytes, meanings: dict[str, str], key: str) -> None:
    assert _received(line + b"\r\n", meanings).endswith(f"# {meanings[key]}")


def test_what_no_table_knows_is_shown_alone() -> None:
    assert _received(b"X-WHATEVER 5\r\n", SMTP) == "S: X-WHATEVER 5"


def test_several_commands_at_once_are_several_lines() -> None:
    said: list[str] = []
    Trace(said.append).sent(b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n")
    assert said == ["C: MAIL FROM:<>", "C: RCPT TO:<a@b>", "C: DATA"]


def test_message_data_is_shown_as_a_size() -> None:
    said: list[str] = []
    trace = Trace(said.append)
    trace.bulk("C", 1234567)
    trace.bulk("S", 0)
    assert said == ["C: … 1,234,567 octets of message data"]


def test_hostile_octets_reach_no_terminal() -> None:
    shown = _received(b"250 \x1b]0;owned\x07 \x9b31m \xe2\x80\xae evil \xff\x00\r\n")
    assert all(char.isprintable() for char in shown)
    assert "\u202e" not in shown


@given(st.binary(max_size=60))
def test_every_line_stays_one_printable_line(raw: bytes) -> None:
    shown = _received(raw + b"\r\n")
    assert "\n" not in shown
    assert "\x1b" not in shown
    shown.encode()


@pytest.mark.parametrize(
    "form",
    [
        "s3cret+/",
        _base64("s3cret+/"),
        _base64("\0ada\0s3cret+/"),
        _base64("ada\0ada\0s3cret+/"),
        _base64("user=ada\x01auth=Bearer s3cret+/\x01\x01"),
        _base64("n,a=ada,\x01auth=Bearer s3cret+/\x01\x01"),
    ],
)
def test_a_secret_is_masked_in_every_form(form: str) -> None:
    said: list[str] = []
    trace = Trace(said.append)
    trace.hide(Secret("s3cret+/"), username="ada")
    trace.received(f"535 not {form}!\r\n".encode())
    trace.sent(f"AUTH {form}\r\n".encode())
    assert said == ["S: 535 not ***!", "C: AUTH ***"]
    assert trace.redact(f"not {form}") == "not ***"


def test_a_quoted_secret_is_masked_as_a_whole() -> None:
    trace = Trace()
    trace.hide(Secret('a"b\\c'))
    assert trace.redact(r'LOGIN "ada" "a\"b\\c"') == 'LOGIN "ada" "***"'


def test_a_user_name_that_needs_escapes_hides_the_token_all_the_same() -> None:
    trace = Trace()
    trace.hide(Secret("t0ken"), username="a,b=c")
    form = _base64("n,a=a=2Cb=3Dc,\x01auth=Bearer t0ken\x01\x01")
    assert trace.redact(form) == "***"


@pytest.mark.parametrize("secrets", [("abc", "abcdef"), ("abcdef", "abc")])
def test_a_secret_within_another_uncovers_nothing(secrets: tuple[str, str]) -> None:
    trace = Trace()
    for secret in secrets:
        trace.hide(Secret(secret))
    assert trace.redact("abcdef abc") == "*** ***"


def test_an_empty_secret_masks_nothing() -> None:
    trace = Trace()
    trace.hide(Secret(""), username="")
    assert trace.redact("hello") == "hello"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"334 VXNlcm5hbWU6", "S: 334 ***"),
        (b"334-VXNl", "S: 334-***"),
        (b"+ cj1hYmM=", "S: + ***"),
        (b"235 welcome", "S: 235 welcome"),
        (b"+OK welcome", "S: +OK welcome"),
    ],
)
def test_questions_of_a_login_are_masked(line: bytes, shown: str) -> None:
    said: list[str] = []
    trace = Trace(said.append)
    with trace.masked():
        trace.received(line + b"\r\n")
    assert said == [shown]
    trace.received(b"334 later\r\n")
    assert said[-1] == "S: 334 later"


def test_without_a_sink_nothing_is_said_but_secrets_are_still_masked() -> None:
    trace = Trace()
    trace.hide(Secret("s3cret"))
    trace.sent(b"x\r\n")
    trace.received(b"y\r\n")
    trace.note("z")
    trace.bulk("S", 5)
    assert trace.redact("s3cret") == "***"
