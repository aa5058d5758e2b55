"""Import mail of other programs into an account's Maildir: each message once, nothing read twice.

Holds the account's lock, as every bulk delivery. What one path cannot give stops no other path.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mailcli.app.carried import Carried
from mailcli.app.context import Context, Step
from mailcli.app.import_sources import Source, Where, sources_of
from mailcli.app.intake import Brought, Intake
from mailcli.config import Account
from mailcli.errors import MailError, NotFound, UsageError
from mailcli.results.report import ErrorReport
from mailcli.results.transfer import ImportedMessage, ImportResult
from mailcli.store.database import stored
from mailcli.store.files import make_private_directory, translated
from mailcli.store.folder import MaildirFolder
from mailcli.store.lock import AccountLock
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName


class Wanted(NamedTuple):
    """What is to be done: where to, whether folders may be made, and messages taken again."""

    where: Where
    create: bool = False
    again: bool = False
    dry_run: bool = False


def import_mail(
    context: Context,
    account: Account,
    paths: Sequence[str],
    wanted: Wanted,
    *,
    stdin: BinaryIO | None = None,
) -> ImportResult:
    """Import what is at paths (`-` is `stdin`), and return what became of it.

    Raises: NotFound (66) for a folder that is not there, without `create`; CannotCreate (73),
        LocalError (74) where nothing can be stored; Locked (75). What is stored then is found
        and left out by the next run.
    """
    run = _Run(context, account, wanted)
    with ExitStack() as stack:
        sources = run.sources(paths, stack, lambda: _spooled(context, stdin))
        run.require_folders(sources)
        if not wanted.dry_run and sources:
            stack.enter_context(AccountLock(context.state_dir / f"{account.name}.lock"))
            _require_maildir(context, account)
        run.import_all(sources)
    return run.result()


class _Run:
    """One import."""

    def __init__(self, context: Context, account: Account, wanted: Wanted) -> None:
        self._context, self._account, self._wanted = context, account, wanted
        self._maildir = Maildir(account.maildir, account.layout)
        self._imported: list[ImportedMessage] = []
        self._uniques: list[str] = []
        self._errors: list[ErrorReport] = []
        self._warnings: list[str] = []
        self._created: list[str] = []
        self._already = self._nameless = self._seen = 0

    def sources(
        self, paths: Sequence[str], stack: ExitStack, spool: Callable[[], BinaryIO]
    ) -> list[Source]:
        """Return what there is at the paths; those that hold nothing are noted as errors."""
        found: list[Source] = []
        for path in paths:
            try:
                found += sources_of(path, self._wanted.where, stack, spool)
            except UsageError:
                raise
            except MailError as error:
                self._errors.append(ErrorReport.of(error))
        return found

    def require_folders(self, sources: Sequence[Source]) -> None:
        """Make sure that folders are there, or may be made. Raises: NotFound (66)."""
        for target in dict.fromkeys(source.target for source in sources):
            if self._maildir.folder(target).exists():
                continue
            if not self._wanted.create:
                raise NotFound(
                    f"{target}: no such folder", hint="--create makes it; see: mailcli folders"
                ).of(self._account.name)
            self._created.append(str(target))

    def import_all(self, sources: Sequence[Source]) -> None:
        """Import everything, folder by folder."""
        octets = sum(each.octets for each in sources) if all(s.octets for s in sources) else None
        count = sum(each.number for each in sources)
        with self._context.progress.transfer(
            "import", messages=lambda: max(count, self._seen), octets=octets
        ) as step:
            for target in dict.fromkeys(source.target for source in sources):
                mine = [source for source in sources if source.target == target]
                self._import_into(self._maildir.folder(target), target, mine, step)

    def _import_into(
        self, folder: MaildirFolder, target: FolderName, sources: Sequence[Source], step: Step
    ) -> None:
        name = str(target)

        def record(brought: Brought) -> None:
            path = str(folder.path_of(brought.entry))
            self._imported.append(ImportedMessage(None, name, path))

        with Intake(
            folder,
            record,
            now=self._context.unix_time(),
            again=self._wanted.again,
            dry=self._wanted.dry_run,
        ) as intake:
            for source in sources:
                intake.begin_source()
                self._warnings += source.warnings
                for message in source.messages():
                    self._take(intake, message, name, step)
        self._already += intake.already
        self._nameless += intake.nameless

    def _take(self, intake: Intake, message: Carried, folder: str, step: Step) -> None:
        octets = intake.take(message)
        self._seen += 1
        step(octets or 0)
        if octets is None:
            return
        if self._wanted.dry_run:
            self._imported.append(ImportedMessage(None, folder, None))
        if message.expected is not None and octets < message.expected:
            missing = message.expected - octets
            self._warnings.append(f"{message.origin}: cut, {missing} octets of it are missing")

    def result(self) -> ImportResult:
        """Return what was done."""
        if self._nameless:
            self._warnings.append(
                f"{self._nameless} messages lost keywords: a folder has letters for 26 at most"
            )
        imported = tuple(self._imported)
        if not self._wanted.dry_run:
            imported = _numbered(self._context, self._account, imported)
        return ImportResult(
            imported,
            self._account.name,
            already=self._already,
            folders_created=tuple(self._created),
            warnings=tuple(self._warnings),
            done=not self._wanted.dry_run,
            errors=tuple(self._errors),
        )


def _require_maildir(context: Context, account: Account) -> None:
    """Stop where an account has mail recorded and no Maildir. Raises: LocalError (74)."""
    from mailcli.app.stores import require_maildir
    from mailcli.store.state import StateStore

    path = context.state_dir / f"{account.name}.db"
    if path.exists():
        with StateStore.open(path) as state:
            if state.has_messages():
                require_maildir(account)


def _spooled(context: Context, stdin: BinaryIO | None) -> BinaryIO:
    """Return standard input as a file without a name, which can be read from any place."""
    import shutil
    import tempfile

    make_private_directory(context.cache_dir)
    with translated(context.cache_dir):
        file = tempfile.TemporaryFile(dir=context.cache_dir)  # noqa: SIM115 - open as long as its source
        if stdin is not None:
            shutil.copyfileobj(stdin, file, 1 << 20)
        return file


def _numbered(
    context: Context, account: Account, imported: tuple[ImportedMessage, ...]
) -> tuple[ImportedMessage, ...]:
    """Return messages with the numbers that they have in the index, where that is little work."""
    from mailcli.app.catalogue import LITTLE, Catalogue, catch_up, index_path, with_catalogue

    if not 0 < len(imported) <= LITTLE or not index_path(context).exists():
        return imported
    try:
        catch_up(context, [account])
    except MailError:
        return imported

    def numbers(catalogue: Catalogue) -> dict[tuple[str, str], int]:
        wanted = {_unique(each) for each in imported}
        return {
            (row.folder, row.entry.unique): row.number
            for unique in wanted
            for row in catalogue.index.find(
                "account=? AND unique_name=?", account.name, stored(unique)
            )
        }

    known = with_catalogue(context, [account], numbers, refresh=False)
    return tuple(
        each._replace(id=number if (number := known.get((each.folder, _unique(each)))) else None)
        for each in imported
    )


def _unique(message: ImportedMessage) -> str:
    return Path(message.path or "").name.partition(":")[0]
