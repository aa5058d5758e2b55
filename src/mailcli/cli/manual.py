"""The manual page, in man(7), made from the commands' own help."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailcli.cli.generate import Leaf

_HEAD = """\
.\\" Made by `make completions`; do not edit.
.TH MAILCLI 1 "" "mailcli {version}" "User commands"
.SH NAME
mailcli \\- one mail client for SMTP, POP3 and IMAP
.SH SYNOPSIS
.B mailcli
.I COMMAND
.RI [ OPTION ]...
.RI [ ARGUMENT ]...
.SH DESCRIPTION
.B mailcli
sends mail over SMTP, takes mail home over POP3, and mirrors IMAP folders into a Maildir that
any other mail program can read. What it prints on standard output is data; errors, progress and
questions go to standard error.
.SH COMMANDS
"""

_TAIL = """\
.SH EXIT STATUS
.TS
r l.
0	done, also when there was nothing to do
2	wrong usage
3	needs confirmation
65	the message or an address is not valid
66	no such message, folder or file
67	recipients refused for good
68	host name unknown
69	the server refuses for good
70	a defect in mailcli; a report file is written
73	cannot create
74	local read, write or disk-full error
75	temporary: try again
76	the server broke the protocol
77	login refused, or no usable credential
78	configuration or TLS policy
128+n	ended by signal n
.TE
.SH ENVIRONMENT
.TP
.B MAILCLI_CONFIG
The configuration file, where \\-\\-config does not name one.
.TP
.B MAILCLI_ACCOUNT
The account, where \\-A does not name one.
.TP
.BR NO_COLOR ", " FORCE_COLOR
Switch colour off or on.
.SH FILES
.TP
.I $XDG_CONFIG_HOME/mailcli/config.toml
The configuration (~/.config where the variable is not set).
.TP
.I $XDG_STATE_HOME/mailcli
What both sides last agreed on, locks, reports of defects. Losing it costs time, never mail.
.SH SEE ALSO
The README has the configuration in full.
"""


def manual(leaves: Sequence["Leaf"], sections: Mapping[str, Iterable[str]], version: str) -> str:
    """Return the whole page; commands stand in the order and sections of `--help`."""
    parts = [_HEAD.format(version=version)]
    for title, names in sections.items():
        parts.append(f".SS {_escape(title)}\n")
        parts += [_command(leaf) for name in names for leaf in leaves if leaf.words[0] == name]
    return "'\\\" t\n" + "".join([*parts, _TAIL])


def _command(leaf: "Leaf") -> str:
    context = click.Context(leaf.command, info_name=" ".join(["mailcli", *leaf.words]))
    usage = " ".join(leaf.command.collect_usage_pieces(context))
    lines = [".TP", f".B mailcli {' '.join(leaf.words)}", f".I {_escape(usage)}", ".br"]
    lines.append(_text(leaf.command.help or leaf.help))
    if leaf.command.epilog:
        lines.append(_text(leaf.command.epilog))
    lines.append(".RS")
    lines += [_option(option, context) for option in leaf.options]
    lines.append(".RE")
    return "\n".join(lines) + "\n"


def _option(option: click.Option, context: click.Context) -> str:
    names, text = option.get_help_record(context) or (", ".join(option.opts), "")

    return f".TP\n.B {_escape(names)}\n{_escape(text)}"


def _text(text: str) -> str:
    """Turn click's help into man(7): `\\b` blocks keep their lines."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n.sp\n".join(_block(block) for block in blocks)


def _block(block: str) -> str:
    lines = block.split("\n")
    if lines[0].strip() == "\b":
        body = "\n".join(_escape(line.rstrip()) for line in lines[1:])
        return f".nf\n{body}\n.fi"
    return " ".join(_escape(line.strip()) for line in lines)


def _escape(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE)
