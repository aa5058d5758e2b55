"""Of whatever a run alone changed, the index becomes what it becomes by listing the folders."""

import itertools
import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.local_mail import put
from tests.support.looked_at import watched

from mailcli.app.catalogue import catch_up, with_catalogue
from mailcli.app.context import Context
from mailcli.config import Account, load
from mailcli.credentials import Sources
from mailcli.model import Flag
from mailcli.store import watch as watching
from mailcli.store.entries import Entry, unique_name
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName
from mailcli.store.stamps import Stamps, ask_clock
from mailcli.store.watch import OurChanges, Watches

NAMES = ("INBOX", "Work")
FLAGS = st.sets(st.sampled_from([Flag.SEEN, Flag.FLAGGED])).map(frozenset)
WHICH = st.integers(0, 20)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("flag"), WHICH, FLAGS),
        st.tuples(st.just("flag and back"), WHICH, FLAGS),
        st.tuples(st.just("deliver"), WHICH, FLAGS),
        st.tuples(st.just("remove"), WHICH, FLAGS),
        st.tuples(st.just("move"), WHICH, FLAGS),
        st.tuples(st.just("move and back"), WHICH, FLAGS),
    ),
    max_size=8,
)
_places = itertools.count()


@pytest.fixture(autouse=True)
def known_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the file system of the tests, which may be a container's overlay, for a known one."""
    monkeypatch.setattr(watching, "is_local", lambda _: True)


def mail(number: int) -> bytes:
    """Return a message; every third is an answer to the one before it, some are alike."""
    fields = f"Message-ID: <{number % 15}@x>\nSubject: {number % 15}\nFrom: a@b.example\n"
    if number % 3:
        fields += f"In-Reply-To: <{number % 15 - 1}@x>\n"
    return f"{fields}\nword{number % 15}\n".encode()


class Ground:
    """Two folders in an index, and watched; `ours` is what is told of them."""

    def __init__(self, root: Path) -> None:
        root.mkdir()
        config = root / "config.toml"
        config.write_text(f'[accounts.work]\nemail = "a@example.org"\nmaildir = "{root}/Mail"\n')
        config.chmod(0o600)
        self.root, loaded = root, load(config, {})
        self.account: Account = loaded.accounts["work"]
        self.context = Context(
            config=loaded,
            sources=Sources(environ={}, state_dir=root / "state", prompt=None),
            cache_dir=root / "cache",
            timeout=5,
            now=lambda: datetime(2026, 11, 25, tzinfo=UTC),
        )
        for number in range(8):
            name = f"{number}.x.host" + (":2,S" if number % 2 else "")
            put(root / "Mail" / NAMES[number % 3 == 0], name, mail(number))
        maildir = Maildir(self.account.maildir, self.account.layout)
        self.folders = [maildir.folder(FolderName.parse(name)) for name in NAMES]
        self.trusted()
        with_catalogue(self.context, [self.account], lambda _: None)

    def trusted(self) -> list[Stamps]:
        """Return the folders' stamps when the clock has moved on from them."""
        stamps = [found for each in self.folders if (found := each.stamps())]
        while True:
            clock = ask_clock(self.root, scratch=self.root)
            if clock and all(each.are_older_than(clock) for each in stamps):
                return stamps

    def entries(self) -> list[tuple[MaildirFolder, Entry]]:
        found = [(folder, entry) for folder in self.folders for entry in folder.scan()]
        return sorted(found, key=lambda each: each[1].unique)

    def take(self, what: str, which: int, flags: frozenset[Flag]) -> None:
        """Change something as a run does."""
        if what == "deliver":
            folder = self.folders[which % 2]
            if folder.find(unique := unique_name(f"T{which}", when=which)) is not None:
                return
            staged = folder.stage(unique)
            staged.write(mail(which))
            staged.close(flags=flags)
            folder.deliver([staged])
            return
        entries = self.entries()
        if not entries:
            return
        folder, entry = entries[which % len(entries)]
        if what == "remove":
            folder.remove(entry)
        elif what.startswith("flag"):
            after = folder.set_flags(entry, flags)
            if what == "flag and back":
                folder.set_flags(after, entry.flags)
        else:
            (other,) = (each for each in self.folders if each is not folder)
            if other.find(entry.unique) is None:
                moved = other.adopt(entry, folder, others="")
                if what == "move and back":
                    folder.adopt(moved, other, others="")

    def changed(self, steps: list[tuple[str, int, frozenset[Flag]]]) -> dict[str, OurChanges]:
        """Change the folders; return what is told of that."""
        watches = Watches()
        with closing(watches):
            for folder, stamps in zip(self.folders, self.trusted(), strict=True):
                watches.begin(folder)
                assert folder.watch is not None
                folder.watch.know(stamps.text)
            for step in steps:
                self.take(*step)
            found = {}
            for name, folder, stamps in zip(NAMES, self.folders, self.trusted(), strict=True):
                assert folder.watch is not None
                assert folder.watch.shows_us_alone(stamps)
                ours = folder.watch.changes(stamps)
                assert ours is not None
                found[name] = ours
                folder.watch = None
            return found

    def dump(self) -> Mapping[str, Any]:
        """Return all that the index and the numbers hold, but for the words."""
        found = {}
        for path in (self.root / "cache/index.db", self.root / "state/numbers/numbers.db"):
            with closing(sqlite3.connect(path)) as connection:
                tables = "SELECT name FROM sqlite_master WHERE type='table'"
                for (table,) in connection.execute(tables).fetchall():
                    if table.startswith("texts"):
                        continue
                    rows = connection.execute(f"SELECT * FROM {table}")  # noqa: S608
                    found[f"{path.name} {table}"] = sorted(map(repr, rows))
        return found

    def keep(self, name: str) -> None:
        for each in ("cache", "state"):
            shutil.copytree(self.root / each, self.root / name / each)

    def restore(self, name: str) -> None:
        for each in ("cache", "state"):
            shutil.rmtree(self.root / each)
            os.rename(self.root / name / each, self.root / each)  # noqa: PTH104


@given(rounds=st.lists(STEPS, min_size=1, max_size=3))
@settings(max_examples=25)
def test_whatever_is_told_the_index_becomes_what_it_becomes_by_listing(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[tuple[str, int, frozenset[Flag]]]]
) -> None:
    ground = Ground(tmp_path_factory.getbasetemp() / f"ours-{next(_places)}")
    for number, steps in enumerate(rounds):
        ours = ground.changed(steps)
        ground.keep(f"listing-{number}")
        with watched() as read:
            catch_up(ground.context, [ground.account], ours)
        assert read.folders() == []
        told = ground.dump()
        ground.restore(f"listing-{number}")
        catch_up(ground.context, [ground.account])
        assert told == ground.dump()
    shutil.rmtree(ground.root)


def test_of_a_folder_that_is_watched_anew_nothing_is_told_until_it_is_known(
    tmp_path: Path,
) -> None:
    folder = Ground(tmp_path / "g").folders[0]
    with closing(Watches()) as watches:
        watches.begin(folder)
        stamps = folder.stamps()
        assert stamps is not None
        assert folder.watch is not None
        folder.watch.know(stamps.text)
        folder.set_flags(folder.scan()[0], frozenset({Flag.FLAGGED}))
        watches.begin(folder)
        after = folder.stamps()
        assert after is not None
        assert folder.watch.shows_us_alone(after)
        assert folder.watch.changes(after) is None
        folder.watch.know(after.text)
        assert folder.watch.changes(stamps) is None, "which were not shown to be ours"
