"""The account lock: one holder, and none that is dead."""

import subprocess
import sys
from pathlib import Path

import pytest

from mailcli.errors import CannotCreate, Locked
from mailcli.store.lock import AccountLock

SOURCE = str(Path(__file__).parents[2] / "src")
_HOLDER = """
import sys
from pathlib import Path
from mailcli.store.lock import AccountLock
with AccountLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "work.lock"


def _holder(path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)],
        env={"PYTHONPATH": SOURCE},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_told_who_holds_the_lock(path: Path) -> None:
    with _holder(path) as process:
        with pytest.raises(Locked, match=rf"process {process.pid}\b") as refused:
            AccountLock(path).acquire()
        assert refused.value.exit_code == 75
        process.kill()


def test_the_lock_of_a_killed_holder_is_free(path: Path) -> None:
    with _holder(path) as process:
        process.kill()
        process.wait()
        with AccountLock(path):
            pass


def test_one_process_cannot_hold_a_lock_twice(path: Path) -> None:
    with AccountLock(path), pytest.raises(Locked):
        AccountLock(path).acquire()


def test_a_released_lock_can_be_taken_again_and_the_file_stays(path: Path) -> None:
    lock = AccountLock(path)
    with lock:
        inode = path.stat().st_ino
    lock.release()
    with lock:
        assert path.stat().st_ino == inode
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_holder_who_has_not_written_its_number_yet_is_just_another_run(path: Path) -> None:
    with AccountLock(path):
        path.write_text("")
        with pytest.raises(Locked, match="another run works"):
            AccountLock(path).acquire()


def test_a_lock_is_not_inherited_by_commands_that_are_started(path: Path) -> None:
    with AccountLock(path):
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
        # Popen may return a moment before the kernel closes what is closed on exec.
        assert process.stdout is not None
        process.stdout.readline()
    with process:
        with AccountLock(path):
            pass
        process.kill()


def test_a_symbolic_link_in_place_of_the_lock_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(path.parent / "elsewhere")
    with pytest.raises(CannotCreate):
        AccountLock(path).acquire()
    assert not (path.parent / "elsewhere").exists()
