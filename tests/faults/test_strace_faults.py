"""The real process, stopped and failed by the kernel: strace tampers with its system calls.

What the other fault tests do within Python is done here from outside, so SQLite's
own calls are struck, too. Each call is found by the number that it has in an
undisturbed run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from tests.faults.test_pop_fetch_faults import begin
from tests.support.faults_ground import Ground
from tests.support.faults_walk import Walk
from tests.support.need import need

CALLS: Final = (
    *("openat", "mkdir", "write", "pwrite64", "ftruncate", "fsync", "fdatasync"),
    *("link", "rename", "unlink"),
)
_LINE = re.compile(r"(?P<process>\d+) +(?P<name>\w+)\((?P<arguments>.*)")
_KILL, _FULL, _BROKEN = "signal=SIGKILL", "error=ENOSPC", "error=EIO"


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that changes something: the n-th of its name, and its arguments."""

    name: str
    number: int
    arguments: str

    @property
    def is_of_a_message(self) -> bool:
        """Whether it brings a message into the Maildir: what fails here must be told."""
        return "/Mail/a/INBOX/" in self.arguments and self.name not in {"unlink", "mkdir"}


class Traced:
    """A walk whose runs are whole Pythons under strace."""

    def __init__(self, ground: Ground, directory: Path) -> None:
        need("strace")
        self._ground = ground
        self._log = directory / "strace.log"
        self.walk: Walk = begin(ground, "--delete")
        self._start("-e", f"trace={','.join(CALLS)}")  # also writes what Python caches
        self.calls = tuple(self._read())

    def strike(self, call: Call, what: str) -> None:
        """Let one call fail, or kill the process in it; then resume and compare."""
        code = self._start("-e", f"inject={call.name}:{what}:when={call.number}")
        told = f"{what} in {call.name} {call.number} ({call.arguments}): exit {code}"
        if what == _KILL:
            assert code == -9, told  # a shell says 137
        elif call.is_of_a_message:
            assert code in {73, 74}, told
        else:
            assert code in {0, 73, 74}, told
        self.walk.resumes(told)

    def _start(self, *options: str) -> int:
        self._ground.restore()
        strace = ("strace", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "0", "-o", str(self._log))
        return self._ground.run_under(*strace, *options).returncode

    def _read(self) -> Iterator[Call]:
        """Yield the calls of the main process that change something outside of it."""
        counts = dict.fromkeys(CALLS, 0)
        main = ""
        for line in self._log.read_text("utf-8", "replace").splitlines():
            found = _LINE.match(line)
            if not found or found["process"] != (main := main or found["process"]):
                continue
            counts[found["name"]] += 1
            arguments = found["arguments"]
            is_ours = str(self._ground.home) in arguments
            if is_ours and (found["name"] != "openat" or "O_CREAT" in arguments):
                yield Call(found["name"], counts[found["name"]], arguments)


_TRIED = {
    "link": (_KILL, _FULL),
    "pwrite64": (_KILL, _FULL),
    "fdatasync": (_KILL, _BROKEN),
    "fsync": (_BROKEN,),
    "write": (_FULL,),
    "openat": (_BROKEN,),
}


def test_struck_in_one_call_of_each_kind(ground: Ground, tmp_path: Path) -> None:
    traced = Traced(ground, tmp_path)
    for name, faults in _TRIED.items():
        calls = [call for call in traced.calls if call.name == name]
        calls = [call for call in calls if call.is_of_a_message] or calls
        for what in faults:
            traced.strike(calls[len(calls) // 2], what)


@pytest.mark.soak
@pytest.mark.parametrize("what", [_KILL, _FULL, _BROKEN])
def test_struck_in_every_call(ground: Ground, tmp_path: Path, what: str) -> None:
    traced = Traced(ground, tmp_path)
    for call in traced.calls:
        traced.strike(call, what)
