"""mailcli at a terminal, with an editor that is a shell script."""

from collections.abc import Mapping
from pathlib import Path

from tests.support import terminal


def at_terminal(
    script: str, *args: str, environment: Mapping[str, str], home: Path
) -> tuple[int, str]:
    """Run mailcli and return its exit code and all that was on the screen.

    The editor is run with the file in `$1`.
    """
    editor = home / "my editor"
    editor.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    editor.chmod(0o755)
    environment = {**environment, "VISUAL": f"'{editor}'"}
    screen = terminal.at_terminal(args, environment, columns=100, cwd=home)
    return screen.code, screen.text
