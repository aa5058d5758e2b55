"""What lies in a Maildir, for the tour's checks: read with plain means, not with mailcli's own.

A proof that used the code which it is to prove would be none.
"""

import hashlib
from collections import Counter
from pathlib import Path


def contents(root: Path) -> Counter[tuple[str, str, str]]:
    """Count the messages below a Maildir by folder, hash of the octets, and flags."""
    return Counter(
        (str(path.parent.parent.relative_to(root)), _hash(path), _flags(path))
        for path in _messages(root)
    )


def unseen(folder: Path) -> Path | None:
    """Return the last message of one folder, by name, that nobody has read."""
    files = [path for below in ("new", "cur") for path in (folder / below).glob("*")]
    return max((path for path in files if "S" not in _flags(path)), default=None)


def as_seen(path: Path) -> Path:
    """Return the name of a message once it is seen; flags stand in ASCII order (maildir(5))."""
    name = path.name.partition(":2,")[0]
    flags = "".join(sorted({*_flags(path), "S"}))
    return path.parent.parent / "cur" / f"{name}:2,{flags}"


def _messages(root: Path) -> list[Path]:
    return [
        path
        for path in root.rglob("*")
        if path.parent.name in {"new", "cur"} and not path.name.startswith(".") and path.is_file()
    ]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _flags(path: Path) -> str:
    return path.name.partition(":2,")[2]
