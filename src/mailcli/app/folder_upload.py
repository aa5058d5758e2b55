"""New files of the Maildir: uploaded once, whatever happens to the answer.

An APPEND cannot be repeated without harm, so its intent is durable before the
first octet leaves, and a run that finds one open looks on the server first.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from mailcli.app.folder_fetch import digests
from mailcli.app.folder_letters import base_of
from mailcli.app.folder_look import look_again
from mailcli.app.folder_state import FolderState
from mailcli.app.stores import message_id_of
from mailcli.errors import NotFound
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.imap.values import Upload
from mailcli.model import Flags, Uid, UidValidity
from mailcli.store.records import AppendIntent
from mailcli.sync.moves import Content
from mailcli.sync.plan import Append


def settle_uploads(session: ImapSession, state: FolderState) -> None:
    """Find out what became of uploads whose answer was lost, before any is repeated.

    By Message-ID among the messages that came since, and then by octets: another copy of the
    same letter, by way of a mailing list, has the same Message-ID. One without a Message-ID is
    recognised when it is fetched.
    """
    for intent in state.store.intents(state.id):
        uid = _uploaded_as(session, state, intent)
        if uid is None:
            state.store.drop_intents(state.id, [intent.unique])
            continue
        _bind(state, intent, uid)
        state.counts.appended += 1


def _bind(state: FolderState, intent: AppendIntent, uid: Uid) -> None:
    base = base_of(state, intent.unique, state.remote[uid])
    content = intent.size, intent.sha256
    state.save([state.agree(uid, intent.unique, base, content)])


def _uploaded_as(session: ImapSession, state: FolderState, intent: AppendIntent) -> Uid | None:
    """Return the message that an upload has become, or None."""
    if intent.unique not in state.entries or intent.uidvalidity != state.generation:
        return None
    return _same(session, state, intent, _candidates(session, state, intent))


def _same(
    session: ImapSession, state: FolderState, intent: AppendIntent, candidates: list[Uid]
) -> Uid | None:
    """Return the candidate that has the octets of what was uploaded, or None."""
    if candidates:
        state.enter(session)
    if len(candidates) > 1:
        sizes = session.fetch_sizes(candidates)
        candidates = [uid for uid in candidates if sizes.get(uid) == intent.size]
    # All of them are read: a conversation that is left in the middle of an answer is over.
    wanted = intent.size, intent.sha256
    found = [uid for uid, _, content in digests(session, candidates) if content == wanted]
    return found[0] if found else None


def _candidates(session: ImapSession, state: FolderState, intent: AppendIntent) -> list[Uid]:
    """Return the messages that came since, of those with a Message-ID the ones that have it."""
    first = intent.uidnext_before or 1
    new = {uid for uid in state.remote if uid >= first and uid not in state.rows}
    if not new or not intent.message_id:
        return sorted(new) if intent.uidnext_before else []
    state.enter(session)
    return [uid for uid in session.search_message_id(intent.message_id) if uid in new]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that is to be uploaded: what the server is told of it, and what is recorded."""

    flags: Flags
    message: Upload
    intent: AppendIntent

    @property
    def content(self) -> Content:
        """Its octets and their SHA-256, as the server is to have them."""
        return self.intent.size, self.intent.sha256


def upload(
    session: ImapSession, state: FolderState, actions: Sequence[Append]
) -> dict[str, CommandFailed]:
    """Upload a few files, and record them under the UIDs that the server gives.

    Their intents are durable together before the first octet leaves. Where the server gives no
    UID, it is looked up when all are uploaded (`look_up`).

    Returns why the server refused some, by unique name. Raises: MailError.
    """
    with ExitStack() as held:
        found = filter(None, (_candidate(state, action, held) for action in actions))
        candidates = {candidate.intent.unique: candidate for candidate in found}
        intents = [candidate.intent for candidate in candidates.values()]
        if not intents:
            return {}
        state.store.add_intents(state.id, intents)
        messages = [candidate.message for candidate in candidates.values()]
        outcomes = session.append_many(state.pair.wire, messages)
    refused: dict[str, CommandFailed] = {}
    rows = []
    for candidate, outcome in zip(candidates.values(), outcomes, strict=True):
        unique = candidate.intent.unique
        if isinstance(outcome, CommandFailed):
            refused[unique] = outcome
            continue
        state.counts.appended += 1
        if outcome and _is_new(state, *outcome):
            base = base_of(state, unique, candidate.flags)
            rows.append(state.agree(outcome[1], unique, base, candidate.content))
            state.remote[outcome[1]] = candidate.flags
    with state.store.transaction():
        state.store.drop_intents(state.id, refused)
        state.save(rows)
    return refused


def _candidate(state: FolderState, action: Append, holding: ExitStack) -> _Candidate | None:
    """Return what there is to upload; None where another program took the file away meanwhile.

    Its file is open from now on, since an upload once begun cannot be taken back.
    """
    entry = state.entries[action.unique]
    content = state.content_of(action.unique)
    if content is None:
        return None
    try:
        held = holding.enter_context(state.folder.hold(entry))
    except NotFound:
        return None
    intent = AppendIntent(
        action.unique,
        content[1],
        content[0],
        message_id_of(held.wire()),
        state.generation,
        state.selected.uidnext,
    )
    message = Upload(held.wire, content[0], action.flags, held.received())
    return _Candidate(action.flags, message, intent)


def _is_new(state: FolderState, uidvalidity: UidValidity, uid: Uid) -> bool:
    """Tell whether a message that was just uploaded can have the UID that the server gives."""
    first = state.selected.uidnext or 1
    return uidvalidity == state.generation and uid >= first and uid not in state.rows


def look_up(session: ImapSession, state: FolderState) -> None:
    """Find the new UIDs of what was just uploaded to a server that does not tell them.

    By octets. Where a server has changed those, the only message that came since is it, and of
    those with a Message-ID the only one that has it: the upload was answered with OK.

    Raises: MailError.
    """
    open_intents = state.store.intents(state.id)
    if not open_intents:
        return
    look_again(state, session.fetch_flags(state.enter(session, again=True).exists))
    for intent in open_intents:
        candidates = _candidates(session, state, intent)
        uid = _same(session, state, intent, candidates)
        if uid is None and len(candidates) == 1:
            uid = candidates[0]
        if uid is not None:
            _bind(state, intent, uid)
