"""`pop-fetch`: take mail home from the maildrops of several accounts, one after the other.

Each account is locked for its run. One that fails stops no other; what it runs
after new mail came is run without the lock.
"""

from collections.abc import Sequence
from dataclasses import replace

from mailcli.app.after_fetch import after_fetch
from mailcli.app.after_run import after_run
from mailcli.app.context import Context
from mailcli.app.pop_options import PopOptions, Task, maildrop_of
from mailcli.app.pop_run import PopRun
from mailcli.app.pop_tally import Tally
from mailcli.app.sessions import lacks
from mailcli.app.stores import locked_state
from mailcli.config import Account
from mailcli.errors import Exit, LocalError, Locked, MailError
from mailcli.results import PopAccount, PopResult
from mailcli.store.state import StateStore


def pop_fetch(context: Context, accounts: Sequence[Account], options: PopOptions) -> PopResult:
    """Fetch the new mail of every account; one that fails does not stop the others.

    A dry run counts what would be done.
    """
    return PopResult(tuple(_account(context, account, options) for account in accounts))


def _account(context: Context, account: Account, options: PopOptions) -> PopAccount:
    tally = Tally(done=options.task is not Task.FORESEE)
    try:
        _run(context, account, options, tally)
        if tally.fetched + tally.found and options.task is Task.FETCH:
            after_fetch(context, account, tally, options.deliver)
    except Locked as exc:
        if not options.skip_if_running:
            tally.fail(exc.of(account.name))
    except MailError as exc:
        tally.fail(exc.of(account.name))
    if options.task is Task.FETCH:
        came = bool(tally.fetched + tally.found)
        after_run(context, account, "pop-fetch", tally.result(account.name).error, changed=came)
    muted = options.notify_after is not None and _is_early(context, account, tally, options)
    return replace(tally.result(account.name), muted=muted)


def _run(context: Context, account: Account, options: PopOptions, tally: Tally) -> None:
    if account.pop is None:
        able = [each.name for each in context.config.accounts.values() if each.pop]
        raise lacks(account, "pop", able)
    with locked_state(context, account) as state:
        try:
            PopRun(context, account, account.pop, state, options, tally).run()
        except MailError as exc:
            tally.fail(exc.of(account.name))


def _is_early(context: Context, account: Account, tally: Tally, options: PopOptions) -> bool:
    """Count failures that pass by themselves; return whether this one is not worth a word yet.

    Without the lock: that another run holds it is such a failure too.
    """
    failed = tally.error is not None and tally.error.exit_code is Exit.TEMPORARY
    if account.pop is None:
        return False
    try:
        with StateStore.open(context.state_dir / f"{account.name}.db") as state:
            source = state.pop_source(*maildrop_of(account.pop))
            failures = state.count_failure(source.id, failed)
    except LocalError as exc:
        tally.fail(exc.of(account.name))
        return False
    return failed and failures < (options.notify_after or 0)
