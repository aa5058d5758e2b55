"""`after_fetch`: a program of the user's that runs once after new mail came.

It is run as it is configured, without a shell, and told in environment variables
what came, be it with this run or with one that was killed before it could tell. What it
prints goes to stderr, since stdout is data.
"""

import subprocess
from pathlib import Path

from mailcli.app.context import Context
from mailcli.app.pop_delivery import folder_of, target_of
from mailcli.app.pop_tally import Tally
from mailcli.config import Account
from mailcli.errors import LocalError


def after_fetch(context: Context, account: Account, tally: Tally, deliver: Path | None) -> None:
    """Run the account's program, if it has one, and wait for its end.

    Raises: LocalError (74) where it cannot be started or fails; the mail is stored.
    """
    assert account.pop is not None  # noqa: S101 - mail came from it
    command = account.pop.after_fetch
    if command is None:
        return
    told = {
        "MAILCLI_ACCOUNT": account.name,
        "MAILCLI_FETCHED": str(tally.fetched + tally.found),
        "MAILCLI_BYTES": str(tally.octets + tally.found_octets),
        "MAILCLI_FOLDER": str(folder_of(account, target_of(account, deliver)).path),
    }
    # Its arguments stay out of every message: people do write passwords there.
    name = f"after_fetch ({command[0]})"
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=_STDERR,
            env={**context.sources.environ, **told},
            check=False,
        )
    except OSError as error:
        raise LocalError(f"{name} cannot be started: {error.strerror}", hint=_STORED) from error
    if ended.returncode:
        code = ended.returncode
        ending = f"exit status {code}" if code > 0 else f"signal {-code}"
        raise LocalError(f"{name} failed with {ending}", hint=_STORED)


_STDERR = 2
_STORED = "the mail that came is stored; only this program has not run as it should"
