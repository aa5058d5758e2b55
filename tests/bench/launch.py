"""Run one command and write what it cost to a file descriptor: `launch.py FD COMMAND…`.

A process of its own, because Linux counts the memory of the process that
started a command towards the command's peak (`ru_maxrss` survives exec): the
bench would lend every peer its own size. Started with `-I -S`, importing next
to nothing, and with fork, which copies less than spawn shares, this one lends 7 MB.
"""

import os
import sys
from time import perf_counter

COULD_NOT_START = 127  # as a shell has it


def main(descriptor: int, argv: list[str]) -> None:
    """Run `argv`, wait for it, and write status, wall and CPU seconds, and peak memory (kB)."""
    os.set_inheritable(descriptor, False)
    start = perf_counter()
    pid = os.fork()
    if pid == 0:
        _become(argv)
    _, status, usage = os.wait4(pid, 0)
    wall = perf_counter() - start
    cpu = usage.ru_utime + usage.ru_stime
    cost = f"{os.waitstatus_to_exitcode(status)} {wall!r} {cpu!r} {usage.ru_maxrss}"
    os.write(descriptor, cost.encode())


def _become(argv: list[str]) -> None:
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    os._exit(COULD_NOT_START)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
