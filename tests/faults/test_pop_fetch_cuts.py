"""A plain `pop-fetch` whose connection, or whose disk, ends somewhere: nothing lost or doubled."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.faults.test_pop_fetch_faults import begin, hold
from tests.support.faults_cuts import Cuts
from tests.support.faults_ground import Ground
from tests.support.need import find, lack

BIG = tuple(b"Subject: %d\r\n\r\n" % n + b"%060d\r\n" % n * 160 for n in range(30))
"""300 kB in messages of 10 kB."""


def _cuts(ground: Ground, *arguments: str) -> Cuts:
    walk = begin(ground, *arguments)
    return Cuts(walk, ground.dovecot.pop3, lambda port: ground.configure("pop", port))


def test_cut_at_some_octets_of_each_side(ground: Ground) -> None:
    cuts = _cuts(ground, "--delete")
    for position in range(1, cuts.server, cuts.server // 14):
        cuts.cut(server=position)
    for position in range(1, cuts.client, cuts.client // 6):
        cuts.cut(client=position)


def test_cut_within_the_end_of_the_session(ground: Ground) -> None:
    """The last octets matter most: QUIT decides whether the server deletes."""
    cuts = _cuts(ground, "--delete")
    for back in range(1, 30, 5):
        cuts.cut(server=cuts.server - back)
        cuts.cut(client=cuts.client - back)


@pytest.mark.soak
@pytest.mark.parametrize("arguments", [(), ("--delete",)], ids=["keep", "delete"])
@pytest.mark.parametrize("side", ["client", "server"])
def test_cut_at_every_octet(ground: Ground, arguments: tuple[str, ...], side: str) -> None:
    cuts = _cuts(ground, *arguments)
    for position in range(getattr(cuts, side)):
        cuts.cut(**{side: position})


# -- a disk that is really full ----------------------------------------------


@contextmanager
def _small_disk(directory: Path) -> Iterator[Callable[[int], None]]:
    """Mount a file system in memory, and yield what gives it a size in kB."""
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "mailcli-test", str(directory)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        lack("needs the right to mount a file system")

    def resize(size: int) -> None:
        remount = ["mount", "-o", f"remount,size={size}k", str(directory)]
        subprocess.run(remount, check=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", str(directory)], check=True)


_SIZES = (30, 150)
_MORE_SIZES = [pytest.param(n, marks=pytest.mark.soak) for n in range(20, 320, 20)]


@pytest.mark.parametrize("size", [*_SIZES, *_MORE_SIZES])
@pytest.mark.parametrize("full", ["mail", "state", "both"])
def test_a_full_disk_is_74_and_the_next_run_completes(
    ground: Ground, tmp_path: Path, full: str, size: int
) -> None:
    walk = begin(ground, "--delete", messages=BIG)
    ground.restore()
    with _small_disk(tmp_path / "disk") as resize:
        resize(size)
        if full in {"mail", "both"}:
            _put_on(tmp_path / "disk", ground.maildir.parent)
        if full in {"state", "both"}:
            _put_on(tmp_path / "disk", ground.home / ".local" / "state")

        failed = ground.run_under()
        assert failed.returncode == 74 or (failed.returncode, full) == (0, "state")
        if failed.returncode:
            assert "no mail was lost" in failed.stderr

        resize(4096)  # first: SQLite cannot even read on a disk that is full
        hold(walk.start, ground.end(), walk.end)
        assert ground.run_under().returncode == 0
        assert ground.end() == walk.end


def _put_on(disk: Path, directory: Path) -> None:
    """Let a directory be one on that disk."""
    place = disk / directory.name
    place.mkdir()
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.symlink_to(place)


@pytest.mark.parametrize("size", [1, 30_000, 100_000])
def test_a_limit_of_file_sizes_is_74_and_the_next_run_completes(ground: Ground, size: int) -> None:
    if find("prlimit") is None:
        lack("needs prlimit: apt-get install util-linux")
    walk = begin(
        ground, "--delete", messages=(b"Subject: big\r\n\r\n" + b"x" * 200_000 + b"\r\n",)
    )
    ground.restore()

    failed = ground.run_under("prlimit", f"--fsize={size}", "--")

    assert failed.returncode == 74, failed.stderr
    assert ground.end().server == walk.start.server
    walk.resumes(f"a limit of {size} octets")
