"""What the bench changes on its server, and how it sees that a contender has followed."""

from pathlib import Path
from typing import cast

import pytest
from tests.bench.checks import has_flags_of
from tests.bench.contenders import Command, Contender, Scene
from tests.bench.corpus import SHORT, message
from tests.bench.ground import Ground, Mailbox
from tests.bench.measure import Run
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.postfix import Postfix

_DONE = Run(0, 1.0, 1.0, 1)
_NOBODY = Contender("nobody", lambda _scene: Command((), {}))


@pytest.fixture
def ground(tmp_path: Path, authority: Authority, dovecot: Dovecot) -> Ground:
    """The bench's ground on the shared Dovecot, without a Postfix."""
    return Ground(tmp_path, authority, dovecot, cast("Postfix", None))


def test_a_flag_is_flipped_there_and_back(ground: Ground, account_user: str) -> None:
    ground.fill(Mailbox(account_user, (("INBOX", range(SHORT, SHORT + 3)),)))
    ground.flip_flag(account_user, 2)
    assert ground.flagged(account_user) == 1
    flags = ground.dovecot.flags(account_user)
    assert [uid for uid, found in flags.items() if "\\Flagged" in found] == [2]
    ground.flip_flag(account_user, 2)
    assert ground.flagged(account_user) == 0


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        pytest.param(["1:2,S", "2:2,FS", "3"], None, id="as on the server"),
        pytest.param(["F1:2,S", "2", "3"], "0 flagged of 1", id="flag missing"),
        pytest.param(["1:2,F", "2:2,FS", "3"], "2 flagged of 1", id="flag too many"),
        pytest.param(["1:2,S", "2:2,FS"], "2 messages of 3", id="message missing"),
    ],
)
def test_a_copy_must_have_as_many_messages_and_flags_as_the_server(
    ground: Ground, tmp_path: Path, account_user: str, names: list[str], complaint: str | None
) -> None:
    mailbox = Mailbox(account_user, (("INBOX", range(SHORT, SHORT + 3)),))
    ground.fill(mailbox)
    ground.flip_flag(account_user, 2)
    scene = Scene(tmp_path, 0, tmp_path / "ca.pem", account_user)
    cur = scene.maildir / "INBOX" / "cur"
    cur.mkdir(parents=True)
    for name in names:
        (cur / name).write_bytes(message(SHORT))
    assert has_flags_of(mailbox)(ground, scene, _NOBODY)(_DONE) == complaint
