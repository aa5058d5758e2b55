"""What a run has to achieve. A fast failure is no speed.

A check is made before a run, when it may look at the server, and called after
it. Of mailcli it asks for the server's exact bytes, of the peers, which add
header lines, for the right number of messages.
"""

from collections.abc import Callable

from tests.bench.contenders import Contender, Keeps, Scene
from tests.bench.ground import Ground, Mailbox, stored_files, stored_fingerprints
from tests.bench.measure import Check, Run
from tests.bench.ours import BODY, RECIPIENT

MakeCheck = Callable[[Ground, Scene, Contender], Check]


def answers(_ground: Ground, _scene: Scene, _contender: Contender) -> Check:
    """Ask for nothing but a good exit status."""
    return lambda _run: None


def delivers_one(ground: Ground, _scene: Scene, _contender: Contender) -> Check:
    """Ask for exactly one more message at the recipient, with the text that was sent."""
    before = ground.count(RECIPIENT)

    def check(_run: Run) -> str | None:
        now, newest = ground.newest_after(RECIPIENT, before)
        if now != before + 1:
            return f"{now - before} messages delivered instead of 1"
        _, _, body = newest.partition(b"\r\n\r\n")
        return None if body.rstrip() == BODY.encode().rstrip() else "the text arrived changed"

    return check


def delivers(count: int) -> MakeCheck:
    """Ask for exactly so many more messages at the recipient."""

    def make(ground: Ground, _scene: Scene, _contender: Contender) -> Check:
        before = ground.count(RECIPIENT)

        def check(_run: Run) -> str | None:
            now, _ = ground.newest_after(RECIPIENT, before + count - 1)
            return None if now == before + count else f"{now - before} of {count} delivered"

        return check

    return make


def holds_all_of(mailbox: Mailbox) -> MakeCheck:
    """Ask for every message of a mailbox, once."""

    def make(_ground: Ground, scene: Scene, contender: Contender) -> Check:
        def check(run: Run) -> str | None:
            if contender.keeps is Keeps.BYTES:
                return _compare_bytes(scene, mailbox)
            found = _number_kept(scene, contender.keeps, run)
            return None if found == mailbox.size else f"{found:,} messages of {mailbox.size:,}"

        return check

    return make


def has_flags_of(mailbox: Mailbox) -> MakeCheck:
    """Ask for the number of a mailbox's messages, and as many flagged ones as the server has.

    The octets were compared when they came; comparing 100,000 of them again after each run
    would take longer than all the runs.
    """

    def make(ground: Ground, scene: Scene, _contender: Contender) -> Check:
        flagged = ground.flagged(mailbox.user)

        def check(_run: Run) -> str | None:
            names = [path.name for path in stored_files(scene.maildir)]
            found = sum("F" in name.rpartition(":2,")[2] for name in names)
            if len(names) != mailbox.size:
                return f"{len(names):,} messages of {mailbox.size:,}"
            return None if found == flagged else f"{found:,} flagged of {flagged:,}"

        return check

    return make


def _number_kept(scene: Scene, keeps: Keeps, run: Run) -> int:
    if keeps is Keeps.COUNT:
        return int(run.stdout or 0)
    if keeps is Keeps.FILES:
        return sum(1 for _ in scene.maildir.iterdir())
    return sum(1 for _ in stored_files(scene.maildir))


def _compare_bytes(scene: Scene, mailbox: Mailbox) -> str | None:
    expected, found = mailbox.fingerprints(), stored_fingerprints(scene.maildir)
    missing, extra = (expected - found).total(), (found - expected).total()
    return (
        f"messages missing or changed: {missing:,}; too many: {extra:,}"
        if missing or extra
        else None
    )
