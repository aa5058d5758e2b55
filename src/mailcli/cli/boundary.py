"""The error boundary: the one place where errors become text and exit codes.

`run` calls the program and returns its exit code, whatever happens. An error
is one line on stderr that says what failed, and one hint; under `--json` one
object. A traceback is never shown: what nobody foresaw goes into a report
file, see `defect`.

Loaded by `--help`: nothing heavy is imported before something has gone wrong.
"""

import contextlib
import errno
import os
import re
import signal
import sys
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TextIO

import click

from mailcli.cli.streams import abandon_if_broken
from mailcli.errors import Exit, LocalError, MailError, TemporaryFailure, UsageError

if TYPE_CHECKING:
    from mailcli.results import ErrorReport

_SIGNAL_EXIT = 128
_HINTS = {
    errno.ENOSPC: "free some space, then run the same command again",
    errno.EDQUOT: "your quota is used up: free some space, then run the same command again",
    errno.EACCES: "check who owns it and who may read and write it",
    errno.EPERM: "check who owns it and who may read and write it",
    errno.EROFS: "the file system is mounted read-only",
    errno.EIO: "the disk, or the way to it, may be failing: look at the system log",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n) or lower --jobs",
}


class Terminated(BaseException):
    """A signal asks the program to end; not an `Exception`, so that only clean-up sees it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Program(NamedTuple):
    """What an error is told with.

    `argv` as in `sys.argv`; `commands` are the words in it that no one typed in
    confidence. `state_dir` is asked only when there is a defect to report.
    """

    argv: Sequence[str]
    stdout: TextIO
    stderr: TextIO
    state_dir: Callable[[], Path]
    commands: Collection[str] = ()


def harden(environ: MutableMapping[str, str]) -> None:
    """Close the ways by which secrets leak from a process, before any are read.

    No core dumps; new files for their owner only; no key log of TLS. And the
    standard streams are open, so that no file opened later takes their place.
    """
    import resource

    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
        if getattr(sys, name) is None:  # Python's way to say that it was closed
            mode = "r" if descriptor == 0 else "w"
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    environ.pop("SSLKEYLOGFILE", None)


def install_signals() -> None:
    """Let SIGTERM and SIGHUP raise `Terminated`; one that is ignored stays so (nohup)."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _terminate)


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # a second one must not interrupt the clean-up
    raise Terminated(number)


def invoke(
    command: click.Command, args: Sequence[str], *, prog_name: str, environ: Mapping[str, str]
) -> int | None:
    """Run a click command, and leave every error to `run`.

    `command.main` would turn a closed pipe into exit code 1 and print an empty
    line for ^C. It is called only to answer a shell that completes a word.
    """
    args = list(args)
    variable = f"_{prog_name}_COMPLETE".replace("-", "_").upper()
    if environ.get(variable):
        command.main(args, prog_name=prog_name, complete_var=variable)
    try:
        with command.make_context(prog_name, args) as context:
            code = command.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return code if isinstance(code, int) else None


def run(main: Callable[[], int | None], program: Program) -> int:
    """Call `main` and return the exit code; any error has then been told on stderr."""
    try:
        code = main() or 0
        _flush(program.stdout)
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - the one place that handles everything
        code = _told(error, program)
        abandon_if_broken(program.stdout)
    return int(code)


def _told(error: BaseException, program: Program) -> int:
    """Tell one error; where even that fails, say so in the plainest way there is."""
    try:
        return _handle(error, program)
    except Exception as failure:  # noqa: BLE001 - a traceback would quote what it must not
        names = f"{type(error).__name__}, then {type(failure).__name__}"
        _write(program.stderr, f"mailcli: a defect in mailcli stopped it: {names}\n")
        return Exit.DEFECT


def wants_json(argv: Sequence[str]) -> bool:
    """Say whether errors are to be JSON, from the bare arguments: parsing may be what failed."""
    if not argv or Path(argv[0]).name == "sendmail":
        return False
    args = list(argv[1:])
    if "--" in args:
        args = args[: args.index("--")]
    return any(_asks_json(arg, following) for arg, following in pairwise([*args, ""]))


def _asks_json(arg: str, following: str) -> bool:
    if arg == "--output" or re.fullmatch("-[nqv]*o", arg):
        return following in ("json", "jsonl")
    return re.fullmatch("--json|(--output=|-[nqv]*o)jsonl?", arg) is not None


def _handle(error: BaseException, program: Program) -> int:
    """Tell one error and return its exit code."""
    if number := _signal_of(error):
        return _tell_signal(number, getattr(error, "__notes__", []), program)
    match error:
        case click.ClickException():
            return _tell_usage(error, program)
        case MailError():
            return _tell(error, program)
        case OSError() if type(error).__module__ == "builtins":  # not ssl's or socket's own
            return _tell(_local(error), program)
        case _:
            return _tell_defect(error, program)


def _signal_of(error: BaseException) -> signal.Signals | None:
    match error:
        case BrokenPipeError():
            return signal.SIGPIPE
        case KeyboardInterrupt() | click.Abort():
            return signal.SIGINT
        case Terminated(number=number):
            return signal.Signals(number)
        case _:
            return None


def _tell(error: MailError, program: Program) -> int:
    from mailcli.results import ErrorReport

    return _print(ErrorReport.of(error), program)


def _tell_signal(number: signal.Signals, notes: Sequence[str], program: Program) -> int:
    """Tell that a signal came, and in the words of whoever it stopped what that means."""
    from mailcli.results import ErrorReport

    code = _SIGNAL_EXIT + number
    if number == signal.SIGPIPE:  # who read our output has seen enough: nothing to tell
        return code
    message = "interrupted" if number == signal.SIGINT else f"ended by {number.name}"
    message = "; ".join([message, *notes])
    return _print(ErrorReport("interrupted", message, "", code, None), program)


def _tell_usage(error: click.ClickException, program: Program) -> int:
    """Tell what was wrong with the command line, below the usage line of the command."""
    from mailcli.message.clean import clean_block

    context = getattr(error, "ctx", None)
    as_text = not wants_json(program.argv)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        if as_text:
            _write(program.stderr, clean_block(error.format_message()).rstrip("\n") + "\n")
            return Exit.USAGE
        return _tell(UsageError("a command is missing", hint="mailcli --help"), program)
    hint = ""
    if context is not None:
        hint = f"{context.command_path} --help"
        if as_text:
            _write(program.stderr, f"{clean_block(context.get_usage())}\n")
    return _tell(UsageError(error.format_message(), hint=hint), program)


def _tell_defect(error: BaseException, program: Program) -> int:
    from mailcli.cli.defect import place_of, write_report
    from mailcli.results import ErrorReport

    message = f"a defect in mailcli stopped it: {type(error).__name__} in {place_of(error)}"
    try:
        path = write_report(error, program)
        hint = f"please report it with the file {path}; no mail and no password is in it"
    except Exception as failure:  # noqa: BLE001 - whatever else is broken, the defect is told
        hint = f"please report it; no report file could be written: {failure}"
    return _print(ErrorReport("defect", message, hint, Exit.DEFECT, None), program)


def _local(error: OSError) -> MailError:
    reason = error.strerror or str(error) or type(error).__name__
    if isinstance(error, ConnectionError | TimeoutError):
        return TemporaryFailure(f"the connection failed: {reason}", hint="try again later")
    named = [os.fsdecode(name) for name in (error.filename, error.filename2) if _is_name(name)]
    where = " and ".join(named) or "reading or writing failed"
    return LocalError(f"{where}: {reason}", hint=_HINTS.get(error.errno or 0, ""))


def _is_name(name: object) -> bool:
    return isinstance(name, str | bytes | os.PathLike)


def _print(problem: "ErrorReport", program: Program) -> int:
    from mailcli.output.problems import problem_json, problem_text

    text = problem_json if wants_json(program.argv) else problem_text
    _write(program.stderr, text(problem))
    return problem.exit_code


def _write(stderr: TextIO, text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody can be told, but the exit code stands
        stderr.write(text)
        stderr.flush()


def _flush(stdout: TextIO) -> None:
    """Write what is buffered, while a failure can still be told."""
    try:
        stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        error.filename = "standard output"
        raise
