"""Tables for people, drawn by rich: the only module that imports it.

rich reads markup, emoji names and links in plain strings, and lets ESC pass.
So every cell is a `Text` of a cleaned string, never a string. Colour never
says anything alone: an unread message also has a mark.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from mailcli.message.clean import clean, visible
from mailcli.model import Address
from mailcli.output.cells import Cell
from mailcli.output.tables import address_text, table_of
from mailcli.output.tsv import rfc3339
from mailcli.output.words import size_text
from mailcli.results import (
    AccountsResult,
    AttachmentsResult,
    FolderInfo,
    FoldersResult,
    ListResult,
    MessageInfo,
)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WIDE = 110
"""Cells from which a list has room for addresses beside the names."""
_NARROW = 76
"""Cells below which a list leaves out the folder, so that the subject can be read."""
_GAP = 2


class Screen(NamedTuple):
    """What the table is drawn on. `width` in cells; `unicode` says that marks may be symbols."""

    width: int
    color: bool
    unicode: bool
    now: datetime


class _Column(NamedTuple):
    title: str
    right: bool = False
    most: int | None = None  # cells; what is longer is cut, with an ellipsis
    rest: bool = False  # takes the room that the others leave, and is cut there


class _View(NamedTuple):
    columns: tuple[_Column, ...]
    rows: list[tuple[str, ...]]
    strong: frozenset[int] = frozenset()  # rows in bold


def table_text(result: object, screen: Screen) -> str:
    """Return `result` as lines of text, fitted to `screen.width`; `""` when empty."""
    match result:
        case ListResult():
            view = _messages(tuple(result.messages), screen)
        case FoldersResult():
            view = _folders(result, screen)
        case AttachmentsResult():
            view = _attachments(result, screen)
        case AccountsResult():
            view = _accounts(result)
        case _:
            view = _anything(result)
    if not view.rows:
        return ""
    return _drawn(view, screen) if _fits(view, screen) else _listed(view)


def date_text(moment: datetime | None, now: datetime) -> str:
    """Return a date for people in the zone of `now`.

    Of today `14:05`, of the six days before `Tue 09:12`, of this year `12 Nov`, else `2024-03-02`.
    """
    if moment is None:
        return ""
    try:
        local = moment.astimezone(now.tzinfo)
    except OverflowError:  # the first or last day that a calendar here knows
        return rfc3339(moment)[:10]
    if local.date() == now.date():
        return f"{local:%H:%M}"
    if 0 < (now.date() - local.date()).days < 7:
        return f"{_DAYS[local.weekday()]} {local:%H:%M}"
    if local.year == now.year and local < now + timedelta(days=1):
        return f"{local.day:2} {_MONTHS[local.month - 1]}"
    return rfc3339(local)[:10]


def marks_text(message: MessageInfo, *, unicode: bool = True) -> str:
    """Return four cells: unread or draft, answered or forwarded, flagged, attachments."""
    flags = {flag.lstrip("\\$").lower() for flag in (*message.flags, *message.keywords)}
    unread = "●" if unicode else "N"
    first = "D" if "draft" in flags else " " if "seen" in flags else unread
    second = "r" if "answered" in flags else "f" if flags & {"passed", "forwarded"} else " "
    return (
        f"{first}{second}{'!' if 'flagged' in flags else ' '}{'@' if message.attachments else ' '}"
    )


def _messages(messages: tuple[MessageInfo, ...], screen: Screen) -> _View:
    wide = screen.width >= _WIDE
    places = _places(messages) if screen.width >= _NARROW else None
    numbered = any(each.id is not None for each in messages)
    columns = (
        *([_Column("No.", right=True)] if numbered else []),
        _Column(""),
        _Column("Date", right=True),
        _Column("From", most=min(40, screen.width // 4)),
        *([_Column("Folder", most=screen.width // 6)] if places else []),
        _Column("Subject", rest=True),
    )
    marks = [marks_text(each, unicode=screen.unicode) for each in messages]
    rows = [
        (
            *([str(each.id or "")] if numbered else []),
            marks[row],
            date_text(each.date, screen.now),
            _whom(each, full=wide),
            *([places[row]] if places else []),
            _subject(messages, row, screen),
        )
        for row, each in enumerate(messages)
    ]
    unread = (row for row, mark in enumerate(marks) if mark[0] not in " D")
    return _View(columns, rows, frozenset(unread))


def _subject(messages: tuple[MessageInfo, ...], row: int, screen: Screen) -> str:
    """Return a subject; below a message of the same thread indented, and only if it is new."""
    message = messages[row]
    subject = clean(message.subject) or "(no subject)"
    if not message.depth or not row:
        return subject
    branch = "\N{BOX DRAWINGS LIGHT UP AND RIGHT} " if screen.unicode else "> "
    before = clean(messages[row - 1].subject)
    said = subject.rpartition(": ")[2] == before.rpartition(": ")[2]
    return "  " * (message.depth - 1) + branch + ("" if said else subject)


def _places(messages: tuple[MessageInfo, ...]) -> list[str] | None:
    """Return each message's folder, with its account where they differ; `None`: all the same."""
    several = len({each.account for each in messages}) > 1
    places = [
        f"{each.account}/{each.folder}" if several and each.account else each.folder
        for each in messages
    ]
    return places if len(set(places)) > 1 else None


def _whom(message: MessageInfo, *, full: bool) -> str:
    """Return who wrote; of what the reader wrote, to whom, as other programs show it."""
    if not message.own:
        return _sender(message.from_, full=full)
    return f"To: {_sender((*message.to, *message.cc), full=full)}"


def _sender(senders: tuple[Address, ...], *, full: bool) -> str:
    """Return who wrote; a name that looks like an address never hides the address."""
    if not senders:
        return "(unknown)"
    first = senders[0]
    name = clean(first.name)
    if full or (name and "@" in name):
        return address_text(first) if full else visible(first.email)
    return name or visible(first.email)


def _folders(result: FoldersResult, screen: Screen) -> _View:
    several = len({each.account for each in result.folders}) > 1
    sized = any(each.size is not None for each in result.folders)
    rows = [
        (
            *([each.account] if several else []),
            each.name,
            each.role or "",
            _number(each.messages),
            _number(each.unseen),
            *(["" if each.size is None else size_text(each.size)] if sized else []),
            _folder_note(each),
        )
        for each in result.folders
    ]
    titles = (
        *(["Account"] if several else []),
        *("Folder", "Role", "Messages", "Unread"),
        *(["Size"] if sized else []),
        "Notes",
    )
    widths = _widths(titles, rows)
    others = sum(widths) - widths[titles.index("Folder")] + _GAP * (len(titles) - 1)
    columns = tuple(
        _Column(
            title,
            right=title in {"Messages", "Unread", "Size"},
            most=max(12, screen.width - others) if title == "Folder" else None,
        )
        for title in titles
    )
    strong = frozenset(row for row, each in enumerate(result.folders) if each.unseen)
    return _View(columns, rows, strong)


def _folder_note(folder: FolderInfo) -> str:
    if not folder.selectable:
        return "folders only"
    shown = folder.subscribed or folder.role == "inbox"  # every program shows that one
    return "" if shown else "not subscribed"


def _attachments(result: AttachmentsResult, screen: Screen) -> _View:
    """Show a message's number, or its file, beside its attachments where there are several."""
    several = len(result.messages) > 1
    is_saved = any(a.saved for each in result.messages for a in each.attachments)
    columns = (
        *([_Column("Message", right=True, most=24)] if several else []),
        *(_Column("Part"), _Column("Size", right=True), _Column("Type", most=screen.width // 4)),
        _Column("Saved as" if is_saved else "Name", rest=True),
    )
    rows = [
        (
            *([str(each.id or each.path.name)] if several else []),
            *(a.part, size_text(a.size), clean(a.type)),
            str(a.saved) if a.saved else clean(a.name or "") or "(no name)",
        )
        for each in result.messages
        for a in each.attachments
    ]
    return _View(columns, rows)


def _accounts(result: AccountsResult) -> _View:
    columns = ("Account", "Address", "SMTP", "POP3", "IMAP", "Maildir")
    rows = [
        (
            f"{each.account} (default)" if each.default else each.account,
            each.email or "",
            each.smtp or "",
            each.pop or "",
            each.imap or "",
            str(each.maildir),
        )
        for each in result.accounts
    ]
    used = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    return _View(
        tuple(_Column(columns[i]) for i in used),
        [tuple(row[i] for i in used) for row in rows],
    )


def _anything(result: object) -> _View:
    table = table_of(result)
    titles = (_Column(name.replace("_", " ").capitalize()) for name in table.columns)
    return _View(tuple(titles), [tuple(map(_words, row)) for row in table.rows])


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _words(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return rfc3339(cell)
        case _:
            return str(cell)


def _drawn(view: _View, screen: Screen) -> str:
    grid = RichTable(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for column in view.columns:
        grid.add_column(
            Text(column.title),
            justify="right" if column.right else "left",
            ratio=1 if column.rest else None,
            max_width=column.most,
            no_wrap=True,
            overflow="ellipsis",
        )
    for row, cells in enumerate(view.rows):
        grid.add_row(*map(_text, cells), style="bold" if row in view.strong else None)
    grid.expand = any(column.rest for column in view.columns)
    lines = _rendered(grid, screen).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _fits(view: _View, screen: Screen) -> bool:
    """Say whether every column has room; one that may be cut always has."""
    if any(column.rest or column.most for column in view.columns):
        return True
    widths = _widths([column.title for column in view.columns], view.rows)
    return sum(widths) + _GAP * (len(widths) - 1) <= screen.width


def _widths(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Return how many cells each column needs."""
    return [max(map(cell_len, cells)) for cells in zip(titles, *rows, strict=True)]


def _listed(view: _View) -> str:
    """Return one short paragraph for each row, where a table would not fit."""
    titles = [column.title for column in view.columns[1:]]
    indent = max(map(len, titles), default=0) + _GAP
    paragraphs = []
    for first, *others in view.rows:
        named = zip(titles, others, strict=True)
        lines = [f"  {title:{indent}}{visible(cell)}\n" for title, cell in named if cell]
        paragraphs.append("".join([f"{visible(first)}\n", *lines]))
    return "\n".join(paragraphs)


def _text(cell: str) -> Text:
    return Text(visible(cell))


def _rendered(grid: RichTable, screen: Screen) -> str:
    console = Console(
        file=StringIO(),
        width=screen.width,
        force_terminal=screen.color,
        color_system="standard" if screen.color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as captured:
        console.print(grid)
    return captured.get()
