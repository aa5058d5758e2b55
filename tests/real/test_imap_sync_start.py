"""What a run of `imap-sync` loads: most have nothing to do, and are over when that is known."""

import re

from tests.conftest import RunMailcli
from tests.support.sync_account import SyncAccount

NOT_NEEDED = {
    *("rich", "keyring", "email", "logging", "json", "concurrent", "asyncio", "smtplib", "poplib"),
    *("mailcli.app.imap_sync", "mailcli.app.folder_survey", "mailcli.app.folder_state"),
    *("mailcli.app.imap_verify", "mailcli.sync.plan", "mailcli.sync.moves"),
    *("mailcli.output.human", "mailcli.output.tables", "mailcli.output.machine"),
    *("mailcli.smtp", "mailcli.pop", "mailcli.demo"),
}
_MODULE = re.compile(r"^import time:.*\| +(\S+)$", re.MULTILINE)


def loaded(python_mailcli: RunMailcli) -> set[str]:
    """Run in a process of its own, and return the modules that it imported."""
    done = python_mailcli("imap-sync", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0, done.stderr
    return set(_MODULE.findall(done.stderr))


def test_a_run_with_nothing_to_do_loads_nothing_of_what_others_need(
    mirrored: SyncAccount, python_mailcli: RunMailcli
) -> None:
    mirrored.fill("a", "b")
    mirrored.sync()
    mirrored.sync()

    found = loaded(python_mailcli)

    assert {"mailcli.app.sync_accounts", "sqlite3", "ssl"} <= found
    assert not found & NOT_NEEDED


def test_a_folder_that_is_only_here_loads_no_more(
    mirrored: SyncAccount, python_mailcli: RunMailcli
) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("old", folder="Old")
    mirrored.delete_folder("Old")
    mirrored.sync()
    mirrored.sync()

    assert not loaded(python_mailcli) & NOT_NEEDED


def test_a_run_with_something_to_do_loads_what_it_needs(
    mirrored: SyncAccount, python_mailcli: RunMailcli
) -> None:
    mirrored.fill("a")
    mirrored.deliver("b")

    assert {"mailcli.app.imap_sync", "mailcli.sync.plan"} <= loaded(python_mailcli)
