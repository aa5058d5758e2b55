"""Deliver messages that are not there yet, with a process beside this one, to be killed.

Its arguments are DIRECTORY, COUNT and WHAT (see `forks.Start`). Holds the lock
`DIRECTORY/a.lock`. Prints the process that writes, which message is next, and the tokens of
each group that is recorded; each fifth message is large. WHAT: `stopped` lets that process stand
still from its beginning, and ours from the message `STOP` on; `signalled` lets a signal come to
both at the fork; and `15 all M7` at that message, to `all` or to `ours`, `15 all` after a group.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.beside import Mail, child_of, deliver, large, make_small, plain

from mailcli.cli.boundary import Terminated, install_signals
from mailcli.errors import MailError
from mailcli.store.folder import Delivered
from mailcli.store.lock import AccountLock
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX
from mailcli.store.writer import Writer

STEP = 5
STOP = "M10"


def main() -> None:
    """Deliver what is missing."""
    directory, count, what = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    install_signals()
    try:
        _deliver(directory, count, what)
        code = 0
    except Terminated:
        code = 143
    except KeyboardInterrupt:
        code = 130
    except MailError as error:
        code = error.exit_code
    _say("ended", str(code))
    sys.exit(code)  # not above: what the error holds is let go, as at the end of every command


def _deliver(directory: Path, count: int, what: str) -> None:
    make_small(most=3, batch=4)
    with AccountLock(directory / "a.lock"):
        folder = Maildir(directory / "Mail").folder(INBOX)
        folder.create()
        folder.remove_stale_tmp()
        here = folder.tokens()
        tokens = [f"M{number}" for number in range(count)]
        mails = [
            large(token) if number % STEP == STEP - 1 else plain(token)
            for number, token in enumerate(tokens)
            if token not in here
        ]
        if what == "signalled":
            _signal_at_fork()
        number, _, at = what.partition(" ")

        def recorded(group: Sequence[tuple[str, Delivered]]) -> None:
            _say("recorded", *(token for token, _ in group))
            if at in {"all", "ours"}:
                _signal(int(number), at)

        messages = Writer[str](folder, recorded)
        if what == "stopped":
            os.kill(child_of(messages), signal.SIGSTOP)
            os.waitid(os.P_PID, child_of(messages), os.WSTOPPED)
        _say("writer", str(child_of(messages)))

        def begin(mail: Mail) -> None:
            _say("next", mail.token)
            if what == "stopped" and mail.token == STOP:
                os.kill(os.getpid(), signal.SIGSTOP)
            if at in {f"all {mail.token}", f"ours {mail.token}"}:
                _signal(int(number), at)

        deliver(messages, mails, begin)


def _signal_at_fork() -> None:
    fork = os.fork

    def forked() -> int:
        child = fork()
        os.kill(os.getpid(), signal.SIGTERM)
        return child

    os.fork = forked


def _signal(number: int, to: str) -> None:
    """Signal here, where no file has just been made of which nobody knows yet."""
    (os.killpg if to.startswith("all") else os.kill)(os.getpid(), number)


def _say(*words: str) -> None:
    os.write(1, f"{' '.join(words)}\n".encode())
