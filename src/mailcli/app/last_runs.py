"""What became of the last run of an account, for `status`: a small file in the cache directory.

It is for people who ask why there is no new mail. Nothing depends on it, so nothing is made
durable, and no failure here is one of the run.
"""

import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from mailcli.app.context import Context
from mailcli.config import Account
from mailcli.results.report import ErrorReport
from mailcli.results.state import LastRun


def record_run(
    context: Context, account: Account, command: str, error: ErrorReport | None
) -> None:
    """Record how a run ended."""
    told = None
    if error is not None:
        told = {name: getattr(error, name) for name in ErrorReport.__slots__}
    path = _path(context, account)
    runs = _read(path)
    runs[command] = {"at": context.now().isoformat(timespec="seconds"), "error": told}
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError, ValueError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text(json.dumps(runs), encoding="utf-8")
        temporary.replace(path)


def last_runs(context: Context, account: Account) -> tuple[LastRun, ...]:
    """Return the last run of each command, the latest first; what cannot be read is left out."""
    found = []
    for command, run in _read(_path(context, account)).items():
        with suppress(TypeError, ValueError, KeyError):
            error = run["error"] and ErrorReport(**run["error"])
            found.append(LastRun(command, datetime.fromisoformat(run["at"]), error))
    return tuple(sorted(found, key=lambda run: run.at.timestamp(), reverse=True))


def _path(context: Context, account: Account) -> Path:
    return context.cache_dir / "last-runs" / f"{account.name}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
