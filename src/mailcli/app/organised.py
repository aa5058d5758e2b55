"""What commands that organise have in common: groups of messages, and what became of each."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from mailcli.app.context import Context
from mailcli.app.found import Found
from mailcli.app.keyword_letters import Agreed
from mailcli.config import Account
from mailcli.errors import MailError, UsageError
from mailcli.model import Flags, keywords_of
from mailcli.results.organising import ChangedMessage, OrganisedResult
from mailcli.results.report import ErrorReport
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder


@dataclass(frozen=True, slots=True)
class Message:
    """A message of an account's Maildir, and its place in the order that was asked for."""

    position: int
    number: int | None
    entry: Entry


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one folder."""

    account: Account
    folder: str
    where: MaildirFolder
    messages: list[Message]

    @property
    def uniques(self) -> set[str]:
        """The unique names of the files."""
        return {each.entry.unique for each in self.messages}


@dataclass(slots=True)
class Work:
    """One command's work: what has been changed so far, and what failed. A dry run only plans."""

    context: Context
    dry_run: bool
    errors: list[ErrorReport] = field(default_factory=list)
    _changed: dict[int, ChangedMessage] = field(default_factory=dict)
    _agreed: dict[str, Agreed] = field(default_factory=dict)

    def groups(self, messages: Sequence[Found]) -> list[Group]:
        """Return messages by folder; what is in no account's Maildir is a failure."""
        groups: dict[tuple[str, str], Group] = {}
        for position, each in enumerate(messages):
            if each.account is None or each.where is None or each.entry is None:
                self.errors.append(ErrorReport.of(_of_no_account(each)))
                continue
            key = each.account.name, each.folder
            group = groups.setdefault(key, Group(each.account, each.folder, each.where, []))
            group.messages.append(Message(position, each.number, each.entry))
        return list(groups.values())

    def agreed(self, account: Account) -> Agreed:
        """Return the keywords that were agreed on, read once. Raises: LocalError."""
        if account.name not in self._agreed:
            self._agreed[account.name] = Agreed(self.context, account)
        return self._agreed[account.name]

    @contextmanager
    def attempt(self, account: Account) -> Iterator[None]:
        """Take a failure of the block down, and go on."""
        try:
            yield
        except MailError as error:
            self.fail(error, account)

    def fail(self, error: MailError, account: Account) -> None:
        """Take a failure down."""
        self.errors.append(ErrorReport.of(error, account=account.name))

    def change(self, message: Message, changed: ChangedMessage) -> None:
        """Take down what became of a message."""
        self._changed[message.position] = changed._replace(done=not self.dry_run)

    def renumber(self, position: int, number: int | None) -> None:
        """Take down by which number a message is known now."""
        self._changed[position] = self._changed[position]._replace(id=number)

    def changes(self) -> list[tuple[int, ChangedMessage]]:
        """Return what was changed so far, with the positions of the messages."""
        return sorted(self._changed.items())

    def result(self) -> OrganisedResult:
        """Return what was done, in the order that was asked for."""
        return OrganisedResult(tuple(each for _, each in self.changes()), tuple(self.errors))


def by_account(groups: Sequence[Group]) -> list[tuple[Account, list[Group]]]:
    """Return groups by their accounts."""
    found: dict[str, list[Group]] = defaultdict(list)
    for each in groups:
        found[each.account.name].append(each)
    return [(each[0].account, each) for each in found.values()]


def keyword_names(keywords: Flags) -> tuple[str, ...]:
    """Return keywords as results name them."""
    return tuple(sorted(each.imap for each in keywords_of(keywords)))


def _of_no_account(found: Found) -> UsageError:
    return UsageError(
        f"{found.path}: a message of no account is not changed",
        hint="give a message of an account: see mailcli list",
    )
