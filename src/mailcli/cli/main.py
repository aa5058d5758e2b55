"""The root command: which commands there are, without loading one of them.

Names and one-line helps stand in a table here, so that `--help` and completion
read nothing else; a command's module is imported when it is run. The table is
held against the modules by a test.
"""

import importlib
from typing import TYPE_CHECKING, NamedTuple

import click

from mailcli import __version__
from mailcli.cli.option import Group, page_option

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Entry(NamedTuple):
    """A command: its module in `mailcli.cli`, and what it is for in one line."""

    module: str
    help: str


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

VERSION = f"mailcli {__version__}"
"""What `--version` prints."""

_EPILOG = """\b
Exit codes:
   0 done                    67 recipients refused  74 local read, write
   2 wrong usage             68 host unknown        75 temporary: try again
   3 needs confirmation      69 server refuses      76 server broke protocol
  65 message not valid       70 defect in mailcli   77 login refused
  66 no such message, file   73 cannot create       78 configuration, TLS
"""


class LazyGroup(Group):
    """A group whose commands are loaded when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names from the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None for a name that is not in the table."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = importlib.import_module(f"mailcli.cli.{entry.module}").command
        assert isinstance(command, click.Command)  # noqa: S101 - every module has one
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and name the nearest one where there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list["CompletionItem"]:
        """Complete command names from the table, importing none of them."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=entry.help)
            for name, entry in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the commands alone, so that all fit a terminal; the usage has the options."""
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the table, by section."""
        del ctx
        width = max(map(len, COMMANDS))
        formatter.write_paragraph()
        for title, commands in SECTIONS.items():
            formatter.write(f"{title}:\n")
            with formatter.indentation():
                formatter.write_dl([(name.ljust(width), e.help) for name, e in commands.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
    options_metavar="[--version | --help]",
    params=[page_option(["--version"], lambda _: VERSION, "Show the version and exit.")],
)
def mailcli() -> None:
    """One mail client for SMTP, POP3 and IMAP. To try it at once: mailcli demo"""
