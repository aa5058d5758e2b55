"""The rows of the table: which work is measured, and who takes part.

To add one, describe it in `rows`; nothing else needs to know.
"""

from collections.abc import Iterable

from tests.bench import ours, peers, readers, scaling
from tests.bench.checks import delivers, delivers_one, holds_all_of
from tests.bench.contenders import ending_in
from tests.bench.corpus import LARGE
from tests.bench.ground import Mailbox, Service
from tests.bench.work import FAR, Row, Sizes, State

_FLOORS = ("nowhere", "files", "synced", "durable")


def rows(sizes: Sizes) -> tuple[Row, ...]:
    """Return all rows, in the order in which they run and are shown."""
    return (
        *_start_up(),
        *_sending(sizes),
        *_pop(sizes.pop),
        *_large(sizes),
        *_imap(sizes),
        *scaling.rows(sizes),
        *readers.rows(sizes),
    )


def matching(every: Iterable[Row], patterns: tuple[str, ...]) -> tuple[Row, ...]:
    """Return the rows whose key holds one of the patterns; all when there are none."""
    return tuple(row for row in every if not patterns or any(p in row.key for p in patterns))


def _start_up() -> Iterable[Row]:
    floor = ours.interpreter()
    yield Row(
        key="start-help",
        title="`--help`",
        contenders=(ours.plain("--help"), floor),
        repeat=7,
    )
    yield Row(
        key="start-version",
        title="`--version`",
        contenders=(ours.plain("--version"), peers.msmtp_version(), floor),
        repeat=7,
    )
    yield Row(
        key="start-completion",
        title="completion of `mailcli se` by mailcli itself",
        contenders=(ours.complete("mailcli se"), floor),
        repeat=7,
    )
    yield Row(
        key="start-sync",
        title="imap-sync: from the start to the first octet out, at a server that hangs up",
        contenders=(
            ending_in(ours.imap_sync(), 75),
            ending_in(peers.mbsync(), 1),
            # What any such run in Python needs, with no line of ours.
            ours.interpreter("click", "imaplib", "sqlite3", "ssl"),
        ),
        service=Service.HANGS_UP,
        is_counted=False,
        repeat=5,
    )


def _sending(sizes: Sizes) -> Iterable[Row]:
    yield Row(
        key="start-send",
        title="send: from the start to the first octet out, at a server that hangs up",
        contenders=(
            ending_in(ours.send(), 75),
            ending_in(peers.msmtp(), 76),
            ending_in(ours.smtplib_script(), 1),
        ),
        service=Service.HANGS_UP,
        is_counted=False,
        repeat=5,
    )
    for key, title, round_trip in (
        ("send", "send one message, loopback", 0.0),
        ("send-far", "send one message, 50 ms round trip", FAR),
    ):
        yield Row(
            key=key,
            title=title,
            contenders=(ours.send(), peers.msmtp(), ours.smtplib_script()),
            check=delivers_one,
            service=Service.SUBMISSIONS,
            round_trip=round_trip,
            repeat=5,
        )

    yield Row(
        key="send-outbox",
        title=f"send {sizes.queued} messages from the outbox, 50 ms round trip",
        contenders=(ours.flush(sizes.queued), peers.msmtp(sizes.queued)),
        check=delivers(sizes.queued),
        service=Service.SUBMISSIONS,
        round_trip=FAR,
    )
    yield Row(
        key="send-large",
        title=f"send an attachment of {sizes.attachment // 1_000_000:,} MB, loopback",
        contenders=(ours.send_file(sizes.attachment), peers.msmtp_file(sizes.attachment)),
        service=Service.SUBMISSIONS,
    )


def _pop(mailbox: Mailbox) -> Iterable[Row]:
    count = f"{mailbox.size:,}"
    fetchers = (ours.pop_fetch(), peers.mpop(), peers.getmail())
    floors = tuple(ours.floor("pop", how) for how in _FLOORS)
    yield Row(
        key="pop-first",
        title=f"POP3, first fetch of {count} messages, durable",
        contenders=(*fetchers, peers.fetchmail(), *floors),
        check=holds_all_of(mailbox),
        user=mailbox.user,
        service=Service.POP3S,
        mailbox=mailbox,
        state=State.WIPED,
    )
    yield Row(
        key="pop-first-far",
        title=f"POP3, first fetch of {count} messages, durable, 50 ms round trip",
        contenders=fetchers[:2],  # the third would take ten minutes
        check=holds_all_of(mailbox),
        user=mailbox.user,
        service=Service.POP3S,
        mailbox=mailbox,
        state=State.WIPED,
        round_trip=FAR,
    )
    for key, title, round_trip in (
        ("pop-nothing", f"POP3, nothing new of {count}, loopback", 0.0),
        ("pop-nothing-far", f"POP3, nothing new of {count}, 50 ms round trip", FAR),
    ):
        yield Row(
            key=key,
            title=title,
            contenders=fetchers,
            check=holds_all_of(mailbox),
            user=mailbox.user,
            service=Service.POP3S,
            mailbox=mailbox,
            state=State.PRIMED,
            round_trip=round_trip,
            repeat=2,
        )


def _large(sizes: Sizes) -> Iterable[Row]:
    pop = (ours.pop_fetch(), peers.mpop(), peers.getmail())
    imap = (ours.imap_sync(), peers.mbsync(), peers.offlineimap())
    for key, protocol, service, mailbox, contenders in (
        ("pop-large", "POP3", Service.POP3S, sizes.large, pop),
        ("sync-large", "IMAP", Service.IMAPS, sizes.large_imap, imap),
    ):
        ((_, numbers),) = mailbox.folders
        yield Row(
            key=key,
            title=f"{protocol}, one message of {numbers[0] - LARGE:,} MB, durable",
            contenders=contenders,
            check=holds_all_of(mailbox),
            user=mailbox.user,
            service=service,
            mailbox=mailbox,
            state=State.WIPED,
        )


def _imap(sizes: Sizes) -> Iterable[Row]:
    syncers = (ours.imap_sync(), peers.mbsync(), peers.offlineimap())
    floors = tuple(ours.floor("imap", how) for how in _FLOORS)
    big, many = sizes.imap, sizes.folders
    count, folders = f"{big.size:,}", f"{sizes.folder_count:,} folders"
    yield Row(
        key="sync-first",
        title=f"IMAP, first sync of {count} messages, durable",
        contenders=(*syncers, *floors),
        check=holds_all_of(big),
        user=big.user,
        service=Service.IMAPS,
        mailbox=big,
        state=State.WIPED,
    )
    for key, title, mailbox in (
        ("sync-nothing", f"IMAP, nothing to do, one folder of {count}", big),
        ("sync-nothing-folders", f"IMAP, nothing to do, {folders}, loopback", many),
    ):
        yield Row(
            key=key,
            title=title,
            contenders=syncers,
            check=holds_all_of(mailbox),
            user=mailbox.user,
            service=Service.IMAPS,
            mailbox=mailbox,
            all_folders=mailbox is many,
            state=State.PRIMED,
        )
