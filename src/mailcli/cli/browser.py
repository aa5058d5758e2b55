"""A page in the user's browser: from a private file, which a later run removes.

`BROWSER` as words, `%s` standing for the page, several separated by colons; else
`xdg-open` or macOS's `open`, where there is a screen. Nothing waits for the browser.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from mailcli.errors import CannotCreate

_KEPT = 24 * 60 * 60
"""Seconds after which a page that was shown is removed."""


def write_page(html: str, directory: Path) -> Path:
    """Write a page into a file that nobody else can read, and remove old ones.

    Raises: CannotCreate (73).
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_old(directory)
        descriptor, name = tempfile.mkstemp(prefix="message-", suffix=".html", dir=directory)
        with os.fdopen(descriptor, "wb") as file:
            file.write(html.encode("utf-8", "replace"))
    except OSError as exc:
        raise CannotCreate(f"{directory}: {exc.strerror}") from exc
    return Path(name)


def open_page(page: Path, environ: Mapping[str, str]) -> bool:
    """Start a browser on a page; tell whether one could be started."""
    for command in _commands(page, environ):
        if shutil.which(command[0], path=environ.get("PATH")) is None:
            continue
        try:
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(environ),
                start_new_session=True,
            )
        except OSError:
            continue
        return True
    return False


def _commands(page: Path, environ: Mapping[str, str]) -> Iterator[list[str]]:
    for text in filter(None, environ.get("BROWSER", "").split(":")):
        try:
            words = shlex.split(text)
        except ValueError:
            continue
        address = page.as_uri()
        named = [word.replace("%s", address) for word in words]
        if words:
            yield named if named != words else [*words, address]
    if sys.platform == "darwin":
        yield ["open", str(page)]
    elif environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        yield ["xdg-open", str(page)]


def _remove_old(directory: Path) -> None:
    limit = time.time() - _KEPT
    for path in directory.glob("message-*.html"):
        with suppress(FileNotFoundError):  # another run removes it
            if path.lstat().st_mtime < limit:
                path.unlink()
