"""Fixtures for every test: the guard, private homes, real servers, and mailcli itself."""

import gc
import itertools
import os
import pwd
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, settings

from tests.support import memory
from tests.support.accounts import Table, to_toml
from tests.support.certificates import Authority
from tests.support.dovecot import USERS, Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.forks import PIPE_HOLDS, Start, forks, is_measured, run_python
from tests.support.guard import Guard
from tests.support.inherited import Inherited
from tests.support.need import in_ci
from tests.support.postfix import Postfix
from tests.support.postfix import postfix as running_postfix
from tests.support.processes import server_directory

PROJECT = Path(__file__).parents[1]
memory.use()
REAL_HOMES = sorted({pwd.getpwuid(os.geteuid()).pw_dir, os.environ.get("HOME", "/")})

_guard = Guard(REAL_HOMES, [str(PROJECT), tempfile.gettempdir()])

_XDG = {
    "XDG_CONFIG_HOME": ".config",
    "XDG_STATE_HOME": ".local/state",
    "XDG_CACHE_HOME": ".cache",
    "XDG_DATA_HOME": ".local/share",
    "XDG_RUNTIME_DIR": ".run",
}
_UNSET = (
    *("DBUS_SESSION_BUS_ADDRESS", "GNOME_KEYRING_CONTROL", "DISPLAY", "WAYLAND_DISPLAY"),
    *("CREDENTIALS_DIRECTORY", "MAILCLI_CONFIG", "MAILCLI_ACCOUNT", "NO_COLOR", "FORCE_COLOR"),
    *("EDITOR", "VISUAL", "PAGER", "MAIL", "MAILRC"),
)


def pytest_configure(config: pytest.Config) -> None:
    """Set the guard before anything is collected, and choose how hard Hypothesis tries."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        sys.addaudithook(_guard.hear)  # pytest-xdist's own process runs no test
    # A job that a shell starts in the background ignores SIGINT, and so would all it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("dev", max_examples=50, deadline=None)
    settings.register_profile("few", max_examples=10, deadline=None)
    settings.register_profile(
        "ci",
        max_examples=50,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],  # two cores, shared
    )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if in_ci() else "dev"))


def pytest_collection_finish() -> None:
    """Spare what was collected the garbage collector: thousands of tests, the same to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def private_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the private homes lie."""
    return tmp_path_factory.mktemp("homes", numbered=False)


@pytest.fixture(scope="session", autouse=True)
def _private_session(
    private_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Keep fixtures that outlive one test out of the real home, too."""
    _guard.allow(str(tmp_path_factory.getbasetemp()))
    if "PYTEST_XDIST_WORKER" in os.environ:
        _guard.take()  # what the worker did to start; the same code is heard without workers
    with pytest.MonkeyPatch.context() as patch:
        _enter_home(private_root / "session", patch)
        yield
    _fail_on_violations()


_home_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def home(private_root: Path, _private_session: None) -> Iterator[Path]:
    """A home directory of this test's own; HOME and the XDG variables point into it."""
    with pytest.MonkeyPatch.context() as patch:
        directory = private_root / str(next(_home_numbers))
        _enter_home(directory, patch)
        before = Inherited.now()
        yield directory
    if changes := before.changes(Inherited.now()):
        before.restore()
        pytest.fail("what later tests inherit:\n" + "\n".join(changes), pytrace=False)
    journal = _journal(directory)
    if journal.exists():
        _guard.violations += journal.read_text("utf-8").splitlines()
    _fail_on_violations()


@pytest.fixture
def guard(home: Path) -> Guard:
    """The guard itself, for the tests that trip it on purpose."""
    return _guard


def _fail_on_violations() -> None:
    if violations := _guard.take():
        pytest.fail("the guard tripped:\n" + "\n".join(violations), pytrace=False)


def _journal(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.guard")


def _enter_home(directory: Path, patch: pytest.MonkeyPatch) -> None:
    directory.mkdir()
    directory.joinpath(_XDG["XDG_RUNTIME_DIR"]).mkdir(mode=0o700)
    for name, value in _home_environment(directory).items():
        patch.setenv(name, value)
    for name in _UNSET:
        patch.delenv(name, raising=False)


def _home_environment(directory: Path) -> dict[str, str]:
    return {
        "HOME": str(directory),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        **{name: str(directory / below) for name, below in _XDG.items()},
    }


@pytest.fixture(scope="session")
def authority() -> Iterator[Authority]:
    """The throw-away certificate authority that the servers' certificates come from."""
    with server_directory("ca") as directory:
        yield Authority(directory)


@pytest.fixture(scope="session")
def dovecot(authority: Authority) -> Iterator[Dovecot]:
    """A Dovecot that all tests share; a test that changes it as a whole starts its own."""
    with (
        server_directory("dovecot") as directory,
        running_dovecot(directory, authority) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def postfix(authority: Authority, dovecot: Dovecot) -> Iterator[Postfix]:
    """A Postfix that delivers into that Dovecot."""
    with (
        server_directory("postfix") as directory,
        running_postfix(directory, authority, dovecot) as server,
    ):
        yield server


_user_numbers = itertools.count(1)


@pytest.fixture
def new_user() -> Callable[[], str]:
    """Return users of the shared Dovecot whom no other test has, one at each call."""

    def user() -> str:
        number = next(_user_numbers)
        assert number <= USERS, "no user is left: raise tests.support.dovecot.USERS"
        return f"u{number}"

    return user


@pytest.fixture
def account_user(new_user: Callable[[], str]) -> str:
    """A user of the shared Dovecot whom no other test has."""
    return new_user()


@pytest.fixture
def mailcli_env(home: Path) -> dict[str, str]:
    """The whole environment of a mailcli that a test starts: private, and under the guard."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "TMPDIR"} or name.startswith(("COVERAGE_", "COV_CORE_"))
    }
    return {
        **kept,
        **_home_environment(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "COLUMNS": "100",
        "PYTHONPATH": os.pathsep.join(
            [str(PROJECT / "src"), str(PROJECT / "tests" / "support" / "child")]
        ),
        "MAILCLI_TEST_HOMES": os.pathsep.join(_guard.homes),
        "MAILCLI_TEST_ALLOWED": os.pathsep.join(_guard.allowed),
        "MAILCLI_TEST_JOURNAL": str(_journal(home)),
    }


class RunMailcli(Protocol):
    """Run mailcli once, as a user or a script does, and return how it ended."""

    def __call__(
        self,
        *args: str | os.PathLike[str],
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: int = 60,
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def run_mailcli(mailcli_env: dict[str, str], home: Path) -> RunMailcli:
    """Return a function that runs mailcli without a terminal, in the private environment.

    `env` adds to that environment. Output is UTF-8 with line ends as they are;
    octets that are not UTF-8 come back by `encode("utf-8", "surrogateescape")`.
    Each run is a process of its own, made by a fork where that will do (`tests.support.forks`).
    """

    def run(start: Start, stdin: bytes) -> subprocess.CompletedProcess[bytes]:
        needs_python = (
            start.environment["PYTHONPATH"] != mailcli_env["PYTHONPATH"]
            or is_measured(start.environment)
            or len(stdin) > PIPE_HOLDS
        )
        return run_python(start, stdin) if needs_python else forks().run(start, stdin)

    return _running(run, mailcli_env, home)


@pytest.fixture
def python_mailcli(mailcli_env: dict[str, str], home: Path) -> RunMailcli:
    """Return what does as `run_mailcli` does, and always starts Python."""
    return _running(run_python, mailcli_env, home)


def _running(
    run: Callable[[Start, bytes], subprocess.CompletedProcess[bytes]],
    environment: Mapping[str, str],
    home: Path,
) -> RunMailcli:
    def run_mailcli(
        *args: str | os.PathLike[str],
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: int = 60,
    ) -> subprocess.CompletedProcess[str]:
        start = Start(
            [os.fspath(arg) for arg in args],
            {**environment, **(env or {})},
            str(cwd or home),
            seconds=timeout,
        )
        done = run(start, stdin.encode() if isinstance(stdin, str) else stdin)
        out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    return run_mailcli


class WriteConfig(Protocol):
    """Write mailcli's configuration file and return its path."""

    def __call__(self, accounts: Mapping[str, Table], **top: Any) -> Path: ...


@pytest.fixture
def write_config(home: Path) -> WriteConfig:
    """Return a function that writes config.toml; see `tests.support.accounts.account`."""

    def write(accounts: Mapping[str, Table], **top: Any) -> Path:
        path = home / _XDG["XDG_CONFIG_HOME"] / "mailcli" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_toml({**top, "accounts": accounts}), "utf-8")
        path.chmod(0o600)
        return path

    return write
