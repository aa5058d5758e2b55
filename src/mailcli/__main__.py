"""Start mailcli: `mailcli`, `python -m mailcli`, and through links `sendmail` and `mailq`."""

import gc
import os
import sys
from pathlib import Path

_YOUNG = 50_000
"""New objects after which cycles are searched for. Start-up, and the rows of a large folder, make
many objects and hardly a cycle: at Python's own 700 the search takes a tenth of the time."""


def main() -> None:
    """Run the command line given and exit with its code."""
    gc.set_threshold(_YOUNG, 20, 20)
    from mailcli.cli.boundary import Program, harden, install_signals, invoke, run
    from mailcli.cli.main import COMMANDS, mailcli

    harden(os.environ)
    install_signals()
    if (name := Path(sys.argv[0]).name) in {"sendmail", "mailq"}:
        sys.exit(_sendmail(name))
    program = Program(sys.argv, sys.stdout, sys.stderr, _state_dir, COMMANDS)
    environ = os.environ
    code = run(
        lambda: invoke(mailcli, sys.argv[1:], prog_name="mailcli", environ=environ), program
    )
    gc.freeze()  # the process ends: what is left need not be searched for cycles once more
    sys.exit(code)


def _sendmail(name: str) -> int:
    from mailcli.cli import sendmail
    from mailcli.cli.boundary import Program, run

    program = Program(sys.argv, sys.stdout, sys.stderr, _state_dir)
    return sendmail.sysexit(run(lambda: sendmail.main(name, sys.argv[1:]), program))


def _state_dir() -> Path:
    from mailcli.paths import Paths

    return Paths.from_environ(os.environ).state_dir


if __name__ == "__main__":
    main()
