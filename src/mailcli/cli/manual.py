"""The manual page, in man(7), made from the commands' own help."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from mailcli.cli.command import is_shared

if TYPE_CHECKING:
    from mailcli.cli.leaves import Leaf

_DATE = "2026-11-23"
"""When the texts below were last changed by hand."""
_WIDTH = 80
"""Characters of a line of the source, by custom."""

_HEAD = """\
.\\" Made by `make completions`; do not edit.
.TH MAILCLI 1 {date} "mailcli {version}" "User commands"
.nh
.SH NAME
mailcli \\- one mail client for SMTP, POP3 and IMAP
.SH SYNOPSIS
.B mailcli
.I COMMAND
.RI [ OPTION ]...
.RI [ ARGUMENT ]...
.SH DESCRIPTION
.B mailcli
sends mail over SMTP, takes mail home over POP3, and mirrors IMAP folders into
a Maildir that any other mail program can read.
What it prints on standard output is data;
errors, progress and questions go to standard error.
.SH COMMANDS
"""

_COMMON = """\
They mean the same in every command that has them.
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
What both sides last agreed on, locks, reports of defects.
Losing it costs time, never mail.
.SH SEE ALSO
The README has the configuration in full.
"""


def manual(leaves: Sequence["Leaf"], sections: Mapping[str, Iterable[str]], version: str) -> str:
    """Return the whole page; commands stand in the order and sections of `--help`."""
    parts = ["'\\\" t\n", _HEAD.format(version=version, date=_DATE)]
    for title, names in sections.items():
        parts.append(f".SS {_escape(title)}\n")
        parts += [_command(leaf) for name in names for leaf in leaves if leaf.words[0] == name]
    return "".join([*parts, ".SH COMMON OPTIONS\n", _COMMON, *_common(leaves), _TAIL])


def _command(leaf: "Leaf") -> str:
    context = click.Context(leaf.command, info_name=" ".join(["mailcli", *leaf.words]))
    own = [option for option in leaf.options if not is_shared(option)]
    common = [max(option.opts, key=len) for option in leaf.options if is_shared(option)]
    usage = " ".join(leaf.command.collect_usage_pieces(context))
    inside = [
        *(_option(option, context) for option in own),
        *([".PP", _filled(f"Common options: {', '.join(common)}.")] if common[1:] else []),
        *([".PP", _text(leaf.command.epilog)] if leaf.command.epilog else []),
    ]
    lines = [
        ".TP",
        f'.BI "mailcli {" ".join(leaf.words)} " "{_escape(usage)}"',
        _text(leaf.command.help or leaf.help),
        *([".RS", *inside, ".RE"] if inside else []),
    ]
    return "\n".join(lines) + "\n"


def _common(leaves: Sequence["Leaf"]) -> Iterator[str]:
    """Yield each common option once; where it differs, as those say that take several accounts."""
    found: dict[str, tuple[click.Option, click.Context]] = {}
    for leaf in leaves:
        for option in filter(is_shared, leaf.options):
            name = max(option.opts, key=len)
            if name not in found or option.multiple:
                found[name] = (option, click.Context(leaf.command, info_name=leaf.words[-1]))
    yield from (_option(option, context) + "\n" for option, context in found.values())


def _option(option: click.Option, context: click.Context) -> str:
    names, text = option.get_help_record(context) or (", ".join(option.opts), "")
    return f".TP\n.B {_escape(names)}\n{_filled(text)}"


def _text(text: str) -> str:
    """Turn click's help into man(7): `\\b` blocks keep their lines."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n.sp\n".join(_block(block) for block in blocks)


def _block(block: str) -> str:
    lines = block.split("\n")
    if lines[0].strip() == "\b":
        body = "\n".join(_escape(line.rstrip()) for line in lines[1:])
        return f".nf\n{body}\n.fi"
    return _filled(" ".join(line.strip() for line in lines))


def _filled(text: str) -> str:
    """Return a paragraph as roff wants it: no long lines, each sentence on a line of its own."""
    sentences = re.split(r"(?<=[.:]) (?=[A-Z])", text)
    lines = [
        line
        for sentence in sentences
        for line in textwrap.wrap(sentence, _WIDTH - 10, break_on_hyphens=False)
    ]
    return "\n".join(map(_escape, lines))


def _escape(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE)
