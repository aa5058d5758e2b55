"""What becomes of each folder: a pure decision over three sets of names.

A folder that is missing on one side was deleted there, was renamed, or never
was. Renames are found first, since a rename that passes for a deletion and a new
folder would send all its mail on its way again.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum
from typing import NamedTuple


class Fate(Enum):
    """What a run does about one folder."""

    MIRROR = "both sides have it"
    NEW_HERE = "only the Maildir has it, and it was never on the server, or is wanted there again"
    NEW_THERE = "only the server has it, and it was never here"
    GONE_HERE = "both had it; it is no longer in the Maildir"
    GONE_THERE = "both had it; it is no longer on the server"
    DETACHED = "deleted on the server: only here, as it is meant to be"
    FORGOTTEN = "neither side has it any more"


class Known(NamedTuple):
    """What was last agreed on about a folder; `uidvalidity` is 0 before anything was.

    `detached`: it is meant to be only here, until a file comes into it that was never agreed on.
    """

    uidvalidity: int
    mailbox_id: str | None
    detached: bool = False
    has_new_mail: bool = False


class Offered(NamedTuple):
    """What the server lists; None is what it does not tell."""

    uidvalidity: int | None = None
    mailbox_id: str | None = None


class Renamed(NamedTuple):
    """One folder has another name now."""

    old: str
    new: str


def fates(
    known: Mapping[str, Known], here: Collection[str], there: Collection[str]
) -> dict[str, Fate]:
    """Return what becomes of every folder that anybody knows, by name, sorted."""
    names = sorted({*known, *here, *there})
    return {name: _fate(known.get(name), name in here, name in there) for name in names}


def _fate(known: Known | None, here: bool, there: bool, /) -> Fate:
    match here, there:
        case True, True:
            return Fate.MIRROR
        case False, False:
            return Fate.FORGOTTEN
        case True, False:
            if known is None:
                return Fate.NEW_HERE
            if not known.detached:
                return Fate.GONE_THERE
            return Fate.NEW_HERE if known.has_new_mail else Fate.DETACHED
        case _:
            return Fate.NEW_THERE if known is None or known.detached else Fate.GONE_HERE


def renames_there(
    known: Mapping[str, Known], there: Mapping[str, Offered]
) -> Iterator[tuple[Renamed, bool]]:
    """Yield the renames that the server's list suggests, outer folders first; say if it is sure.

    The same MAILBOXID is proof (RFC 8474 §4.3), unless several folders share it, as none should.
    The same UIDVALIDITY is a reason to look at the messages: some servers give it to every folder.
    """
    shared = _repeated(known.values()) | _repeated(there.values())
    gone = [n for n in sorted(known) if n not in there and not known[n].detached]
    new = [name for name in sorted(there) if name not in known]
    for old in gone:
        base = known[old]
        for name in new:
            offered = there[name]
            if base.mailbox_id and offered.mailbox_id and base.mailbox_id not in shared:
                if base.mailbox_id == offered.mailbox_id:
                    yield Renamed(old, name), True
            elif base.uidvalidity and base.uidvalidity == offered.uidvalidity:
                yield Renamed(old, name), False


def _repeated(folders: Iterable[Known | Offered]) -> set[str]:
    """Return the MAILBOXIDs that more than one folder has."""
    counted = Counter(folder.mailbox_id for folder in folders if folder.mailbox_id)
    return {mailbox_id for mailbox_id, count in counted.items() if count > 1}


def renamed_here(gone: Mapping[str, Collection[str]], files: Iterable[str]) -> str | None:
    """Return the folder that a new one must have been, by the unique names of its files.

    `gone` has the files of each folder that is missing here. Most of them, and most of what the
    new folder holds, must be the same.
    """
    now = set(files)
    for old in sorted(gone):
        before = set(gone[old])
        common = len(before & now)
        if 2 * common > len(before) and 2 * common > len(now):
            return old
    return None
