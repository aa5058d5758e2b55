"""The front page: the commands that there are, and what is answered without a parser.

Names and one-line helps stand in a table here, so that `--help` and completion
read nothing else; it is held against the commands by a test. `mailcli --help` and
`mailcli --version` read not even click, which takes longer than Python itself.
"""

import os
import sys
from collections.abc import Iterator, Sequence

from mailcli import __version__

VERSION = f"mailcli {__version__}"
"""What `--version` prints."""

USAGE = "[--version | --help]"
SUMMARY = "One mail client for SMTP, POP3 and IMAP. To try it at once: mailcli demo"

_NARROWEST, _WIDEST = 50, 98
_INDENT = "  "


class Entry:
    """A command: its module in `mailcli.cli`, and what it is for in one line."""

    __slots__ = ("help", "module")

    def __init__(self, module: str, help: str) -> None:  # noqa: A002 - what it is
        self.module, self.help = module, help


SECTIONS: dict[str, dict[str, Entry]] = {
    "Mail in and out": {
        "send": Entry("send", "Send one message over SMTP."),
        "outbox": Entry("outbox", "List, send or drop messages that wait to be sent."),
        "pop-fetch": Entry("pop_fetch", "Fetch POP3 mail into the Maildir."),
        "imap-sync": Entry("imap_sync", "Synchronise IMAP folders with the Maildir."),
        "folders": Entry("folders", "List the IMAP folders of an account, or change them."),
        "import": Entry("import_", "Import an mbox, .eml files or a Maildir."),
        "export": Entry("export", "Export messages to an mbox, .eml files or a Maildir."),
    },
    "Read": {
        "list": Entry("list", "List messages of the local Maildir, newest first."),
        "read": Entry("read", "Show messages, and mark them as seen."),
        "search": Entry("search", "Find messages, here or on the server."),
        "status": Entry("status", "Show what is unread, and how the last runs ended."),
        "attachments": Entry("attachments", "List or save what came with messages."),
    },
    "Write": {
        "reply": Entry("reply", "Reply to a message."),
        "forward": Entry("forward", "Pass messages on to others."),
        "drafts": Entry("drafts", "List, save, edit and send drafts."),
    },
    "Organise": {
        "flag": Entry("flag", "Set flags and keywords of messages, or take them away."),
        "move": Entry("move", "Move messages to another folder."),
        "copy": Entry("copy", "Copy messages to a folder."),
        "archive": Entry("archive", "Move messages to the archive."),
        "delete": Entry("delete", "Move messages to the trash, or delete them for good."),
    },
    "Set up": {
        "account": Entry("account", "List accounts; store and forget their passwords."),
        "completion": Entry("completion", "Print the completion script for a shell."),
        "demo": Entry("demo", "Try mailcli: servers on this machine, made-up mail, and a tour."),
    },
}

COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}

EXIT_CODES = """Exit codes:
   0 done                    67 recipients refused  74 local read, write
   2 wrong usage             68 host unknown        75 temporary: try again
   3 needs confirmation      69 server refuses      76 server broke protocol
  65 message not valid       70 defect in mailcli   77 login refused
  66 no such message, file   73 cannot create       78 configuration, TLS
"""


def answer(args: Sequence[str]) -> bool:
    """Print what can be told at once, and say whether that was all that was asked for.

    Where it cannot be printed, the parser may try: it has the words for what is wrong.
    """
    match args:
        case ["--version"]:
            text = VERSION
        case ["--help" | "-h"]:
            text = page()
        case _:
            return False
    try:
        print(text, flush=True)  # noqa: T201 - what is asked for
    except (OSError, ValueError):
        return False
    return True


def page() -> str:
    """Return the page, as wide as the terminal is, within reason."""
    width = max(_NARROWEST, min(_columns() - 2, _WIDEST))
    lines = [f"Usage: mailcli {USAGE} COMMAND [ARGS]...", ""]
    lines += [*_hanging(_INDENT, SUMMARY, width), ""]
    indent = max(map(len, COMMANDS)) + 2 + len(_INDENT)
    for title, commands in SECTIONS.items():
        lines.append(f"{title}:")
        for name, entry in commands.items():
            lines += _hanging(f"{_INDENT}{name}".ljust(indent), entry.help, width)
    lines.append("")
    lines += [_INDENT + line for line in EXIT_CODES.splitlines()]
    return "\n".join(lines)


def _columns() -> int:
    """Return the width of the terminal: COLUMNS, else what it says, else 80."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):  # no terminal
        return 80


def _hanging(start: str, text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text that begins behind `start`, and stays right of it."""
    line = start
    for word in text.split(" "):
        if len(line) + len(word) > width:
            yield line.rstrip()
            line = " " * len(start)
        line += f"{word} "
    yield line.rstrip()
