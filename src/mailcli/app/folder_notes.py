"""Notes of files whose letters are their folder's own, and which of them nobody needs any more.

Who moves a message notes it before the file comes (`keyword_letters`), and takes the note away
where it does not come. One that was killed leaves it, and so does another program that takes the
file away again. It would be believed of a file that comes later with other letters.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import suppress

from mailcli.app.folder_task import FolderTask
from mailcli.app.sync_run import SyncRun
from mailcli.errors import NotFound
from mailcli.imap.session import ImapSession


def forget_needless(run: SyncRun, folders: Iterable[tuple[FolderTask, Collection[str]]]) -> None:
    """Forget the notes of files that are not in these folders; mostly there is none at all.

    With each folder come unique names of files that are known to be in it.
    """
    noted: dict[str, set[str]] = defaultdict(set)
    for folder, unique in run.state.lettered():
        noted[folder].add(unique)
    for task, known in folders if noted else ():
        missing = noted[str(task.pair.name)].difference(known)
        # A folder that was just made may have been out of reach, with all its files.
        if missing and not task.counts.made:
            run.attempt(task, _forget_unless_here, task, missing)


def _forget_unless_here(session: ImapSession, task: FolderTask, uniques: Collection[str]) -> None:
    """Forget the notes of files, but for those that have come meanwhile.

    Who brings one looks whether it is still noted (`Agreed.settle`), before this transaction or
    after it. So the file is seen here, or its note is made again there.
    """
    del session
    with suppress(NotFound), task.store.transaction():
        here = {entry.unique for entry in task.folder.scan()}
        gone = [(str(task.pair.name), unique) for unique in uniques if unique not in here]
        task.store.forget_lettered(gone)
