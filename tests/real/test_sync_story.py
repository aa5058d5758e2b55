"""The same long story on servers that can do all, or little, and on another server: one end."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.support.certificates import Authority
from tests.support.cyrus import Cyrus, cyrus
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.mbsync import pulled, without_keywords
from tests.support.processes import server_directory
from tests.support.sync_world import LEFT_OUT, directory_in_memory, new_world
from tests.support.sync_world_mail import hold_same
from tests.support.sync_world_server import Place
from tests.support.sync_world_story import Story, tell

_LEAST = "IMAP4rev1 SASL-IR AUTH=PLAIN"
CAPABILITIES = {
    "plain": _LEAST,
    "condstore": f"{_LEAST} CONDSTORE",
    "uidplus": f"{_LEAST} UIDPLUS",
    "qresync": f"{_LEAST} UIDPLUS ENABLE CONDSTORE QRESYNC",
    "move-without-uidplus": f"{_LEAST} MOVE SPECIAL-USE ENABLE CONDSTORE QRESYNC",
    "no-uidplus": f"{_LEAST} ENABLE CONDSTORE QRESYNC ESEARCH LIST-EXTENDED LIST-STATUS",
}
LINGERS = frozenset({"plain", "condstore", "no-uidplus"})
"""Where nothing deletes just one message: what is deleted on a device stays on the server."""


@pytest.fixture(scope="module")
def other_server() -> Iterator[Cyrus]:
    """A server of other people."""
    with server_directory("cyrus") as directory, cyrus(directory) as server:
        yield server


@pytest.fixture
def memory() -> Iterator[Path]:
    """Where the devices live."""
    with directory_in_memory() as directory:
        yield directory


def test_with_all_extensions_and_mbsync_sees_the_same(
    dovecot: Dovecot, account_user: str, memory: Path
) -> None:
    place = Place(dovecot.imap, account_user, PASSWORD)
    world = new_world(place, memory / "devices", left_out=LEFT_OUT)
    story = Story(world)
    tell(story)
    other = memory / "mbsync"
    other.mkdir()
    seen = pulled(place, other, left_out=LEFT_OUT, given=story.messages.values())
    hold_same(seen, without_keywords(world.devices["a"].copies()), "in what mbsync fetched")
    world.third.close()


@pytest.mark.parametrize("name", CAPABILITIES)
def test_with_fewer_extensions(name: str, authority: Authority, memory: Path) -> None:
    with ExitStack() as stack:
        directory = stack.enter_context(server_directory("dovecot"))
        server = stack.enter_context(
            # With all extensions it is SCRAM; its hashes cost more than what most runs ask for.
            running_dovecot(
                directory, authority, capability=CAPABILITIES[name], mechanisms=["plain"]
            )
        )
        world = new_world(Place(server.imap, "u1", PASSWORD), memory, left_out=LEFT_OUT)
        stack.callback(world.third.close)
        tell(Story(world, lingers=name in LINGERS))


def test_on_another_server(other_server: Cyrus, memory: Path) -> None:
    world = new_world(other_server.place(), memory)
    tell(Story(world))
    world.third.close()
