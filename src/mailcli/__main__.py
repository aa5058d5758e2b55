"""Start mailcli: `mailcli` and `python -m mailcli`."""

import gc
import os
import sys
from pathlib import Path


def main() -> None:
    """Run the command line given and exit with its code."""
    from mailcli.cli.boundary import Program, harden, install_signals, invoke, run
    from mailcli.cli.main import COMMANDS, mailcli

    harden(os.environ)
    install_signals()
    program = Program(sys.argv, sys.stdout, sys.stderr, _state_dir, COMMANDS)
    environ = os.environ
    code = run(
        lambda: invoke(mailcli, sys.argv[1:], prog_name="mailcli", environ=environ), program
    )
    gc.freeze()  # the process ends: what is left need not be searched for cycles once more
    sys.exit(code)


def _state_dir() -> Path:
    from mailcli.paths import Paths

    return Paths.from_environ(os.environ).state_dir


if __name__ == "__main__":
    main()
