"""What saving and editing drafts returns."""

from pathlib import Path
from typing import NamedTuple


class DraftResult(NamedTuple):
    """A draft that was saved, and where; `replaced` is the number of its earlier version."""

    id: int | None
    account: str
    folder: str
    path: Path
    message_id: str
    subject: str
    replaced: int | None = None
    warnings: tuple[str, ...] = ()
