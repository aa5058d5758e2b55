"""Agreements with UIDs that only the answer to an upload or a move has told.

A server that errs (APPENDUID and COPYUID, RFC 4315) may tell the UID of another
message, or of none. An agreement with it would let our file pass for deleted, or the
other message for ours, to be deleted with it. What is told counts as such from the
UIDNEXT of the last agreement on, and costs the server no question unless there are
messages that nobody knows beside it: where one of those has the octets, and the one
with the UID has not, the agreement is dropped, and the file is found again by content.
"""

from collections.abc import Iterable

from mailcli.app.folder_fetch import digests
from mailcli.app.folder_state import FolderState
from mailcli.imap.session import ImapSession
from mailcli.model import Uid
from mailcli.store.records import MessageRow


def drop_impossible(state: FolderState) -> None:
    """Drop agreements with UIDs that the server has never given to any message."""
    following = state.selected.uidnext
    if following is None:
        return
    never = [r.uid for r in _told(state) if r.uid >= following and r.uid not in state.remote]
    if state.dry_run:
        for uid in never:
            del state.rows[uid]
    else:
        state.forget(never)


def drop_wrong(session: ImapSession, state: FolderState, unknown: Iterable[Uid]) -> list[Uid]:
    """Drop agreements with UIDs that are other messages; return these, which nobody knows now.

    `unknown` are messages of the server that belong to no file.

    Raises: MailError.
    """
    told = [row for row in _told(state) if row.uid in state.remote]
    fresh = [uid for uid in unknown if uid >= state.told_from] if told else []
    if not fresh:
        return []
    state.enter(session)
    sizes = session.fetch_sizes(fresh)
    alike = {row.size for row in told}
    unclaimed = [uid for uid in fresh if sizes.get(uid) in alike]
    found = {content for _, _, content in digests(session, unclaimed)}
    doubted = [row.uid for row in told if (row.size, row.sha256) in found]
    held = {uid: content for uid, _, content in digests(session, doubted)}
    wrong = [row.uid for row in told if held.get(row.uid, _content(row)) != _content(row)]
    state.forget(wrong)
    return wrong


def _told(state: FolderState) -> list[MessageRow]:
    """Return the messages from the last agreement's UIDNEXT on: those told are among them."""
    first = state.told_from
    return [row for row in state.rows.values() if row.uid >= first] if first else []


def _content(row: MessageRow) -> tuple[int, bytes]:
    return row.size, row.sha256
