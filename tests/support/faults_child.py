"""Run mailcli many times, each run a process of its own that may be killed for real.

`python -m tests.support.faults_child` imports mailcli once and then forks for
each request, so that a run costs what mailcli does and not what Python's start
does. It has one thread and touches nothing itself. Requests and answers are
lines of JSON on the standard streams; see `Request` in `tests.support.faults`.
"""

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
from typing import Any

_HANGS = 60  # seconds after which a run is ended by SIGALRM
_FAILED = 99  # the child itself is broken
_NEVER_RUN = ("demo", "cli.demo", "cli.generate", "cli.manual", "__main__")


def _load() -> None:
    """Import all that a run may need."""
    import mailcli

    never = tuple(f"mailcli.{name}" for name in _NEVER_RUN)
    for module in pkgutil.walk_packages(mailcli.__path__, "mailcli."):
        if not module.name.startswith(never):
            importlib.import_module(module.name)


def _run(request: dict[str, Any]) -> None:
    """Be a mailcli that was just started; never returns."""
    code = _FAILED
    try:
        from tests.support.faults_effects import Effects, Mode, install

        for descriptor, name in ((1, "stdout"), (2, "stderr")):
            opened = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(opened, descriptor)
            os.close(opened)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["environment"]["HOME"])
        sys.argv[:] = ["mailcli", *request["arguments"]]
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.alarm(_HANGS)
        _set_batch(request["batch"])
        _set_disk(trusting=request["trusting"])
        program = pkgutil.resolve_name(request["program"])
        install(Effects(request["log"], Mode(request["mode"]), request["at"]))
        program()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _set_batch(size: int | None) -> None:
    """Let batches be small, so that a few messages make several."""
    for name, module in list(sys.modules.items()):
        for constant in ("MAX_BATCH", "FETCH_SET", "UPLOAD_SET"):
            if size is not None and name.startswith("mailcli.") and hasattr(module, constant):
                setattr(module, constant, size)


def _set_disk(*, trusting: bool) -> None:
    """Let two files be many, and the file system be one that can be relied on, or not."""
    from mailcli.store import durability

    def is_trusted(descriptor: int) -> bool:
        return trusting and descriptor >= 0

    durability.MANY = 2
    durability.is_trusted = is_trusted


def main() -> None:
    """Answer each request with how its run ended: the exit code, or minus the signal."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    _load()
    gc.freeze()  # what no run collects, no run needs to copy
    for line in requests:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(request)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answers.write(b"%d\n" % status)


if __name__ == "__main__":
    main()
