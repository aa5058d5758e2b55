"""What one account's POP3 run has done so far; it survives the run's failure."""

from dataclasses import dataclass, field

from mailcli.errors import MailError, gravest
from mailcli.pop.plan import Message
from mailcli.results import ErrorReport, MaildropStatus, PopAccount, SkippedPop
from mailcli.store.records import PopRecord


@dataclass(slots=True)
class Tally:
    """Counts, and the gravest error; of errors equally grave, the first."""

    fetched: int = 0
    octets: int = 0
    deleted: int = 0
    kept: int = 0
    waiting: int = 0
    marked: int = 0
    skipped: list[SkippedPop] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    """What happened once, and the user should know."""
    standing: list[str] = field(default_factory=list)
    """What is to be known about the server, now and in every run."""
    status: MaildropStatus | None = None
    found: int = 0
    """Messages that a run which was killed had delivered, and told nobody of."""
    found_octets: int = 0
    error: MailError | None = None
    done: bool = True
    """False in a dry run, which counts what would be done."""

    def fail(self, error: MailError) -> None:
        """Note an error."""
        if self.error is None or self._is_graver(error, self.error):
            self.error = error

    def find(self, message: PopRecord) -> None:
        """Note a message that a run which was killed had delivered."""
        self.found += 1
        self.found_octets += message.size

    def skip(self, message: Message, reason: str) -> None:
        """Note a message that is left alone."""
        self.skipped.append(SkippedPop(message.uidl, reason))

    def refuse(self, message: Message, error: MailError) -> None:
        """Note a message that could not be had, or not be deleted."""
        self.skip(message, error.message)
        self.fail(error)

    def result(self, account: str) -> PopAccount:
        """Return all of it."""
        return PopAccount(
            account,
            self.fetched,
            self.octets,
            self.deleted,
            self.kept,
            tuple(self.skipped),
            ErrorReport.of(self.error, account=account) if self.error else None,
            waiting=self.waiting,
            marked=self.marked,
            warnings=(*self.news, *self.standing),
            status=self.status,
            done=self.done,
        )

    @staticmethod
    def _is_graver(error: MailError, known: MailError) -> bool:
        both = (known.exit_code, error.exit_code)
        return known.exit_code is not error.exit_code and gravest(both) is error.exit_code
