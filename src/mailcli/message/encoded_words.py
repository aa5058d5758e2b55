"""Text of header fields, decoded: encoded-words (RFC 2047), and octets that nobody declared. Pure.

A character that was cut in two between encoded-words, as many programs do, is
put together again. What cannot be decoded stays as it is written.
"""

import binascii
import re

from mailcli.message.charsets import guess, to_text

_WORD = re.compile(
    rb"=\?([!-)+->@-~]*)(?:\*[\w-]*)?\?([bBqQ])\?([^?\r\n]*+(?:\?(?!=)[^?\r\n]*+){0,64}+)\?="
)
"""`=?charset*language?encoding?text?=`; unlike the ABNF, blanks and some `?` may be in it."""

_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def decode_words(value: bytes) -> str:
    """Return the text of an unfolded value: encoded-words decoded, other octets guessed.

    White space between two encoded-words is none (§6.2), whatever their charsets.
    """
    if b"=?" not in value:
        return value.decode("ascii") if value.isascii() else guess(value)
    text: list[str] = []
    run = b""
    charset = ""
    at = 0
    for word in _WORD.finditer(value):
        between = value[at : word.start()]
        octets = _octets(word[2], word[3])
        name = word[1].decode("ascii").lower()
        if run and (between.strip(b" \t\r\n") or name != charset):
            text.append(to_text(run, charset))
            run = b""
        if between.strip(b" \t\r\n") or not at:
            text.append(guess(between))
        run, charset, at = run + octets, name, word.end()
    if run:
        text.append(to_text(run, charset))
    text.append(guess(value[at:]))
    return "".join(text)


def _octets(encoding: bytes, text: bytes) -> bytes:
    """Decode one word's text: B is base64 (§4.1), Q is quoted-printable with `_` (§4.2)."""
    if encoding in b"qQ":
        return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), text.replace(b"_", b" "))
    return b"".join(decode_digits(_NOT_BASE64.sub(b"", run)) for run in text.split(b"="))


def decode_digits(digits: bytes) -> bytes:
    """Decode digits of base64 without their padding; one digit too many is nothing."""
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))
