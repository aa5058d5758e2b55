"""Deliver messages that are not there yet, with a process beside this one, to be killed.

    store_writer_driver.py DIRECTORY COUNT [WHAT]

Holds the lock `DIRECTORY/a.lock`. Prints the process that writes, and the tokens of each group
that is recorded; each fifth message is large. WHAT: `stopped` lets that process stand still
from its beginning; `signalled` lets a signal come to both at the fork.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.beside import child_of, deliver, large, make_small, plain

from mailcli.cli.boundary import Terminated, install_signals
from mailcli.store.folder import Delivered
from mailcli.store.lock import AccountLock
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX
from mailcli.store.writer import Writer

STEP = 5


def main(directory: Path, count: int, what: str) -> int:
    """Deliver what is missing; return the exit code."""
    install_signals()
    make_small(pytest.MonkeyPatch(), most=3, batch=4)
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
        try:
            messages = Writer[str](folder, _recorded)
            if what == "stopped":
                os.kill(child_of(messages), signal.SIGSTOP)
                os.waitid(os.P_PID, child_of(messages), os.WSTOPPED)
            _say("writer", str(child_of(messages)))
            deliver(messages, mails, lambda mail: _say("next", mail.token))
        except Terminated:
            return 143
        except KeyboardInterrupt:
            return 130
    return 0


def _signal_at_fork() -> None:
    fork = os.fork

    def forked() -> int:
        child = fork()
        os.kill(os.getpid(), signal.SIGTERM)
        return child

    os.fork = forked


def _recorded(group: Sequence[tuple[str, Delivered]]) -> None:
    _say("recorded", *(token for token, _ in group))


def _say(*words: str) -> None:
    os.write(1, f"{' '.join(words)}\n".encode())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:] or [""]))
