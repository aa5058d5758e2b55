"""Grounds for disturbed runs."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.dovecot import Dovecot
from tests.support.faults import Runner
from tests.support.faults_ground import Ground


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
