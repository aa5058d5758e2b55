"""How folders are told: LIST with its extensions, LSUB and STATUS. Pure.

RFC 3501 §6.3.8 to §6.3.10, RFC 5258 (LIST-EXTENDED), RFC 5819 (LIST-STATUS),
RFC 6154 (SPECIAL-USE).
"""

import re
from collections.abc import Iterator

from mailcli.demo.imap_syntax import SyntaxRefused, Token, string, word, words
from mailcli.demo.mailbox import DELIMITER, Folder, Mailbox, canonical

_RETURNS = {"SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "STATUS"}
_SELECTIONS = {"SUBSCRIBED", "SPECIAL-USE", "REMOTE", "RECURSIVEMATCH"}


def list_replies(mailbox: Mailbox, args: list[Token]) -> Iterator[bytes]:
    """Yield the answer to LIST: folders, and their counts where RETURN asks for STATUS.

    Raises:
        SyntaxRefused: an argument is missing or unknown.
    """
    rest = list(args)
    selection = {each.upper() for each in words(rest.pop(0))} if _is_list(rest[:1]) else set()
    if len(rest) < 2 or selection - _SELECTIONS:
        raise SyntaxRefused("LIST takes a reference and a pattern")
    reference, patterns = word(rest[0]), words(rest[1])
    if patterns == [""]:
        yield b'LIST (\\Noselect) "%b" ""' % DELIMITER.encode()
        return
    status = _status_asked(rest[2:])
    for folder in _matching(mailbox, [reference + pattern for pattern in patterns]):
        if ("SUBSCRIBED" in selection and not folder.subscribed) or (
            "SPECIAL-USE" in selection and folder.role is None
        ):
            continue
        yield _line(b"LIST", _attributes(mailbox, folder), folder)
        if status:
            yield status_reply(folder, status)


def lsub_replies(mailbox: Mailbox, args: list[Token]) -> Iterator[bytes]:
    """Yield the answer to LSUB. Raises: SyntaxRefused."""
    if len(args) != 2:
        raise SyntaxRefused("LSUB takes a reference and a pattern")
    for folder in _matching(mailbox, [word(args[0]) + word(args[1])]):
        if folder.subscribed:
            yield _line(b"LSUB", [], folder)


def status_reply(folder: Folder, items: list[str]) -> bytes:
    """Return a folder's counts. Raises: SyntaxRefused."""
    values = {
        "MESSAGES": len(folder.messages),
        "RECENT": 0,
        "UIDNEXT": folder.uid_next,
        "UIDVALIDITY": folder.uid_validity,
        "UNSEEN": folder.unseen,
    }
    names = [item.upper() for item in items]
    if not names or not values.keys() >= {*names}:
        raise SyntaxRefused("STATUS of what?")
    counts = " ".join(f"{name} {values[name]}" for name in names)
    return b"STATUS %b (%b)" % (string(folder.name.encode()), counts.encode())


def _status_asked(rest: list[Token]) -> list[str]:
    """Return the items behind `RETURN (… STATUS (…))`; without them, none."""
    match rest:
        case []:
            return []
        case [str() as keyword, list() as options] if keyword.upper() == "RETURN":
            pass
        case _:
            raise SyntaxRefused("RETURN is expected here")
    status: list[str] = []
    for option, following in zip(options, [*options[1:], ""], strict=True):
        if isinstance(option, list):
            continue
        if word(option).upper() not in _RETURNS:
            raise SyntaxRefused(f"{word(option)[:40]}: no such RETURN option")
        if word(option).upper() == "STATUS":
            status = words(following)
    return status


def _matching(mailbox: Mailbox, patterns: list[str]) -> list[Folder]:
    expressions = [re.compile(_expression(canonical(pattern))) for pattern in patterns]
    return [
        folder
        for name, folder in sorted(mailbox.folders.items())
        if any(expression.fullmatch(name) for expression in expressions)
    ]


def _expression(pattern: str) -> str:
    """Return a LIST pattern as a regular expression: `%` stops at the delimiter, `*` does not."""
    wild = {"*": ".*", "%": f"[^{DELIMITER}]*"}
    return "".join(wild.get(letter) or re.escape(letter) for letter in pattern)


def _attributes(mailbox: Mailbox, folder: Folder) -> list[str]:
    found = ["\\HasChildren" if mailbox.has_children(folder.name) else "\\HasNoChildren"]
    if folder.subscribed:
        found.append("\\Subscribed")
    return [*found, folder.role] if folder.role else found


def _line(kind: bytes, attributes: list[str], folder: Folder) -> bytes:
    told = " ".join(attributes).encode()
    return b'%b (%b) "%b" %b' % (kind, told, DELIMITER.encode(), string(folder.name.encode()))


def _is_list(first: list[Token]) -> bool:
    return bool(first) and isinstance(first[0], list)
