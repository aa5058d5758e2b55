"""The index as use cases see it: brought up to date with the Maildirs first.

Other programs file, flag and move mail as they like. So each command that reads looks at the
time stamps of all folders of the accounts that it is about (`store.stamps`), and lists only
those whose stamps have changed. What changed is written by one process at a time; the others
wait for it, as they would have to do the same work.

The index is a cache: where it is damaged, it is built anew, and where it cannot be written, it
is built in memory, for this one time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mailcli.app.changed import changed_folders
from mailcli.app.context import Context
from mailcli.app.found import Found, Place, found_of, place_of
from mailcli.config import Account
from mailcli.errors import CannotCreate, LocalError, Locked, TemporaryFailure
from mailcli.results.report import ErrorReport
from mailcli.store.database import Damaged
from mailcli.store.index import Index
from mailcli.store.index_rows import Indexed
from mailcli.store.lock import AccountLock

if TYPE_CHECKING:
    from mailcli.store.numbers import Numbers
    from mailcli.store.watch import OurChanges

LITTLE = 1000
"""New messages that are indexed on the way, by who does something else."""

BEHIND = "another mailcli is still indexing"
LATER = "wait until it is done, and run again"

_Found = TypeVar("_Found")


@dataclass(slots=True)
class Catalogue:
    """An index that is up to date, but for the folders that `errors` name.

    `accounts` are all that there are, by name. `is_behind`: another process is still indexing,
    so there is more mail than this.
    """

    index: Index
    accounts: Mapping[str, Account]
    errors: list[ErrorReport] = field(default_factory=list)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    is_behind: bool = False

    def found(self, message: Indexed) -> Found | None:
        """Return a message as a command takes it; None for one of no account any more."""
        account = self.accounts.get(message.account)
        if account is None:
            return None
        name = (message.account, message.folder)
        if name not in self.places:
            self.places[name] = place_of(account, message.folder)
        return found_of(account, message, self.places[name])


def index_path(context: Context) -> Path:
    """Return where the index lies."""
    return context.cache_dir / "index.db"


def with_catalogue(
    context: Context,
    accounts: Sequence[Account],
    work: Callable[[Catalogue], _Found],
    *,
    refresh: bool = True,
) -> _Found:
    """Return what `work` makes of the index, up to date with the Maildirs of these accounts.

    Without `refresh` it is as the last command left it. `work` may be called twice.

    Raises: what `work` raises.
    """
    path = index_path(context)
    for _ in range(2 if context.config.accounts else 0):
        with Index.open_or_build(path) as index:
            try:
                catalogue = Catalogue(index, context.config.accounts)
                if refresh or index.is_in_memory:
                    _refresh(context, accounts, catalogue)
                return work(catalogue)
            except Damaged:
                Index.delete(path)
            except _NotWritable:
                break
    with Index.in_memory() as index:
        catalogue = Catalogue(index, context.config.accounts)
        _refresh(context, accounts, catalogue, given=False)
        return work(catalogue)


def catch_up(
    context: Context,
    accounts: Sequence[Account],
    ours: "Mapping[str, OurChanges] | None" = None,
) -> None:
    """Bring the index up to date, if that is little work and nobody else does it.

    `ours` is what was changed in folders, by name, of the only account.

    Raises: Locked where somebody else does, TemporaryFailure where it is much, LocalError.
    """
    path = index_path(context)
    if not path.exists():
        return
    with Index.open(path, busy_seconds=0) as index:
        if not changed_folders(index, accounts, []):
            return
        with AccountLock(context.state_dir / "numbers" / "lock"):
            catalogue = Catalogue(index, context.config.accounts)
            _update(context, accounts, catalogue, given=True, most=LITTLE, ours=ours)


def forget_index(context: Context) -> None:
    """Remove the index, so that it is built anew. Raises: LocalError."""
    Index.delete(index_path(context))


class _NotWritable(Exception):
    """The index or the numbers cannot be written."""


def _refresh(
    context: Context, accounts: Sequence[Account], catalogue: Catalogue, *, given: bool = True
) -> None:
    """Look at the Maildirs of accounts, and record what has changed in them."""
    if not changed_folders(catalogue.index, accounts, []):
        return
    lock = AccountLock(context.state_dir / "numbers" / "lock")
    try:
        _acquire(lock, patience=context.timeout)
    except Locked:
        busy = TemporaryFailure(f"{BEHIND}: there is more mail than this", hint=LATER)
        catalogue.errors.append(ErrorReport.of(busy))
        catalogue.is_behind = True
        return
    except (CannotCreate, LocalError):
        pass  # nobody can write there, so nobody else does
    try:
        _update(context, accounts, catalogue, given=given)
    except Damaged:
        raise
    except (CannotCreate, LocalError) as error:
        if not given:
            raise
        raise _NotWritable from error
    finally:
        lock.release()


def _acquire(lock: AccountLock, *, patience: float) -> None:
    """Wait for the lock for `patience` seconds. Raises: Locked."""
    from time import monotonic, sleep

    until = monotonic() + patience
    while True:
        try:
            lock.acquire()
        except Locked:
            if monotonic() > until:
                raise
            sleep(0.02)
        else:
            return


def _update(
    context: Context,
    accounts: Sequence[Account],
    catalogue: Catalogue,
    *,
    given: bool,
    most: int | None = None,
    ours: "Mapping[str, OurChanges] | None" = None,
) -> None:
    changed = changed_folders(catalogue.index, accounts, catalogue.errors)
    if not changed:
        return
    from mailcli.app.indexing import Update  # not needed where nothing has changed

    numbers = _numbers(context, catalogue.index, given=given)
    try:
        update = Update(context, catalogue.index, numbers, catalogue.errors, given=given)
        update.run(changed, most=most, ours=ours or {})
        if catalogue.index.is_mostly_dead():
            Index.delete(index_path(context))  # built anew by who reads next
    finally:
        if numbers is not None:
            numbers.close()


def _numbers(context: Context, index: Index, *, given: bool) -> "Numbers | None":
    """Open the numbers, and make the index go with them; None where none can be given or read."""
    from mailcli.store.numbers import Numbers

    path = context.state_dir / "numbers" / "numbers.db"
    if not given:
        return Numbers.open_to_read(path)
    numbers = Numbers.open(path)
    try:
        _make_one(index, numbers)
    except BaseException:
        numbers.close()
        raise
    return numbers


def _make_one(index: Index, numbers: "Numbers") -> None:
    """Make an index go with the numbers; where those were lost, it brings them back.

    Raises: Damaged where they contradict each other, so that the index is built anew.
    """
    identity, known = numbers.identity(), index.numbers()
    if known is not None and known != identity and numbers.highest():
        raise Damaged("the index belongs to other numbers")
    if (highest := index.highest()) > numbers.highest():
        numbers.restore(index.numbered(), highest=highest)
    if known != identity:
        index.go_with(identity)
