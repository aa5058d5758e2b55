import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.smtp.reply import Reply


@pytest.mark.parametrize(
    ("text", "enhanced", "words"),
    [
        (b"2.1.5 Ok", "2.1.5", "Ok"),
        (b"Ok: queued as 4Z", None, "Ok: queued as 4Z"),
        (b"5.1.1", "5.1.1", ""),
        (b"", None, ""),
        (b"5.7.26 one\n5.7.26 two\n5.7.26 three", "5.7.26", "one two three"),
        (b"5.1.1 first\nsecond without", "5.1.1", "first second without"),
        (
            b"5.1.1 first\nsee section 4.2.0 of our rules",
            "5.1.1",
            "first see section 4.2.0 of our rules",
        ),
        (b"5.1.1x is no code", None, "5.1.1x is no code"),
        (b"3.1.1 has no such class", None, "3.1.1 has no such class"),
        ("5.1.1 für".encode(), "5.1.1", "für"),
        ("5.\u0661.1 not ASCII".encode(), None, "5.\u0661.1 not ASCII"),
        (b"5.1.1 f\xfcr", "5.1.1", "f\N{REPLACEMENT CHARACTER}r"),
    ],
)
def test_enhanced_code_is_taken_from_the_start_of_each_line(
    text: bytes, enhanced: str | None, words: str
) -> None:
    assert Reply.parse(550, text) == Reply(550, enhanced, words)


@pytest.mark.parametrize(
    ("code", "ok", "permanent"),
    [
        *((220, True, False), (250, True, False), (334, False, False), (354, False, False)),
        *((421, False, False), (450, False, False), (500, False, True), (554, False, True)),
    ],
)
def test_first_digit_decides(code: int, ok: bool, permanent: bool) -> None:
    reply = Reply.parse(code, b"words")
    assert (reply.ok, reply.permanent) == (ok, permanent)


def test_reply_shows_its_code_its_enhanced_code_and_its_words() -> None:
    assert str(Reply.parse(550, b"5.1.1 No such user")) == "550 5.1.1 No such user"
    assert str(Reply.parse(250, b"")) == "250"


@given(st.integers(200, 599), st.binary(max_size=100))
def test_any_octets_make_a_reply(code: int, text: bytes) -> None:
    assert Reply.parse(code, text).code == code
