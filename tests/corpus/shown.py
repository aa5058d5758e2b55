"""What people and scripts get of some messages, written down: `python -m tests.corpus.shown`.

To be looked at, line by line, whenever it changes: would you like to read it?
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.corpus.writing import DIRECTORY

SHOWN = Path(__file__).parent / "shown"
WIDTHS = (60, 80, 200)
NAMES = (
    *("usual-reply", "usual-outlook-reply", "usual-newsletter", "usual-japanese", "usual-hebrew"),
    *(
        "usual-many-files",
        "usual-list",
        "plain",
        "html-empty",
        "flowed",
        "alternative",
        "mixed-texts",
    ),
    *("forwarded", "digest", "report", "invitation", "pgp-encrypted", "pgp-signed-unsigned"),
    *("smime-opaque", "smime-encrypted", "pgp-inline", "from-imitated-domain", "name-bidi"),
    *("from-other-address-in-name", "subject-escapes", "html-link-lies", "to-many", "from-group"),
)


def forms() -> Iterator[tuple[str, tuple[str, ...], dict[str, str]]]:
    """Yield the name of each file, the words of the command, and its environment."""
    for name in NAMES:
        for width in WIDTHS:
            words = ("read", f"{name}.eml", "-o", "table", "--color", "never", "--no-pager")
            yield f"{name}.{width}.txt", words, {"COLUMNS": str(width)}
        yield f"{name}.json", ("read", f"{name}.eml", "--json"), {}


def main() -> None:
    """Write all files anew, and remove those of others."""
    SHOWN.mkdir(exist_ok=True)
    wanted = set()
    for file, words, environ in forms():
        wanted.add(file)
        done = subprocess.run(
            [sys.executable, "-m", "mailcli", *words],
            cwd=DIRECTORY,
            env={**os.environ, "TZ": "UTC", **environ},
            capture_output=True,
            check=True,
        )
        (SHOWN / file).write_bytes(done.stdout)
    for path in SHOWN.iterdir():
        if path.name not in wanted:
            path.unlink()


if __name__ == "__main__":
    main()
