"""Reading a folder's `dovecot-keywords`, and adding to it under Dovecot's own rules.

It may be read without a lock. Whoever writes must hold the lock of the folder's
`dovecot-uidlist`, and replace the file by `rename`
(<https://doc.dovecot.org/main/core/config/mailbox/formats/maildir.html>). Dovecot
reads it again when its time, in whole seconds, has changed.
"""

import os
import stat
from pathlib import Path

from mailcli.errors import LocalError
from mailcli.store.dotlock import Dotlock
from mailcli.store.entries import TMP, temporary_name, unique_name
from mailcli.store.files import fsync_directory, read_chunks, translated, write_all
from mailcli.store.folder_view import refuse_link
from mailcli.store.keywords import FILE, KeywordLetters, extended, parse

_LOCKED = "dovecot-uidlist"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def read_letters(folder: str) -> KeywordLetters:
    """Return the letters of a folder; none where there is no file.

    Raises:
        LocalError: it cannot be read, or is no regular file.
    """
    return parse(_read(f"{folder}/{FILE}")[0])


def add_letters(folder: str, wanted: KeywordLetters) -> KeywordLetters:
    """Add what the folder's file lacks, durably, and return what it says then.

    Raises:
        TemporaryFailure: another program holds the lock.
        LocalError: the system refuses, or the file is no regular file.
    """
    path = f"{folder}/{FILE}"
    with Dotlock(f"{folder}/{_LOCKED}", scratch=_scratch(folder, "lock")):
        data, status = _read(path)
        after, letters = extended(data, wanted)
        if after != data:
            _replace(path, after, status, scratch=_scratch(folder, "keywords"))
        fsync_directory(folder)  # also for a run that was killed before it
    return letters


def _read(path: str) -> tuple[bytes, os.stat_result | None]:
    refuse_link(Path(path))
    with translated(path):
        try:
            descriptor = os.open(path, _READ)
        except FileNotFoundError:
            return b"", None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise LocalError(f"{path}: not a regular file")
            return b"".join(read_chunks(descriptor)), status
        finally:
            os.close(descriptor)


def _replace(path: str, data: bytes, before: os.stat_result | None, *, scratch: str) -> None:
    with translated(path):
        descriptor = os.open(scratch, _WRITE, 0o600)
        try:
            _write(descriptor, data, before)
            os.rename(scratch, path)  # noqa: PTH104 - the fault tests stop at calls of os
        except BaseException:
            os.unlink(scratch)  # noqa: PTH108 - the fault tests stop at calls of os
            raise


def _write(descriptor: int, data: bytes, before: os.stat_result | None) -> None:
    try:
        write_all(descriptor, data)
        if before is not None:
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode))  # another user may read it
            _make_newer(descriptor, before)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_newer(descriptor: int, before: os.stat_result) -> None:
    """Give a file written in the same second as the one before it the next second."""
    if os.fstat(descriptor).st_mtime < (newer := int(before.st_mtime) + 1):
        os.utime(descriptor, (newer, newer))


def _scratch(folder: str, purpose: str) -> str:
    """Return a name in `tmp` that a later run takes away if this one is killed."""
    unique = unique_name(f"dovecot-{purpose}", when=0)
    return f"{folder}/{TMP}/{temporary_name(unique, os.getpid())}"
