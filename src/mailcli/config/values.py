"""What the configuration says, as values: accounts, servers, logins.

Frozen and checked: whoever holds an `Account` need not check it again. No
secret is in here, only where to find one; not even a command that could hold
one shows in a `repr`.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from mailcli.errors import ConfigError
from mailcli.model import (
    Address,
    AuthKind,
    DeletePolicy,
    Endpoint,
    Layout,
    Protocol,
    SyncMode,
)


class Command(tuple[str, ...]):
    """A program and its arguments; people do write passwords there, so it never prints itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


class Login(NamedTuple):
    """Who logs in, and where the password or token comes from.

    `username` is empty only where `auth` is none.
    """

    username: str
    auth: AuthKind = AuthKind.PASSWORD
    password_command: Command | None = None
    password_file: Path | None = None


class SmtpServer(NamedTuple):
    """Where the account's mail is submitted."""

    endpoint: Endpoint
    login: Login


class PopServer(NamedTuple):
    """A maildrop, how long mail stays in it, and the local folder that receives it.

    `keep` is true (for ever), false (until stored) or an age. Messages above `max_size`
    octets stay there; a run fetches at most `max_messages` and `max_bytes`. `after_fetch`
    is run after new mail came.
    """

    endpoint: Endpoint
    login: Login
    keep: bool | timedelta = True
    folder: str = "INBOX"
    max_size: int | None = None
    max_messages: int | None = None
    max_bytes: int | None = None
    after_fetch: Command | None = None


class ImapServer(NamedTuple):
    """Folders on a server, which of them are mirrored, and which way.

    `folders` are IMAP patterns (RFC 3501 §6.3.8), `!` excludes; `folders_given`: some
    of them say what to mirror, so nothing is left out that was not excluded.
    `max_delete` is the share of a folder, 0 to 1, above which deletions need
    confirmation; None is mailcli's own. `delete_folders` lets deletions of whole
    folders travel both ways. `trash` names the trash folder where the server does
    not. Larger than `max_size` (octets) or older than `max_age`, a message stays on
    the server. `compress` asks for COMPRESS (RFC 4978).
    """

    endpoint: Endpoint
    login: Login
    folders: tuple[str, ...] = ("*",)
    mode: SyncMode = SyncMode.TWO_WAY
    max_delete: float | None = None
    folders_given: bool = False
    subscribed_only: bool = False
    delete_folders: bool = False
    deleted: DeletePolicy = DeletePolicy.EXPUNGE
    trash: str | None = None
    max_size: int | None = None
    max_age: timedelta | None = None
    compress: bool = False


Server = SmtpServer | PopServer | ImapServer


class Account(NamedTuple):
    """One identity, its Maildir and its servers; it may have none.

    `save_sent` is off where the provider files a copy of what is sent by itself.
    `authserv_id` is the name of the server whose Authentication-Results are believed.
    """

    name: str
    email: Address | None
    maildir: Path
    aliases: tuple[Address, ...] = ()
    layout: Layout = Layout.NESTED
    sent: str | None = None
    save_sent: bool = True
    archive: str | None = None
    trash: str | None = None
    smtp: SmtpServer | None = None
    pop: PopServer | None = None
    imap: ImapServer | None = None
    authserv_id: str | None = None

    def server(self, protocol: Protocol) -> Server:
        """Return the server of one protocol.

        Raises:
            ConfigError: the account has none.
        """
        servers: Mapping[Protocol, Server | None] = {
            Protocol.SMTP: self.smtp,
            Protocol.POP3: self.pop,
            Protocol.IMAP: self.imap,
        }
        server = servers[protocol]
        if server is None:
            raise ConfigError(
                f"account {self.name} has no {protocol} server",
                hint=f"add [accounts.{self.name}.{protocol}] with its host",
                account=self.name,
            )
        return server


class Config(NamedTuple):
    """The whole configuration. `path` is the file it came from, if any."""

    path: Path | None
    default_account: str | None
    accounts: Mapping[str, Account]
    warnings: tuple[str, ...] = ()

    def account(self, name: str | None, environ: Mapping[str, str]) -> Account:
        """Return the account that applies: `name`, `MAILCLI_ACCOUNT`, the default, the only one.

        Raises:
            ConfigError: there is no such account, or several and none was chosen.
        """
        wanted = name or environ.get("MAILCLI_ACCOUNT") or self.default_account
        if wanted is None and len(self.accounts) == 1:
            return next(iter(self.accounts.values()))
        if wanted is None:
            raise ConfigError(f"no account chosen; {self._there_are()}", hint=self._choice_hint())
        if wanted not in self.accounts:
            raise ConfigError(f"no account {wanted}; {self._there_are()}", hint=self._near(wanted))
        return self.accounts[wanted]

    def _there_are(self) -> str:
        return f"there are: {', '.join(self.accounts)}" if self.accounts else "there are none"

    def _choice_hint(self) -> str:
        if not self.accounts:
            return "see README, or try `mailcli demo`"
        return "choose with -A NAME or MAILCLI_ACCOUNT, or set default_account"

    def _near(self, wanted: str) -> str:
        from difflib import get_close_matches

        near = get_close_matches(wanted, self.accounts, n=1)
        return f"did you mean {near[0]}?" if near else ""
