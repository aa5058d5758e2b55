"""mailcli under the name `sendmail`: what cron, git, mutt and mailx start to send mail.

The classic options, as far as they mean something here; the message comes from
standard input and leaves as it is. Silent when all is well. Exit codes are
those of sysexits.h, with 64 for a wrong command line.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailcli.errors import Exit, UsageError

if TYPE_CHECKING:
    from mailcli.cli.runtime import Runtime

EX_USAGE = 64

_WITH_VALUE = frozenset("ABCFLNORVXfhopr")
"""Options that take a value, glued to them or as the next argument."""

_GLUED = frozenset("bdq")
"""Options whose value, if any, is glued to them."""

_FLAGS = frozenset("GIUimnstv")


@dataclass(slots=True)
class Options:
    """A command line that was understood."""

    mode: str = "m"
    read_recipients: bool = False
    ignore_dots: bool = False
    verbose: bool = False
    envelope_sender: str | None = None
    notify: str | None = None
    returned: str | None = None
    delivery: str = "i"
    recipients: list[str] = field(default_factory=list)

    def take(self, option: str, value: str) -> None:
        """Take one option; one that means nothing here is taken in silence."""
        self.read_recipients |= option == "t"
        self.ignore_dots |= option == "i" or (option == "o" and value == "i")
        self.verbose |= option == "v"
        match option:
            case "f" | "r":
                self.envelope_sender = value
            case "N":
                self.notify = value
            case "R":
                self.returned = value.lower()
            case "b" | "q":
                self.mode = value if option == "b" else "q"
            case "o" if value.startswith("d"):
                self.delivery = value[1:2]


def parse(args: Sequence[str]) -> Options:
    """Read a classic command line: flags may be joined, a value may be glued to its option.

    Raises: UsageError.
    """
    options = Options()
    rest = iter(args)
    for arg in rest:
        if arg == "--":
            options.recipients += rest
        elif not arg.startswith("-") or arg == "-":
            options.recipients.append(arg)
        else:
            _take_joined(options, arg[1:], rest)
    return options


def _take_joined(options: Options, letters: str, rest: Iterator[str]) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in _WITH_VALUE:
            value = letters or next(rest, None)
            if value is None:
                raise UsageError(f"sendmail: option -{letter} needs a value")
            return options.take(letter, value)
        if letter in _GLUED:
            return options.take(letter, letters)
        if letter not in _FLAGS:
            raise UsageError(f"sendmail: there is no option -{letter}")
        options.take(letter, "")
    return None


def main(name: str, args: Sequence[str]) -> int:
    """Do what the command line asks for and return the exit code. Raises: MailError."""
    options = parse(args)
    match "p" if name == "mailq" else options.mode:
        case "m":
            return _send(options)
        case "p":
            return _list()
        case "q":
            return _flush(options)
        case "i":
            return Exit.OK  # newaliases: there are no aliases to build
        case mode:
            raise UsageError(f"sendmail: mode -b{mode} is not here", hint="-bm, -bp and -q are")


def sysexit(code: int) -> int:
    """Return the exit code as sysexits.h has it: 2 and 3 are mailcli's own."""
    return {int(Exit.USAGE): EX_USAGE, int(Exit.CONFIRM): int(Exit.TEMPORARY)}.get(code, code)


def _runtime(options: Options | None = None) -> "Runtime":
    from mailcli.cli.command import STDERR, Common
    from mailcli.cli.runtime import Runtime

    verbose = options is not None and options.verbose
    return Runtime(Common(no_input=True, quiet=not verbose, trace=STDERR if verbose else None))


def _send(options: Options) -> int:
    from mailcli.app.outgoing import Queue, Relay, Request
    from mailcli.cli.composing import parse_notify
    from mailcli.cli.writing import send
    from mailcli.model import Return

    if not options.recipients and not options.read_recipients:
        raise UsageError("sendmail: no recipients", hint="name them, or use -t")
    if options.returned not in {None, *Return}:
        raise UsageError(f"sendmail: -R {options.returned} is neither hdrs nor full")
    queue = {"q": Queue.ALWAYS, "d": Queue.ALWAYS, "b": Queue.ON_TEMPFAIL}
    relay = Relay(
        _message(ignore_dots=options.ignore_dots),
        read_recipients=options.read_recipients,
        resent=True,
        local=_local_names(),
    )
    request = Request(
        recipients=tuple(options.recipients),
        envelope_sender=options.envelope_sender,
        relay=relay,
        queue=queue.get(options.delivery, Queue.NEVER),
        notify=parse_notify(options.notify),
        returned=Return(options.returned) if options.returned else None,
    )
    return send(_runtime(options), request, None, dry_run=False)


def _list() -> int:
    from mailcli.app.outbox import listed

    runtime = _runtime()
    runtime.printer.emit(listed(runtime.context), asked=True)
    return Exit.OK


def _flush(options: Options) -> int:
    from mailcli.app.outbox import FlushRequest, flush
    from mailcli.output.problems import exit_of

    runtime = _runtime(options)
    result = flush(runtime.context, FlushRequest(now=True))
    runtime.printer.emit(result)
    return exit_of(result)


def _message(*, ignore_dots: bool) -> Iterator[bytes]:
    """Read standard input; unless dots are to be ignored, a lone one ends the message."""
    for line in sys.stdin.buffer:
        if not ignore_dots and line.rstrip(b"\r\n") == b".":
            return
        yield line


def _local_names() -> frozenset[str]:
    """Return the names of this machine whose mail goes to the account itself."""
    import pwd

    names = {"root", "postmaster", os.environ.get("USER", ""), os.environ.get("LOGNAME", "")}
    with contextlib.suppress(KeyError):  # a user id without a name, as in containers
        names.add(pwd.getpwuid(os.getuid()).pw_name)
    return frozenset(name.lower() for name in names if name)
