"""`search --server`: a query asked of IMAP servers, as SEARCH over folders.

What is found is shown as `list` shows it: from the index where the message is here too, by the
state's row of its UID, else from its header fields. Nothing is changed or marked, on either side.
The search of what is here is a `listing`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from mailcli.app.catalogue import Catalogue, with_catalogue
from mailcli.app.context import Context
from mailcli.app.sessions import imap_session
from mailcli.config import Account
from mailcli.errors import MailError, NotFound
from mailcli.imap.values import Folder, Headed
from mailcli.message.summary import summarise
from mailcli.model import Flag, Uid, UidValidity
from mailcli.results import ErrorReport, ListResult, MessageInfo
from mailcli.search.imap_keys import imap_keys
from mailcli.search.query import Query
from mailcli.store.database import stored
from mailcli.store.index_rows import IndexedFolder
from mailcli.store.names import INBOX, FolderName, from_server
from mailcli.store.state import StateStore

if TYPE_CHECKING:
    from mailcli.imap.session import ImapSession


ENOUGH = 1000
"""Messages of a folder that are described at a moderate price: half a megabyte."""


class Asked(NamedTuple):
    """What is asked of servers: in one folder, or in all where `folder` is None.

    Where no more than `most` messages are to be shown, each folder is asked about so many, the
    last that it got, but about `ENOUGH` in any case: dates need not come in that order.
    """

    query: Query
    folder: str | None
    most: int | None = None

    def newest(self, found: Sequence[Uid]) -> Sequence[Uid]:
        """Return those of a folder's messages that are to be described."""
        return found if self.most is None else found[-max(self.most, ENOUGH) :]


@dataclass(slots=True)
class Answered:
    """What servers found so far; `notes` say where they were asked something else."""

    messages: list[MessageInfo] = field(default_factory=list)
    errors: list[ErrorReport] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)

    def page(self, limit: int | None, page: int) -> ListResult:
        """Return a page of what was found, newest first."""
        self.messages.sort(key=_newest_first)
        start = 0 if limit is None else limit * (page - 1)
        stop = None if limit is None else start + limit
        return ListResult(tuple(self.messages[start:stop]), tuple(self.errors))


def search_servers(context: Context, accounts: Sequence[Account], asked: Asked) -> Answered:
    """Ask the server of each account; one that fails stops no other.

    Raises: MailError where there is but one account, NotFound (66) among them for a folder that
        it has not.
    """
    answered = Answered()
    for account in accounts:
        try:
            _search_account(context, account, asked, answered)
        except MailError as exc:
            if len(accounts) == 1:
                raise exc.of(account.name) from exc.__cause__
            answered.errors.append(ErrorReport.of(exc, account=account.name))
    return answered


def _search_account(context: Context, account: Account, asked: Asked, answered: Answered) -> None:
    if not imap_keys(asked.query, account=account.name, folder=None).keys:
        return  # the query is about other accounts
    with imap_session(context, account) as session:
        namespaces, listed = session.open_store(counts=False, counters=False)
        for name, folder in _chosen(listed, namespaces.prefix, asked.folder):
            search = imap_keys(asked.query, account=account.name, folder=str(name))
            if not search.keys:
                continue
            answered.notes |= dict.fromkeys(search.notes)
            try:
                selected = session.select(folder.wire, read_only=True)
                found = list(session.search(search.keys))
            except MailError as exc:
                if getattr(exc, "response_code", "") == "BADCHARSET":
                    exc.hint = (
                        "this server looks for words of ASCII alone; here, leave --server out"
                    )
                if asked.folder is not None or not session.is_open:
                    raise
                answered.errors.append(ErrorReport.of(exc, account=account.name))
                continue
            newest = asked.newest(found)
            here = _here(context, account, name, selected.uidvalidity, newest)
            answered.messages += here.values()
            there = [uid for uid in newest if uid not in here]
            answered.messages += _there(session, account, name, there)


def _chosen(
    listed: Iterable[Folder], prefix: str, wanted: str | None
) -> list[tuple[FolderName, Folder]]:
    """Return the folders to be searched, by our names. Raises: NotFound (66)."""
    named: dict[FolderName, Folder] = {}
    for folder in listed:
        if folder.selectable and folder.can_be_named:
            try:
                name = from_server(folder.name, folder.delimiter, prefix=prefix)
            except MailError:  # a name that nobody can ask for
                continue
            named.setdefault(name, folder)
    if wanted is None:
        return list(named.items())
    found = [each for each in named.items() if wanted in {str(each[0]), each[1].name}]
    if not found and wanted.upper() == str(INBOX):
        found = [each for each in named.items() if each[0] == INBOX]
    if not found:
        near = get_close_matches(wanted, map(str, named), n=1)
        hint = f"did you mean {near[0]}?" if near else "see: mailcli folders"
        raise NotFound(f"the server has no folder {wanted!r}", hint=hint)
    return found


def _here(
    context: Context,
    account: Account,
    name: FolderName,
    uidvalidity: UidValidity,
    uids: Sequence[Uid],
) -> dict[Uid, MessageInfo]:
    """Return those of a folder's messages that are in the Maildir too, as the index has them."""
    files = _files(context, account, name, uidvalidity, uids)
    if not files:
        return {}

    def look(catalogue: Catalogue) -> dict[Uid, MessageInfo]:
        folders = catalogue.index.folders(account.name)
        return {
            uid: info
            for folder in folders
            if folder.name == str(name)
            for uid, unique in files.items()
            if (info := _indexed(catalogue, folder, unique)) is not None
        }

    return with_catalogue(context, [account], look)


def _files(
    context: Context,
    account: Account,
    name: FolderName,
    uidvalidity: UidValidity,
    uids: Sequence[Uid],
) -> Mapping[Uid, str]:
    """Return the files of messages, by what the last synchronisation recorded."""
    database = context.state_dir / f"{account.name}.db"
    if not uids or not database.exists():
        return {}
    wanted = set(uids)
    with StateStore.open(database) as state:
        row = state.folder(str(name))
        if row is None:
            return {}
        return {
            each.uid: each.unique
            for each in state.outlines(row.id)
            if each.uidvalidity == uidvalidity and each.uid in wanted
        }


def _indexed(catalogue: Catalogue, folder: IndexedFolder, unique: str) -> MessageInfo | None:
    where = "message.folder=? AND unique_name=?"
    rows = catalogue.index.find(where, folder.id, stored(unique))
    found = (catalogue.found(row) for row in rows)
    return next((each.info for each in found if each is not None), None)


def _there(
    session: "ImapSession", account: Account, name: FolderName, uids: Sequence[Uid]
) -> list[MessageInfo]:
    """Return what the server tells of messages that are not here."""
    return [_described(account, name, headed) for headed in session.fetch_headed(uids)]


def _described(account: Account, name: FolderName, headed: Headed) -> MessageInfo:
    summary = summarise(headed.header)
    flags = [flag for flag in headed.flags if isinstance(flag, Flag)]
    keywords = [flag.imap for flag in headed.flags if not isinstance(flag, Flag)]
    return MessageInfo(
        id=None,
        account=account.name,
        folder=str(name),
        date=summary.date or headed.internal_date,
        from_=summary.from_,
        to=summary.to,
        cc=summary.cc,
        subject=summary.subject,
        flags=tuple(sorted(flag.name.lower() for flag in flags)),
        keywords=tuple(sorted(keywords)),
        size=headed.size,
        attachments=int(summary.content_type == "multipart/mixed"),
        message_id=summary.message_id,
        thread=None,
        path=None,
    )


def _newest_first(info: MessageInfo) -> tuple[float, float, str]:
    """Return what sorts as `list` does; what has no number yet came last, and so is first."""
    date = info.date.timestamp() if info.date else 0.0
    number = math.inf if info.id is None else info.id
    return (-date, -number, info.message_id or "")
