"""A Maildir as a test sees it: plain files, read without any code of ours."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.support.schemas import fitting


def mail_files(folder: Path) -> list[Path]:
    """Return the messages of a folder in the order of their names."""
    found = [path for name in ("new", "cur") for path in folder.joinpath(name).glob("*")]
    return sorted(found, key=lambda path: path.name)


def wire_octets(path: Path) -> bytes:
    """Return a message as a server would have it (ARCHITECTURE.md, "Three stores")."""
    raw = path.read_bytes()
    marked = path.name.partition(":")[0].endswith(",V")
    return raw if marked or b"\r" in raw else raw.replace(b"\n", b"\r\n")


def octets(folder: Path) -> list[bytes]:
    """Return the messages of a folder, as a server would have them, sorted."""
    return sorted(map(wire_octets, mail_files(folder)))


def letters(path: Path) -> str:
    """Return the flags in a message's file name."""
    return path.name.partition(":2,")[2]


def put(folder: Path, name: str, raw: bytes) -> Path:
    """Drop a message into a folder as another program would, making the folder if need be."""
    for subdirectory in ("cur", "new", "tmp"):
        folder.joinpath(subdirectory).mkdir(parents=True, exist_ok=True)
    path = folder / ("cur" if ":2," in name else "new") / name
    path.write_bytes(raw)
    return path


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return all below a directory: inode, time of the last change, and octets if it is a file."""
    return {str(path.relative_to(root)): _state(path) for path in _all(root)}


def _all(root: Path) -> Iterator[Path]:
    yield from [root, *root.rglob("*")] if root.exists() else []


def _state(path: Path) -> tuple[int, int, bytes]:
    status = path.lstat()
    regular = stat.S_ISREG(status.st_mode)
    return status.st_ino, status.st_mtime_ns, path.read_bytes() if regular else b""


def mode(path: Path) -> int:
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def document(done: CompletedProcess[str], schema: str) -> Any:
    """Return the JSON that a command printed, once it fits its published schema."""
    return fitting(json.loads(done.stdout), schema)


def failure(done: CompletedProcess[str]) -> Any:
    """Return the one error object on stderr, once it fits its published schema."""
    found = [json.loads(line) for line in done.stderr.splitlines()]
    (error,) = [each["error"] for each in found if "error" in each]
    return fitting({"error": error}, "error")["error"]
