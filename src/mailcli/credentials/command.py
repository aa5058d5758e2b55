"""`password_command`: the first line that a program prints.

Never runs a shell, never passes the program any input, and shows of its
output only the last line of stderr: stdout is the secret.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping

from mailcli.credentials.sources import first_line
from mailcli.errors import LoginFailed
from mailcli.model import Secret


def ask(
    command: tuple[str, ...], environ: Mapping[str, str], *, timeout: float, alone: bool
) -> Secret:
    """Run `command` and return the first line of its output.

    `timeout` is in seconds. `alone` says that nobody sits at the terminal: the
    program then gets a session of its own, so that it can neither ask there nor
    leave children behind.

    Raises:
        LoginFailed: it cannot be started, fails, takes too long, or prints no password.
    """
    # Its arguments stay out of every message: people do write passwords there.
    origin = f"password_command ({command[0]})"
    status, output, errors = _run(command, environ, timeout=timeout, alone=alone, origin=origin)
    if status != 0:
        ending = f"exit status {status}" if status > 0 else f"signal {-status}"
        raise LoginFailed(f"{origin} failed with {ending}{_last_line(errors)}")
    return first_line(output, origin)


def _run(
    command: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    timeout: float,
    alone: bool,
    origin: str,
) -> tuple[int, bytes, bytes]:
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            start_new_session=alone,
        )
    except OSError as error:
        raise LoginFailed(f"{origin} cannot be started: {error.strerror}") from error
    with child:
        try:
            output, errors = child.communicate(timeout=timeout)
        except BaseException as error:
            # Whatever ends the wait, Ctrl-C too, ends the program.
            _stop(child, group=alone)
            if isinstance(error, subprocess.TimeoutExpired):
                raise LoginFailed(f"{origin} gave no answer within {timeout:g} s") from None
            raise
    return child.returncode, output, errors


def _stop(child: subprocess.Popen[bytes], *, group: bool) -> None:
    if not group:
        child.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _last_line(errors: bytes) -> str:
    lines = errors.decode("utf-8", "replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return f": {said[-1]}" if said else ""
