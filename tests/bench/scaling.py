"""The rows that ask how cost grows: with the messages of a folder, and with the folders.

They share their mailboxes, and what one has fetched is where the next begins.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.bench import ours, peers
from tests.bench.checks import has_flags_of, holds_all_of
from tests.bench.contenders import Contender
from tests.bench.ground import Ground, Mailbox, Service
from tests.bench.report import Curve, Point
from tests.bench.work import FAR, Row, Sizes, State, count_folders

Syncers = tuple[Contender, ...]


def rows(sizes: Sizes) -> Iterator[Row]:
    """Yield the rows, in the order in which they run and are shown."""
    *smaller, largest = sizes.growing
    hasty = peers.mbsync(fsync="no")  # 100,000 fsyncs take minutes
    fast = (ours.imap_sync(), replace(peers.mbsync(), prime=hasty.command))
    everyone = (*fast, peers.offlineimap())
    # OfflineIMAP would fetch the largest folder for minutes.
    groups = [*((mailbox, everyone) for mailbox in smaller), (largest, fast)]
    yield _first(largest, (ours.imap_sync(), hasty))
    yield from (_nothing(mailbox, syncers) for mailbox, syncers in groups)
    yield from (_flag(mailbox, syncers) for mailbox, syncers in groups)
    yield from _folders(sizes, everyone)


def _first(mailbox: Mailbox, syncers: Syncers) -> Row:
    return Row(
        key="sync-first-short",
        title=f"IMAP, first sync of {mailbox.size:,} short messages, mbsync without fsync",
        contenders=syncers,
        check=holds_all_of(mailbox),
        user=mailbox.user,
        service=Service.IMAPS,
        mailbox=mailbox,
        state=State.WIPED,
        is_long=True,
    )


def _nothing(mailbox: Mailbox, syncers: Syncers) -> Row:
    return Row(
        key=f"sync-nothing-{mailbox.size}",
        title=f"IMAP, nothing to do, one folder of {mailbox.size:,} short messages",
        contenders=syncers,
        check=has_flags_of(mailbox),
        user=mailbox.user,
        service=Service.IMAPS,
        mailbox=mailbox,
        state=State.PRIMED,
        repeat=2,
        point=Point(Curve.MESSAGES, mailbox.size),
    )


def _flag(mailbox: Mailbox, syncers: Syncers) -> Row:
    return Row(
        key=f"sync-flag-{mailbox.size}-far",
        title=f"IMAP, one flag changed there, {mailbox.size:,} short messages, 50 ms round trip",
        contenders=syncers,
        check=has_flags_of(mailbox),
        user=mailbox.user,
        service=Service.IMAPS,
        mailbox=mailbox,
        state=State.PRIMED,
        change=_flip_the_middle_one(mailbox),
        round_trip=FAR,
        point=Point(Curve.FLAG, mailbox.size),
    )


def _flip_the_middle_one(mailbox: Mailbox) -> Callable[[Ground], None]:
    """Return what changes a flag each time that it is called, neither of old nor of new mail."""
    return lambda ground: ground.flip_flag(mailbox.user, mailbox.size // 2)


def _folders(sizes: Sizes, syncers: Syncers) -> Iterator[Row]:
    one, many = sizes.one_folder, sizes.folders
    some = ((mailbox, count_folders(mailbox)) for mailbox in (*sizes.fewer_folders, many))
    for mailbox, amount in ((one, 1), *some):
        key = "folders-far" if mailbox == many else f"{amount}-folders-far"
        what = "one folder" if mailbox == one else f"{amount:,} folders"
        yield Row(
            key=f"sync-nothing-{key}",
            title=f"IMAP, nothing to do, {what}, 50 ms round trip",
            contenders=syncers,
            check=holds_all_of(mailbox),
            user=mailbox.user,
            service=Service.IMAPS,
            mailbox=mailbox,
            all_folders=mailbox != one,
            state=State.PRIMED,
            round_trip=FAR,
            point=Point(Curve.FOLDERS, amount),
        )
