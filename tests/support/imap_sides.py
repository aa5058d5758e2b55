"""Both sides of a synchronised account, as a test sees them: without any code of ours.

The server's side comes from Dovecot by the standard library's client, the local
one from plain files.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.conftest import RunMailcli
from tests.support.dovecot import Dovecot
from tests.support.local_mail import document, letters, mail_files, wire_octets

LETTERS = {
    "\\Draft": "D",
    "\\Flagged": "F",
    "$Forwarded": "P",
    "\\Answered": "R",
    "\\Seen": "S",
    "\\Deleted": "T",
}

Mail = Counter[tuple[str, str]]
"""How often there is a message: the SHA-256 of its octets, and its flags as letters."""

Sync = Callable[..., Any]
"""Runs `imap-sync --json` and returns the one account; see `syncing`."""


def message(name: str, body: bytes = b"Hello.\r\n", *, message_id: bool = True) -> bytes:
    """Return a message as a server has it."""
    identity = f"Message-ID: <{name}@x.example>\r\n" if message_id else ""
    return f"From: a@b.example\r\nSubject: {name}\r\n{identity}\r\n".encode() + body


def here(folder: Path) -> Mail:
    """Return what a Maildir folder holds."""
    return Counter(
        (_digest(wire_octets(path)), "".join(c for c in letters(path) if c.isupper()))
        for path in mail_files(folder)
    )


def there(dovecot: Dovecot, user: str, folder: str = "INBOX") -> Mail:
    """Return what a folder of the server holds, by its wire name."""
    found = dovecot.flags(user, folder) if dovecot.messages(user, folder) else {}
    return Counter(
        (_digest(raw), "".join(sorted(LETTERS[flag] for flag in flags if flag in LETTERS)))
        for raw, flags in zip(
            dovecot.messages(user, folder), (found[uid] for uid in sorted(found)), strict=True
        )
    )


def mail(*messages: bytes | tuple[bytes, str]) -> Mail:
    """Return what a folder holds that has these messages: octets, or octets and letters."""
    pairs = (each if isinstance(each, tuple) else (each, "") for each in messages)
    return Counter((_digest(raw), letters) for raw, letters in pairs)


def _digest(raw: bytes) -> str:
    return sha256(raw).hexdigest()


def server_state(dovecot: Dovecot, user: str, *, recent: bool = True) -> list[str]:
    """Return all counters of every folder: any change there moves at least one of them.

    Without `\\Marked` and `\\UnMarked`, which a look changes; without `recent`, what the first
    look takes from a message does not count either.
    """
    counted = "MESSAGES RECENT" if recent else "MESSAGES"
    wanted = f"STATUS ({counted} UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)"
    with dovecot.connect(user) as connection:
        connection.xatom("LIST", '""', '"*"', f"RETURN (SUBSCRIBED {wanted})")
        told = [*connection.response("LIST")[1], *connection.response("STATUS")[1]]
    return sorted(re.sub(r" ?\\\\(Un)?Marked", "", repr(line)) for line in told)


def change_flags(
    dovecot: Dovecot, user: str, change: str, uids: str, *, folder: str = "INBOX"
) -> None:
    """Change flags on the server behind mailcli's back: `+\\Seen`, `-\\Flagged \\Seen`."""
    with dovecot.connect(user) as connection:
        connection.select(f'"{folder}"')
        done, _ = connection.uid("STORE", uids, f"{change[0]}FLAGS.SILENT", f"({change[1:]})")
        assert done == "OK"


def uid_next(dovecot: Dovecot, user: str, folder: str = "INBOX") -> int:
    """Return the next UID: one more for every message that ever came."""
    with dovecot.connect(user) as connection:
        _, data = connection.status(f'"{folder}"', "(UIDNEXT)")
    found = re.search(rb"UIDNEXT (\d+)", bytes(data[0]))
    assert found
    return int(found[1])


def syncing(run: RunMailcli) -> Sync:
    """Return a function that runs `imap-sync --json` and returns what it says of the account.

    `code` is the exit code that it must have; without one there must also be nothing on stderr.
    """

    def sync(*args: str, code: int = 0, env: Mapping[str, str] | None = None) -> Any:
        done: CompletedProcess[str] = run("imap-sync", "--json", *args, env=env)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert code or not done.stderr
        (only,) = document(done, "imap-sync")["accounts"]
        return only

    return sync


def of(account: Any, name: str) -> Any:
    """Return what a result says of one folder."""
    (found,) = (folder for folder in account["folders"] if folder["name"] == name)
    return found


COUNTERS = ("fetched", "appended", "moved", "flags_local", "flags_remote")


def done(account: Any) -> dict[str, dict[str, int]]:
    """Return the counts of a result that are not zero, by folder."""
    found = {
        folder["name"]: {name: folder[name] for name in COUNTERS if folder.get(name)}
        for folder in account["folders"]
    }
    return {name: counts for name, counts in found.items() if counts}


def planned(account: Any) -> list[tuple[str, str]]:
    """Return the actions of a dry run: folder and kind."""
    return [
        (folder["name"], action["kind"])
        for folder in account["folders"]
        for action in folder["actions"]
    ]


def errors(account: Any) -> dict[str, int]:
    """Return the exit codes of the folders that failed; `""` is the account."""
    found = {f["name"]: f["error"]["exit_code"] for f in account["folders"] if f["error"]}
    return found | ({"": account["error"]["exit_code"]} if account["error"] else {})
