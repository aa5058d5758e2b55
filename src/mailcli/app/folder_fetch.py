"""New messages of the server: fetched, recognised or delivered, and recorded, in batches.

For each batch the order is: octets durable in the Maildir, then the state. A
message that is here already, by its octets, is bound to its file instead of
being stored twice: that is how a lost state, a new generation of UIDs, and an
upload whose answer was lost come right again. One whose file stands in another
folder, where the server has it no more, was moved there, and is moved here by
one rename.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from mailcli.app.folder_letters import base_of
from mailcli.app.folder_orphans import Adoption, Orphans, adopt, settle_adoptions
from mailcli.app.folder_state import FolderState, Twins
from mailcli.imap.session import ImapSession
from mailcli.imap.values import Fetched
from mailcli.model import Flags, Uid, system_flags_of
from mailcli.store.entries import unique_name
from mailcli.store.folder import MAX_BATCH
from mailcli.store.records import MessageRow
from mailcli.store.staging import Staged
from mailcli.sync.moves import Content

FETCH_SET = 100
"""Messages asked for by one UID FETCH."""

_NOTHING_CAME = "the server sent no message"


class Digest:
    """A body of which only SHA-256 and octets are wanted."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = sha256()

    def write(self, chunk: bytes) -> None:
        """Take the next octets."""
        self.size += len(chunk)
        self._hash.update(chunk)

    @property
    def sha256(self) -> bytes:
        """The digest of what came so far."""
        return self._hash.digest()


@dataclass(slots=True)
class _Batch:
    """What has arrived and is not recorded yet."""

    new: list[tuple[Fetched, Staged]] = field(default_factory=list)
    known: list[MessageRow] = field(default_factory=list)
    adopted: list[Adoption] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.new) + len(self.known) + len(self.adopted)


def fetch_new(
    session: ImapSession, state: FolderState, uids: Sequence[Uid], orphans: Orphans
) -> bool:
    """Fetch messages and record them; whether one of them turned out to be here already.

    Raises: MailError; what arrived whole before is kept and recorded.
    """
    if not uids:
        return False
    state.enter(session)
    adopted = _by_email_id(session, state, uids, orphans)
    uids = [uid for uid in uids if uid not in adopted]
    twins = state.twins()
    recognised = bool(adopted)
    for start in range(0, len(uids), FETCH_SET):
        batch = _Batch()
        try:
            for fetched, staged in _arriving(session, state, uids[start : start + FETCH_SET]):
                _sort(state, batch, fetched, staged, twins, orphans)
                if len(batch.new) >= MAX_BATCH:
                    full, batch.new = batch.new, []  # one that fails is not tried again below
                    _keep(state, full)
        finally:
            recognised = recognised or bool(batch.known or batch.adopted)
            settle_adoptions(state, batch.adopted)
            state.save(batch.known)
            _keep(state, batch.new)
    return recognised


def _sort(
    state: FolderState,
    batch: _Batch,
    fetched: Fetched,
    staged: Staged,
    twins: Twins,
    orphans: Orphans,
) -> None:
    """Find out whether an arrived message is a file of this folder, of another one, or new."""
    state.remote[fetched.uid] = fetched.flags
    content = staged.size, staged.sha256
    if twin := _take(twins, content):
        staged.abandon()
        state.recognised.add(twin)
        batch.known.append(_recognised(state, fetched, content, twin))
        return
    try:
        adoption = adopt(state, fetched.uid, orphans.take(content))
    except BaseException:
        staged.abandon()
        raise
    if adoption:
        staged.abandon()
        batch.adopted.append(adoption)
    else:
        batch.new.append((fetched, staged))


def _by_email_id(
    session: ImapSession, state: FolderState, uids: Sequence[Uid], orphans: Orphans
) -> set[Uid]:
    """Take over files of messages that the server itself calls the same (RFC 8474 §5.1).

    Their octets need not travel.
    """
    if not (orphans.have_ids and session.has_email_ids):
        return set()
    adopted = []
    for uid, details in session.fetch_details(uids).items():
        orphan = orphans.take_id(details.email_id) if details.email_id else None
        if adoption := adopt(state, uid, orphan):
            adopted.append(adoption)
    settle_adoptions(state, adopted)
    return {adoption.row.uid for adoption in adopted}


def recognise(session: ImapSession, state: FolderState, uids: Sequence[Uid]) -> bool:
    """Bind messages to files that have the same octets, and store none; whether there were any.

    For a run that makes no file, before it uploads one. Only messages of the size of such a
    file are fetched.

    Raises: MailError.
    """
    twins = state.twins()
    if not twins or not uids:
        return False
    state.enter(session)
    sizes = session.fetch_sizes(uids)
    alike = {size for size, _ in twins}
    wanted = [uid for uid in uids if sizes.get(uid) in alike]
    recognised = False
    for uid, flags, content in digests(session, wanted):
        if uid not in state.rows and (twin := _take(twins, content)):
            base = base_of(state, twin, flags)
            state.save([state.agree(uid, twin, base, content)])
            state.remote[uid] = flags
            recognised = True
    return recognised


def digests(session: ImapSession, uids: Sequence[Uid]) -> Iterator[tuple[Uid, Flags, Content]]:
    """Yield what messages of the open folder hold, by octets and SHA-256, and store nothing."""
    for start in range(0, len(uids), FETCH_SET):
        for fetched in session.fetch_messages(uids[start : start + FETCH_SET], Digest):
            if isinstance(fetched.body, Digest):
                yield fetched.uid, fetched.flags, (fetched.body.size, fetched.body.sha256)


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
                state.counts.skip(fetched.uid, _NOTHING_CAME)
                continue
            opened.remove(fetched.body)
            yield fetched, _complete(state, fetched, fetched.body)
        for uid in sorted(asked):  # withheld, or deleted just now
            state.counts.skip(uid, _NOTHING_CAME)
    finally:
        for staged in opened:
            staged.abandon()


def _complete(state: FolderState, fetched: Fetched, staged: Staged) -> Staged:
    received = fetched.internal_date
    staged.close(
        unique=unique_name(state.token(fetched.uid), when=state.now()),
        flags=system_flags_of(fetched.flags),
        others=state.letters_for(fetched.flags),
        received=int(received.timestamp()) if received else None,
    )
    return staged


def _keep(state: FolderState, batch: list[tuple[Fetched, Staged]]) -> None:
    """Make a batch durable, then commit it to the state."""
    if not batch:
        return
    delivered = state.folder.deliver([staged for _, staged in batch])
    rows = []
    for (fetched, _), done in zip(batch, delivered, strict=True):
        state.entries[done.entry.unique] = done.entry
        content = done.size, done.sha256
        rows.append(
            state.agree(
                fetched.uid,
                done.entry.unique,
                fetched.flags,
                content,
                email_id=fetched.email_id,
            )
        )
    state.save(rows)
    state.counts.fetched += len(batch)


def _recognised(state: FolderState, fetched: Fetched, content: Content, unique: str) -> MessageRow:
    """Bind a message to the file that has the same octets; their flags are merged next."""
    base = base_of(state, unique, fetched.flags)
    return state.agree(fetched.uid, unique, base, content, email_id=fetched.email_id)


def _take(twins: Twins, content: Content) -> str | None:
    """Take one file with the same octets; two equal messages need two files."""
    found = twins.get(content)
    return found.pop() if found else None
