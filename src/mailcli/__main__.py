"""Start mailcli: `mailcli`, `python -m mailcli`, and through links `sendmail` and `mailq`."""

import gc
import os
import sys

TYPE_CHECKING = False  # typing's own would cost more than `--version`
if TYPE_CHECKING:
    from pathlib import Path

_SELDOM = (
    *("calendar", "copy", "hmac", "inspect", "ipaddress", "ntpath", "random", "subprocess"),
)
"""What click and the standard library import at their top, and most runs never ask."""

_YOUNG = 50_000
"""New objects after which cycles are searched for. Start-up, and the rows of a large folder, make
many objects and hardly a cycle: at Python's own 700 the search takes a tenth of the time."""


def program() -> None:
    """Be the program: run the command line given, and end the process.

    It ends at once. Python would first take apart, piece by piece, all that it has made; that
    takes longer than many a command. What is to be written, closed or waited for, `main` has.
    """
    try:
        main()
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        for stream in (sys.stdout, sys.stderr):
            try:  # noqa: SIM105 - contextlib would take longer; `main` has told what it could
                stream.flush()
            except (OSError, ValueError):
                pass
        os._exit(end.code)


def main() -> None:
    """Run the command line given. Raises: SystemExit, with its code, always."""
    gc.set_threshold(_YOUNG, 20, 20)
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 - pathlib would be half of what follows
    is_sendmail = name in {"sendmail", "mailq"}
    if not is_sendmail and "_MAILCLI_COMPLETE" not in os.environ and sys.stdout:
        from mailcli.cli.front import answer

        if answer(sys.argv[1:]):
            sys.exit(0)
    from mailcli.deferred import defer

    defer(*_SELDOM)
    from mailcli.cli.boundary import Program, harden, install_signals, invoke, run
    from mailcli.cli.front import COMMANDS
    from mailcli.cli.main import mailcli

    harden(os.environ)
    install_signals()
    if is_sendmail:
        sys.exit(_sendmail(name))
    told = Program(sys.argv, sys.stdout, sys.stderr, _state_dir, COMMANDS)
    environ = os.environ
    sys.exit(
        run(lambda: invoke(mailcli, sys.argv[1:], prog_name="mailcli", environ=environ), told)
    )


def _sendmail(name: str) -> int:
    from mailcli.cli import sendmail
    from mailcli.cli.boundary import Program, run

    program = Program(sys.argv, sys.stdout, sys.stderr, _state_dir)
    return sendmail.sysexit(run(lambda: sendmail.main(name, sys.argv[1:]), program))


def _state_dir() -> "Path":
    from mailcli.paths import Paths

    return Paths.from_environ(os.environ).state_dir


if __name__ == "__main__":
    program()
