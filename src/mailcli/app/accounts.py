"""`account`: what is configured, and the passwords in the keyring."""

from mailcli.app.context import Context
from mailcli.config import Config, Server
from mailcli.model import Protocol, Secret
from mailcli.results import AccountInfo, AccountsResult, CredentialChange


def accounts(config: Config) -> AccountsResult:
    """Return every account, in the order of the file."""
    return AccountsResult(
        tuple(
            AccountInfo(
                account=account.name,
                email=account.email.email if account.email else None,
                default=account.name == config.default_account,
                maildir=account.maildir,
                smtp=_endpoint(account.smtp),
                pop=_endpoint(account.pop),
                imap=_endpoint(account.imap),
            )
            for account in config.accounts.values()
        )
    )


def _endpoint(server: Server | None) -> str | None:
    return str(server.endpoint) if server else None


def set_password(
    context: Context, name: str, protocol: str | None, secret: str, *, allow_plaintext: bool
) -> CredentialChange:
    """Store a password in the keyring, for an account or one of its protocols.

    Raises: ConfigError (78) for an unknown account or an unsafe keyring, LoginFailed (77)
        where there is no keyring that works.
    """
    from mailcli.credentials import vault

    account = context.account(name)
    backend = vault.store(
        account.name,
        Protocol(protocol) if protocol else None,
        Secret(secret),
        sources=context.sources,
        allow_plaintext=allow_plaintext,
    )
    return CredentialChange(account.name, protocol, stored=True, backend=backend)


def forget_password(context: Context, name: str, protocol: str | None) -> CredentialChange:
    """Remove a password from the keyring; the account may be gone from the configuration.

    Raises: NotFound (66) where none is stored.
    """
    from mailcli.credentials import vault

    backend = vault.forget(name, Protocol(protocol) if protocol else None, sources=context.sources)
    return CredentialChange(name, protocol, stored=False, backend=backend)
