"""What the kernel tells of a folder shows whether somebody else was there.

The others are processes of their own: `mv`, `rm`, `ln` and their like.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.support.need import need

from mailcli.model import Flag
from mailcli.store import watch as watching
from mailcli.store.entries import Entry, unique_name
from mailcli.store.file_systems import is_local
from mailcli.store.folder import MaildirFolder
from mailcli.store.name_sum import NameSum
from mailcli.store.watch import MOST_FOLDERS, Watches

SEEN = frozenset({Flag.SEEN})
PLACES = 2
"""Directories that are open for each folder."""


@pytest.fixture(autouse=True)
def known_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the file system of the tests, which may be a container's overlay, for a known one."""
    monkeypatch.setattr(watching, "is_local", lambda _: True)


@pytest.fixture
def watches() -> Iterator[Watches]:
    """What watches the folders of one run."""
    with closing(Watches()) as found:
        yield found


def made(root: Path, name: str) -> MaildirFolder:
    folder = MaildirFolder(root, PurePosixPath(name))
    folder.create()
    folder.names = NameSum()
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> MaildirFolder:
    """A folder with two messages, one of which is in `new`."""
    folder = made(tmp_path, "INBOX")
    (folder.path / "cur" / "1.a:2,").write_bytes(b"a")
    (folder.path / "new" / "2.b").write_bytes(b"b")
    return folder


@pytest.fixture
def watched(folder: MaildirFolder, watches: Watches) -> MaildirFolder:
    """That folder, watched from now on."""
    watches.begin(folder)
    assert folder.watch is not None
    return folder


def is_ours_alone(folder: MaildirFolder) -> bool:
    """Tell what a run finds at its end."""
    stamps = folder.stamps()
    assert folder.watch is not None
    assert stamps is not None
    return folder.watch.shows_us_alone(stamps)


def delivered(folder: MaildirFolder, token: str, flags: frozenset[Flag] = frozenset()) -> Entry:
    staged = folder.stage(unique_name(token, when=1))
    staged.write(b"a\n")
    staged.close(flags=flags)
    (found,) = folder.deliver([staged])
    return found.entry


def opened() -> list[str]:
    """Return what is open in this process, without what is open to find that out."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return sorted(found)


# -- what we do ourselves ----------------------------------------------------------------------


def test_a_folder_that_nobody_changes_is_ours_alone(watched: MaildirFolder) -> None:
    assert is_ours_alone(watched)
    assert is_ours_alone(watched), "and stays so"


def test_all_that_we_do_is_ours_alone(
    watched: MaildirFolder, watches: Watches, tmp_path: Path
) -> None:
    other = made(tmp_path, "Work")
    watches.begin(other)
    delivered(watched, "one")
    flagged = delivered(watched, "two", SEEN)
    a = watched.set_flags(Entry("cur", "1.a:2,"), SEEN, others="a")
    a = watched.set_flags(a, frozenset(), others="")
    b = watched.set_flags(Entry("new", "2.b"), SEEN)
    other.adopt(b, watched, others="")
    adopted = other.adopt(a, watched, others="b")
    watched.adopt(adopted, other, others="")
    assert watched.remove(flagged)
    assert is_ours_alone(watched)
    assert is_ours_alone(other)


def test_what_comes_from_and_goes_to_folders_that_are_not_watched_is_ours(
    watched: MaildirFolder, tmp_path: Path
) -> None:
    other = made(tmp_path, "Work")
    here = other.adopt(Entry("new", "2.b"), watched, others="")
    watched.adopt(here, other, others="")
    watched.adopt(delivered(other, "one"), other, others="")
    assert is_ours_alone(watched)


def test_where_no_file_can_be_linked_what_is_renamed_is_ours(
    watched: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no hard links")

    monkeypatch.setattr(os, "link", refuse)
    delivered(watched, "one")
    assert is_ours_alone(watched)


def test_what_changes_no_name_is_nobodys(watched: MaildirFolder) -> None:
    cur = watched.path / "cur"
    (watched.path / "tmp" / "3.c").write_bytes(b"c")
    (watched.path / "dovecot-keywords").write_text("0 work\n")
    (cur / "1.a:2,").read_bytes()
    (cur / "1.a:2,").write_bytes(b"aa")
    os.utime(cur, (1, 1))
    cur.chmod(0o755)
    list(cur.iterdir())
    assert is_ours_alone(watched)


# -- what others do ----------------------------------------------------------------------------

OTHERS = {
    "delivers": "touch tmp/3.c; ln tmp/3.c new/3.c; rm tmp/3.c",
    "delivers by a rename": "touch tmp/3.c; mv tmp/3.c new/3.c",
    "flags": "mv cur/1.a:2, cur/1.a:2,F",
    "flags, and takes the flag away": "mv cur/1.a:2, cur/1.a:2,F; mv cur/1.a:2,F cur/1.a:2,",
    "reads": "mv new/2.b cur/2.b:2,S",
    "removes": "rm cur/1.a:2,",
    "removes, and puts it back": "mv cur/1.a:2, tmp/x; mv tmp/x cur/1.a:2,",
    "puts another in its place": "touch tmp/x; mv tmp/x cur/1.a:2,",
    "exchanges letters": "mv cur/1.a:2, tmp/x; mv new/2.b cur/1.a:2,; mv tmp/x new/2.b",
    "hides a file": "touch new/.hidden",
    "makes a directory": "mkdir cur/directory",
    "makes and removes a file": "touch cur/x; rm cur/x",
    "makes `cur` again": "mv cur old; mkdir cur; mv old/* cur/",
    "moves `cur` away and back": "mv cur old; mv old cur",
    "puts in a copy": "cp -a . ../copy; mv ../INBOX ../old; mv ../copy ../INBOX",
    "puts in a copy, and it back": "cp -a . ../copy; mv ../INBOX ../old; mv ../copy ../INBOX;"
    " touch ../INBOX/new/x; mv ../INBOX ../x; mv ../old ../INBOX; mv new/2.b new/3.b",
}


def do(folder: MaildirFolder, script: str) -> None:
    """Let another process change the folder."""
    subprocess.run(["sh", "-ec", script], cwd=folder.path, check=True)


@pytest.mark.parametrize("script", OTHERS.values(), ids=OTHERS)
def test_what_another_program_does_is_found(watched: MaildirFolder, script: str) -> None:
    do(watched, script)
    assert not is_ours_alone(watched)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("script", ["touch new/3.c", "mv new/2.b new/2.c"])
def test_what_another_program_does_beside_us_is_found(
    watched: MaildirFolder, when: str, script: str
) -> None:
    if when == "before":
        do(watched, script)
    watched.set_flags(Entry("cur", "1.a:2,"), SEEN)
    if when == "after":
        do(watched, script)
    assert not is_ours_alone(watched)


def test_what_another_program_undoes_of_ours_is_found(watched: MaildirFolder) -> None:
    watched.set_flags(Entry("cur", "1.a:2,"), SEEN)
    do(watched, "mv cur/1.a:2,S cur/1.a:2,")
    assert not is_ours_alone(watched)


def test_what_another_program_did_between_the_stamps_and_the_end_is_found(
    watched: MaildirFolder,
) -> None:
    stamps = watched.stamps()
    do(watched, "touch new/3.c")
    assert watched.watch is not None
    assert stamps is not None
    assert not watched.watch.shows_us_alone(stamps)


def test_a_name_that_we_noted_and_did_not_give_proves_nothing(watched: MaildirFolder) -> None:
    assert watched.watch is not None
    watched.watch.note(given=Entry("cur", "3.c:2,"), taken=None)
    assert not is_ours_alone(watched)


def test_the_same_name_in_another_directory_is_another(watched: MaildirFolder) -> None:
    assert watched.watch is not None
    do(watched, "touch new/3.c")
    watched.watch.note(given=Entry("cur", "3.c"), taken=None)
    assert not is_ours_alone(watched)


def test_what_another_program_did_to_another_folder_is_not_this_ones(
    watched: MaildirFolder, watches: Watches, tmp_path: Path
) -> None:
    other = made(tmp_path, "Work")
    watches.begin(other)
    do(other, "touch new/3.c")
    assert is_ours_alone(watched)
    assert not is_ours_alone(other)


def test_a_folder_that_is_looked_at_anew_is_watched_from_there(
    watched: MaildirFolder, watches: Watches
) -> None:
    do(watched, "mv cur old; mv old cur; touch cur/x")
    watches.begin(watched)
    assert is_ours_alone(watched)
    watched.set_flags(Entry("cur", "1.a:2,"), SEEN)
    assert is_ours_alone(watched)
    do(watched, "touch cur/y")
    assert not is_ours_alone(watched)


@pytest.mark.parametrize("name", ["cur", "new"])
def test_a_folder_that_is_gone_proves_nothing(watched: MaildirFolder, name: str) -> None:
    stamps = watched.stamps()
    assert watched.watch is not None
    assert stamps is not None
    do(watched, f"rm -r {name}")
    assert not watched.watch.shows_us_alone(stamps)


# -- where it cannot be told -------------------------------------------------------------------


def test_more_than_the_kernel_keeps_proves_nothing_until_the_next_look(
    watched: MaildirFolder, watches: Watches, tmp_path: Path
) -> None:
    other = made(tmp_path, "Work")
    watches.begin(other)
    kept = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    here, there = watched.path / "new" / "2.b", watched.path / "new" / "2.c"
    for _ in range(kept // 2 + 1):
        here.rename(there)
        here, there = there, here
    watched.set_flags(Entry("cur", "1.a:2,"), SEEN)  # of which nothing is told any more
    assert not is_ours_alone(other), "where nothing happened, as far as is told"
    assert not is_ours_alone(watched)
    for each in (watched, other):
        watches.begin(each)
        assert is_ours_alone(each)


def test_after_very_many_changes_of_our_own_a_folder_is_watched_no_more(
    watched: MaildirFolder, watches: Watches, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = made(tmp_path, "Work")
    watches.begin(other)
    monkeypatch.setattr(watching, "MOST", 3)
    before = len(opened())
    for token in ("one", "two", "three", "four"):
        delivered(watched, token)
    assert not is_ours_alone(watched)
    assert len(opened()) == before - PLACES
    watches.begin(watched)
    assert not is_ours_alone(watched)
    delivered(other, "five")
    assert is_ours_alone(other)


def test_no_more_folders_are_watched_than_a_few(watches: Watches, tmp_path: Path) -> None:
    before = len(opened())
    folders = [made(tmp_path, str(number)) for number in range(MOST_FOLDERS + 1)]
    for each in folders:
        watches.begin(each)
    assert [each.watch is not None for each in folders] == [True] * MOST_FOLDERS + [False]
    assert len(opened()) == before + 1 + PLACES * MOST_FOLDERS
    watches.close()
    assert len(opened()) == before


def test_what_is_closed_tells_nothing(watched: MaildirFolder, watches: Watches) -> None:
    watches.close()
    assert not is_ours_alone(watched)


@contextmanager
def room_for(count: int) -> Iterator[None]:
    """Let this process open so many more files, and no others."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with TemporaryDirectory() as directory:
        free = os.open(directory, os.O_RDONLY)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + count, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_where_the_system_refuses_a_folder_is_not_watched(
    folder: MaildirFolder, watches: Watches, count: int
) -> None:
    with room_for(count):
        watches.begin(folder)
    assert folder.watch is None
    watches.begin(folder)
    assert is_ours_alone(folder), "once it refuses no more"


@pytest.mark.parametrize("lacking", ["cur", "new"])
def test_half_a_folder_is_not_watched(
    folder: MaildirFolder, watches: Watches, lacking: str
) -> None:
    do(folder, f"rm -r {lacking}")
    watches.begin(folder)
    assert folder.watch is None
    do(folder, f"mkdir {lacking}")
    watches.begin(folder)
    assert is_ours_alone(folder)


def test_a_link_in_the_place_of_a_directory_is_not_watched(
    folder: MaildirFolder, watches: Watches
) -> None:
    do(folder, "mv cur elsewhere; ln -s elsewhere cur")
    watches.begin(folder)
    assert folder.watch is None


def test_a_library_without_inotify_watches_nothing(
    folder: MaildirFolder, watches: Watches, monkeypatch: pytest.MonkeyPatch
) -> None:
    call: Callable[..., Any] = watching._call
    monkeypatch.setattr(watching, "_call", lambda name, *rest: call(f"no_{name}", *rest))
    watches.begin(folder)
    assert folder.watch is None


def test_only_file_systems_are_watched_of_which_all_is_told(
    folder: MaildirFolder, watches: Watches, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = opened()
    monkeypatch.setattr(watching, "is_local", is_local_but_not_memory)
    watches.begin(folder)
    assert folder.watch is None
    assert opened() == before


def is_local_but_not_memory(descriptor: int) -> bool:
    """Ask about a file system that others write, in the place of the one where the tests run."""
    del descriptor
    foreign = os.open("/proc/self", os.O_RDONLY | os.O_DIRECTORY)
    try:
        return is_local(foreign)
    finally:
        os.close(foreign)


# -- what it costs -----------------------------------------------------------------------------

_CHILD = """
import sys
from pathlib import Path, PurePosixPath
from mailcli.model import Flag
from mailcli.store import watch
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder

watch.is_local = lambda _: True
folder = MaildirFolder(Path(sys.argv[1]), PurePosixPath("INBOX"))
watches = watch.Watches()
watches.begin(folder)
folder.set_flags(Entry("cur", "1.a:2,"), frozenset({Flag.SEEN}))
stamps = folder.stamps()
assert folder.watch.shows_us_alone(stamps)
watches.close()
"""


def test_a_bit_of_each_directory_is_read_after_the_stamps_and_before_what_is_told(
    folder: MaildirFolder, tmp_path: Path
) -> None:
    need("strace")
    for number in range(3000):
        (folder.path / "cur" / f"{number}.{'x' * 80}:2,").touch()
    log = tmp_path / "log"
    trace = "trace=rename,newfstatat,lstat,getdents64,read,inotify_add_watch"
    command = ["strace", "-qq", "-y", "-s", "0", "-o", str(log), "-e", trace]
    subprocess.run([*command, sys.executable, "-c", _CHILD, str(tmp_path)], check=True)

    calls = []
    for line in log.read_text("utf-8", "replace").splitlines():
        name, _, arguments = line.partition("(")
        is_told = "anon_inode:inotify" in arguments
        if is_told or str(folder.path) in arguments:
            where = "new" if "/new" in arguments else "cur" if "/cur" in arguments else "letters"
            where = "told" if is_told else where
            is_stamp = "stat" in name and f'"{folder.path}/' in arguments
            calls.append(f"{'stamp' if is_stamp else name} {where}")
    calls = [call for call in calls if "stat" not in call]
    assert calls[:4] == [*["inotify_add_watch told"] * 2, "read told", "stamp cur"], calls
    assert calls[-7:-4] == ["stamp cur", "stamp new", "stamp letters"], calls
    assert calls[-4:] == [*("getdents64 cur", "getdents64 new"), *["read told"] * 2], calls
