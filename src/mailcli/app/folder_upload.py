"""New files of the Maildir: uploaded once, whatever happens to the answer.

An APPEND cannot be repeated without harm, so its intent is durable before the
first octet leaves, and a run that finds one open looks on the server first.
"""

from collections.abc import Mapping

from mailcli.app.folder_state import FolderState
from mailcli.app.stores import message_id_of
from mailcli.errors import NotFound
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.model import Flags, Uid
from mailcli.store.records import AppendIntent
from mailcli.sync.plan import Append


def settle_uploads(session: ImapSession, state: FolderState, remote: Mapping[Uid, Flags]) -> None:
    """Find out what became of uploads whose answer was lost, before any is repeated.

    By Message-ID among the messages that came since; one without a Message-ID is recognised
    by its octets when it is fetched. `remote` is what the folder holds now.
    """
    for intent in state.store.intents(state.id):
        uid = _uploaded_as(session, state, intent, remote)
        if uid is None:
            state.store.drop_intents(state.id, [intent.unique])
            continue
        state.save(
            [
                state.agree(
                    uid,
                    intent.unique,
                    state.entries[intent.unique].flags & remote[uid],
                    size=intent.size,
                    digest=intent.sha256,
                )
            ]
        )
        state.counts.appended += 1


def _uploaded_as(
    session: ImapSession,
    state: FolderState,
    intent: AppendIntent,
    remote: Mapping[Uid, Flags],
) -> Uid | None:
    """Return the one message that an upload must have become, or None."""
    if intent.unique not in state.entries or intent.uidvalidity != state.generation:
        return None
    if not intent.message_id:
        return None
    first = intent.uidnext_before or 1
    candidates = [
        uid
        for uid in session.search_message_id(intent.message_id)
        if uid >= first and uid in remote and uid not in state.rows
    ]
    return candidates[0] if len(candidates) == 1 else None


def upload(session: ImapSession, state: FolderState, action: Append) -> None:
    """Upload one file and record it under the UID that the server gives.

    Without UIDPLUS the intent stays: the next run finds the message and binds it.

    Raises: CommandFailed when the server refuses; MailError.
    """
    entry = state.entries[action.unique]
    content = state.content_of(action.unique)
    if content is None:
        return
    size, digest = content
    try:
        message_id = message_id_of(state.folder, entry)
        received = state.folder.received(entry)
    except NotFound:
        return  # another program took it away meanwhile
    intent = AppendIntent(
        action.unique, digest, size, message_id, state.generation, state.selected.uidnext
    )
    state.store.add_intents(state.id, [intent])
    octets = state.folder.open_wire(entry)
    try:
        place = session.append(
            state.pair.wire, octets, size=size, flags=action.flags, received=received
        )
    except CommandFailed:
        state.store.drop_intents(state.id, [action.unique])
        raise
    state.counts.appended += 1
    if place and place[0] == state.generation:
        row = state.agree(place[1], action.unique, action.flags, size=size, digest=digest)
        state.save([row])
