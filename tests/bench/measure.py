"""One run of one command: how long, how much processor and memory, how much talk.

Wall time runs from the start of the process to its end, as a user's clock
would. Nothing here judges whether the command did its work: `Job.check` does,
and a run that it faults is never counted.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench.contenders import Command

_LAUNCHER = Path(__file__).with_name("launch.py")
_PATIENCE = 600.0  # seconds; a run that takes longer is a failure
_TAIL = 200  # characters of a failed command's last line that the report keeps


@dataclass(frozen=True, slots=True)
class Run:
    """What one run cost: seconds, seconds, kB; and what the command said."""

    status: int
    wall: float
    cpu: float
    peak_kb: int
    stdout: bytes = b""
    stderr: bytes = b""


Check = Callable[[Run], str | None]
"""Says what is wrong with the outcome of a run, or None when the work was done."""


@dataclass(frozen=True, slots=True)
class Wire:
    """What crossed the wire in one run.

    `turns` are the client's to speak, after the handshakes; octets are those
    of TLS, handshakes included.
    """

    turns: int
    sent: int
    received: int
    connections: int = 1


class RunFailed(Exception):
    """The command failed, or did not do its work."""

    def __init__(self, reason: str, *, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


def run(command: Command, check: Check) -> Run:
    """Run a command once and check its outcome.

    Raises:
        RunFailed: it took too long, ended badly, or did not do its work.
    """
    with ExitStack() as stack:
        stdin, stdout, stderr = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        stdin.write(command.stdin)
        stdin.seek(0)
        cost = _launch(command, stdin.fileno(), stdout.fileno(), stderr.fileno())
        stdout.seek(0)
        stderr.seek(0)
        done = _run_of(cost, stdout.read(), stderr.read())
    if done.status not in command.good_statuses:
        raise RunFailed(f"exit {done.status}: {_last_words(done)}", status=done.status)
    if complaint := check(done):
        raise RunFailed(complaint)
    return done


def _launch(command: Command, stdin: int, stdout: int, stderr: int) -> str:
    """Run the command through the launcher and return what that wrote."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as report:
        try:
            launcher = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LAUNCHER), str(writer), *command.argv],
                env=dict(command.env),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[writer],
                start_new_session=True,
            )
        finally:
            os.close(writer)
        _wait(launcher)
        return report.read().decode()


def _run_of(cost: str, stdout: bytes, stderr: bytes) -> Run:
    """Take apart what the launcher wrote."""
    status, wall, cpu, peak_kb = cost.split()
    return Run(int(status), float(wall), float(cpu), int(peak_kb), stdout, stderr)


def _wait(launcher: subprocess.Popen[bytes]) -> None:
    """Wait for the end; on Ctrl-C or after too long, leave nothing running behind the bench."""
    try:
        launcher.wait(_PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise RunFailed(f"no end after {_PATIENCE:.0f} s") from error
    finally:
        if launcher.returncode is None:
            os.killpg(launcher.pid, signal.SIGKILL)
            launcher.wait()


def _last_words(done: Run) -> str:
    """Return the last line that a failed command wrote, mailcli's hints left out, shortened."""
    said = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace").splitlines()
    lines = [line.strip() for line in said if not line.startswith("hint:")]
    return lines[-1][:_TAIL] if lines else "no output"
