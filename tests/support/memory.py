"""Temporary files in memory, where there is enough of it.

The tests make and remove some hundred thousand directories, each of which costs a disk about
a millisecond. `TMPDIR` in the environment says otherwise: what runs on a disk is then tested
on one.
"""

import os
import shutil
import tempfile

_PLACE = "/dev/shm"
_ENOUGH = 2 << 30  # octets; Docker gives 64 MB unless told otherwise


def use() -> None:
    """Let temporary files, ours and those of all that we start, lie in memory."""
    if "TMPDIR" not in os.environ and _will_do():
        os.environ["TMPDIR"] = _PLACE
        tempfile.tempdir = None  # asked anew


def _will_do() -> bool:
    """Whether there is enough, and programs may be run from there."""
    return (
        os.access(_PLACE, os.W_OK | os.X_OK)
        and shutil.disk_usage(_PLACE).free >= _ENOUGH
        and not os.statvfs(_PLACE).f_flag & os.ST_NOEXEC
    )
