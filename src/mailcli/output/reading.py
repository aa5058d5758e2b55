"""Messages as a person reads them: header, sender, warnings, text, attachments.

Every text of a message passes through `clean` first, so that the only escape sequences are
the colours put in here; and colour never says anything alone. What mailcli knows of the
sender stands above the text, where no text of a message can ever be.

At a terminal long lines are broken between words; in a pipe (`width` None) none is.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TextIO

from mailcli.message.clean import clean, clean_block, visible
from mailcli.model import Address
from mailcli.output.cells import Table
from mailcli.output.tables import address_text, table_of
from mailcli.output.words import counted, size_text
from mailcli.results import ListResult, ReadResult
from mailcli.results.reading import Block, ReadMessage, SignatureInfo

_LABEL = 10
"""Columns of a header field's name."""
_NARROWEST = 20
_MOST_NAMED = 20
"""Recipients that are named at a terminal."""
_RULE_WIDTH = 60
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FOLDED = re.compile(r"\s*\[[0-9]+ quoted lines\]\s*")
_SGR = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}
_MARKS = {"good": ("✓", "+"), "bad": ("✗", "X"), "warn": ("!", "!"), "unknown": ("?", "?")}


class Paper(NamedTuple):
    """What messages are written on; `width` in cells, None where lines are never broken."""

    width: int | None
    color: bool
    unicode: bool
    now: datetime

    def styled(self, text: str, *styles: str) -> str:
        """Return a text in colours, where there are any."""
        if not self.color or not text or not styles:
            return text
        return f"\x1b[{';'.join(str(_SGR[each]) for each in styles)}m{text}\x1b[0m"

    def mark(self, kind: str) -> str:
        """Return a sign that says without colour what its line is about."""
        return _MARKS[kind][0 if self.unicode else 1]

    def rule(self) -> str:
        """Return the line between two messages."""
        line = ("─" if self.unicode else "-") * min(self.width or _RULE_WIDTH, 100)
        return self.styled(line, "dim")


def read_text(result: ReadResult, paper: Paper) -> str:
    """Return messages as text for a person; lines end with LF."""
    texts = ["\n".join(_message(each, paper)) + "\n" for each in result.messages]
    return f"{paper.rule()}\n".join(texts)


def paper_of(stdout: TextIO, *, width: int | None, color: bool, now: datetime) -> Paper:
    """Return what messages are written on, for a stream."""
    encoding = (stdout.encoding or "utf-8").lower().replace("-", "")
    return Paper(width, color, unicode=encoding.startswith("utf"), now=now)


def read_table(result: ReadResult) -> Table:
    """Return one row for each message: what lists have of it, what is known of it, its text."""
    listed = table_of(ListResult(tuple(each.info for each in result.messages)))
    more = (
        (found.spf, found.dkim, found.dmarc, found.by, clean(each.text))
        for each in result.messages
        for found in (each.authentication,)
    )
    rows = tuple((*row, *rest) for row, rest in zip(listed.rows, more, strict=True))
    return Table((*listed.columns, "spf", "dkim", "dmarc", "by", "text"), rows)


def _message(message: ReadMessage, paper: Paper) -> Iterator[str]:
    view = message.view
    if view is not None and view.snippet is not None:
        yield from _snippet(message, view.snippet, paper)
        return
    yield from _header(message, paper)
    yield from _about(message, paper)
    blocks = view.blocks if view else ()
    depth = 0
    told = [(block, lines) for block in blocks if (lines := list(_block(block, paper)))]
    for block, lines in told:
        yield paper.styled(_indent(min(depth, block.depth), paper).rstrip(), "dim")
        yield from lines
        depth = block.depth
    if not told:
        yield from ("", paper.styled("(no text)", "dim"))
    if message.attachments:
        yield ""
        yield from _attachments(message, paper)


# the header


def _header(message: ReadMessage, paper: Paper) -> Iterator[str]:
    if message.view is not None and message.view.headers:
        for name, value in message.headers:
            yield from _field(f"{clean(name)}: ", clean(value), paper)
        return
    for name, value in _fields(message, paper):
        if value:
            yield from _field(f"{name + ':':{_LABEL}}", value, paper)


def _fields(message: ReadMessage, paper: Paper) -> Iterator[tuple[str, str]]:
    info = message.info
    yield "From", _addresses(info.from_, len(info.from_)) or "(nobody)"
    most = len(info.to + info.cc) if paper.width is None else _MOST_NAMED
    yield "To", _addresses(info.to, most)
    yield "Cc", _addresses(info.cc, most)
    answers = next((value for name, value in message.headers if name.lower() == "reply-to"), "")
    yield "Reply-To", visible(clean(answers))
    yield "Date", _date(info.date, paper.now)
    yield "Subject", clean(info.subject) or "(no subject)"
    yield "Folder" if info.account else "File", _place(message)


def _addresses(addresses: Sequence[Address], most: int) -> str:
    named = [address_text(each) for each in addresses[:most]]
    more = len(addresses) - len(named)
    return ", ".join(named) + (f", and {more} more (--headers shows all)" if more else "")


def _date(moment: datetime | None, now: datetime) -> str:
    """Return a date here, and there too where the clocks differ."""
    if moment is None:
        return "(unknown)"
    try:
        here = moment.astimezone(now.tzinfo)
    except OverflowError:
        return moment.isoformat(" ", "minutes")
    day = f"{here.day} {_MONTHS[here.month - 1]} {here.year:04}"
    text = f"{_DAYS[here.weekday()]}, {day} {here:%H:%M}"
    if here.utcoffset() == moment.utcoffset():
        return text
    other = "" if moment.date() == here.date() else f"{_DAYS[moment.weekday()]} "
    return f"{text} ({other}{moment:%H:%M %z} there)"


def _place(message: ReadMessage) -> str:
    info = message.info
    if info.account is None:
        return visible(str(info.path))
    number = f", no. {info.id}" if info.id else ""
    return f"{visible(info.account)}/{visible(info.folder)}{number}"


def _field(label: str, value: str, paper: Paper) -> Iterator[str]:
    first, *rest = _wrapped(value, paper.width, taken=len(label)) or [""]
    yield f"{paper.styled(label, 'bold')}{first}"
    yield from (" " * min(len(label), _LABEL) + line for line in rest)


# what is known of the sender


def _about(message: ReadMessage, paper: Paper) -> Iterator[str]:
    yield from _hanging(*_authentication(message), paper)
    for signature in message.signatures:
        yield from _hanging(*_signature(signature), paper)
    for warning in message.warnings:
        yield from _hanging("warn", visible(clean(warning)), ("yellow",), paper)


def _hanging(mark: str, text: str, styles: tuple[str, ...], paper: Paper) -> Iterator[str]:
    sign = f"{paper.mark(mark)} "
    for number, line in enumerate(_wrapped(text, paper.width, taken=len(sign))):
        yield paper.styled((sign if number == 0 else "  ") + line, *styles)


def _authentication(message: ReadMessage) -> tuple[str, str, tuple[str, ...]]:
    found = message.authentication
    methods = {"DMARC": found.dmarc, "DKIM": found.dkim, "SPF": found.spf}
    results = ", ".join(f"{name} {result}" for name, result in methods.items() if result)
    by = f"{results or 'nothing'}, says {visible(found.by or '')}"
    match found.verdict:
        case "verified":
            domain = visible(message.info.from_[0].domain) if message.info.from_ else ""
            return "good", f"Sender verified: it comes from {domain} ({by})", ("green",)
        case "failed":
            return "bad", f"Sender FORGED, or sent past its own servers ({by})", ("red",)
        case "unverified":
            return "unknown", f"Sender not verified ({by})", ("yellow",)
        case _:
            return "unknown", "Sender unknown: nobody trusted has checked it", ("dim",)


def _signature(signature: SignatureInfo) -> tuple[str, str, tuple[str, ...]]:
    detail = clean(signature.detail)
    if not signature.whole and signature.status == "good":
        detail += "; the rest of the message is not signed"
    match signature.status:
        case "bad":
            return "bad", detail, ("red",)
        case "good" if signature.trusted and signature.from_sender and signature.whole:
            return "good", detail, ("green",)
        case _:
            return "unknown", detail, ("yellow",)


# the text


def _block(block: Block, paper: Paper) -> Iterator[str]:
    indent = _indent(block.depth, paper)
    width = None if paper.width is None else max(paper.width - 2 * block.depth, _NARROWEST)
    width = None if block.kind == "note" else width  # there are commands in notes, to be copied
    text = clean_block(block.text).strip("\n")
    in_signature = False
    for line in text.split("\n") if text else ():
        in_signature = in_signature or (line in {"-- ", "--"} and block.kind == "text")
        styles = _styles(block, line, in_signature=in_signature)
        for piece in _lines(line, width):
            shown = paper.styled(indent, "dim") + paper.styled(piece, *styles)
            yield shown if piece else shown.rstrip()


def _indent(depth: int, paper: Paper) -> str:
    return ("│ " if paper.unicode else "| ") * depth


def _styles(block: Block, line: str, *, in_signature: bool) -> tuple[str, ...]:
    match block.kind:
        case "heading":
            return ("bold",)
        case "note":
            return ("dim",)
        case _ if in_signature or _FOLDED.fullmatch(line):
            return ("dim",)
        case _:
            return ("cyan",) if line.startswith(">") else ()


def _lines(line: str, width: int | None) -> list[str]:
    """Break a line that is too long, and keep its quotation mark."""
    if width is None or cells(line) <= width:
        return [line]
    mark = re.match(r"(?:> ?)*", line)
    prefix = mark[0] if mark else ""
    rest = _wrapped(line[len(prefix) :], width, taken=len(prefix), blanks=True)
    return [prefix + each for each in rest]


def _attachments(message: ReadMessage, paper: Paper) -> Iterator[str]:
    parts = message.attachments
    yield paper.styled(counted(len(parts), "attachment"), "bold")
    number = max(len(each.part) for each in parts)
    for each in parts:
        name = visible(each.name or "") or "(no name)"
        about = f"{clean(each.type)}, {size_text(each.size)}"
        yield from _field(f"  {each.part:{number}}  ", f"{name}  ({about})", paper)


def _snippet(message: ReadMessage, snippet: str, paper: Paper) -> Iterator[str]:
    info = message.info
    sender = (
        clean(info.from_[0].name) or visible(info.from_[0].email) if info.from_ else "(nobody)"
    )
    number = f"{info.id}  " if info.id else ""
    head = f"{number}{_date(info.date, paper.now)}  {sender}"
    yield from (paper.styled(line, "bold") for line in _wrapped(head, paper.width))
    yield from (paper.styled(line, "dim") for line in _wrapped(clean(snippet), paper.width))


# lines of a width


def cells(text: str) -> int:
    """Return how many columns a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(each) for each in text)


def _cells_of(character: str) -> int:
    if unicodedata.east_asian_width(character) in {"W", "F"}:
        return 2
    return 0 if unicodedata.category(character) in {"Mn", "Me"} else 1


def _wrapped(text: str, width: int | None, *, taken: int = 0, blanks: bool = False) -> list[str]:
    """Break a text between words, so that each line has room beside the `taken` columns.

    A word that is longer than a line stays whole: a link can be opened then. `blanks`: those at
    its beginning are kept.
    """
    if width is None or cells(text) + taken <= width:
        return [text]
    room = max(width - taken, _NARROWEST)
    lead = re.match(" *", text)
    line = lead[0] if blanks and lead else ""
    used = len(line)
    lines: list[str] = []
    for word in text.split():
        size = cells(word)
        if line.strip() and used + 1 + size > room:
            lines.append(line)
            line, used = word, size
        else:
            joined = f"{line} {word}" if line.strip() else line + word
            used += size + (1 if line.strip() else 0)
            line = joined
    return [*lines, line]
