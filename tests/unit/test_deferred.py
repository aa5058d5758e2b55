"""A module that is given out unread is, when something in it is asked for, what it always was.

Each in a process of its own: in this one the modules have been read.
"""

import subprocess
import sys

import pytest


def _outcome(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout


_BEGIN = """
import sys
from types import ModuleType
from mailcli.deferred import Deferred, defer
sys.modules.pop("calendar", None)
defer("calendar")
import calendar
assert type(calendar) is Deferred
"""


def test_importing_a_deferred_module_again_does_not_read_it() -> None:
    code = "import calendar, importlib; importlib.import_module('calendar'); print(type(calendar))"

    assert "Deferred" in _outcome(_BEGIN + code)


@pytest.mark.parametrize(
    "asking",
    ["calendar.timegm", "from calendar import timegm", "import calendar as c; c.January"],
)
def test_asking_a_deferred_module_for_something_reads_it_in_place(asking: str) -> None:
    code = f"""
before = calendar
{asking}
if not hasattr(calendar, "timegm"):
    raise SystemExit(1)
assert sys.modules["calendar"] is calendar is before and type(calendar) is ModuleType
calendar.timegm((2020, 1, 1, 0, 0, 0))
print(sorted(calendar.__dict__))
"""
    plain = "import calendar; print(sorted(calendar.__dict__))"

    with_it, without_it = set(eval(_outcome(_BEGIN + code))), set(eval(_outcome(plain)))  # noqa: S307

    # The import system itself adds where the compiled file lies.
    assert with_it ^ without_it <= {"__cached__"}


def test_a_deferred_module_lacks_what_it_always_lacked() -> None:
    code = """
try:
    calendar.nothing
except AttributeError as error:
    print(error)
"""
    assert _outcome(_BEGIN + code) == "module 'calendar' has no attribute 'nothing'\n"


def test_threads_that_ask_at_once_wait_until_the_module_is_whole() -> None:
    code = """
import threading
sys.setswitchinterval(1e-6)
start, found = threading.Barrier(8), []
def ask():
    start.wait()
    found.append(calendar.timegm)  # its last function
threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), len(set(found)))
"""
    assert _outcome(_BEGIN + code) == "8 1\n"


def test_what_is_there_already_is_not_deferred() -> None:
    code = """
import sys, types
from mailcli.deferred import defer
import calendar
defer("calendar", "a_module_that_is_not_there")
print(type(calendar) is types.ModuleType, "a_module_that_is_not_there" in sys.modules)
"""
    assert _outcome(code) == "True False\n"
