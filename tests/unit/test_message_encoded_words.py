"""Text of header fields, encoded rightly and wrongly."""

from email.charset import Charset
from email.header import decode_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.encoded_words import decode_words
from mailcli.message.headers import encoded_words


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("plain text", "plain text", id="plain"),
        pytest.param("für", "für", id="UTF-8 as it is"),
        pytest.param("=?iso-8859-1?Q?a?=", "a", id="RFC 2047 §8, 1"),
        pytest.param("=?ISO-8859-1?Q?a?= b", "a b", id="RFC 2047 §8, 2"),
        pytest.param("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab", id="RFC 2047 §8, 3"),
        pytest.param("=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=", "ab", id="RFC 2047 §8, 4"),
        pytest.param("=?ISO-8859-1?Q?a_b?=", "a b", id="RFC 2047 §8, 5"),
        pytest.param("=?ISO-8859-1?Q?a?= =?utf-8?Q?_b?=", "a b", id="two charsets"),
        pytest.param("x =?utf-8?q?=C3=BC?= y", "x ü y", id="between words"),
        pytest.param("x=?utf-8?q?=C3=BC?=y", "xüy", id="without blanks"),
        pytest.param("=?utf-8?b?w7w=?=", "ü", id="base64"),
        pytest.param("=?utf-8?B?w7w?=", "ü", id="padding missing"),
        pytest.param("=?utf-8?B?w 7w=?=", "ü", id="blank in base64"),
        pytest.param("=?utf-8?B?w7w=w7w=?=", "üü", id="padding within"),
        pytest.param("=?utf-8?B?w7w=w?=", "ü", id="one digit too many"),
        pytest.param("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü", id="a character in two words"),
        pytest.param("=?utf-8?q?a b?=", "a b", id="blank in a word"),
        pytest.param("=?utf-8?q?what??=", "what?", id="question mark in a word"),
        pytest.param("=?utf-8*en?q?=C3=BC?=", "ü", id="language, RFC 2231 §5"),
        pytest.param("=?x-unknown?q?=C3=BC?=", "ü", id="unknown charset"),
        pytest.param("=?gb2312?B?xOO6ww==?=", "你好", id="Chinese"),
        pytest.param("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本", id="Japanese"),
        pytest.param("=?utf-8?q?=ZZ=C3=BC?=", "=ZZü", id="broken escape"),
        pytest.param("=?utf-8?x?abc?=", "=?utf-8?x?abc?=", id="unknown encoding"),
        pytest.param("=?utf-8?q?abc", "=?utf-8?q?abc", id="no end"),
        pytest.param("=??q?abc?=", "abc", id="no charset"),
        pytest.param("=?utf-8?q??=", "", id="nothing in it"),
        pytest.param("=?utf-8?q?a?= and =?utf-8?q?b?=", "a and b", id="text between"),
    ],
)
def test_text_is_decoded(value: str, expected: str) -> None:
    assert decode_words(value.encode()) == expected


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n")))
def test_what_we_encode_is_what_is_decoded(text: str) -> None:
    value = "".join(encoded_words("subject", text)).strip()

    assert decode_words(value.encode()) == text.removeprefix("\ufeff")


@pytest.mark.growth
@pytest.mark.parametrize("part", ["=?a?b?c", "=?a?q??b", "=?", "?"])
def test_a_hostile_value_is_read_in_time(part: str) -> None:
    value = part * (2_000_000 // len(part))  # for hours, were it by its square

    assert decode_words(value.encode()) == value


@given(st.binary() | st.text("=?qQbB-_ \n8").map(str.encode))
def test_any_octets_are_decoded_to_valid_text(value: bytes) -> None:
    decode_words(value).encode()


@pytest.mark.growth
@pytest.mark.parametrize("text", ["=?", "=?a?q?", "=?a?q??", "=?" + "a" * 9, "=?a?q?b?= "])
def test_much_of_what_begins_a_word_takes_little_work(text: str) -> None:
    decode_words(text.encode() * 20_000)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["utf-8", "iso-8859-15", "koi8-r"]), st.text("abж ü€_?=", min_size=1)
        ),
        min_size=1,
    )
)
def test_words_are_decoded_as_the_email_package_does(words: list[tuple[str, str]]) -> None:
    written = [(name, text.encode(name, "ignore").decode(name)) for name, text in words]
    value = " ".join(Charset(name).header_encode(text) for name, text in written if text)

    found = "".join(
        part if isinstance(part, str) else part.decode(name or "ascii")
        for part, name in decode_header(value)
    )

    assert decode_words(value.encode()) == found
