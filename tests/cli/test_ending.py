"""How the process ends: at once, with all that it had to say."""

import subprocess
import sys
from pathlib import Path

import pytest

from mailcli import __version__

_PROGRAM = """
import atexit, sys
atexit.register(print, "Python takes the program apart")
sys.argv = ["mailcli", *sys.argv[1:]]
from mailcli.__main__ import program
sys.stderr.write("not a whole line ")
program()
"""


def _run(env: dict[str, str], *args: str, stdout: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, *args],
        env=env,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arg", "code", "out"), [("--version", 0, f"mailcli {__version__}\n"), ("--wrong", 2, "")]
)
def test_the_program_ends_at_once_with_its_code_and_has_said_everything(
    mailcli_env: dict[str, str], arg: str, code: int, out: str
) -> None:
    done = _run(mailcli_env, arg, stdout=subprocess.PIPE)

    assert (done.returncode, done.stdout) == (code, out)
    assert done.stderr.startswith("not a whole line ")


def test_a_full_disk_under_standard_output_is_told_and_is_the_exit(
    mailcli_env: dict[str, str],
) -> None:
    with Path("/dev/full").open("w") as full:
        done = _run(mailcli_env, "--version", stdout=full.fileno())

    assert done.returncode == 74
    assert "No space left" in done.stderr
