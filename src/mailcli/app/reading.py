"""`read`: messages as people and scripts read them, offline, and marked as seen.

A message that was given by its path is never changed. One that another program moves or
removes meanwhile is read as long as it can be, and marked where it is then.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mailcli.app.catalogue import Catalogue, with_catalogue
from mailcli.app.context import Context
from mailcli.app.found import Found
from mailcli.app.message_reading import Manner, read_message, snippet_of
from mailcli.app.selection import Failures, Line, select, words_of
from mailcli.config import Account
from mailcli.errors import LocalError, MailError, NotFound
from mailcli.message.attached import attachments_in
from mailcli.message.charsets import cut, to_text
from mailcli.message.structure import Part, read_structure
from mailcli.message.transfer import decoded
from mailcli.message.window import BLOCK
from mailcli.model import Flag
from mailcli.results.messages import ReadResult
from mailcli.results.reading import ReadMessage
from mailcli.results.report import ErrorReport


class Wanted(NamedTuple):
    """Which messages: by selectors, of which accounts (`last`, searches); and their threads."""

    selectors: tuple[str, ...]
    accounts: tuple[Account, ...] | None = None
    stdin: tuple[str, ...] = ()
    thread: bool = False


class Selection(NamedTuple):
    """The messages to be read, in order; `asked` are the files that selectors named.

    `errors` are what could not be found, or looked into.
    """

    found: list[Found]
    asked: frozenset[Path]
    errors: tuple[ErrorReport, ...] = ()

    def whole(self) -> frozenset[Path]:
        """Return the files that are read whole: what was asked for, and what ends a thread."""
        newest = {each.info.thread: each.path for each in self.found if each.info.thread}
        return self.asked | frozenset(newest.values())


def find(context: Context, wanted: Wanted) -> Selection:
    """Return the messages in the order asked for, each once; of threads, in theirs.

    Raises: NotFound (66) where there is none of them, UsageError (2).
    """
    failures = Failures(partly=True)
    found = select(
        context,
        wanted.selectors,
        accounts=wanted.accounts,
        stdin=wanted.stdin,
        failures=failures,
    )
    asked = frozenset(each.path for each in found)
    shown = _threads(context, found) if wanted.thread else found
    return Selection(shown, asked, failures.reports)


def read(context: Context, wanted: Wanted, manner: Manner, *, peek: bool) -> ReadResult:
    """Read messages, and mark those of accounts as seen unless `peek`.

    One that cannot be read stops no other; alone, its failure is raised.

    Raises: NotFound (66), UsageError (2), LocalError (74).
    """
    selection = find(context, wanted)
    found, whole = selection.found, selection.whole()
    messages: list[ReadMessage] = []
    errors = [*selection.errors]
    done: list[Found] = []
    for each in found:
        try:
            if manner.for_people and manner.fold and each.path not in whole:
                messages.append(snippet_of(each, manner))
                continue
            messages.append(read_message(each, manner, context.sources.environ))
        except MailError as error:
            if len(found) == 1:
                raise
            errors.append(report_of(error, each))
        else:
            done.append(each)
    if not peek:
        errors += mark_seen(done, paths_in(wanted))
    return ReadResult(tuple(messages), tuple(errors), single=is_single(wanted, found))


def report_of(error: MailError, found: Found) -> ErrorReport:
    """Return the failure of one message."""
    return ErrorReport.of(error, account=found.account.name if found.account else None)


def is_single(wanted: Wanted, found: Sequence[Found]) -> bool:
    """Tell whether what was asked for can only be one message: a number, `last` or a path.

    So the form of JSON depends on the command line alone, not on what a search happens to find.
    """
    if wanted.thread or len(wanted.selectors) != 1 or len(found) != 1:
        return False
    word = wanted.selectors[0]
    return word.isdigit() or word == "last" or _is_path(word)


def paths_in(wanted: Wanted) -> frozenset[Path]:
    """Return the files that selectors name, also those on standard input.

    A line of TSV names its file only where the message has no number.
    """
    words = words_of(wanted.selectors, wanted.stdin)
    paths = (word.path if isinstance(word, Line) else word for word in words)
    return frozenset(Path(path).resolve() for path in paths if _is_path(path))


def _is_path(word: str) -> bool:
    return not word.isdigit() and word not in {"last", "-"} and os.path.lexists(word)


def mark_seen(found: Sequence[Found], given: frozenset[Path]) -> list[ErrorReport]:
    """Mark messages of accounts as seen, durably, but those `given` by path; return failures."""
    errors: list[ErrorReport] = []
    changed = {}
    for each in found:
        where, entry = each.where, each.entry
        if where is None or entry is None or each.path.resolve() in given:
            continue
        if Flag.SEEN in entry.flags:
            continue
        try:
            where.set_flags(entry, entry.flags | {Flag.SEEN})
            changed[where.path] = where
        except NotFound:
            continue  # another program has it
        except MailError as error:
            errors.append(report_of(error, each))
    for where in changed.values():
        try:
            where.sync()
        except LocalError as error:
            errors.append(ErrorReport.of(error, account=None))
    return errors


def raw_octets(found: Found) -> Iterator[bytes]:
    """Yield a message as it is stored. Raises: NotFound (66), LocalError (74)."""
    with found.open() as stream:
        while block := stream.read(BLOCK):
            yield block


def shown_text(octets: Iterator[bytes], charset: str | None, *, most: int) -> str:
    """Return octets as text, up to `most` of them."""
    held: list[bytes] = []
    length = 0
    for piece in octets:
        held.append(piece)
        length += len(piece)
        if length > most:
            break
    text = to_text(cut(b"".join(held), most), charset)
    return text if length <= most else f"{text}\n[… more; in a pipe you get all of it]\n"


def open_part(stream: BinaryIO, number: str, found: Found) -> tuple[Part, Iterator[bytes]]:
    """Return a part and its content, decoded. Raises: NotFound (66) where there is none."""
    message = read_structure(stream)
    part = message.part("" if number == "0" else number)
    if part is None:
        within = attachments_in(stream, message, everything=True)
        part = next((each for each in within if each.number == number), None)
    if part is None:
        numbers = [each.number for each in message.walk() if each.number]
        there_are = ", ".join(numbers[:20]) + (", …" if len(numbers) > 20 else "")
        name = found.number or found.path
        raise NotFound(f"{name}: no part {number}", hint=f"there are: {there_are}")
    return part, decoded(stream, part)


def _threads(context: Context, found: Sequence[Found]) -> list[Found]:
    """Return the threads of messages, oldest first; copies of one message count once."""
    threads = list(dict.fromkeys(each.info.thread for each in found if each.info.thread))
    loose = [each for each in found if not each.info.thread]

    def look(catalogue: Catalogue) -> list[Found]:
        rows = [
            row
            for thread in threads
            for row in catalogue.index.find(
                "thread=?", int(thread.removeprefix("t")), order="date, number"
            )
        ]
        return [each for row in rows if (each := catalogue.found(row)) is not None]

    accounts = list(context.config.accounts.values())
    together = with_catalogue(context, accounts, look, refresh=False) if threads else []
    chosen = {each.path for each in found}
    kept: dict[object, Found] = {}
    for each in [*together, *loose]:
        name = each.info.message_id or each.path
        if name not in kept or each.path in chosen:
            kept[name] = each
    return list(kept.values())
