"""A delivery into a Maildir as a program of its own, to be stopped at every step.

It keeps the contract of `mailcli.store.delivery`: what an earlier run left is
cleaned up and looked for first, then the rest is delivered, and only then noted
as done. The note, a file that is durable itself, stands for the state database.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mailcli.model import Flag, SystemFlags
from mailcli.store.delivery import Delivery
from mailcli.store.entries import NO_FLAGS, unique_name
from mailcli.store.files import fsync_directory, write_all
from mailcli.store.folder import Delivered, MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName
from mailcli.store.staging import Staged

MESSAGES: dict[str, tuple[bytes, SystemFlags]] = {
    "plain": (b"Subject: plain\r\n\r\nplain\r\n", NO_FLAGS),
    "seen": (b"Subject: seen\r\n\r\nseen\r\n", frozenset({Flag.SEEN, Flag.FLAGGED})),
    "bare": (b"Subject: bare\n\nwithout any CR\n", NO_FLAGS),
    "late": (b"x\r\n" * 40_000 + b"odd\r", NO_FLAGS),  # turned back when most of it is written
    "empty": (b"", NO_FLAGS),
}
BATCH = 2
_CHUNK = 30_000
_RECEIVED = 1_600_000_000
_WHEN = 1_700_000_000


def main() -> None:
    """Deliver all messages into the folder `Lists/Some` of the Maildir in `sys.argv`."""
    root, note = Path(sys.argv[1]), Path(sys.argv[2])
    folder = Maildir(root).folder(FolderName.parse("Lists/Some"))
    folder.create()
    folder.remove_stale_tmp()
    here = set(folder.tokens())
    _note(note, here)

    def record(group: Sequence[tuple[str, Delivered]]) -> None:
        here.update(token for token, _ in group)
        _note(note, here)

    missing = [token for token in MESSAGES if token not in here]
    with Delivery[str](folder, record) as delivery:
        for token in missing:
            delivery.add(token, _staged(folder, token))


def _staged(folder: MaildirFolder, token: str) -> Staged:
    raw, flags = MESSAGES[token]
    with folder.stage(unique_name(token, when=_WHEN)) as staged:
        for at in range(0, len(raw), _CHUNK):
            staged.write(raw[at : at + _CHUNK])
        staged.close(flags=flags, received=_RECEIVED)
    return staged


def _note(path: Path, tokens: set[str]) -> None:
    """Write down what is delivered, so that it survives whatever comes next."""
    text = " ".join(sorted(tokens)).encode()
    if path.exists() and path.read_bytes() == text:
        return
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    write_all(descriptor, text)
    os.fsync(descriptor)
    os.close(descriptor)
    os.replace(fresh, path)  # noqa: PTH105 - the fault tests stop at calls of os
    fsync_directory(path.parent)
