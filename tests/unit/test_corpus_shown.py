"""What people see of messages at 60, 80 and 200 columns, and what scripts get, as written down."""

import pytest
from tests.conftest import RunMailcli
from tests.corpus.shown import SHOWN, forms
from tests.corpus.writing import DIRECTORY

FORMS = list(forms())


def test_nothing_else_is_written_down() -> None:
    assert sorted(path.name for path in SHOWN.iterdir()) == sorted(name for name, _, _ in FORMS)


@pytest.mark.parametrize(("file", "words", "environ"), FORMS, ids=[name for name, _, _ in FORMS])
def test_a_message_is_shown_as_written_down(
    run_mailcli: RunMailcli, file: str, words: tuple[str, ...], environ: dict[str, str]
) -> None:
    done = run_mailcli(*words, env=environ, cwd=DIRECTORY)

    shown = done.stdout.encode("utf-8", "surrogateescape")
    assert (done.returncode, shown) == (0, SHOWN.joinpath(file).read_bytes())
