"""The edge to the keyring package: load one backend, call it, never wait for ever.

keyring and what it pulls in are imported here alone, and only when a keyring
is used. Its exceptions stay here: what comes out is a value or a `KeyringTrouble`.
"""

import importlib
import threading
from collections.abc import Callable
from contextlib import closing
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "mailcli"

_DESKTOP = "keyring.backends.SecretService"
_ON_THE_BUS = (_DESKTOP, "keyring.backends.kwallet", "keyring.backends.libsecret")
_STORES_NOTHING = ("keyring.backends.null", "keyring.backends.fail")
_LOCKED = {"KeyringLocked", "LockedException", "PromptDismissedException"}


class Trouble(Enum):
    """Why a keyring does not answer."""

    NO_BUS = "there is no session bus"
    LOCKED = "the keyring is locked"
    SLOW = "the keyring gave no answer in time"
    BROKEN = "the keyring failed"


class KeyringTrouble(Exception):
    """The keyring does not answer; `reason` groups it, the text is for people."""

    def __init__(self, reason: Trouble, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason


class Unsafe(Enum):
    """Why a backend must not be given a password."""

    PLAINTEXT = "stores passwords in plain text"
    NOTHING = "stores nothing"


def needs_bus(name: str) -> bool:
    """Tell whether a backend lives on the session bus; by its name, so nothing is imported."""
    return name.startswith(_ON_THE_BUS)


def name_of(backend: "KeyringBackend") -> str:
    """Return the dotted name of a backend's class, which `load` takes."""
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def load(name: str) -> "KeyringBackend":
    """Return the backend of this class: no detection, no other in its place."""
    module, _, kind = name.rpartition(".")
    backend: KeyringBackend = getattr(importlib.import_module(module), kind)()
    return backend


def detected() -> "KeyringBackend":
    """Return the backend that keyring would choose; of a chain the first that is safe."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    backend = keyring.get_keyring()
    if not isinstance(backend, ChainerBackend):
        return backend
    # A chain reads and writes wherever its members please: one of them is named instead.
    members: list[KeyringBackend] = list(backend.backends)
    return min(members, key=lambda one: unsafe(one) is not None, default=backend)


def unsafe(backend: "KeyringBackend") -> Unsafe | None:
    """Return why a backend must not be given a password, or None."""
    if type(backend).__module__ in _STORES_NOTHING:
        return Unsafe.NOTHING
    if any("plaintext" in kind.__name__.lower() for kind in type(backend).__mro__):
        return Unsafe.PLAINTEXT
    return None


def get(name: str, user: str, *, may_ask: bool) -> str | None:
    """Return the password of a user name, or None; without `may_ask` open no dialog.

    Raises:
        KeyringTrouble: the bus is gone, or the keyring is locked and nobody may be asked.
    """
    backend = load(name)
    if name.startswith(_DESKTOP):
        locked = _is_locked(backend)
        if locked is None:
            return None
        if locked and not may_ask:
            raise KeyringTrouble(Trouble.LOCKED)
    return backend.get_password(SERVICE, user)


def _is_locked(backend: "KeyringBackend") -> bool | None:
    """Tell whether the desktop's keyring is locked, None where it has none yet.

    Only looking shows no dialog; the backend itself would ask to create or unlock one.
    """
    import secretstorage
    from secretstorage.collection import DEFAULT_COLLECTION

    try:
        bus = secretstorage.dbus_init()
    except (OSError, secretstorage.SecretServiceNotAvailableException) as error:
        # An address that outlived its session, as in tmux or after a restart.
        raise KeyringTrouble(Trouble.NO_BUS, str(error)) from error
    place = getattr(backend, "preferred_collection", DEFAULT_COLLECTION)
    with closing(bus):
        try:
            return bool(secretstorage.Collection(bus, place).is_locked())
        except secretstorage.ItemNotFoundException:
            return None


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call to a keyring returns, unless it takes too long.

    The call runs in a thread that dies with the process, because nothing else
    ends a backend that waits for a dialog nobody sees.

    Raises:
        KeyringTrouble: it failed, or gave no answer in time.
    """
    from concurrent.futures import Future

    answer: Future[T] = Future()
    threading.Thread(target=_settle, args=(answer, call), daemon=True).start()
    try:
        error = answer.exception(seconds)
    except TimeoutError:
        raise KeyringTrouble(Trouble.SLOW, f"waited {seconds:g} s") from None
    if error is not None:
        raise _as_trouble(error) from error
    return answer.result()


def _settle(answer: "Future[T]", call: Callable[[], T]) -> None:
    try:
        answer.set_result(call())
    except Exception as error:  # noqa: BLE001 - handed over, not hidden: a backend is a plug-in
        answer.set_exception(error)


def _as_trouble(error: BaseException) -> KeyringTrouble:
    if isinstance(error, KeyringTrouble):
        return error
    # By name: only one of several backends brings these classes.
    if {type(error).__name__, type(error.__cause__).__name__} & _LOCKED:
        return KeyringTrouble(Trouble.LOCKED)
    return KeyringTrouble(Trouble.BROKEN, f"{type(error).__name__}: {error}")
