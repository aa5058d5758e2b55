"""`imap-sync`: keep an account's IMAP folders and its Maildir alike.

Most runs have nothing to do, so that is found out first, with as little reading as can be. What
there is to do is `imap_sync`'s, which is imported, with all that it needs, only then.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from mailcli.app.after_run import after_run
from mailcli.app.context import Context
from mailcli.app.folder_choice import chooser, report_left_out
from mailcli.app.folder_follow import Followed
from mailcli.app.folder_notes import forget_needless
from mailcli.app.folder_set import FolderSet, pair_of
from mailcli.app.folder_task import FolderTask
from mailcli.app.folder_unchanged import is_unchanged, with_other_flags
from mailcli.app.stores import locked_state, require_maildir
from mailcli.app.sync_run import SyncRun
from mailcli.config import Account
from mailcli.errors import MailError
from mailcli.model import SyncMode
from mailcli.results import ErrorReport, ImapAccount, ImapResult
from mailcli.store.names import FolderName
from mailcli.sync.folders import Fate
from mailcli.sync.states import Policy

if TYPE_CHECKING:
    from mailcli.app.imap_sync import Look
    from mailcli.store.watch import OurChanges


class SyncOptions(NamedTuple):
    """What the command line asks for: `mode` overrides the account's.

    `allow_mass_delete` confirms deletions that are otherwise held back. `full` lists every folder
    whole, whatever the server's counters say. A dry run lists what would be done and changes
    neither side. `jobs` is how many connections there may be; without, as many as are of use.
    """

    mode: SyncMode | None = None
    allow_mass_delete: bool = False
    full: bool = False
    dry_run: bool = False
    jobs: int | None = None


AS_CONFIGURED = SyncOptions()
"""A run for which the command line asks nothing."""


def imap_sync(
    context: Context,
    accounts: Sequence[Account],
    folders: Sequence[str] = (),
    options: SyncOptions = AS_CONFIGURED,
) -> ImapResult:
    """Synchronise every account; one that fails does not stop the others.

    `folders` are patterns that choose among the account's folders.
    """
    done = []
    for account in accounts:
        found, ours = _account(context, account, tuple(folders), options)
        if not options.dry_run:
            changed = found.changed
            after_run(context, account, "imap-sync", found.error, changed=changed, ours=ours)
        done.append(found)
    return ImapResult(tuple(done), "dry-run" if options.dry_run else "sync")


def _account(
    context: Context, account: Account, wanted: tuple[str, ...], options: SyncOptions
) -> "tuple[ImapAccount, Mapping[str, OurChanges]]":
    """Return what became of an account, and what was changed in folders by this run alone."""
    run: SyncRun | None = None
    try:
        with ExitStack() as stack:
            state = stack.enter_context(locked_state(context, account))
            policy = _policy(account, options)
            run = SyncRun(
                context, account, state, policy, dry_run=options.dry_run, jobs=options.jobs
            )
            run.connect(stack)
            stack.callback(run.further.close)
            if state.has_messages():
                require_maildir(account)
            _sync(run, wanted, full=options.full)
    except MailError as exc:
        error = exc.of(account.name)
        if run is None:
            return ImapAccount(account.name, error=ErrorReport.of(error, account=account.name)), {}
        run.tally.error = error
    return run.tally.result(account), run.ours


def _policy(account: Account, options: SyncOptions) -> Policy:
    policy = Policy(allow_mass_delete=options.allow_mass_delete)
    if account.imap is None:
        return policy  # the session says so
    if account.imap.max_delete is not None:
        policy = policy._replace(max_delete=account.imap.max_delete)
    return policy._replace(mode=options.mode or account.imap.mode)


def _sync(run: SyncRun, wanted: tuple[str, ...], *, full: bool) -> None:
    """Synchronise every folder that the account and the command line choose.

    Raises: MailError where the connection, and so the whole account, is lost.
    """
    run.is_partial = bool(wanted)
    folders = FolderSet(run)
    chosen = chooser(run, folders, wanted)
    Followed(run, folders, chosen).follow()
    fates = [(name, fate) for name, fate in folders.fates().items() if chosen(name)]
    looks = [(name, fate, _task_for(run, folders, name, fate)) for name, fate in fates]
    unchanged = {} if full else _unchanged(run, looks)
    looks = [look for look in looks if look[0] not in unchanged]
    if not wanted:
        report_left_out(run, folders)
    left_alone = [task for task in unchanged.values() if task is not None]
    if not run.dry_run:
        run.record_stamps()
        forget_needless(run, ((task, ()) for task in left_alone))
    if looks:
        from mailcli.app.imap_sync import Passes

        Passes(run, folders, left_alone, full=full).go(looks)


def _unchanged(run: SyncRun, looks: "Sequence[Look]") -> dict[FolderName, FolderTask | None]:
    """Return the folders that are as they were, as far as that can be told from outside."""
    quiet = {name: task for name, fate, task in looks if _needs_nothing(run, fate, task)}
    try:
        stirred = with_other_flags(run.session, [task for task in quiet.values() if task])
    except MailError as exc:
        run.recover(exc)
        return {}
    for task in stirred:
        del quiet[task.pair.name]
    return quiet


def _task_for(run: SyncRun, folders: FolderSet, name: FolderName, fate: Fate) -> FolderTask | None:
    """Begin to tell what becomes of a folder; None where one is made only once it has begun."""
    match fate:
        case Fate.DETACHED:
            run.context.notice(f"{run.account.name}: {name} is only here, as it is meant to be")
            return None
        case Fate.FORGOTTEN | Fate.NEW_HERE:
            return None
        case Fate.GONE_THERE:
            return run.task(pair_of(folders.known[name]))
        case _:
            return run.task(folders.pair(name))


def _needs_nothing(run: SyncRun, fate: Fate, task: FolderTask | None) -> bool:
    """Tell whether a folder that both sides have is as it was, or cannot be looked at."""
    if task is None or fate is Fate.GONE_THERE:
        return fate is Fate.DETACHED
    known = task.agreed_numbers()
    if known is None:
        return False
    return bool(run.attempt(task, lambda _: is_unchanged(task, known))) or task.counts.broken
