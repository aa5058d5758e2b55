"""One failure, as it stands in a result."""

from dataclasses import dataclass

from mailcli.errors import MailError


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """One failure, as JSON shows it beside the results that did succeed."""

    code: str
    message: str
    hint: str
    exit_code: int
    account: str | None

    @classmethod
    def of(cls, error: MailError, *, account: str | None = None) -> "ErrorReport":
        """Describe an error; `account` counts where the error names none itself."""
        name = error.account or account
        return cls(error.code, error.message, error.hint, int(error.exit_code), name)
