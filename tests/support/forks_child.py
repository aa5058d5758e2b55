"""Import mailcli once and become it many times, each time by a fork.

`python -m tests.support.forks_child DESCRIPTOR`, whose other side is `tests.support.forks`.
A request comes with descriptors: the request itself (JSON, see `forks.Start`), the standard
streams of the run, and where to answer: the process id when the run has begun, and how it
ended, a line each. This process has one thread and touches nothing itself; runs may overlap.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

_FAILED = 99  # the child itself is broken
_NEVER_RUN = ("demo", "cli.demo", "cli.generate", "cli.manual", "__main__")
_LAZY = (
    *("concurrent.futures.thread", "dateutil.parser", "encodings.idna", "idna", "pwd"),
    *("resource", "rich.console", "rich.table", "shutil", "stringprep", "tempfile", "tomllib"),
)
"""What mailcli imports inside functions, and nearly every run needs."""
_PROGRAMS = (
    *("mailcli.__main__:main", "tests.support.faults_delivery:main"),
    "tests.unit.store_writer_driver:main",
)
_BATCHES = ("MAX_BATCH", "FETCH_SET", "UPLOAD_SET")


def _load() -> None:
    """Import all that a run may need."""
    import mailcli

    never = tuple(f"mailcli.{name}" for name in _NEVER_RUN)
    for module in pkgutil.walk_packages(mailcli.__path__, "mailcli."):
        if not module.name.startswith(never):
            importlib.import_module(module.name)
    for name in (*_LAZY, "tests.support.faults_effects", "tests.support.guard"):
        importlib.import_module(name)
    for program in _PROGRAMS:
        pkgutil.resolve_name(program)


def _with_batches() -> list[tuple[ModuleType, str]]:
    """Return the constants that say how many messages make a batch, with their modules."""
    return [
        (module, constant)
        for name, module in sys.modules.items()
        for constant in _BATCHES
        if name.startswith("mailcli.") and hasattr(module, constant)
    ]


def _run(
    request: dict[str, Any], streams: list[int], batches: Sequence[tuple[ModuleType, str]]
) -> None:
    """Be a mailcli that was just started; never returns."""
    code = _FAILED
    try:
        _begin_anew(streams)
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        os.chdir(request["cwd"])
        sys.argv[:] = [request["name"], *request["arguments"]]
        signal.alarm(request["seconds"])
        _guard()
        if request["batch"] is not None:
            _set_batch(request["batch"], batches)
        if request["beside"]:
            _set_writer()
        program = pkgutil.resolve_name(request["program"])
        _disturb(request["disturbance"])
        program()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _begin_anew(streams: list[int]) -> None:
    """Leave behind what is the parent's: its session, its descriptors, its signals."""
    os.setsid()
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.closerange(3, 256)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, name)
        new = open(  # noqa: SIM115 - a descriptor, and for as long as the process lives
            number,
            "w" if number else "r",
            encoding=old.encoding,
            errors=old.errors,
            closefd=False,
            buffering=1 if number == 2 else -1,
        )
        setattr(sys, name, new)


def _guard() -> None:
    """Set the guard, as `tests/support/child/sitecustomize.py` does where Python is started."""
    from tests.support.guard import Guard

    if "MAILCLI_TEST_JOURNAL" in os.environ:
        homes, allowed = (
            os.environ[f"MAILCLI_TEST_{name}"].split(os.pathsep) for name in ("HOMES", "ALLOWED")
        )
        guard = Guard(homes, allowed, journal=os.environ["MAILCLI_TEST_JOURNAL"])
        sys.addaudithook(guard.hear)


def _set_batch(size: int, batches: Sequence[tuple[ModuleType, str]]) -> None:
    """Let batches be small, so that a few messages make several."""
    for module, constant in batches:
        setattr(module, constant, size)


def _set_writer() -> None:
    """Let a second process write whatever comes, and have a buffer for each two messages."""
    from mailcli.store import delivery, handover

    delivery.MANY, handover.MOST, handover.BUFFERS = 1, 2, 2
    os.sched_getaffinity = lambda _: {0, 1}


def _set_disk(*, trusting: bool) -> None:
    """Let two files be many, and the file system be one that can be relied on, or not."""
    from mailcli.store import durability

    def is_trusted(descriptor: int) -> bool:
        return trusting and descriptor >= 0

    durability.MANY = 2
    durability.is_trusted = is_trusted


def _disturb(disturbance: dict[str, Any] | None) -> None:
    from tests.support.faults_effects import Effects, Mode, Victims, install

    if disturbance is not None:
        _set_disk(trusting=disturbance["trusting"])
        mode, kind_and_name = Mode(disturbance["mode"]), disturbance["of"]
        effects = Effects(disturbance["log"], mode, disturbance["at"], *kind_and_name)
        beside, victims = disturbance["beside"], Victims(disturbance["victims"])
        effects.strikes(beside=beside, victims=victims)
        install(effects)


class _Forker:
    """The runs that have begun, each with where its end is to be told."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._batches = _with_batches()
        self._answers: dict[int, socket.socket] = {}

    def begin(self) -> bool:
        """Begin the next run; return whether there was one."""
        word, descriptors, *_ = socket.recv_fds(self._requests, 16, 5)
        if not word:
            return False
        asked, *streams, answer = descriptors
        with os.fdopen(asked, "rb") as file:
            request = json.load(file)
        process = os.fork()
        if process == 0:
            _run(request, streams, self._batches)
        for stream in streams:
            os.close(stream)
        self._answers[process] = socket.socket(fileno=answer)
        self._answers[process].sendall(b"%d\n" % process)
        return True

    def reap(self) -> None:
        """Tell of each run that has ended."""
        while self._answers:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            with self._answers.pop(process) as answer, contextlib.suppress(BrokenPipeError):
                answer.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def main() -> None:
    """Answer requests until there is nobody to make any."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    ended, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    _load()
    forker = _Forker(requests)
    gc.collect()
    gc.freeze()  # what no run collects, no run needs to copy
    while True:
        ready, _, _ = select.select([requests.fileno(), ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            forker.reap()
        if requests.fileno() in ready and not forker.begin():
            return


if __name__ == "__main__":
    main()
