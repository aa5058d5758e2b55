"""Text made ready for looking words up: the same for what is indexed and what is looked for. Pure.

The full-text index cuts text into words at whatever is no letter or digit, and folds case and
accents. What it does not do is done here, before it sees either side: compatibility forms
(full-width letters, ligatures), letters that only look like accented ones (ø, ł, ß), marks that
are often left out (Arabic and Hebrew vowels), and characters that nobody sees. Scripts that write
no blanks between words are cut into single characters; any run of them is then a phrase.
"""

import re
from collections.abc import Mapping
from functools import cache

_SINGLE = (
    "(["
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035"  # Han
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Hiragana, Katakana
    "\u3105-\u312f\u31a0-\u31bf"  # Bopomofo
    "\uac00-\ud7a3"  # Hangul: Korean has blanks, but particles stick to words
    "][\u3099\u309a]?"
    "|[\u0e01-\u0e2e\u0e30\u0e32\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0ebd-\u0ec6]"  # Thai, Lao
    "[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece]*"
    "|[\u1000-\u102a\u1780-\u17b3]"  # Burmese, Khmer
    "[\u102b-\u103e\u17b4-\u17d3]*"
    ")"
)

_MOST_MARKS = 30
"""Combining marks in a row that count, as in UAX #15's Stream-Safe Text Format."""

_MARKED = f"(?:[^\\w\\s\x00-\x7f]|[\uff9e\uff9f]){{{_MOST_MARKS + 1},}}"
"""What may be more marks than that: no letters but two, which become marks (NFKC)."""

_BECOME_MARKS = "\u0f73\u0f75\u0f81\uff9e\uff9f"


def prepared(text: str) -> str:
    """Return text as the full-text index is to have it, or to be asked for it.

    Nearly all text is ASCII and returned as it is. Lone surrogates, which are octets that
    nobody could decode, become blanks: the index takes none.
    """
    if text.isascii():
        return text
    from unicodedata import normalize

    # putting n marks in a row in order takes n² steps
    text = re.sub(_MARKED, _with_few_marks, text)
    folded = normalize("NFKC", text).casefold().translate(_folded())
    cut = re.sub(_SINGLE, r" \1 ", folded)
    return cut.encode("utf-8", "replace").decode("utf-8")


def _with_few_marks(run: re.Match[str]) -> str:
    """Return characters without the marks that are too many in a row."""
    from unicodedata import combining

    kept, marks = [], 0
    for character in run[0]:
        is_mark = combining(character) or character in _BECOME_MARKS
        marks = marks + 1 if is_mark else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


@cache
def _folded() -> Mapping[int, str | None]:
    """Return what becomes of characters; most runs see none of them."""
    return {
        **{ord(letter): plain for letter, plain in zip("øłđħŧıĸ", "oldhtik", strict=True)},
        **{
            ord(letter): plain
            for letter, plain in zip("æœþð", ("ae", "oe", "th", "d"), strict=True)
        },
        # The same letter by other keyboards: alef with and without hamza, Persian yeh and kaf.
        **{ord(letter): plain for letter, plain in zip("أإآٱىیک", "ااااييك", strict=True)},
        # What is between letters and not seen: soft hyphens, joiners, marks of direction.
        **dict.fromkeys([0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F)]),
        **dict.fromkeys([*range(0x2060, 0x2070), 0xFEFF]),
        # Vowel signs that are written or not: Arabic, with the stretching mark, and Hebrew.
        **dict.fromkeys([0x640, *range(0x610, 0x61B), *range(0x64B, 0x660), 0x670]),
        **dict.fromkeys([*range(0x591, 0x5BE), 0x5BF, 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7]),
    }


def has_words(text: str) -> bool:
    """Whether there is anything in a text that can be looked up: a letter or a digit."""
    return any(character.isalnum() for character in text)
