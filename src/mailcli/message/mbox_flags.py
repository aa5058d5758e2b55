"""Flags of messages in an mbox, where they stand in header fields. Pure.

Status and X-Status are mutt's, Dovecot's and many others', X-Keywords is Dovecot's,
X-Mozilla-Status and X-Mozilla-Keys are Thunderbird's. They are read wherever they come from, and
what a message holds stays in it.

A message that mailcli exports begins with fields of its own, before everything else of it, so that
any octets at all can follow, and reading takes just these away again:

    X-Mailcli-Export: 1; octets=N; fields=N[; cut][; verbatim]
    Status: RO
    X-Status: AF
    X-Keywords: work todo

`octets` is the length of what follows, as it was before lines were quoted; `cut` says that its
last line had no end, `verbatim` that its line ends are bare LFs, not the usual stand-in for CRLF.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mailcli.model import Flag, Flags, Keyword, keywords_of, system_flags_of

_LETTERS = {
    "A": Flag.ANSWERED,
    "F": Flag.FLAGGED,
    "D": Flag.DELETED,
    "T": Flag.DRAFT,
}
_MOZILLA = {
    0x0001: Flag.SEEN,
    0x0002: Flag.ANSWERED,
    0x0004: Flag.FLAGGED,
    0x0008: Flag.DELETED,  # gone for Thunderbird's user, whose next compaction removes it
    0x1000: Flag.PASSED,
}
_SYSTEM = {flag.imap.casefold(): flag for flag in Flag}
_OWN = re.compile(
    rb"X-Mailcli-Export: 1; octets=(\d{1,18}); fields=([0-3])(; cut)?(; verbatim)?\n"
)
_OWN_FIELDS = re.compile(rb"(?:Status|X-Status|X-Keywords): ([^\n]*)\n")
_FIELD = re.compile(
    rb"(?im)^(Status|X-Status|X-Keywords|X-Mozilla-Status|X-Mozilla-Keys):[ \t]*([^\r\n]*)"
)
_END = re.compile(rb"(?:\A|\n)\r?\n")


class Marking(NamedTuple):
    """What the fields say that an export began a message with; `length` are their own octets.

    `octets` is None where another program has changed them since.
    """

    length: int
    octets: int | None
    is_cut: bool
    is_verbatim: bool
    flags: Flags | None


def marking(flags: Flags, *, octets: int, is_new: bool, is_cut: bool, is_verbatim: bool) -> bytes:
    """Return the fields to begin an exported message with."""
    fields = list(_fields(flags, is_new=is_new))
    head = f"X-Mailcli-Export: 1; octets={octets}; fields={len(fields)}"
    head += "; cut" * is_cut + "; verbatim" * is_verbatim
    return "".join(f"{line}\n" for line in (head, *fields)).encode("utf-8", "surrogateescape")


def read_marking(beginning: bytes) -> Marking | None:
    """Return what a message's beginning says of its export; None where that is not ours."""
    found = _OWN.match(beginning)
    if found is None:
        return None
    end, wanted = found.end(), int(found[2])
    fields = []
    for _ in range(wanted):
        field = _OWN_FIELDS.match(beginning, end)
        if field is None:
            break
        fields.append(field)
        end = field.end()
    is_whole = len(fields) == wanted
    flags = flags_in(beginning[found.end() : end] + b"\n") if is_whole else None
    return Marking(
        length=end if is_whole else found.end(),
        octets=int(found[1]) if is_whole else None,
        is_cut=bool(found[3]),
        is_verbatim=bool(found[4]),
        flags=flags,
    )


def flags_in(beginning: bytes) -> Flags:
    """Return the flags that a message's header tells, of which this is at least the beginning."""
    end = _END.search(beginning)
    header = beginning[: end.start() + 1] if end else beginning
    found: set[Flag | Keyword] = set()
    for name, value in _FIELD.findall(header):
        text = value.decode("utf-8", "surrogateescape").strip()
        match name.lower():
            case b"status":
                found |= {Flag.SEEN} if "R" in text else set()
            case b"x-status":
                found |= {_LETTERS[each] for each in text if each in _LETTERS}
            case b"x-mozilla-status":
                found |= _of_mozilla(text)
            case _:
                found |= {_flag(word) for word in text.split()}
    return frozenset(found)


def _fields(flags: Flags, *, is_new: bool) -> Iterator[str]:
    system = system_flags_of(flags)
    status = "R" * (Flag.SEEN in system) + "O" * (not is_new)
    if status:
        yield f"Status: {status}"
    if letters := "".join(letter for letter, flag in _LETTERS.items() if flag in system):
        yield f"X-Status: {letters}"
    words = sorted(each.imap for each in keywords_of(flags))
    if Flag.PASSED in system:
        words.append(Flag.PASSED.imap)
    if words:
        yield f"X-Keywords: {' '.join(words)}"


def _of_mozilla(text: str) -> set[Flag]:
    try:
        bits = int(text, 16)
    except ValueError:
        return set()
    return {flag for bit, flag in _MOZILLA.items() if bits & bit}


def _flag(word: str) -> Flag | Keyword:
    """Return what a word stands for: it may name a system flag as IMAP does."""
    return _SYSTEM.get(word.casefold()) or Keyword(word)
