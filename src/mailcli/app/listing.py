"""`list`: messages of the local Maildirs, newest first, without any connection.

What a list shows comes from the index, which is up to date with the Maildirs (`catalogue`), or
from an index in memory for mail that belongs to no account (`paths`).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, overload

from mailcli.app.catalogue import Catalogue, with_catalogue
from mailcli.app.context import Context
from mailcli.app.trees import in_trees
from mailcli.config import Account
from mailcli.errors import NotFound
from mailcli.results import ErrorReport, ListResult, MessageInfo
from mailcli.store.index import NEWEST
from mailcli.store.index_rows import Condition, IndexedFolder, Row, indexed
from mailcli.store.names import INBOX, FolderName

if TYPE_CHECKING:
    from mailcli.search.query import Query

_MOST = 2**63 - 1
"""The greatest number that SQLite and `islice` take: a page behind it is empty."""


class Wanted(NamedTuple):
    """Which messages are wanted, and which page of them; pages have `limit` messages, or threads.

    `sender` are words of the name or address of who wrote, the last perhaps not whole. `query` is
    what `search` asks for.
    """

    query: "Query | None" = None
    unread: bool = False
    flagged: bool = False
    sender: str | None = None
    limit: int | None = None
    page: int = 1
    threads: bool = False


def list_messages(
    context: Context, accounts: Sequence[Account], *, folder: str | None, wanted: Wanted
) -> ListResult:
    """Return the newest messages of one folder, or of all where `folder` is None.

    Of several accounts, one that fails stops no other. An INBOX that is not there is empty.

    Raises: NotFound (66) for a folder that is not there, where there is but one account.
    """

    alone = len(accounts) == 1

    def work(catalogue: Catalogue) -> ListResult:
        folders = [f for each in accounts for f in _folders(catalogue, each, folder, alone=alone)]
        return listed(catalogue, _asked(catalogue, folders, wanted), folders, wanted)

    return with_catalogue(context, accounts, work)


def list_path(context: Context, path: Path, *, folder: str | None, wanted: Wanted) -> ListResult:
    """Return the newest messages of mail that belongs to no account.

    The path may be a Maildir, one folder (with `cur` and `new`) or a tree of them, an mbox, or
    one message.

    Raises: NotFound (66) where there is none.
    """

    def work(catalogue: Catalogue) -> ListResult:
        folders = catalogue.index.folders()
        if folder is not None:
            name = str(FolderName.parse(folder))
            folders = [each for each in folders if each.name == name]
            if not folders and name != str(INBOX):
                raise _no_folder(str(path), name, catalogue.index.folders())
        return listed(catalogue, _asked(catalogue, folders, wanted), folders, wanted)

    from mailcli.app.paths import with_path

    return with_path(context, path, work, tree=folder is not None)


def listed(
    catalogue: Catalogue,
    condition: Condition,
    folders: Sequence[IndexedFolder],
    wanted: Wanted,
) -> ListResult:
    """Return the page that is wanted of the messages for which a condition holds.

    With threads, the whole threads of these messages, as far as they lie in these folders.
    """
    if wanted.threads:
        infos = list(_in_threads(catalogue, condition, folders, wanted))
    else:
        page = _page_of(wanted)
        rows = catalogue.index.rows(condition.sql, *condition.values, order=NEWEST + page)
        return ListResult(Described(rows, catalogue), tuple(catalogue.errors))
    return ListResult(tuple(infos), tuple(catalogue.errors))


class Described(Sequence[MessageInfo]):
    """Messages of a list, kept as rows and made when they are asked for: there may be 100,000.

    Keywords are those of each folder's letters when the first message that has some is made.
    """

    def __init__(self, rows: Iterable[Row], catalogue: Catalogue) -> None:
        self._rows = tuple(rows)
        self._catalogue = catalogue

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> MessageInfo: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[MessageInfo, ...]: ...

    def __getitem__(self, at: int | slice) -> MessageInfo | tuple[MessageInfo, ...]:
        if isinstance(at, slice):
            return tuple(map(self._described, self._rows[at]))
        return self._described(self._rows[at])

    def _described(self, row: Row) -> MessageInfo:
        found = self._catalogue.found(indexed(row))
        assert found is not None  # noqa: S101 - only folders of accounts that there are are listed
        return found.info


def _asked(catalogue: Catalogue, folders: Sequence[IndexedFolder], wanted: Wanted) -> Condition:
    """Return the condition for what is wanted in some folders."""
    condition = in_folders(folders) & condition_of(wanted)
    if wanted.query is not None:
        from mailcli.app.queries import query_condition

        condition &= query_condition(catalogue, wanted.query, folders)
    return condition


def in_folders(folders: Sequence[IndexedFolder]) -> Condition:
    """Return the condition for messages of these folders."""
    if len(folders) == 1:
        return Condition("message.folder=?", (folders[0].id,))
    # The `+` keeps SQLite from collecting all messages of the folders before it sorts them.
    marks = ",".join("?" * len(folders))
    return Condition(f"+message.folder IN ({marks})", tuple(each.id for each in folders))


def condition_of(wanted: Wanted) -> Condition:
    """Return the condition for what `wanted` says, but for the page."""
    condition = Condition("1")
    if wanted.unread:
        condition &= Condition("flags & 1 = 0")
    if wanted.flagged:
        condition &= Condition("flags & 2 = 2")
    if wanted.sender is not None and (words := _phrase(wanted.sender)):
        match = "number IN (SELECT rowid FROM texts WHERE texts MATCH ?)"
        condition &= Condition(match, (f"sender : {words}",))
    return condition


def _phrase(text: str) -> str:
    """Return words as FTS5 looks for them in a row, the last perhaps not whole."""
    from mailcli.search.words import has_words, prepared

    quoted = prepared(text).replace('"', '""').replace("\0", " ")
    return f'"{quoted}" *' if has_words(quoted) else ""


def _page_of(wanted: Wanted) -> str:
    if wanted.limit is None:
        return ""
    start, _ = _places(wanted.limit, wanted.page)
    return f" LIMIT {min(wanted.limit, _MOST)} OFFSET {start}"


def _places(limit: int, page: int) -> tuple[int, int]:
    """Return where a page begins, and where the next one does."""
    return min((page - 1) * limit, _MOST), min(page * limit, _MOST)


def _in_threads(
    catalogue: Catalogue,
    condition: Condition,
    folders: Sequence[IndexedFolder],
    wanted: Wanted,
) -> Iterator[MessageInfo]:
    threads = catalogue.index.threads(condition.sql, *condition.values)
    start, stop = (0, None) if wanted.limit is None else _places(wanted.limit, wanted.page)
    there = in_folders(folders)
    for thread in islice(threads, start, stop):
        rows = catalogue.index.find(f"thread=? AND {there.sql}", thread, *there.values)
        for depth, row in in_trees(list(rows)):
            if (found := catalogue.found(row)) is not None:
                yield found.info._replace(depth=depth)


def _folders(
    catalogue: Catalogue, account: Account, folder: str | None, *, alone: bool
) -> list[IndexedFolder]:
    """Return an account's folders, or the one of a name; an INBOX that is not there is empty.

    Raises: NotFound (66) where it has no such folder and is the only account; of several, it is
    among the catalogue's errors.
    """
    folders = catalogue.index.folders(account.name)
    if folder is None:
        return folders
    name = str(FolderName.parse(folder))
    found = [each for each in folders if each.name == name]
    if not found and name != str(INBOX):
        error = _no_folder(str(account.maildir), name, folders).of(account.name)
        if alone:
            raise error
        catalogue.errors.append(ErrorReport.of(error))
    return found


def _no_folder(where: str, name: str, folders: Sequence[IndexedFolder]) -> NotFound:
    from difflib import get_close_matches

    near = get_close_matches(name, [each.name for each in folders], n=1)
    hint = f"did you mean {near[0]}?" if near else "see: mailcli list --all-folders"
    return NotFound(f"{where}: no folder {name!r}", hint=hint)
