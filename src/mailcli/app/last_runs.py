"""What became of the last run of an account, for `status`: a small file in the cache directory.

It is for people who ask why there is no new mail. Nothing depends on it, so nothing is made
durable, and no failure here is one of the run. The file's time is that of the run; it is empty
where all went well, so that such a run needs no JSON.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailcli.app.context import Context
from mailcli.config import Account
from mailcli.errors import CannotCreate, LocalError
from mailcli.results.report import ErrorReport
from mailcli.store.files import make_private_directory

if TYPE_CHECKING:
    from mailcli.results.state import LastRun


def record_run(
    context: Context, account: Account, command: str, error: ErrorReport | None
) -> None:
    """Record how a run ended."""
    path = _directory(context, account) / command
    with suppress(OSError, ValueError, CannotCreate, LocalError):
        if not path.parent.is_dir():
            make_private_directory(path.parent)
        temporary = path.with_name(f".{command}.{os.getpid()}")
        temporary.write_text(_written(error), encoding="utf-8")
        os.utime(temporary, (context.unix_time(), context.unix_time()))
        temporary.replace(path)


def _written(error: ErrorReport | None) -> str:
    if error is None:
        return ""
    import json

    return json.dumps(error._asdict())


def last_runs(context: Context, account: Account) -> "tuple[LastRun, ...]":
    """Return the last run of each command, the latest first.

    What is no record of ours is left out: how that run ended is not known. The next one writes
    it anew.
    """
    from mailcli.results.state import LastRun

    found = []
    with suppress(OSError):
        for path in _directory(context, account).glob("[!.]*"):
            with suppress(OSError, TypeError, ValueError, OverflowError, RecursionError):
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone()
                found.append(LastRun(path.name, at, _read(path.read_text("utf-8"))))
    return tuple(sorted(found, key=lambda run: run.at, reverse=True))


def _read(text: str) -> ErrorReport | None:
    """Read what `_written` wrote. Raises: TypeError, ValueError, RecursionError."""
    if not text:
        return None
    import json

    report = ErrorReport(**json.loads(text))
    texts = (report.code, report.message, report.hint, report.account or "")
    if not all(isinstance(each, str) for each in texts) or type(report.exit_code) is not int:
        raise TypeError("not what was written")
    "".join(texts).encode()  # JSON may have half of a character, which nobody can print
    return report


def _directory(context: Context, account: Account) -> Path:
    return context.cache_dir / "last-runs" / account.name
