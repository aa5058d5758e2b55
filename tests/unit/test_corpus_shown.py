"""What people see of messages at 60, 80 and 200 columns, and what scripts get, as written down."""

import sys
import time
from collections.abc import Iterator

import pytest
from tests.corpus.shown import SHOWN, forms
from tests.corpus.writing import DIRECTORY

from mailcli.__main__ import main

FORMS = list(forms())


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the clock here be that of UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def test_nothing_else_is_written_down() -> None:
    assert sorted(path.name for path in SHOWN.iterdir()) == sorted(name for name, _, _ in FORMS)


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize(("file", "words", "environ"), FORMS, ids=[name for name, _, _ in FORMS])
def test_a_message_is_shown_as_written_down(
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    file: str,
    words: tuple[str, ...],
    environ: dict[str, str],
) -> None:
    monkeypatch.chdir(DIRECTORY)
    monkeypatch.setattr(sys, "argv", ["mailcli", *words])
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit):
        main()

    sys.stdout.flush()
    assert capfdbinary.readouterr().out == SHOWN.joinpath(file).read_bytes()
