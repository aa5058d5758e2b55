"""Text from outside, made harmless for a terminal.

Subjects, names, folder names, file names, bodies and server replies can hold
characters that move the cursor, recolour the screen, reverse the reading
order or hide. Every such text passes through here before it is shown. Pure;
never used on what is stored, sent or exported: those octets stay exact.

What becomes of each class:

- C0 and DEL (ESC among them): shown as control pictures, ESC as `␛`.
- C1: shown as `\\x9b`, because an 8-bit terminal takes U+009B for `ESC [`.
- TAB, LF, CR, U+2028, U+2029: white space. `clean` turns each run of white
  space into one space; `clean_block` keeps LF, turns CRLF, U+2028 and U+2029
  into LF and expands TAB; a bare CR is shown.
- Default_Ignorable_Code_Point (Unicode 16, DerivedCoreProperties): removed. These are the bidi
  embeddings, overrides, isolates and marks, zero-width space, joiner and
  non-joiner, BOM, soft hyphen, Hangul fillers, variation selectors and tag
  characters; with them go the interlinear annotation marks U+FFF9 to U+FFFB.
  An emoji that was joined falls apart into its pieces.
- Lone surrogates: U+FFFD, so that the result is always valid UTF-8.

`visible` is for names that must be told apart (addresses, folders, paths): it
removes nothing, and shows all of the above as `<U+202E>`.
"""

from collections.abc import Iterator, Mapping
from functools import cache

_C0 = range(0x20)
_DEL = 0x7F
_C1 = range(0x80, 0xA0)
_SURROGATES = range(0xD800, 0xE000)
_ESCAPED_OCTETS = range(0xDC80, 0xDD00)  # what surrogateescape makes of 0x80 to 0xFF (PEP 383)
_SEPARATORS = (0x2028, 0x2029)

_INVISIBLE = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors and vowel separator
    (0x200B, 0x200F),  # zero-width space, non-joiner, joiner; LRM, RLM
    (0x202A, 0x202E),  # bidi embeddings and overrides
    (0x2060, 0x206F),  # word joiner, invisible operators, bidi isolates
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # BOM
    (0xFFA0, 0xFFA0),  # half-width Hangul filler
    (0xFFF0, 0xFFFB),  # reserved; interlinear annotation
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE0FFF),  # tags, further variation selectors
)

UNSAFE_RANGES = (
    (0x00, 0x1F),
    (_DEL, 0x9F),
    (_SEPARATORS[0], _SEPARATORS[1]),
    (0xD800, 0xDFFF),
    *_INVISIBLE,
)
"""First and last code point of everything that never reaches a terminal as it is."""


def clean(text: str) -> str:
    """Return `text` as one harmless line, for tables, headers and errors.

    White space at the ends goes and each run of it within is one space.
    Applying it twice changes nothing more.
    """
    return " ".join((text if is_plain(text) else text.translate(_line())).split())


def clean_block(text: str, *, tab: int = 8) -> str:
    """Return a harmless text of several lines, separated by LF, for bodies."""
    return text.replace("\r\n", "\n").translate(_block()).expandtabs(tab)


def visible(text: str) -> str:
    """Return `text` with every hidden or controlling character shown as `<U+202E>`.

    For addresses, folder names and paths: two that differ still look different.
    Spaces stay as they are; an octet that was no UTF-8 is shown as `\\xff`.
    """
    return text if is_plain(text) else text.translate(_escapes())


def is_plain(text: str) -> bool:
    """Tell whether a text holds printable ASCII alone, as most do."""
    return text.isascii() and text.isprintable()


def _code_points(ranges: tuple[tuple[int, int], ...]) -> Iterator[int]:
    for first, last in ranges:
        yield from range(first, last + 1)


# The tables have thousands of entries, and a run that shows nothing needs none of them.


@cache
def _line() -> Mapping[int, str]:
    return _replacements() | dict.fromkeys((*b"\t\n\r", *_SEPARATORS), " ")


@cache
def _block() -> Mapping[int, str]:
    return _replacements() | {0x09: "\t", 0x0A: "\n"} | dict.fromkeys(_SEPARATORS, "\n")


def _replacements() -> dict[int, str]:
    table = dict.fromkeys(_code_points(_INVISIBLE), "")
    table |= {code: chr(0x2400 + code) for code in _C0}
    table |= {code: f"\\x{code:02x}" for code in _C1}
    table |= dict.fromkeys(_SURROGATES, "\N{REPLACEMENT CHARACTER}")
    table[_DEL] = "\N{SYMBOL FOR DELETE}"
    return table


@cache
def _escapes() -> Mapping[int, str]:
    table = {code: f"<U+{code:04X}>" for code in _code_points(UNSAFE_RANGES)}
    return table | {code: f"\\x{code - 0xDC00:02x}" for code in _ESCAPED_OCTETS}
