"""Sessions for an account: opened, logged in, and ended as their protocol wants it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailcli.app.context import Context
from mailcli.config import Account, Server
from mailcli.credentials import find
from mailcli.errors import ConfigError
from mailcli.model import AuthKind, Secret
from mailcli.sasl import Identity

if TYPE_CHECKING:
    from mailcli.imap.session import ImapSession
    from mailcli.pop.session import PopSession
    from mailcli.smtp.session import SmtpSession


@contextmanager
def smtp_session(context: Context, account: Account) -> Iterator["SmtpSession"]:
    """Give a submission session that is logged in; QUIT is said where all went well.

    Raises: MailError; ConfigError (78) for an account without SMTP.
    """
    from mailcli.smtp.session import SmtpSession

    if account.smtp is None:
        raise lacks(account, "smtp")
    endpoint, login = account.smtp.endpoint, account.smtp.login
    session = SmtpSession.open(endpoint, timeout=context.timeout, trace=context.new_trace())
    try:
        if login.auth is not AuthKind.NONE:
            session.login(login.auth, identify(context, account, account.smtp))
        yield session
    except BaseException:
        session.close()
        raise
    session.quit()


@contextmanager
def pop_session(
    context: Context,
    account: Account,
    *,
    before_login: Callable[["PopSession"], None],
    identify: Callable[[], Identity],
) -> Iterator["PopSession"]:
    """Give a POP3 session that is logged in; whoever uses it says QUIT, since that decides.

    `identify` is what the function of that name returns; it is called when it is time.

    Raises: MailError, whatever `before_login` raises; ConfigError (78) for an account
        without POP3.
    """
    from mailcli.pop.session import PopSession

    if account.pop is None:
        raise lacks(account, "pop")
    endpoint, login = account.pop.endpoint, account.pop.login
    session = PopSession.open(endpoint, timeout=context.timeout, trace=context.new_trace())
    try:
        before_login(session)
        if login.auth is not AuthKind.NONE:
            session.login(login.auth, identify)
        yield session
    finally:
        session.close()


@contextmanager
def imap_session(
    context: Context, account: Account, identify_as: Callable[[], Identity] | None = None
) -> Iterator["ImapSession"]:
    """Give an IMAP session as `open_imap` does; LOGOUT is said where all went well.

    Raises: MailError; ConfigError (78) for an account without IMAP.
    """
    session = open_imap(context, account, identify_as)
    try:
        yield session
    except BaseException:
        session.close()
        raise
    session.logout()


def open_imap(
    context: Context, account: Account, identify_as: Callable[[], Identity] | None = None
) -> "ImapSession":
    """Return an IMAP session that is logged in.

    `identify_as` is called when it is time, in place of what the function `identify` returns.

    Raises: MailError; ConfigError (78) for an account without IMAP.
    """
    from mailcli.imap.session import ImapSession

    if account.imap is None:
        raise lacks(account, "imap")
    endpoint, login = account.imap.endpoint, account.imap.login
    session = ImapSession.open(endpoint, timeout=context.timeout, trace=context.new_trace())
    try:
        if login.auth is not AuthKind.NONE:
            session.login(login.auth, identify_as or identify(context, account, account.imap))
        if account.imap.compress:
            session.compress()
    except BaseException:
        session.close()
        raise
    return session


def identify(context: Context, account: Account, server: Server) -> Callable[[], Identity]:
    """Return what a session calls when it is ready to log in, and not before."""

    def look_up() -> Identity:
        if server.login.auth is AuthKind.EXTERNAL:  # TLS has shown the certificate already
            return Identity(server.login.username, Secret(""))
        secret = find(account, server.endpoint.protocol, sources=context.sources)
        return Identity(server.login.username, secret)

    return look_up


def lacks(account: Account, protocol: str, able: Sequence[str] = ()) -> ConfigError:
    """Return the error for an account without a server of a protocol; `able` are some with one."""
    choice = (
        f"choose with -A one that has it: {', '.join(able)}" if able else "choose another with -A"
    )
    return ConfigError(
        f"no {protocol} server is configured",
        hint=f"add [accounts.{account.name}.{protocol}] with its host, or {choice}",
        account=account.name,
    )
