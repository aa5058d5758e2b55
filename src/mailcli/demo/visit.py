"""Ways to look around in the sandbox: what to tell other programs, a shell, a single command."""

import contextlib
import shlex
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from mailcli.demo.sandbox import LAPTOP, USER, Sandbox, mailcli_command
from mailcli.demo.servers import HOST
from mailcli.errors import Exit

_SHELLS_WITH_STARTUP_FILE = {"bash": ".bashrc", "zsh": ".zshrc"}

_ENOUGH = (
    *("MAILCLI_CONFIG", "MAILCLI_ACCOUNT", "XDG_STATE_HOME", "XDG_CACHE_HOME"),
    "PYTHON_KEYRING_BACKEND",
)
"""What mailcli needs of the environment; HOME stays the user's in a terminal that is theirs."""


def describe(sandbox: Sandbox) -> str:
    """Return what any mail program must know, and lines that point mailcli here, for a shell."""
    ports = sandbox.ports
    exported = {name: sandbox.environment[name] for name in _ENOUGH}
    return "\n".join(
        [
            f"# SMTP  {HOST}:{ports.smtp}  (all three: TLS from the start)",
            f"# POP3  {HOST}:{ports.pop}",
            f"# IMAP  {HOST}:{ports.imap}",
            f"# user {USER.address}, password {USER.password}",
            f"# certificate authority: {sandbox.ca_file}",
            "# To use mailcli with it, paste this into another terminal:",
            *(f"export {name}={shlex.quote(value)}" for name, value in exported.items()),
        ]
    )


def open_shell(sandbox: Sandbox) -> int:
    """Run the user's shell in the sandbox until it ends; return its exit code."""
    shell = sandbox.environment.get("SHELL") or "/bin/sh"
    startup = _SHELLS_WITH_STARTUP_FILE.get(Path(shell).name)
    if startup:
        (sandbox.directory / startup).write_text("PS1='(mailcli demo) $ '\n", "utf-8")
    environment = {**sandbox.environment, "PS1": "(mailcli demo) $ "}
    with _left_to_the_child():
        done = subprocess.run([shell], env=environment, cwd=sandbox.directory, check=False)
    return _exit_code(done.returncode)


def run_once(sandbox: Sandbox, words: Sequence[str], *, sync_first: bool) -> int:
    """Run mailcli with these words, as the user's own terminal would; return its exit code."""
    if sync_first:
        synced = _mailcli(sandbox, ["imap-sync", "-A", LAPTOP, "-q"])
        if synced != Exit.OK:
            return synced
    args = words[1:] if words[:1] == ("mailcli",) else words
    return _mailcli(sandbox, args)


def _mailcli(sandbox: Sandbox, args: Sequence[str]) -> int:
    with _left_to_the_child():
        # In the user's own directory, so that files can be named as always.
        done = subprocess.run(mailcli_command(args), env=sandbox.environment, check=False)
    return _exit_code(done.returncode)


@contextlib.contextmanager
def _left_to_the_child() -> Iterator[None]:
    """Let Ctrl-C end what runs in front, not the demo that waits for it."""
    before = signal.signal(signal.SIGINT, _nothing)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _nothing(_number: int, _frame: object) -> None:
    """Do nothing. Unlike SIG_IGN, a handler is not inherited by the child."""


def _exit_code(returncode: int) -> int:
    return 128 - returncode if returncode < 0 else returncode
