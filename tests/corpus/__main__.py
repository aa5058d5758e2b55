"""Write the corpus of messages anew: `python -m tests.corpus`."""

import json

from tests.corpus import odd_bodies, odd_headers, odd_structures, usual_messages
from tests.corpus.writing import DIRECTORY, MESSAGES

MODULES = (odd_bodies, odd_headers, odd_structures, usual_messages)


def files() -> dict[str, bytes]:
    """Return every file of the corpus by its name."""
    written = {}
    for name, (raw, expected) in sorted(MESSAGES.items()):
        written[f"{name}.eml"] = raw
        told = json.dumps(expected, ensure_ascii=True, indent=1, sort_keys=True)
        written[f"{name}.json"] = told.encode() + b"\n"
    return written


def main() -> None:
    """Write the files, and remove those of messages that are no more."""
    wanted = files()
    DIRECTORY.mkdir(exist_ok=True)
    for path in DIRECTORY.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, octets in wanted.items():
        (DIRECTORY / name).write_bytes(octets)


if __name__ == "__main__":
    main()
