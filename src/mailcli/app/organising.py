"""Move, copy, archive and delete messages in the Maildirs of accounts, offline.

All of it is renames, copies and removals of files (`placing`). imap-sync carries it to the server.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mailcli.app.catalogue import Catalogue, with_catalogue
from mailcli.app.context import Context
from mailcli.app.destinations import (
    Destination,
    Say,
    make,
    named_destination,
    purposed_destination,
    require,
)
from mailcli.app.found import Found, flag_names
from mailcli.app.organised import Group, Work, by_account, keyword_names
from mailcli.app.placing import Placing, remove_message
from mailcli.errors import MailError
from mailcli.results.organising import ChangedMessage, OrganisedResult
from mailcli.store.database import stored

Confirm = Callable[[str], None]
"""Asks a question; raises ConfirmationNeeded (3) unless the answer is yes."""


@dataclass(frozen=True, slots=True)
class Target:
    """A folder of the messages' account, or ACCOUNT:FOLDER; `create` makes it if need be."""

    folder: str
    create: bool = False


def move(
    context: Context,
    messages: Sequence[Found],
    target: Target,
    *,
    dry_run: bool = False,
    say: Say,
) -> OrganisedResult:
    """Move messages to a folder of their account, or of another one.

    Raises: UsageError (2) for what is no folder's name.
    """
    return _put(context, messages, target, "moved", dry_run=dry_run, say=say)


def copy(
    context: Context,
    messages: Sequence[Found],
    target: Target,
    *,
    dry_run: bool = False,
    say: Say,
) -> OrganisedResult:
    """Copy messages to a folder of their account, or of another one.

    Raises: UsageError (2) for what is no folder's name.
    """
    return _put(context, messages, target, "copied", dry_run=dry_run, say=say)


def archive(
    context: Context, messages: Sequence[Found], *, dry_run: bool = False, say: Say
) -> OrganisedResult:
    """Move messages to the archive of their account, which is made if need be."""
    work = Work(context, dry_run)
    for account, groups in by_account(work.groups(messages)):
        with work.attempt(account):
            _file(work, groups, purposed_destination(context, account, "archive"), say)
    return work.result()


def delete(
    context: Context,
    messages: Sequence[Found],
    *,
    permanent: bool = False,
    confirm: Confirm,
    dry_run: bool = False,
    say: Say,
) -> OrganisedResult:
    """Move messages to the trash of their account; for good, if they are there, or `permanent`.

    Nothing is done before what goes for good is confirmed.

    Raises: ConfirmationNeeded (3).
    """
    work = Work(context, dry_run)
    gone: list[Group] = []
    filed: list[tuple[Destination, list[Group]]] = []
    for account, groups in by_account(work.groups(messages)):
        with work.attempt(account):
            trash = purposed_destination(context, account, "trash")
            inside = [g for g in groups if permanent or trash.holds(account, g.folder)]
            gone += inside
            filed.append((trash, [g for g in groups if g not in inside]))
    if gone and not dry_run:
        confirm(_question(gone))
    for trash, groups in filed:
        with work.attempt(trash.account):
            _file(work, groups, trash, say)
    for group in gone:
        with work.attempt(group.account):
            _remove(work, group)
    return work.result()


def _put(
    context: Context,
    messages: Sequence[Found],
    target: Target,
    action: Literal["moved", "copied"],
    *,
    dry_run: bool,
    say: Say,
) -> OrganisedResult:
    work = Work(context, dry_run)
    for account, groups in by_account(work.groups(messages)):
        destination = named_destination(context, account, target.folder)
        with work.attempt(account):
            if target.create:
                make(destination, dry_run=dry_run, say=say)
            else:
                require(destination)
            for group in groups:
                with work.attempt(account):
                    if action == "copied":
                        Placing(work, group, destination).copy()
                    elif not destination.is_here(account, group.folder):
                        Placing(work, group, destination).move()
    return _numbered(work)


def _file(work: Work, groups: Sequence[Group], destination: Destination, say: Say) -> None:
    """Move messages to a folder that has a purpose, and so is made where it is missing."""
    moving = [g for g in groups if not destination.is_here(g.account, g.folder)]
    if moving:
        make(destination, dry_run=work.dry_run, say=say)
    for group in moving:
        with work.attempt(group.account):
            Placing(work, group, destination).move()


def _question(groups: Sequence[Group]) -> str:
    count = sum(len(group.messages) for group in groups)
    return f"Delete {count} message{'s' if count > 1 else ''} for good?"


def _remove(work: Work, group: Group) -> None:
    letters = group.where.keyword_letters()
    for message in group.messages:
        with work.attempt(group.account):
            if not work.dry_run:
                remove_message(group.where, message.entry)
            work.change(
                message,
                ChangedMessage(
                    id=message.number,
                    account=group.account.name,
                    action="deleted",
                    folder=group.folder,
                    path=group.where.path_of(message.entry),
                    from_=group.folder,
                    to=None,
                    flags=flag_names(message.entry),
                    keywords=keyword_names(letters.keywords_of(message.entry.others)),
                ),
            )
    if not work.dry_run:
        group.where.sync()


def _numbered(work: Work) -> OrganisedResult:
    """Return the result; what is a new message to the account is given its number."""
    new = [each for _, each in work.changes() if each.done and each.id is None]
    if not new:
        return work.result()
    names = {each.account for each in new}
    accounts = [work.context.config.accounts[name] for name in names]

    def look(catalogue: Catalogue) -> dict[str, int]:
        return dict(_numbers(catalogue, new))

    try:
        numbers = with_catalogue(work.context, accounts, look)
    except MailError:
        return work.result()  # the messages are there; whoever lists them gets their numbers
    for position, each in work.changes():
        if each.id is None:
            work.renumber(position, numbers.get(str(each.path)))
    return work.result()


def _numbers(
    catalogue: Catalogue, messages: Iterable[ChangedMessage]
) -> Iterable[tuple[str, int]]:
    for each in messages:
        unique = each.path.name.partition(":")[0]
        where = "account=? AND name=? AND unique_name=?"
        named = (each.account, stored(each.folder), stored(unique))
        for row in catalogue.index.find(where, *named):
            if row.number > 0:
                yield str(each.path), row.number
