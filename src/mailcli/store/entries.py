"""File names of messages in a Maildir: identity, flags, and what others put there. Pure.

A name is `UNIQUE:2,LETTERS` (the Maildir specification, <https://cr.yp.to/proto/maildir.html>).
Our unique part is `WHEN.TOKEN.mailcli`; the token is given by whoever delivers
and says which message of which server this is, so that a run after a crash
finds what is already here. `,V` behind it marks a message that is stored
verbatim although it looks converted (`line_ends`). Capital letters are flags,
a to z another program's keywords; letters that we do not know are kept.
"""

import re
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from mailcli.model import Flag, SystemFlags

Subdirectory = Literal["new", "cur"]

TMP = "tmp"
SUBDIRECTORIES = (TMP, "new", "cur")

NO_FLAGS: SystemFlags = frozenset()

_NAME = r"[A-Za-z0-9_=-]{1,160}"
_OWN_UNIQUE = re.compile(r"\d+\.([A-Za-z0-9_=+-]+)\.mailcli(?:,|$)")
_OWN_TEMPORARY = r"\d+\.([A-Za-z0-9_=+-]+)\.mailcli\.\d+"
_MARK = ",V"


class Entry(NamedTuple):
    """A message file in `new` or `cur`.

    `inode`, `size` (octets as stored) and `mtime_ns` are 0 unless asked for.
    """

    subdirectory: Subdirectory
    name: str
    inode: int = 0
    size: int = 0
    mtime_ns: int = 0

    @property
    def unique(self) -> str:
        """What stays the same when other programs move the file or change its flags."""
        return self.name.partition(":")[0]

    @property
    def flags(self) -> SystemFlags:
        """The system flags."""
        return _letters(self.name.partition(":")[2])[0]

    @property
    def others(self) -> str:
        """All other letters, sorted: keywords (a to z) and what we do not know."""
        return _letters(self.name.partition(":")[2])[1]

    @property
    def token(self) -> str | None:
        """The token given at delivery; None for files of other programs."""
        match = _OWN_UNIQUE.match(self.unique)
        return match[1] if match else None

    @property
    def marked_verbatim(self) -> bool:
        """Whether the name says that the file holds the server's octets as they came."""
        return "V" in self.unique.split(",")[1:]

    def flagged(self, flags: AbstractSet[Flag], others: str) -> "Entry":
        """Return the entry that this one becomes with these flags: always in `cur`."""
        return self._replace(subdirectory="cur", name=self.unique + info(flags, others))

    def lettered(self, others: str) -> "Entry":
        """Return the entry with these other letters; with those that it has, as it is."""
        return self if {*others} == {*self.others} else self.flagged(self.flags, others)

    def numbered(self, number: int) -> "Entry":
        """Return the entry with another unique part, where its own is taken."""
        unique, colon, rest = self.name.partition(":")
        base, comma, fields = unique.partition(",")
        base = f"{base}+{number}" if self.token is None else numbered(base, number)
        return self._replace(name=base + comma + fields + colon + rest)


def unique_name(token: str, *, when: int) -> str:
    """Return the unique part for a message that is stored at `when` (Unix seconds).

    The token is 1 to 160 ASCII letters, digits, `_`, `=` and `-`; the clock decides nothing.

    Raises:
        ValueError: the token holds anything else.
    """
    if not _token().fullmatch(token):
        raise ValueError(f"not a token: {token!r}")
    return f"{max(when, 0)}.{token}.mailcli"


@cache  # not before there is a name to give
def _token() -> re.Pattern[str]:
    return re.compile(_NAME)


def numbered(unique: str, number: int) -> str:
    """Return another unique part for a message whose own is taken by other content."""
    head, _, _ = unique.rpartition(".mailcli")
    return f"{head}+{number}.mailcli"


def new_entry(unique: str, flags: AbstractSet[Flag], *, others: str, verbatim: bool) -> Entry:
    """Return where a delivery puts a message: `new` unless it has flags already."""
    if verbatim:
        unique += _MARK
    if flags or others:
        return Entry("cur", unique + info(flags, others))
    return Entry("new", unique)


@lru_cache(maxsize=1024)  # a folder has few different flag sets
def _info(flags: SystemFlags, others: str) -> str:
    return ":2," + "".join(sorted({*others, *(flag.letter for flag in flags)}))


def info(flags: AbstractSet[Flag], others: str) -> str:
    """Return what follows the unique part: letters in ASCII order, as the specification asks."""
    return _info(frozenset(flags), others)


def token_of_temporary(name: str) -> str | None:
    """Return the token in a name that `temporary_name` gave, None for files of others."""
    found = re.fullmatch(_OWN_TEMPORARY, name)
    return found[1] if found else None


def temporary_name(unique: str, number: int) -> str:
    """Return the name of the `number`-th file that this process writes in `tmp`."""
    return f"{unique}.{number}"


@lru_cache(maxsize=1024)  # a folder has few different flag sets, and may have 100,000 messages
def _letters(text: str) -> tuple[SystemFlags, str]:
    version, _, letters = text.partition(",")
    if version != "2":
        return NO_FLAGS, ""
    known = {flag.letter: flag for flag in Flag}
    flags = frozenset(known[letter] for letter in letters if letter in known)
    return flags, "".join(sorted({letter for letter in letters if letter not in known}))
