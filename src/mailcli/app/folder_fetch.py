"""New messages of the server: fetched, recognised or delivered, and recorded, in batches.

For each batch the order is: octets durable in the Maildir, then the state. A
message that is here already, by its octets, is bound to its file instead of
being stored twice: that is how a lost state, a new generation of UIDs, and an
upload whose answer was lost come right again. One whose file stands in another
folder, where the server has it no more, was moved there, and is moved here by
one rename.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from mailcli.app.folder_arrival import arriving
from mailcli.app.folder_letters import base_of
from mailcli.app.folder_orphans import Adoption, Orphans, adopt, settle_adoptions
from mailcli.app.folder_state import FolderState, Twins
from mailcli.imap.session import ImapSession
from mailcli.imap.sets import UidSet
from mailcli.imap.values import Fetched
from mailcli.model import Flags, Uid
from mailcli.store.delivery import MAX_BATCH, delivering
from mailcli.store.folder import Delivered
from mailcli.store.incoming import Incoming
from mailcli.store.records import MessageRow
from mailcli.sync.moves import Content


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
class _Recognised:
    """What has arrived, and is a file that was here already, or in another folder."""

    state: FolderState
    known: list[MessageRow] = field(default_factory=list)
    adopted: list[Adoption] = field(default_factory=list)
    any: bool = False

    def record(self) -> None:
        """Commit what there is."""
        self.any = self.any or bool(self.known or self.adopted)
        settle_adoptions(self.state, self.adopted)
        self.state.save(self.known)
        self.known, self.adopted = [], []


def fetch_new(session: ImapSession, state: FolderState, uids: UidSet, orphans: Orphans) -> bool:
    """Fetch messages and record them; whether one of them turned out to be here already.

    Raises: MailError; what arrived whole before is kept and recorded.
    """
    if not uids:
        return False
    state.enter(session)
    adopted = _by_email_id(session, state, uids, orphans)
    if adopted:
        uids = UidSet.of(uid for uid in uids if uid not in adopted)
    twins = state.twins()
    recognised = _Recognised(state, any=bool(adopted))
    # Whether a message is here already shows in its digest, which another process tells too late.
    expected = 0 if twins or orphans.any else len(uids)
    with (
        _shown(state, len(uids)) as show,
        delivering(state.folder, partial(_record, state), expected=expected) as delivery,
    ):
        try:
            for fetched, staged in arriving(session, state, uids, delivery.stage):
                show(staged.size)
                if _is_new(recognised, fetched, staged, twins, orphans):
                    delivery.add(fetched, staged)
                elif len(recognised.known) + len(recognised.adopted) >= MAX_BATCH:
                    recognised.record()
        finally:
            recognised.record()
    return recognised.any


def _shown(state: FolderState, count: int) -> AbstractContextManager[Callable[[int], None]]:
    """Show how messages come; those of a run that broke off are here already."""
    here = len(state.rows) + state.at_rest if state.counts.resumed else 0
    progress = state.task.context.progress
    return progress.transfer(state.name, messages=lambda: here + count, here=here)


def _is_new(
    recognised: _Recognised, fetched: Fetched, staged: Incoming, twins: Twins, orphans: Orphans
) -> bool:
    """Find out whether an arrived message is a file of this folder, of another one, or new."""
    state = recognised.state
    state.remote[fetched.uid] = fetched.flags
    content = staged.size, staged.sha256
    if twin := _take(twins, content):
        staged.abandon()
        state.between.recognised.add(twin)
        recognised.known.append(_bound(state, fetched, content, twin))
        return False
    try:
        adoption = adopt(state, fetched.uid, orphans.take(content))
    except BaseException:
        staged.abandon()
        raise
    if adoption:
        staged.abandon()
        recognised.adopted.append(adoption)
    return adoption is None


def _by_email_id(
    session: ImapSession, state: FolderState, uids: UidSet, orphans: Orphans
) -> set[Uid]:
    """Take over files of messages that the server itself calls the same (RFC 8474 §5.1).

    Their octets need not travel.
    """
    if not (orphans.have_ids and session.has_email_ids):
        return set()
    found = [
        (uid, orphan)
        for uid, details in session.each_details(uids)
        if details.email_id and (orphan := orphans.take_id(details.email_id))
    ]
    adopted = []
    for uid, orphan in found:
        if adoption := adopt(state, uid, orphan):
            adopted.append(adoption)
    settle_adoptions(state, adopted)
    return {adoption.row.uid for adoption in adopted}


def recognise(session: ImapSession, state: FolderState, uids: UidSet) -> bool:
    """Bind messages to files that have the same octets, and store none; whether there were any.

    For a run that makes no file, before it uploads one. Only messages of the size of such a
    file are fetched.

    Raises: MailError.
    """
    twins = state.twins()
    if not twins or not uids:
        return False
    state.enter(session)
    alike = {size for size, _ in twins}
    wanted = [uid for uid, one in session.each_details(uids) if one.size in alike and uid in uids]
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
    for fetched in session.fetch_messages(uids, Digest):
        if isinstance(fetched.body, Digest):
            yield fetched.uid, fetched.flags, (fetched.body.size, fetched.body.sha256)


def _record(state: FolderState, group: Sequence[tuple[Fetched, Delivered]]) -> None:
    """Commit messages that are durable to the state."""
    rows = []
    for fetched, done in group:
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
    state.save_delivered(rows, [done.entry for _, done in group])
    state.counts.fetched += len(group)


def _bound(state: FolderState, fetched: Fetched, content: Content, unique: str) -> MessageRow:
    """Bind a message to the file that has the same octets; their flags are merged next."""
    base = base_of(state, unique, fetched.flags)
    return state.agree(fetched.uid, unique, base, content, email_id=fetched.email_id)


def _take(twins: Twins, content: Content) -> str | None:
    """Take one file with the same octets; two equal messages need two files."""
    found = twins.get(content)
    return found.pop() if found else None
