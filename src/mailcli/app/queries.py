"""A query of `search` as a condition on the index, for a list as for a selection."""

from collections.abc import Sequence
from datetime import datetime

from mailcli.app.catalogue import Catalogue
from mailcli.errors import MailError
from mailcli.search.parser import parse
from mailcli.store.index_rows import Condition, IndexedFolder
from mailcli.store.index_search import SearchedFolder, condition
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName


def query_condition(
    catalogue: Catalogue, text: str, folders: Sequence[IndexedFolder], now: datetime
) -> Condition:
    """Return the condition for messages that a query asks for, in these folders.

    Raises: UsageError (2) where it is no query.
    """
    query = parse(text, now)
    with_letters = "keyword:" in text.casefold()
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
