"""Changes of flags as they are written on a command line: `+seen`, `-todo`. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailcli.errors import UsageError
from mailcli.model import Flag, Flags, Keyword

# flag-keyword = atom (RFC 3501 §9)
_ATOM = re.compile(r"[\x21-\x7e]+")
_NO_ATOM = frozenset('(){%*"\\]')
_NAMES = {flag.name.lower(): flag for flag in Flag} | {
    "forwarded": Flag.PASSED,
    "$forwarded": Flag.PASSED,
}


@dataclass(frozen=True, slots=True)
class FlagChange:
    """Flags and keywords to be set, and those to be taken away."""

    added: Flags
    removed: Flags


def split_changes(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Part the changes among words from the selectors: a `-` alone, and a search, is none."""
    changes, selectors = list[str](), list[str]()
    for word in words:
        (changes if is_change(word) else selectors).append(word)
    return changes, selectors


def is_change(word: str) -> bool:
    """Tell a change from a selector, such as `-` or `-from:ada`."""
    return len(word) > 1 and word[0] in "+-" and not (set(word) & set(" \t:"))


def parse_changes(words: Sequence[str]) -> FlagChange:
    """Read changes. Raises: UsageError (2) for a name that no flag has, or a contradiction."""
    added = frozenset(_flag(word[1:]) for word in words if word.startswith("+"))
    removed = frozenset(_flag(word[1:]) for word in words if word.startswith("-"))
    for both in added & removed:
        raise UsageError(f"+{flag_name(both)} and -{flag_name(both)} contradict each other")
    return FlagChange(added, removed)


def flag_name(flag: Flag | Keyword) -> str:
    """Return a flag as it is written in a change, and in results."""
    return flag.name.lower() if isinstance(flag, Flag) else flag.imap


def _flag(name: str) -> Flag | Keyword:
    plain = name.removeprefix("\\").lower()
    if known := _NAMES.get(plain):
        return known
    if not _ATOM.fullmatch(name) or set(name) & _NO_ATOM:
        raise UsageError(
            f"{name!r} is no flag, and no keyword either",
            hint=f"flags: {', '.join(sorted(_NAMES.keys() - {'$forwarded'}))}; keywords are "
            "words of ASCII letters, digits, $, - and the like",
        )
    return Keyword(name)
