"""Errors, grouped by what the user can do about them.

Each class has the exit code of sysexits.h that scripts rely on, a stable
`code` for JSON and room for a hint. Nothing here prints or exits: the one
place that does is `mailcli.cli.boundary`. A refusal of some recipients is a
result, not an error.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes; the numbers are those of sysexits.h where it has one."""

    OK = 0
    USAGE = 2
    CONFIRM = 3
    DATA = 65
    NOT_FOUND = 66
    RECIPIENT = 67
    HOST = 68
    REFUSED = 69
    DEFECT = 70
    CREATE = 73
    LOCAL_IO = 74
    TEMPORARY = 75
    PROTOCOL = 76
    LOGIN = 77
    CONFIG = 78


# From the lightest to the gravest. A temporary failure cures itself; local
# trouble and defects come last, because they may touch every account.
_GRAVITY = (
    Exit.OK,
    Exit.TEMPORARY,
    Exit.CONFIRM,
    Exit.NOT_FOUND,
    Exit.RECIPIENT,
    Exit.HOST,
    Exit.REFUSED,
    Exit.DATA,
    Exit.PROTOCOL,
    Exit.LOGIN,
    Exit.CONFIG,
    Exit.USAGE,
    Exit.CREATE,
    Exit.LOCAL_IO,
    Exit.DEFECT,
)


def gravest(exits: Iterable[Exit]) -> Exit:
    """Return the gravest of several outcomes; `Exit.OK` when there are none."""
    return max(exits, key=_GRAVITY.index, default=Exit.OK)


class MailError(Exception):
    """What went wrong, in one line, for a person and for a script.

    `message` says what failed; `hint` names the next step; `account` is added
    by the use case that knows it. Texts from a server stand in `message`
    uncleaned: the boundary cleans every text that it prints.
    """

    exit_code: ClassVar[Exit] = Exit.DEFECT
    code: ClassVar[str] = "defect"

    def __init__(self, message: str, *, hint: str = "", account: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.account = account

    def of(self, account: str) -> "MailError":
        """Name the account, unless an inner layer already did, and return self."""
        self.account = self.account or account
        return self


class UsageError(MailError):
    """The command line asks for something that makes no sense."""

    exit_code = Exit.USAGE
    code = "usage"


class ConfirmationNeeded(MailError):
    """A safety stop, or a question with nobody there to answer it."""

    exit_code = Exit.CONFIRM
    code = "confirmation_needed"


class InvalidMessage(MailError):
    """The message or an address given is not valid."""

    exit_code = Exit.DATA
    code = "invalid_message"


class NotFound(MailError):
    """No such message, folder or file."""

    exit_code = Exit.NOT_FOUND
    code = "not_found"


class HostUnknown(MailError):
    """The host name does not exist."""

    exit_code = Exit.HOST
    code = "host_unknown"


class Refused(MailError):
    """The server refuses for good: the same request will fail again."""

    exit_code = Exit.REFUSED
    code = "refused"


class CannotCreate(MailError):
    """A file or directory cannot be created."""

    exit_code = Exit.CREATE
    code = "cannot_create"


class LocalError(MailError):
    """Reading or writing locally failed: disk full, permission, damage."""

    exit_code = Exit.LOCAL_IO
    code = "local_io"


class TemporaryFailure(MailError):
    """The same request may go through later."""

    exit_code = Exit.TEMPORARY
    code = "temporary"


class OutcomeUnknown(TemporaryFailure):
    """The message was sent, but the connection ended before the answer."""

    code = "outcome_unknown"


class Locked(TemporaryFailure):
    """Another run works on the same account, or sends the same draft."""

    code = "locked"


class ProtocolViolation(MailError):
    """The server broke the protocol: nothing it said can be trusted."""

    exit_code = Exit.PROTOCOL
    code = "protocol"


class LoginFailed(MailError):
    """The server refused the login, or no credential can be used."""

    exit_code = Exit.LOGIN
    code = "login"


class ConfigError(MailError):
    """The configuration is missing or wrong."""

    exit_code = Exit.CONFIG
    code = "config"


class TlsFailed(ConfigError):
    """The connection cannot be made as safe as the configuration asks."""

    code = "tls"
