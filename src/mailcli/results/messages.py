"""Messages as lists show them: what `list`, `search` and, with more of each, `read` return."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mailcli.model import Address
from mailcli.results.report import ErrorReport

if TYPE_CHECKING:
    from mailcli.results.reading import ReadMessage


class MessageInfo(NamedTuple):
    """One message as `list` shows it. `size` is in octets as stored.

    `depth` says how far below the first of its thread it stands, where threads are shown. `path`
    is None for one that only a server has. `own`: the account's owner wrote it to others, so
    people are shown to whom.
    """

    id: int | None
    account: str | None
    folder: str
    date: datetime | None
    from_: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    flags: tuple[str, ...]
    keywords: tuple[str, ...]
    size: int
    attachments: int
    message_id: str | None
    thread: str | None
    path: Path | None
    depth: int = 0
    own: bool = False


class ListResult(NamedTuple):
    """The result of `list`: newest first, and what could not be read.

    There may be very many, so they are perhaps made only when they are asked for.
    """

    messages: Sequence[MessageInfo]
    errors: tuple[ErrorReport, ...] = ()


class ReadResult(NamedTuple):
    """The result of `read`. `single`: one message was asked for, by what can mean only one."""

    messages: tuple["ReadMessage", ...]
    errors: tuple[ErrorReport, ...] = ()
    single: bool = False
