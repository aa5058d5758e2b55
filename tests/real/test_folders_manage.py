"""`folders` against a real Dovecot: what it changes there, and what that means here."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.processes import server_directory

from mailcli.imap.names import encode

DOTS = "namespace inbox {\n  separator = .\n  prefix = INBOX.\n}"
LETTER = b"Subject: %b\r\nMessage-ID: <%b@example.test>\r\n\r\n%b\r\n"


@dataclass(frozen=True, slots=True)
class Store:
    """A server, and how it spells a folder that we call `a/b`."""

    dovecot: Dovecot
    separator: str = "/"
    prefix: str = ""

    def spelled(self, name: str) -> str:
        return self.prefix + name.replace("/", self.separator)


@pytest.fixture(scope="module", params=["slashes", "dots below INBOX", "IMAP4rev1 alone"])
def store(
    request: pytest.FixtureRequest, authority: Authority, dovecot: Dovecot
) -> Iterator[Store]:
    """Each kind of server in turn."""
    if request.param == "slashes":
        yield Store(dovecot)
        return
    dots = request.param.startswith("dots")
    extra, capability = (DOTS, None) if dots else ("", "IMAP4rev1")
    with (
        server_directory("dovecot") as directory,
        running_dovecot(directory, authority, capability=capability, extra=extra) as server,
    ):
        yield Store(server, ".", "INBOX.") if dots else Store(server)


@dataclass(frozen=True, slots=True)
class Mail:
    """One account, `work`, and mailcli to run on it."""

    store: Store
    user: str
    maildir: Path
    run: RunMailcli

    @property
    def dovecot(self) -> Dovecot:
        return self.store.dovecot

    def json(self, *args: str, code: int = 0) -> dict[str, Any]:
        done = self.run("folders", "--json", *args)
        assert done.returncode == code, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def names(self, *args: str, code: int = 0) -> set[str]:
        """Return the folders listed, but for those that Dovecot makes by itself."""
        found = {each["name"] for each in self.json(*args, code=code)["folders"]}
        own = {self.store.spelled(n) for n in ("Drafts", "Sent", "Trash", "Junk", "Archive")}
        return found - own - {"INBOX"}

    def fill(self, folder: str, *names: str) -> None:
        """Put messages into a folder of the server, which is made where it is missing."""
        raws = (LETTER % (name.encode(), name.encode(), name.encode()) for name in names)
        self.dovecot.deliver(self.user, *raws, folder=encode(self.store.spelled(folder)).decode())

    def sync(self, *args: str, code: int = 0) -> dict[str, Any]:
        done = self.run("imap-sync", "--json", *args)
        assert done.returncode == code, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)["accounts"][0]
        return document

    def files(self, folder: str) -> set[str]:
        """Return the names of a folder's files here."""
        return {path.name for path in (self.maildir / folder).glob("*/*") if path.is_file()}


def _mail(
    store: Store, user: str, home: Path, run: RunMailcli, write_config: WriteConfig, **more: Any
) -> Mail:
    write_config({"work": account(user, imap=store.dovecot, **more)})
    return Mail(store, user, home / "Mail" / "work", run)


@pytest.fixture
def mail(
    store: Store,
    new_user: Callable[[], str],
    home: Path,
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
) -> Mail:
    """An account on each kind of server."""
    return _mail(store, new_user(), home, run_mailcli, write_config)


@pytest.fixture
def plain(
    dovecot: Dovecot,
    new_user: Callable[[], str],
    home: Path,
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
) -> Mail:
    """An account on the server that all tests share."""
    return _mail(Store(dovecot), new_user(), home, run_mailcli, write_config)


NAMES = ("Kündigungen/2026", "日本語/名前", "Σίσυφος", "R&D", "עברית", "a \"quoted\" 'x'")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_script_is_made_renamed_and_deleted(mail: Mail, name: str) -> None:
    spelled = mail.store.spelled
    assert spelled(name) in mail.names("--create", name)
    after = mail.names("--rename", name, f"Neu/{name}")
    assert spelled(f"Neu/{name}") in after
    assert spelled(name) not in after
    assert spelled(f"Neu/{name}") not in mail.names("--delete", f"Neu/{name}", "--yes")


def test_a_folder_may_be_named_as_the_server_does(mail: Mail) -> None:
    mail.names("--create", "Work/Clients")
    assert mail.names("--delete", mail.store.spelled("Work/Clients"), "--yes") <= {
        mail.store.spelled("Work")
    }


def test_subscriptions_are_changed_and_told(mail: Mail) -> None:
    def subscribed(*args: str) -> bool:
        found = mail.json(*args)["folders"]
        return {each["name"]: each["subscribed"] for each in found}[
            mail.store.spelled("a")
        ] is True

    assert subscribed("--create", "a", "--subscribe", "a")
    assert not subscribed("--unsubscribe", "a")
    assert subscribed("--subscribe", "a")


def test_counts_come_with_sizes_where_the_server_offers_them(mail: Mail) -> None:
    mail.fill("a", "one", "two")
    found = mail.json()["folders"]
    (folder,) = (each for each in found if each["name"] == mail.store.spelled("a"))
    assert (folder["messages"], folder["unseen"]) == (2, 2)
    sizes = sum(len(raw) for raw in mail.dovecot.messages(mail.user, mail.store.spelled("a")))
    with mail.dovecot.connect(mail.user) as session:
        offered = "STATUS=SIZE" in session.capability()[1][0].decode()
    assert folder["size"] == (sizes if offered else None)


def test_a_renamed_folder_moves_here_as_well_with_all_inside_it(mail: Mail) -> None:
    mail.fill("Work", "one", "two")
    mail.fill("Work/Clients", "three")
    mail.json("--subscribe", "Work/Clients")
    mail.sync()
    before = mail.files("Work"), mail.files("Work/Clients")

    done = mail.json("--rename", "Work", "Büro/Alt")

    (change,) = done["changes"]
    assert (change["action"], change["name"], change["new_name"]) == (
        "renamed",
        "Work",
        "Büro/Alt",
    )
    assert change["path"] == str(mail.maildir / "Büro" / "Alt")
    assert (mail.files("Büro/Alt"), mail.files("Büro/Alt/Clients")) == before
    assert not (mail.maildir / "Work").exists()
    (inner,) = (
        each for each in done["folders"] if each["name"] == mail.store.spelled("Büro/Alt/Clients")
    )
    assert inner["subscribed"]
    assert not mail.sync()["changed"]
    assert (mail.files("Büro/Alt"), mail.files("Büro/Alt/Clients")) == before


def test_a_renamed_folder_keeps_what_was_not_uploaded_yet(plain: Mail) -> None:
    plain.fill("Work", "one")
    plain.sync()
    (plain.maildir / "Work" / "new" / "1.a.elsewhere").write_bytes(b"Subject: new\n\nnew\n")
    plain.json("--rename", "Work", "Office")
    plain.sync()
    assert len(plain.dovecot.messages(plain.user, "Office")) == 2
    assert len(plain.files("Office")) == 2


def test_in_the_other_layout_a_rename_moves_each_directory(
    dovecot: Dovecot,
    new_user: Callable[[], str],
    home: Path,
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
) -> None:
    mail = _mail(Store(dovecot), new_user(), home, run_mailcli, write_config, layout="maildir++")
    mail.fill("Work", "one")
    mail.fill("Work/Clients", "two")
    mail.sync()
    mail.json("--rename", "Work", "Office")
    assert sorted(path.name for path in mail.maildir.glob(".[OW]*")) == [
        ".Office",
        ".Office.Clients",
    ]
    assert not mail.sync()["changed"]


def test_a_rename_is_refused_before_anything_is_done_where_the_new_name_is_taken_here(
    plain: Mail,
) -> None:
    plain.fill("Work", "one")
    plain.sync()
    (plain.maildir / "Office").mkdir()
    done = plain.run("folders", "--rename", "Work", "Office")
    assert done.returncode == 73
    assert "exists already" in done.stderr
    assert plain.names() == {"Work"}
    assert plain.files("Work")


def test_a_deletion_that_nobody_confirms_is_not_made(plain: Mail) -> None:
    plain.fill("Old", "one", "two")
    done = plain.run("folders", "--delete", "Old")
    assert done.returncode == 3
    assert "Delete the folder Old with 2 messages on the server?" in done.stderr
    assert "--yes" in done.stderr
    assert plain.names() == {"Old"}


def test_what_is_deleted_there_stays_here_and_is_not_uploaded_again(mail: Mail) -> None:
    mail.fill("Old", "one", "two")
    mail.sync()
    kept = mail.files("Old")

    (change,) = mail.json("--delete", "Old", "--yes")["changes"]

    assert (change["action"], change["name"], change["messages"]) == ("deleted", "Old", 2)
    assert change["path"] == str(mail.maildir / "Old")
    assert mail.files("Old") == kept
    synced = mail.sync()
    assert not synced["changed"]
    assert not synced["folders_created"]
    assert mail.store.spelled("Old") not in mail.names()
    assert mail.store.spelled("Old") not in mail.names("--offline")


def test_a_folder_made_again_there_takes_part_again_without_what_was_deleted(plain: Mail) -> None:
    plain.fill("Old", "one", "two")
    plain.sync()
    plain.json("--delete", "Old", "--yes")
    plain.json("--create", "Old")
    plain.fill("Old", "three")
    plain.sync()
    assert len(plain.dovecot.messages(plain.user, "Old")) == 1
    assert len(plain.files("Old")) == 3


def test_a_folder_removed_here_as_well_and_made_anew_here_is_uploaded(plain: Mail) -> None:
    plain.fill("Old", "one")
    plain.sync()
    plain.json("--delete", "Old", "--yes")
    shutil.rmtree(plain.maildir / "Old")
    plain.sync()
    for name in ("cur", "new", "tmp"):
        (plain.maildir / "Old" / name).mkdir(parents=True)
    (plain.maildir / "Old" / "new" / "1.a.elsewhere").write_bytes(b"Subject: new\n\nnew\n")
    assert plain.sync()["folders_created"] == ["Old"]
    assert len(plain.dovecot.messages(plain.user, "Old")) == 1


def test_a_folder_with_others_inside_goes_only_with_them(mail: Mail) -> None:
    mail.fill("Work", "one")
    mail.fill("Work/Clients", "two")
    done = mail.run("folders", "--delete", "Work", "--yes")
    assert done.returncode == 2
    assert "--delete Work/Clients" in done.stderr
    everything = {mail.store.spelled("Work"), mail.store.spelled("Work/Clients")}
    assert mail.names() == everything
    assert not mail.names("--delete", "Work", "--delete", "Work/Clients", "--yes") & everything


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("--create", "Sent"), 69, "there is such a folder already"),
        (("--rename", "Drafts", "Sent"), 69, "there is such a folder already"),
        (("--rename", "Nosuch", "x"), 66, "there is no such folder"),
        (("--delete", "Nosuch", "--yes"), 66, "there is no such folder"),
        (("--subscribe", "Sennt"), 66, "did you mean Sent?"),
    ],
    ids=["create", "rename to", "rename from", "delete", "subscribe"],
)
def test_a_name_that_cannot_be_had_is_told(
    mail: Mail, args: tuple[str, ...], code: int, words: str
) -> None:
    done = mail.run("folders", *args)
    assert done.returncode == code
    assert words in done.stderr


def test_one_name_that_cannot_be_had_stops_no_other(plain: Mail) -> None:
    done = plain.json("--create", "Sent", "--create", "New", code=69)
    assert [change["name"] for change in done["changes"]] == ["New"]
    assert [error["exit_code"] for error in done["errors"]] == [69]
    assert "New" in {each["name"] for each in done["folders"]}


@pytest.mark.parametrize(
    "args",
    [("--create", "x", "--subscribe", "x", "--delete", "Work"), ("--rename", "Work", "Office")],
    ids=["several", "rename"],
)
def test_a_dry_run_tells_and_changes_nothing(plain: Mail, args: tuple[str, ...]) -> None:
    plain.fill("Work", "one")
    plain.sync()
    done = plain.json("-n", *args)
    assert done["changes"]
    assert not any(change["done"] for change in done["changes"])
    assert plain.names() == {"Work"}
    assert plain.files("Work")
    assert plain.run("folders", "-n", *args).stderr.count("work: would ") == len(done["changes"])


def test_after_a_change_quiet_says_nothing(plain: Mail) -> None:
    done = plain.run("folders", "-q", "--create", "x")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_offline_tells_what_the_last_sync_saw_and_opens_no_connection(
    mail: Mail, write_config: WriteConfig
) -> None:
    mail.fill("Wörk/Clients", "one", "two")
    mail.json("--subscribe", "Wörk/Clients")
    mail.sync()
    listed = {each["name"]: each for each in mail.json()["folders"]}
    table = account(mail.user, imap=mail.dovecot)
    write_config({"work": table | {"imap": table["imap"] | {"port": 1}}})

    offline = {each["name"]: each for each in mail.json("--offline")["folders"]}

    assert {name for name, each in listed.items() if each["selectable"]} == set(offline)
    same = ("delimiter", "role", "subscribed", "messages", "unseen")
    for name, each in offline.items():
        assert [each[key] for key in same] == [listed[name][key] for key in same]
        assert Path(each["path"]).is_dir()
    assert offline[mail.store.spelled("Wörk/Clients")]["size"] > 0


def test_offline_knows_nothing_before_the_first_sync(plain: Mail) -> None:
    assert plain.json("--offline")["folders"] == []


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 3), ("\n", 3)])
def test_at_a_terminal_a_deletion_is_asked_for(
    plain: Mail, mailcli_env: dict[str, str], answer: str, code: int
) -> None:
    plain.fill("Old", "one")
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        done = subprocess.run(
            [sys.executable, "-m", "mailcli", "folders", "--delete", "Old"],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=mailcli_env,
            timeout=60,
            check=False,
        )
        said = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == code
    assert "Delete the folder Old with 1 message on the server? [y/N]" in said
    assert plain.names() == (set() if code == 0 else {"Old"})


def test_the_folder_of_pop_mail_stays_where_it_is(plain: Mail, write_config: WriteConfig) -> None:
    plain.fill("Work", "one")
    table = account(plain.user, imap=plain.dovecot, pop=plain.dovecot)
    write_config({"work": table | {"pop": table["pop"] | {"folder": "Work/POP"}}})
    done = plain.run("folders", "--rename", "Work", "Office")
    assert done.returncode == 69
    assert "POP3" in done.stderr
    assert plain.names() == {"Work"}
