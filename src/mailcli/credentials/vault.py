"""The keyring: store a password, find it again, forget it.

A password is found only through the backend that was recorded when it was
stored, so that it can never slide to another one, a plaintext file above all.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mailcli.credentials import backends, record
from mailcli.credentials.backends import SERVICE, KeyringTrouble, Trouble, Unsafe
from mailcli.credentials.sources import BUS, Sources, checked, with_session_bus
from mailcli.errors import ConfigError, LoginFailed, NotFound
from mailcli.model import Protocol, Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

_OTHER_WAYS = "use password_command or password_file"


def look_up(account: str, protocol: Protocol, sources: Sources) -> Secret | KeyringTrouble | None:
    """Return the password that was stored, why it cannot be had now, or None.

    The one for the protocol alone is asked for before the account's.
    """
    recorded = record.read(sources.state_dir)
    for user in (user_name(account, protocol), user_name(account, None)):
        if user not in recorded:
            continue
        try:
            found = _get(recorded[user], user, sources)
        except KeyringTrouble as trouble:
            return trouble
        if found is not None:
            return checked(found, "the keyring")
    return None


def store(
    account: str,
    protocol: Protocol | None,
    secret: Secret,
    *,
    sources: Sources,
    allow_plaintext: bool = False,
) -> str:
    """Store the password of an account, or of one of its protocols; return the backend's name.

    Raises:
        ConfigError: the only keyring would store it in plain text, and the user did not insist.
        LoginFailed: there is no keyring, it is locked, or it failed.
    """
    value = checked(secret.reveal(), "the input").reveal()
    user = user_name(account, protocol)
    backend = _patiently(sources, backends.detected)
    _check_safe(backend, allow_plaintext=allow_plaintext)
    _patiently(sources, partial(backend.set_password, SERVICE, user, value))
    if _patiently(sources, partial(backend.get_password, SERVICE, user)) != value:
        raise LoginFailed("the keyring did not keep the password", hint=_OTHER_WAYS)
    name = backends.name_of(backend)
    # Only now: a crash in between leaves an unused entry, not a record of nothing.
    record.write(sources.state_dir, record.read(sources.state_dir) | {user: name})
    return name


def forget(account: str, protocol: Protocol | None, *, sources: Sources) -> str:
    """Remove a stored password; return the name of the backend that held it.

    Raises:
        NotFound: none was stored.
        LoginFailed: the keyring is locked or failed, and still holds it.
    """
    user = user_name(account, protocol)
    recorded = record.read(sources.state_dir)
    if user not in recorded:
        raise NotFound(f"the keyring holds no password of {user}")
    name = recorded.pop(user)
    _patiently(sources, partial(_delete, name, user))
    record.write(sources.state_dir, recorded)
    return name


def user_name(account: str, protocol: Protocol | None) -> str:
    """Return the keyring's user name: `ACCOUNT` or `ACCOUNT:PROTOCOL`."""
    return account if protocol is None else f"{account}:{protocol}"


def _get(name: str, user: str, sources: Sources) -> str | None:
    environ = with_session_bus(sources.environ)
    if backends.needs_bus(name) and not environ.get(BUS):
        raise KeyringTrouble(Trouble.NO_BUS)
    _join(environ)
    ask = partial(backends.get, name, user, may_ask=sources.prompt is not None)
    return backends.within(sources.patience, ask)


def _delete(name: str, user: str) -> None:
    backend = backends.load(name)
    # Removed by other means: then it is forgotten already.
    if backend.get_password(SERVICE, user) is not None:
        backend.delete_password(SERVICE, user)


def _patiently(sources: Sources, call: Callable[[], T]) -> T:
    _join(with_session_bus(sources.environ))
    try:
        return backends.within(sources.patience, call)
    except KeyringTrouble as trouble:
        raise LoginFailed(str(trouble), hint=f"unlock it, or {_OTHER_WAYS}") from trouble


def _check_safe(backend: "KeyringBackend", *, allow_plaintext: bool) -> None:
    match backends.unsafe(backend):
        case Unsafe.NOTHING:
            raise LoginFailed(
                "there is no keyring here to store a password in",
                hint=f"start one (gnome-keyring, KWallet) in a login session, or {_OTHER_WAYS}",
            )
        case Unsafe.PLAINTEXT if not allow_plaintext:
            raise ConfigError(
                f"the only keyring here, {backends.name_of(backend)}, stores in plain text",
                hint=f"start gnome-keyring or KWallet, or {_OTHER_WAYS}",
            )


def _join(environ: Mapping[str, str]) -> None:
    """Let this process find the session bus: D-Bus reads no environment but its own."""
    if environ.get(BUS) and not os.environ.get(BUS):
        os.environ[BUS] = environ[BUS]
