"""Keyring backends for tests: one that keeps, one that keeps in plain text, one that hangs."""

import threading
from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class MemoryKeyring(KeyringBackend):
    """Keeps passwords for the process, by service and user name; tests clear it."""

    priority = 0  # never chosen by detection
    kept: ClassVar[dict[tuple[str, str], str]] = {}

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # keyring leaves it without types

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class PlaintextKeyring(MemoryKeyring):
    """Claims what keyrings.alt's backend of this name does."""


class EncodedPlaintextKeyring(PlaintextKeyring):
    """Inherits the trap under another name's cover."""


class LockedKeyring(MemoryKeyring):
    """Raises what a keyring raises whose dialog was dismissed."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"dismissed for {username} of {service}")


class HangingKeyring(MemoryKeyring):
    """Waits for a dialog until the test releases it."""

    release: ClassVar[threading.Event] = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.release.wait()
        return super().get_password(service, username)


class ForgetfulKeyring(MemoryKeyring):
    """Takes a password and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class StrangeKeyring(MemoryKeyring):
    """Raises an error that belongs to nobody."""

    def get_password(self, service: str, username: str) -> str | None:
        raise ArithmeticError(f"{service} has no cheese for {username}")
