"""One folder's synchronisation: gather both sides, plan, apply in durable batches.

The plan is `sync.plan`'s; here it is carried out, in two rounds: first all that
is no upload, because what is fetched may turn out to be a file that is here
already, and then what the server really lacks. What a crash at each step leaves
behind stands in ARCHITECTURE.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from mailcli.app.context import Context
from mailcli.app.folder_fetch import fetch_new, recognise
from mailcli.app.folder_state import FolderPair, FolderState
from mailcli.app.folder_upload import settle_uploads, upload
from mailcli.errors import LocalError, MailError, NotFound, ProtocolViolation, TemporaryFailure
from mailcli.imap.session import CommandFailed, FolderUnusable, ImapSession
from mailcli.imap.values import FlagState
from mailcli.model import Flags, Uid
from mailcli.results import ErrorReport, FolderSync, PlannedAction
from mailcli.store.folder import MaildirFolder
from mailcli.store.names import FolderName
from mailcli.store.state import StateStore
from mailcli.sync.plan import (
    Action,
    Agree,
    Append,
    Bind,
    Fetch,
    Hold,
    SetLocalFlags,
    Side,
    StoreFlags,
    plan,
)
from mailcli.sync.states import Agreed, Local, Policy, Remote

_REFUSES_ALL = {"OVERQUOTA", "NOPERM", "TRYCREATE", "NONEXISTENT"}
"""Response codes (RFC 5530) of a refusal that is not this one message's."""


def sync_folder(  # noqa: PLR0913 - the two sides, what is known of both, and how
    context: Context,
    session: ImapSession,
    store: StateStore,
    folder: MaildirFolder,
    pair: FolderPair,
    *,
    policy: Policy,
    dry_run: bool,
) -> FolderSync:
    """Synchronise one folder and say what was done, or with `dry_run` what would be.

    Raises: TemporaryFailure and ProtocolViolation, after which the connection is of no use;
        any other failure is the folder's own and part of the result.
    """
    name = str(pair.name)
    try:
        selected = session.select(pair.wire, read_only=dry_run or not policy.changes_remote)
    except (NotFound, CommandFailed, FolderUnusable) as exc:
        return FolderSync(name, error=ErrorReport.of(exc))
    state = FolderState(context, store, folder, pair, selected)
    try:
        if dry_run:
            return replace(state.counts.result(name), actions=_preview(session, state, policy))
        _sync(session, state, replace(policy, storable=selected.storable))
    except FolderUnusable as exc:
        return state.counts.result(name, exc)
    except (TemporaryFailure, ProtocolViolation):
        raise
    except MailError as exc:
        return state.counts.result(name, exc)
    return state.counts.result(name)


def preview_upload(folder: MaildirFolder, name: FolderName) -> FolderSync:
    """Return what filling a folder would do that the server does not have yet."""
    actions = [
        PlannedAction("append", None, folder.path_of(entry), "new here") for entry in folder.scan()
    ]
    return FolderSync(str(name), actions=tuple(actions))


def _preview(
    session: ImapSession, state: FolderState, policy: Policy
) -> tuple[PlannedAction, ...]:
    """Return what a run would do; nothing is written anywhere."""
    row = next((r for r in state.store.folders() if r.name == str(state.pair.name)), None)
    if row is not None:
        state.load(row.id)
    if state.folder.exists():
        state.scan()
    remote = session.fetch_flags(state.selected.exists)
    return tuple(_planned(state, action) for action in _plan(state, remote, policy))


def _sync(session: ImapSession, state: FolderState, policy: Policy) -> None:
    if policy.changes_local or state.folder.exists():
        state.folder.create()
        state.folder.remove_stale_tmp()
        state.scan()
    state.load(state.record())
    if state.entries.keys() - state.bound():
        # What is about to be agreed on must not vanish with the power: it would look deleted.
        state.folder.sync()
    remote = session.fetch_flags(state.selected.exists)
    settle_uploads(session, state, remote)
    actions = _plan(state, remote, policy)
    _apply_known(session, state, actions)
    if _recognised(session, state, actions, remote):
        actions = _plan(state, _after(remote, actions), policy)
        _apply_known(session, state, actions)
    _report_former(state)
    for action in actions:
        match action:
            case Append():
                _upload(session, state, action)
            case Hold(uid, _, gone) if len(gone) == len(Side):
                state.forget(uid)  # both sides agree: it is gone
            case Hold(uid):
                state.counts.skip(uid, _held(action), path=state.path_of(action.unique))
            case _:
                pass


def _plan(state: FolderState, remote: Mapping[Uid, FlagState], policy: Policy) -> list[Action]:
    bound = state.bound()
    origins = {state.token(uid): uid for uid in remote if uid not in state.rows}
    local = {
        unique: Local(entry.flags, origins.get(entry.token or ""))
        for unique, entry in state.entries.items()
        if unique in bound or unique not in state.former
    }
    agreed = {uid: Agreed(row.unique, row.flags) for uid, row in state.rows.items()}
    return plan(agreed, local, {u: Remote(s.flags) for u, s in remote.items()}, policy)


def _recognised(
    session: ImapSession,
    state: FolderState,
    actions: Sequence[Action],
    remote: Mapping[Uid, FlagState],
) -> bool:
    """Fetch what is new; whether some of it turned out to be a file that is here already.

    A run that makes no file only looks for such messages, and only before it would upload.
    """
    if new := [action.uid for action in actions if isinstance(action, Fetch)]:
        return fetch_new(session, state, new)
    fresh = [uid for uid in remote if uid not in state.rows]
    uploads = any(isinstance(action, Append) for action in actions)
    return bool(fresh) and uploads and recognise(session, state, fresh)


def _after(remote: Mapping[Uid, FlagState], actions: Sequence[Action]) -> dict[Uid, FlagState]:
    """Return what the server holds once these actions have been carried out."""
    now = dict(remote)
    for action in actions:
        if isinstance(action, StoreFlags):
            state = now[action.uid]
            now[action.uid] = replace(state, flags=(state.flags | action.add) - action.remove)
    return now


def _report_former(state: FolderState) -> None:
    """Say which files the server lacks since it has renumbered the folder; they stay."""
    for unique in state.former:
        if path := state.path_of(unique):
            why = "the server renumbered the folder and has this message no longer"
            state.counts.skip(None, why, path=path)


# -- what both sides have ----------------------------------------------------


def _apply_known(session: ImapSession, state: FolderState, actions: Sequence[Action]) -> None:
    """Bring flags to both sides, then record what was agreed on."""
    lost = _bind(state, [a for a in actions if isinstance(a, Bind)])
    known = [a for a in actions if isinstance(a, StoreFlags | SetLocalFlags) and a.uid not in lost]
    lost |= _store_flags(session, state, [a for a in known if isinstance(a, StoreFlags)])
    lost |= _set_local_flags(state, [a for a in known if isinstance(a, SetLocalFlags)])
    agreed = [a for a in actions if isinstance(a, Agree) and a.uid not in lost]
    state.save(replace(state.rows[a.uid], flags=a.flags) for a in agreed)


def _bind(state: FolderState, actions: Sequence[Bind]) -> set[Uid]:
    """Record which files are which messages; return those whose file cannot be read."""
    rows = []
    for uid, unique, flags in ((a.uid, a.unique, a.flags) for a in actions):
        if content := state.content_of(unique):
            size, digest = content
            rows.append(state.agree(uid, unique, flags, size=size, digest=digest))
    state.save(rows)
    return {a.uid for a in actions} - {row.uid for row in rows}


def _store_flags(
    session: ImapSession, state: FolderState, actions: Sequence[StoreFlags]
) -> set[Uid]:
    """Change flags on the server, messages with the same change together.

    Returns the messages whose change it refused: that stops no other.
    """
    refused: set[Uid] = set()
    for add in (True, False):
        changes: dict[Flags, list[Uid]] = defaultdict(list)
        for action in actions:
            if flags := action.add if add else action.remove:
                changes[flags].append(action.uid)
        for flags, uids in changes.items():
            try:
                session.change_flags(uids, flags, add=add)
            except CommandFailed as exc:
                refused.update(uids)
                state.counts.error = state.counts.error or exc
    state.counts.flags_remote += len(actions) - len(refused)
    return refused


def _set_local_flags(state: FolderState, actions: Sequence[SetLocalFlags]) -> set[Uid]:
    """Rename files durably; return the messages whose file could not be renamed."""
    lost: set[Uid] = set()
    for action in actions:
        entry = state.entries[action.unique]
        try:
            state.entries[action.unique] = state.folder.set_flags(entry, action.flags)
            state.counts.flags_local += 1
        except NotFound:
            lost.add(action.uid)
            state.counts.skip(action.uid, "the file went away during the run")
        except LocalError as exc:
            lost.add(action.uid)
            state.counts.fail(exc, path=state.path_of(action.unique))
    if actions:
        state.folder.sync()
    return lost


def _upload(session: ImapSession, state: FolderState, action: Append) -> None:
    """Upload one file. One that the server will not have stops no other.

    Raises: CommandFailed where the server would refuse all others, too; MailError.
    """
    try:
        upload(session, state, action)
    except CommandFailed as exc:
        if exc.response_code in _REFUSES_ALL:
            raise
        state.counts.fail(exc, path=state.path_of(action.unique))


# -- telling -----------------------------------------------------------------


def _planned(state: FolderState, action: Action) -> PlannedAction:
    path = None if isinstance(action, Fetch) else state.path_of(action.unique)
    uid = None if isinstance(action, Append) else action.uid
    kind, detail = _described(action)
    return PlannedAction(kind, uid, path, detail)


def _described(action: Action) -> tuple[str, str]:  # noqa: PLR0911 - one return for each action
    match action:
        case Bind():
            return "pair", "the file is this message"
        case Fetch():
            return "fetch", "new on the server"
        case Append():
            return "append", "new here"
        case SetLocalFlags(flags=flags):
            return "flags_local", f"set to {_names(flags)}"
        case StoreFlags(add=add, remove=remove):
            return "flags_remote", f"add {_names(add)}, remove {_names(remove)}"
        case Agree(flags=flags):
            return "agree", f"both sides have {_names(flags)}"
        case Hold():
            return "hold", _held(action)
        case _:
            assert_never(action)


def _held(action: Hold) -> str:
    if action.gone == {Side.LOCAL}:
        return "deleted here, still on the server: deletions are not carried over yet"
    if action.gone == {Side.REMOTE}:
        return "deleted on the server, still here: deletions are not carried over yet"
    return "deleted on both sides"


def _names(flags: Flags) -> str:
    return " ".join(sorted(flag.name.lower() for flag in flags)) or "none"
