"""What another program fetches from the same account: Debian's mbsync, into an empty Maildir."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.support.need import need
from tests.support.sync_world_mail import LETTERS, Copies, Copy, Message, content_of
from tests.support.sync_world_server import Place, from_the_wire


def pulled(
    place: Place, directory: Path, *, left_out: Iterable[str] = (), given: Iterable[Message] = ()
) -> Copies:
    """Return what mbsync fetches, flags included and keywords not, which it does not know.

    `directory` must be empty. mbsync drops a CR that stands alone; the messages `given` are
    recognised without theirs.
    """
    need("mbsync")
    mail = directory / "mail"
    mail.mkdir()
    patterns = " ".join(["*", *(f'"!{name}"' for name in left_out)])
    config = directory / "mbsyncrc"
    config.write_text(_CONFIG.format(place=place, mail=mail, patterns=patterns), "utf-8")
    done = subprocess.run(
        ["mbsync", "-c", config, "-a"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    bereft = {content_of(re.sub(rb"\r(?!\n)", b"", each.raw)): each.content for each in given}
    found = [_read(mail, path) for sub in ("cur", "new") for path in mail.rglob(f"{sub}/*")]
    return Counter(copy._replace(content=bereft.get(copy.content, copy.content)) for copy in found)


def without_keywords(copies: Copies) -> Copies:
    """Return the same copies with those marks alone that mbsync knows."""
    known = frozenset(LETTERS.values())
    found: Copies = Counter()
    for copy, count in copies.items():
        found[Copy(copy.folder, copy.content, copy.marks & known)] += count
    return found


def _read(mail: Path, path: Path) -> Copy:
    folder = from_the_wire(str(path.parents[1].relative_to(mail)))
    raw = re.sub(_ADDED, b"", path.read_bytes(), count=1)
    letters = path.name.partition(":2,")[2]
    return Copy(folder, content_of(raw), frozenset(LETTERS[each] for each in letters))


_ADDED = rb"(?m)^X-TUID: .*\n"
"""A header that it writes into what it fetches."""

_CONFIG = """
IMAPAccount account
Host 127.0.0.1
Port {place.port}
User {place.user}
Pass {place.password}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account account

MaildirStore near
Path {mail}/
Inbox {mail}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns {patterns}
Create Near
Sync Pull
SyncState *
"""
