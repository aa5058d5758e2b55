"""Grounds for disturbed runs."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.faults import Runner
from tests.support.faults_ground import Ground
from tests.support.processes import server_directory


@pytest.fixture(scope="session")
def dovecot(authority: Authority) -> Iterator[Dovecot]:
    """A Dovecot that all disturbed runs share.

    It takes PLAIN alone. Without TLS mailcli would choose SCRAM, whose 4,096 hashes on both
    sides (RFC 7677 §4) cost more than all that most of these thousands of runs ask the server for.
    """
    with (
        server_directory("dovecot") as directory,
        running_dovecot(directory, authority, mechanisms=["plain"]) as server,
    ):
        yield server


@pytest.fixture
def fast_directory(home: Path) -> Iterator[Path]:
    """A directory in memory where there is enough: a kill does not ask how slow the disk is."""
    with tempfile.TemporaryDirectory(prefix="mailcli-faults-") as directory:
        yield Path(directory)


@pytest.fixture
def runner(mailcli_env: dict[str, str], fast_directory: Path) -> Runner:
    """Start disturbed runs."""
    return Runner(mailcli_env, fast_directory)


@pytest.fixture
def ground(
    dovecot: Dovecot, new_user: Callable[[], str], fast_directory: Path, runner: Runner
) -> Ground:
    """An account of its own, without a configuration yet."""
    return Ground(dovecot, new_user(), fast_directory, runner)
