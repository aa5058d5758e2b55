"""What kind of file system a file lies on, where something rests on how it behaves."""

import sys

_LOCAL = frozenset({0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0x01021994})
"""ext4 and its ancestors, XFS, Btrfs, F2FS, tmpfs (linux/magic.h). Not: FUSE and network file
systems, whose servers are not asked and tell of no other machine's changes, and overlayfs, which
passes no errors on, and has layers that may change behind it."""


def is_local(descriptor: int) -> bool:
    """Tell whether an open file lies on a file system that is this kernel's own affair.

    One of those known: whatever happens to its files goes through this kernel, and what cannot
    be written is told.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    answer = ctypes.create_string_buffer(256)  # struct statfs, whose first field is its type
    if ctypes.CDLL(None).fstatfs(descriptor, answer) != 0:
        return False
    return ctypes.c_long.from_buffer(answer).value in _LOCAL
