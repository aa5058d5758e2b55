"""A query of `search` as a condition on the index, for a list as for a selection."""

from collections.abc import Sequence

from mailcli.app.catalogue import Catalogue
from mailcli.app.context import Context
from mailcli.errors import MailError
from mailcli.search.local_time import LocalZone
from mailcli.search.parser import parse
from mailcli.search.query import Query
from mailcli.store.index_rows import Condition, IndexedFolder
from mailcli.store.index_search import SearchedFolder, condition
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName


def parsed(context: Context, text: str) -> Query:
    """Return what a text asks for, here and now. Raises: UsageError (2) where it is no query."""
    return parse(text, context.now().astimezone(LocalZone()))


def query_condition(
    catalogue: Catalogue, query: Query, folders: Sequence[IndexedFolder]
) -> Condition:
    """Return the condition for messages that a query asks for, in these folders."""
    with_letters = "keyword:" in str(query)
    searched = [_searched(catalogue, each, with_letters=with_letters) for each in folders]
    return condition(query, searched)


def _searched(
    catalogue: Catalogue, folder: IndexedFolder, *, with_letters: bool
) -> SearchedFolder:
    """Return a folder, with the letters that its keywords have, if they are asked for."""
    letters: dict[str, str] = {}
    account = catalogue.accounts.get(folder.account)
    if with_letters and account is not None:
        where = Maildir(account.maildir, account.layout).folder(FolderName.parse(folder.name))
        try:
            names = where.keyword_letters().names
        except MailError:
            names = {}
        letters = {keyword.imap.casefold(): letter for letter, keyword in names.items()}
    return SearchedFolder(folder.id, folder.account, folder.name, letters)
