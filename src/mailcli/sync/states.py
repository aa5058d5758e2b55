"""What a folder looked like when both sides last agreed, and what each side holds now. Values."""

from enum import Enum
from typing import NamedTuple

from mailcli.model import ANYTHING_STORABLE, Flags, Storable, SyncMode, Uid


class Side(Enum):
    """One of the two places that are kept alike."""

    LOCAL = "local"
    REMOTE = "remote"


class Agreed(NamedTuple):
    """What both sides last agreed on for one message: its file's unique name and its flags.

    `held`: an earlier run held its deletion back, and nobody has confirmed it since.
    """

    unique: str
    flags: Flags
    held: bool = False


class Local(NamedTuple):
    """A message in the Maildir now. `origin` is the UID that its name says it was fetched as."""

    flags: Flags
    origin: Uid | None = None


class Remote(NamedTuple):
    """A message on the server now."""

    flags: Flags


class Policy(NamedTuple):
    """Which side may be changed, and how much of a folder may be deleted unasked.

    `storable` are the flags that the server keeps when they are set. Where more than the share
    `max_delete` (0 to 1) would go, or the folder has `vanished` as a whole on one side,
    `allow_mass_delete` is the confirmation.
    """

    mode: SyncMode = SyncMode.TWO_WAY
    storable: Storable = ANYTHING_STORABLE
    max_delete: float = 0.5
    allow_mass_delete: bool = False
    vanished: Side | None = None

    @property
    def changes_local(self) -> bool:
        """Whether the Maildir may change."""
        return self.mode is not SyncMode.PUSH

    @property
    def changes_remote(self) -> bool:
        """Whether the server may change."""
        return self.mode is not SyncMode.PULL
