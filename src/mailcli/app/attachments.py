"""List and save what came with messages. Reads the messages, changes nothing in them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import BinaryIO
from typing import Protocol as Interface

from mailcli.app.selection import Found
from mailcli.errors import NotFound
from mailcli.message.attached import attachments_in
from mailcli.message.file_names import attachment_name, numbered
from mailcli.message.structure import Message, Part, read_structure
from mailcli.message.transfer import decoded, decoded_size
from mailcli.results import AttachmentInfo, AttachmentsResult, MessageAttachments
from mailcli.store.files import translated
from mailcli.store.saving import PlannedDirectory, SaveDirectory


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which attachments are meant: names like `match`, or these `parts` whatever they are.

    `everything`: also what the text shows within itself, signatures, and what is in forwarded
    messages.
    """

    match: str | None = None
    parts: tuple[str, ...] = ()
    everything: bool = False


class Directory(Interface):
    """Where attachments go."""

    def save(self, names: Callable[[int], str], octets: Iterable[bytes]) -> Path:
        """Keep octets under the first free name, and return where that is."""


def list_attachments(messages: Sequence[Found], wanted: Wanted) -> AttachmentsResult:
    """Return the attachments of messages, with their sizes in decoded octets.

    Raises: NotFound (66) for a part that no message has; LocalError (74).
    """
    return AttachmentsResult(tuple(_listed(each) for each in _all(messages, wanted)))


def save_attachments(
    messages: Sequence[Found],
    wanted: Wanted,
    directory: Path,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> AttachmentsResult:
    """Save the attachments of messages into a directory, made if need be.

    Raises: NotFound (66) where there is none; CannotCreate (73), LocalError (74).
    """
    chosen = [opened for opened in _all(messages, wanted) if opened.parts]
    if not chosen:
        raise NotFound(_nothing(wanted), hint="see: mailcli attachments list --all SELECTOR")
    if dry_run:
        target: Directory = PlannedDirectory(directory, overwrite=force)
        return AttachmentsResult(tuple(_saved(each, target) for each in chosen))
    with SaveDirectory.open(directory, overwrite=force) as target:
        return AttachmentsResult(tuple(_saved(each, target) for each in chosen))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A message and those of its parts that are meant."""

    found: Found
    parts: tuple[Part, ...]


def _all(messages: Sequence[Found], wanted: Wanted) -> list[_Chosen]:
    chosen = [_choose(found, wanted) for found in messages]
    there = {part.number for each in chosen for part in each.parts}
    for number in wanted.parts if wanted.match is None else ():
        if number not in there:
            raise NotFound(
                f"there is no part {number} with content of its own",
                hint="see: mailcli attachments list --all SELECTOR",
            )
    return chosen


def _choose(found: Found, wanted: Wanted) -> _Chosen:
    with _reading(found) as stream:
        message = read_structure(stream)
        if wanted.parts:
            parts = _by_number(stream, message, wanted.parts)
        else:
            parts = attachments_in(stream, message, everything=wanted.everything)
    if wanted.match is not None:
        pattern = wanted.match.casefold()
        parts = tuple(each for each in parts if fnmatchcase(_name(each).casefold(), pattern))
    return _Chosen(found, parts)


def _by_number(stream: BinaryIO, message: Message, numbers: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts of these numbers that have content of their own, texts among them."""
    there = {part.number: part for part in message.walk() if not part.is_multipart}
    there |= {each.number: each for each in attachments_in(stream, message, everything=True)}
    return tuple(there[number] for number in dict.fromkeys(numbers) if number in there)


def _listed(chosen: _Chosen) -> MessageAttachments:
    with _reading(chosen.found) as stream:
        return _info(chosen, tuple(_described(stream, part) for part in chosen.parts))


def _saved(chosen: _Chosen, directory: Directory) -> MessageAttachments:
    found: list[AttachmentInfo] = []
    with _reading(chosen.found) as stream:
        for part in chosen.parts:
            counted = _Counted(decoded(stream, part), chosen.found.path)
            path = directory.save(partial(_attempt, _name(part)), counted)
            size = counted.octets if counted.is_read else decoded_size(stream, part)
            found.append(AttachmentInfo(part.number, part.name, part.type, size, path))
    return _info(chosen, tuple(found))


def _described(stream: BinaryIO, part: Part) -> AttachmentInfo:
    return AttachmentInfo(part.number, part.name, part.type, decoded_size(stream, part))


def _info(chosen: _Chosen, attachments: tuple[AttachmentInfo, ...]) -> MessageAttachments:
    return MessageAttachments(chosen.found.number, chosen.found.path, attachments)


def _name(part: Part) -> str:
    return attachment_name(part.name, part.type, part.number)


def _attempt(name: str, count: int) -> str:
    return numbered(name, count) if count else name


class _Counted:
    """Octets on their way into a file, counted. An error in reading them names where they are."""

    def __init__(self, pieces: Iterable[bytes], path: Path) -> None:
        self._pieces = pieces
        self._path = path
        self.octets = 0
        self.is_read = False

    def __iter__(self) -> Iterator[bytes]:
        self.is_read = True
        with translated(self._path):
            for piece in self._pieces:
                self.octets += len(piece)
                yield piece


@contextmanager
def _reading(found: Found) -> Iterator[BinaryIO]:
    """Open a message. Raises: NotFound (66), LocalError (74), also where reading fails later."""
    with found.open() as stream, translated(found.path):
        yield stream


def _nothing(wanted: Wanted) -> str:
    if wanted.match is not None:
        return f"no attachment has a name like {wanted.match!r}"
    return "there are no attachments"
