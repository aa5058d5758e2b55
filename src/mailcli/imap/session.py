"""An IMAP session: what can be asked of folders and messages, as typed calls.

The face of the layers below: `conversation` (commands and answers), `connection` (greeting, TLS,
login, what is switched on), `folders`, `opening`, `messages`, `searching`, `uploads`, `idle`.
RFC 3501.
"""

from mailcli.imap.conversation import CommandFailed, FolderUnusable
from mailcli.imap.folders import FolderCommands
from mailcli.imap.idle import WaitingCommands
from mailcli.imap.messages import STORE_SET, MessageCommands
from mailcli.imap.opening import OpeningCommands
from mailcli.imap.searching import SearchCommands
from mailcli.imap.uploads import MessageTooLarge, UploadCommands

__all__ = ["STORE_SET", "CommandFailed", "FolderUnusable", "ImapSession", "MessageTooLarge"]


class ImapSession(
    FolderCommands,
    OpeningCommands,
    MessageCommands,
    SearchCommands,
    UploadCommands,
    WaitingCommands,
):
    """One connection to a mail store, greeted and, where asked, inside TLS."""
