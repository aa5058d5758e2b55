"""New messages of the server: fetched, recognised or delivered, and recorded, in batches.

For each batch the order is: octets durable in the Maildir, then the state. A
message that is here already, by its octets, is bound to its file instead of
being stored twice: that is how a lost state, a new generation of UIDs, and an
upload whose answer was lost come right again.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from mailcli.app.folder_state import FolderState, Twins
from mailcli.imap.session import ImapSession
from mailcli.imap.values import Fetched
from mailcli.model import Uid, system_flags_of
from mailcli.store.entries import unique_name
from mailcli.store.folder import MAX_BATCH
from mailcli.store.records import MessageRow
from mailcli.store.staging import Staged

FETCH_SET = 100
"""Messages asked for by one UID FETCH."""


class _Digest:
    """A body of which only SHA-256 and octets are wanted."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = sha256()

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._hash.update(chunk)

    @property
    def sha256(self) -> bytes:
        return self._hash.digest()


_Batch = list[tuple[Fetched, Staged]]


def fetch_new(session: ImapSession, state: FolderState, uids: Sequence[Uid]) -> bool:
    """Fetch messages and record them; whether one of them turned out to be here already.

    Raises: MailError; what arrived whole before is kept and recorded.
    """
    if not uids:
        return False
    twins = state.twins()
    recognised = False
    for start in range(0, len(uids), FETCH_SET):
        batch: _Batch = []
        known: list[MessageRow] = []
        try:
            for fetched, staged in _arriving(session, state, uids[start : start + FETCH_SET]):
                if twin := _take(twins, staged):
                    staged.abandon()
                    known.append(_recognised(state, fetched, staged, twin))
                else:
                    batch.append((fetched, staged))
                if len(batch) >= MAX_BATCH:
                    full, batch = batch, []  # one that fails is not tried again below
                    _keep(state, full)
        finally:
            state.save(known)
            _keep(state, batch)
        recognised = recognised or bool(known)
    return recognised


def recognise(session: ImapSession, state: FolderState, uids: Sequence[Uid]) -> bool:
    """Bind messages to files that have the same octets, and store none; whether there were any.

    For a run that makes no file, before it uploads one. Only messages of the size of such a
    file are fetched.

    Raises: MailError.
    """
    twins = state.twins()
    sizes = session.fetch_sizes(uids) if twins else {}
    alike = {size for size, _ in twins}
    wanted = [uid for uid in uids if sizes.get(uid) in alike]
    recognised = False
    for start in range(0, len(wanted), FETCH_SET):
        for fetched in session.fetch_messages(wanted[start : start + FETCH_SET], _Digest):
            content = fetched.body if fetched.uid not in state.rows else None
            if isinstance(content, _Digest) and (twin := _take(twins, content)):
                state.save([_recognised(state, fetched, content, twin)])
                recognised = True
    return recognised


def _arriving(
    session: ImapSession, state: FolderState, uids: Sequence[Uid]
) -> Iterator[tuple[Fetched, Staged]]:
    """Yield the messages as they come, each once; an unfinished one is taken away."""
    asked = set(uids)
    opened: list[Staged] = []

    def open_body() -> Staged:
        # The UID may come behind the body: the file gets its lasting name when it is closed.
        opened.append(state.folder.stage(unique_name(f"T{len(opened)}", when=state.now())))
        return opened[-1]

    try:
        for fetched in session.fetch_messages(uids, open_body):
            if fetched.uid not in asked:
                continue  # not what was asked for, or twice
            asked.remove(fetched.uid)
            if not isinstance(fetched.body, Staged):
                state.counts.skip(fetched.uid, "the server sent no message")
                continue
            opened.remove(fetched.body)
            yield fetched, _complete(state, fetched, fetched.body)
    finally:
        for staged in opened:
            staged.abandon()


def _complete(state: FolderState, fetched: Fetched, staged: Staged) -> Staged:
    received = fetched.internal_date
    staged.close(
        unique=unique_name(state.token(fetched.uid), when=state.now()),
        flags=system_flags_of(fetched.flags),
        received=int(received.timestamp()) if received else None,
    )
    return staged


def _keep(state: FolderState, batch: _Batch) -> None:
    """Make a batch durable, then commit it to the state."""
    if not batch:
        return
    delivered = state.folder.deliver([staged for _, staged in batch])
    rows = []
    for (fetched, _), done in zip(batch, delivered, strict=True):
        state.entries[done.entry.unique] = done.entry
        rows.append(
            state.agree(
                fetched.uid,
                done.entry.unique,
                fetched.flags,
                size=done.size,
                digest=done.sha256,
            )
        )
    state.save(rows)
    state.counts.fetched += len(batch)


def _recognised(
    state: FolderState, fetched: Fetched, content: Staged | _Digest, unique: str
) -> MessageRow:
    """Bind a message to the file that has the same octets; their flags are merged next."""
    return state.agree(
        fetched.uid,
        unique,
        state.entries[unique].flags & fetched.flags,
        size=content.size,
        digest=content.sha256,
    )


def _take(twins: Twins, content: Staged | _Digest) -> str | None:
    """Take one file with the same octets; two equal messages need two files."""
    found = twins.get((content.size, content.sha256))
    return found.pop() if found else None
