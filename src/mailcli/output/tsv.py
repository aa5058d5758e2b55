"""Results for programs: tab-separated values, and dates as RFC 3339 has them.

No header line, one record a line, and neither TAB nor line end inside a field: texts are
cleaned, so that a subject cannot forge a record.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from mailcli.message.clean import is_plain, visible
from mailcli.output.cells import Cell, Table


def tsv_lines(table: Table) -> Iterator[str]:
    """Yield a line for each row; absent is empty, dates are RFC 3339."""
    for row in table.rows:
        texts = [cell if isinstance(cell, str) else _text(cell) for cell in row]
        if not is_plain("".join(texts)):  # asked once a row: there may be 100,000
            texts = [visible(text) for text in texts]
        yield "\t".join(texts) + "\n"


def rfc3339(moment: datetime) -> str:
    """Return `moment` with seconds and offset, as in `2026-11-12T14:05:00+01:00`.

    A time without a zone is taken for UTC, and one with an offset that RFC
    3339 cannot write, such as half a minute, is converted to UTC.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elif (moment.utcoffset() or timedelta()) % timedelta(minutes=1):
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return rfc3339(cell)
        case _:
            return str(cell)
