"""mailcli at a terminal, with an editor that is a shell script."""

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def at_terminal(
    script: str, *args: str, environment: Mapping[str, str], home: Path
) -> tuple[int, str]:
    """Run mailcli and return its exit code and all that was on the screen.

    The editor is run with the file in `$1`.
    """
    editor = home / "my editor"
    editor.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    editor.chmod(0o755)
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "mailcli", *args],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, "VISUAL": f"'{editor}'"},
            cwd=home,
            start_new_session=True,
        )
        os.close(theirs)
        screen = b"".join(iter(lambda: _read(ours), b""))
        return process.wait(60), screen.decode()
    finally:
        os.close(ours)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so at the end
        return b""
