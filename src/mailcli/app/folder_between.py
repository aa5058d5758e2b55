"""What the passes of a run tell one another about a folder, beyond what both sides hold."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailcli.model import Flags, Uid

if TYPE_CHECKING:
    from mailcli.app.folder_state import FolderState


@dataclass(slots=True)
class Between:
    """Messages and files of one folder that a pass leaves to a later one.

    `away` are messages whose files stand in another folder now, and `spoken_for` the files that
    are other folders' messages: both wait for their MOVE. `claimed` are those of the latter that
    can be no message of this folder. `elsewhere` is where the files of messages are now that the
    server has lost or moved, `undecided` those files. `brought` are the keywords of files that
    came with another folder's letters. `recognised` are files that are about to be bound to
    messages. `given_up` are messages of which something was refused in this run.
    """

    away: set[Uid] = field(default_factory=set)
    spoken_for: set[str] = field(default_factory=set)
    claimed: set[str] = field(default_factory=set)
    elsewhere: dict[Uid, tuple["FolderState", str]] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)
    brought: dict[str, Flags] = field(default_factory=dict)
    recognised: set[str] = field(default_factory=set)
    given_up: set[Uid] = field(default_factory=set)
