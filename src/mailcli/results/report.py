"""One failure, as it stands in a result."""

from typing import NamedTuple

from mailcli.errors import MailError


class ErrorReport(NamedTuple):
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
