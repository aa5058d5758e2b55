"""The report of a defect: enough to find it, nothing that is private.

It holds versions, the stack (files, lines, functions, source text) and the
names of the options used. It never holds the values of variables, options or
the environment. Of an exception's message it keeps only that of kinds whose
text Python itself writes about the code; others may quote mail or a password.
"""

import os
import platform
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import mailcli
from mailcli.message.clean import clean, clean_block
from mailcli.paths import private_dir

if TYPE_CHECKING:
    from mailcli.cli.boundary import Program

_KEPT = 20
"""Reports that are kept; a job that fails every minute does not fill the disk."""
_DEEPEST = 60
"""Frames of each stack that are reported, the innermost ones."""
_ABOUT_CODE = (
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    RecursionError,
    TypeError,
    ZeroDivisionError,
)
_LONG_OPTION = re.compile(r"(--[a-z][a-z-]*)(=.*)?", re.DOTALL)


def write_report(error: BaseException, program: "Program") -> Path:
    """Write the report to a new file (mode 0600) in the state directory; return its path.

    Raises:
        OSError, MailError: the file or its directory cannot be created.
    """
    directory = private_dir(program.state_dir() / "reports")
    path = directory / f"defect-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{os.getpid()}.txt"
    text = "\n".join(_lines(error, program)) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(clean_block(text))
    for old in sorted(directory.glob("defect-*.txt"))[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path


def place_of(error: BaseException) -> str:
    """Return where it happened, as `pop/plan.py:42`: the innermost frame of ours."""
    package = Path(mailcli.__file__).parent
    place = "an unknown place"
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(package):
            place = f"{file.relative_to(package)}:{line}"
    return place


def redacted(program: "Program") -> str:
    """Return the command line with every value replaced by `***`."""
    words = [Path(program.argv[0]).name] if program.argv else []
    args = list(program.argv[1:])
    end = args.index("--") if "--" in args else len(args)
    for number, arg in enumerate(args):
        is_command = number == 0 and arg in program.commands
        words.append(arg if is_command or number == end else _redacted(arg, option=number < end))
    return " ".join(words)


def _redacted(arg: str, *, option: bool) -> str:
    if option and (named := _LONG_OPTION.fullmatch(arg)):
        return named[1] + ("=***" if named[2] else "")
    if option and re.match("-[A-Za-z]", arg):
        return arg[:2] + ("***" if len(arg) > 2 else "")
    return "***"


def _lines(error: BaseException, program: "Program") -> Iterator[str]:
    yield f"mailcli {mailcli.__version__}, Python {platform.python_version()}"
    yield f"{platform.system()} {platform.release()} {platform.machine()}"
    yield ", ".join(f"{name} {_version(name)}" for name in ("click", "keyring", "rich"))
    yield f"command: {redacted(program)}"
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield ""
        yield from _stack(link)
        hidden = None if link.__suppress_context__ else link.__context__
        link = link.__cause__ or hidden


def _stack(error: BaseException) -> Iterator[str]:
    frames = list(traceback.walk_tb(error.__traceback__))[-_DEEPEST:]
    summary = traceback.StackSummary.extract(iter(frames), capture_locals=False)
    yield from (line.rstrip("\n") for line in summary.format())
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    about_code = type(error) in _ABOUT_CODE
    yield f"{kind}: {clean(str(error)) if about_code else '(message left out)'}"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
