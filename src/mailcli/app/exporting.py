"""Export messages into an mbox, `.eml` files, a Maildir, or standard output.

Nothing is changed here, and what is there already is never overwritten unasked. A file appears
when it is whole, and an mbox that is added to is as long as before where that fails.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mailcli.app.carried import Carried
from mailcli.app.context import Context
from mailcli.app.export_sources import Group
from mailcli.app.export_targets import (
    EmlFile,
    Mbox,
    Octets,
    Record,
    Target,
    Written,
    eml_directory,
    maildir_folder,
    mbox_file,
)
from mailcli.errors import CannotCreate, UsageError
from mailcli.model import Layout
from mailcli.results.transfer import ExportedMessage, ExportResult
from mailcli.store.files import translated
from mailcli.store.folder_view import is_maildir
from mailcli.store.names import to_path
from mailcli.store.whole_file import refuse_existing

STDOUT = "-"
"""The target that stands for standard output."""

_ADD = "--append adds to it"


class Format(StrEnum):
    """How messages are written."""

    MBOX = "mbox"
    EML = "eml"
    MAILDIR = "maildir"


class Wanted(NamedTuple):
    """Where to export to, how, and what may be done to what is there."""

    to: str
    format: Format
    append: bool = False
    force: bool = False
    dry_run: bool = False

    @property
    def path(self) -> Path:
        """The target, unless it is standard output."""
        return Path(self.to)


def format_of(to: str, asked: Format | None) -> Format:
    """Return the format that a target calls for. Raises: UsageError (2) where it tells none."""
    if asked is not None:
        return asked
    suffix = to.lower().rpartition(".")[2]
    if to == STDOUT or suffix == "mbox":
        return Format.MBOX
    if suffix == "eml":
        return Format.EML
    if to.endswith("/") or Path(to).is_dir():
        return Format.MAILDIR
    raise UsageError(
        f"{to}: which format?",
        hint="name it .mbox, .eml or, for a Maildir, with a / at its end; or give --format",
    )


def export_mail(
    context: Context,
    groups: Sequence[Group],
    wanted: Wanted,
    *,
    write: Callable[[bytes], object],
) -> ExportResult:
    """Export messages, and return what became of them. `write` takes standard output's octets.

    Raises: UsageError (2); CannotCreate (73) for what is there already; InvalidMessage (65) for
        adding to what is no mbox; TemporaryFailure (75) while another program locks it;
        NotFound (66), LocalError (74).
    """
    _check(wanted, groups)
    exported: list[ExportedMessage] = []
    warnings: list[str] = []
    octets = already = 0

    def record(message: Written) -> None:
        nonlocal octets
        octets += message.octets
        exported.append(ExportedMessage(message.id, message.folder, message.path))

    total = sum(group.number for group in groups)
    with context.progress.transfer("export", messages=lambda: total) as step:
        for group in groups:
            with _target(context, wanted, group, (record, warnings.append), write) as target:
                for message in group.messages:
                    before = octets
                    target.add(message)
                    step(octets - before)
                # What a Maildir had is known once all are told.
            already += target.already
    return ExportResult(
        tuple(exported),
        str(wanted.format),
        wanted.path,
        octets=octets,
        already=already,
        warnings=tuple(warnings),
        done=not wanted.dry_run,
    )


def _check(wanted: Wanted, groups: Sequence[Group]) -> None:
    """Refuse what makes no sense, and what would touch something that is there."""
    if wanted.append and wanted.force:
        raise UsageError("--append and --force contradict each other")
    if len(groups) > 1 and wanted.format is not Format.MAILDIR:
        raise UsageError("several folders go into a Maildir", hint="--to DIRECTORY/")
    if wanted.to == STDOUT and wanted.format is Format.MAILDIR:
        raise UsageError("a Maildir is no stream", hint="--format mbox or eml")
    if _is_directory(wanted):
        _check_directory(wanted)
        return
    if wanted.format is Format.EML:
        _require_one(groups)
        if wanted.append:
            raise UsageError("nothing is added to an .eml file: it is one message")
    if wanted.to != STDOUT:
        _check_file(wanted)


def _check_file(wanted: Wanted) -> None:
    if wanted.path.is_dir():
        raise CannotCreate(f"{wanted.to}: a directory", hint="name a file in it")
    if not (wanted.append or wanted.force):
        adding = f"{_ADD}, " if wanted.format is Format.MBOX else ""
        refuse_existing(wanted.path, hint=f"{adding}--force replaces it")


def _check_directory(wanted: Wanted) -> None:
    if wanted.force:
        raise UsageError("--force replaces files, no directories", hint=_ADD)
    if not os.path.lexists(wanted.path):
        return
    with translated(wanted.path, creating=True):
        is_empty = not os.listdir(wanted.path)  # noqa: PTH208 - names, not paths, are asked for
    if not is_empty and not wanted.append:
        raise CannotCreate(f"{wanted.to}: exists already, and is not empty", hint=_ADD)
    if not is_empty and wanted.format is Format.MAILDIR and not _holds_maildir(wanted.path):
        raise CannotCreate(f"{wanted.to}: not a Maildir", hint="name a directory that is new")


def _holds_maildir(path: Path) -> bool:
    """Tell whether a directory is a folder, or has one right below it."""
    return is_maildir(str(path)) or any(is_maildir(str(each)) for each in path.iterdir())


def _is_directory(wanted: Wanted) -> bool:
    if wanted.format is Format.EML:
        return wanted.to != STDOUT and not wanted.to.lower().endswith(".eml")
    return wanted.format is Format.MAILDIR


def _require_one(groups: Sequence[Group]) -> None:
    number = sum(group.number for group in groups)
    if number != 1:
        raise UsageError(
            f"an .eml file is one message, not {number}",
            hint="--format eml with a directory makes a file of each; or name an .mbox",
        )


@contextmanager
def _target(
    context: Context,
    wanted: Wanted,
    group: Group,
    tell: tuple[Record, Callable[[str], None]],
    write: Callable[[bytes], object],
) -> Iterator[Target]:
    """Give what takes the messages of a group, and tells of each, and of what is to be known."""
    path = wanted.path
    record, warn = tell
    if wanted.dry_run:
        is_folder = wanted.format is Format.MAILDIR
        yield _Dry(path / _below(group) if is_folder else path, record)
    elif wanted.to == STDOUT:
        is_mbox = wanted.format is Format.MBOX
        yield Mbox(write, STDOUT, record) if is_mbox else Octets(write, record)
    elif wanted.format is Format.MBOX:
        with mbox_file(path, record, warn, append=wanted.append, force=wanted.force) as mbox:
            yield mbox
    elif wanted.format is Format.MAILDIR:
        now = context.unix_time()
        with maildir_folder(path, _below(group), record, now) as folder:
            yield folder
    elif _is_directory(wanted):
        with eml_directory(path, record) as directory:
            yield directory
    else:
        yield EmlFile(path, record, force=wanted.force)


def _below(group: Group) -> PurePosixPath:
    """Return where a group goes below a Maildir's root; a selection is one folder, the root."""
    return PurePosixPath() if group.folder is None else to_path(group.folder, Layout.NESTED)


class _Dry:
    """Writes nothing, and tells what would be written: octets as they are here."""

    already = 0

    def __init__(self, path: Path, record: Record) -> None:
        self._path, self._record = str(path), record

    def add(self, message: Carried) -> None:
        """Tell of a message."""
        octets = sum(map(len, message.read()))
        self._record(Written(message.id, message.folder, self._path, octets))
