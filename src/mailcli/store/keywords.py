"""Letters of keywords in file names, as Dovecot's `dovecot-keywords` defines them. Pure.

A Maildir has letters for system flags alone. Dovecot gives each folder 26 more:
its file `dovecot-keywords` has a line `N NAME` for each, where 0 stands for the
letter `a` (<https://doc.dovecot.org/main/core/config/mailbox/formats/maildir.html>,
IMAP keywords). Other programs know these letters too. Keywords beyond the 26th
have none, and live in the state alone.

The file is another program's. A line that makes no sense stays as it is, and
its letter is never given to anything else; of two lines for one letter or one
name, the first counts.
"""

import re
from collections.abc import Iterable, Mapping
from string import ascii_lowercase
from types import MappingProxyType
from typing import NamedTuple

from mailcli.model import Flag, Keyword

FILE = "dovecot-keywords"
"""The name of the file, in each folder's directory."""

_LINE = rb"\s*([0-9]{1,9})(?: ([^\n]*))?"
# flag-keyword = atom (RFC 3501 §9). Octets beyond ASCII are none, and are kept all the same.
_ATOM = r'[^\x00-\x20\x7f(){%*"\\\]]+'
# Dovecot has a letter for `$Forwarded`, we have `P`; as a keyword it would be there twice.
_SYSTEM = frozenset(Keyword(flag.imap) for flag in Flag)
_NO_NAMES: Mapping[str, Keyword] = MappingProxyType({})


class KeywordLetters(NamedTuple):
    """Which letter means which keyword in one folder.

    `reserved` letters mean something that we do not know, and are never given away.
    """

    names: Mapping[str, Keyword] = _NO_NAMES
    reserved: frozenset[str] = frozenset()

    def letters_for(self, keywords: Iterable[Keyword]) -> str:
        """Return the letters of those keywords that have one, sorted."""
        letters = {keyword: letter for letter, keyword in self.names.items()}
        return "".join(sorted(letters[each] for each in keywords if each in letters))

    def keywords_of(self, letters: Iterable[str]) -> frozenset[Keyword]:
        """Return the keywords that these letters mean, as far as they have a name."""
        return frozenset(self.names[letter] for letter in letters if letter in self.names)

    def read(self, letters: Iterable[str], agreed: Iterable[Keyword]) -> frozenset[Keyword]:
        """Return the keywords of a file: those without a letter stand for as long as agreed on."""
        return self.keywords_of(letters) | {each for each in agreed if not self.covers(each)}

    def covers(self, keyword: Keyword) -> bool:
        """Tell whether the keyword has a letter."""
        return keyword in self.names.values()

    def with_new(self, keywords: Iterable[Keyword], avoid: Iterable[str]) -> "KeywordLetters":
        """Return these letters with one more for each keyword that has none, up to `z`.

        `avoid`: letters that stand in file names; those without a name mean something
        to another program, and are reserved from now on.
        """
        reserved = self.reserved | ((set(avoid) & set(ascii_lowercase)) - self.names.keys())
        names = dict(self.names)
        free = [each for each in ascii_lowercase if each not in names and each not in reserved]
        wanted = {each for each in keywords if not self.covers(each) and _can_be_named(each)}
        names.update(zip(free, sorted(wanted, key=lambda each: each.imap), strict=False))
        return KeywordLetters(MappingProxyType(names), frozenset(reserved))


NO_LETTERS = KeywordLetters()


def parse(data: bytes) -> KeywordLetters:
    """Return what a `dovecot-keywords` file says; nothing in it is an error."""
    names: dict[str, Keyword] = {}
    reserved: set[str] = set()
    for line in data.split(b"\n"):
        match = re.match(_LINE, line)
        if match is None or (number := int(match[1])) >= len(ascii_lowercase):
            continue
        letter = ascii_lowercase[number]
        keyword = Keyword((match[2] or b"").decode("utf-8", "surrogateescape"))
        if letter in names or letter in reserved:
            continue
        if _can_be_named(keyword) and keyword not in names.values():
            names[letter] = keyword
        else:
            reserved.add(letter)
    return KeywordLetters(MappingProxyType(names), frozenset(reserved))


def extended(data: bytes, wanted: KeywordLetters) -> tuple[bytes, KeywordLetters]:
    """Return a file's content with lines for what it lacks of `wanted`, and what it then says.

    What is there stays: where another program gave a letter away meanwhile, ours
    becomes another one.
    """
    there = parse(data)
    merged = _joined(there, wanted)
    lines = [
        f"{ascii_lowercase.index(letter)} {keyword.imap}\n".encode("utf-8", "surrogateescape")
        for letter, keyword in sorted(merged.names.items())
        if letter not in there.names
    ]
    if lines and data and not data.endswith(b"\n"):
        lines.insert(0, b"\n")
    return b"".join([data, *lines]), merged


def _joined(there: KeywordLetters, wanted: KeywordLetters) -> KeywordLetters:
    taken = there.names.keys() | there.reserved
    ours = {
        letter: keyword
        for letter, keyword in wanted.names.items()
        if letter not in taken and _can_be_named(keyword) and not there.covers(keyword)
    }
    joined = there._replace(names=MappingProxyType({**there.names, **ours}))
    return joined.with_new(wanted.names.values(), avoid=wanted.reserved)


def _can_be_named(keyword: Keyword) -> bool:
    return keyword not in _SYSTEM and re.fullmatch(_ATOM, keyword.imap) is not None
