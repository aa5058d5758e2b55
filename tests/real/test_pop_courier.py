"""`mailcli pop-fetch` and Courier: another server than Dovecot agrees."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import WriteConfig
from tests.support.courier import Courier, courier
from tests.support.local_mail import mail_files
from tests.support.maildrop import Maildrop
from tests.support.processes import wait_until

RAWS = [
    b"Subject: plain\n\nHello.\n",
    b"Subject: dots\n\n.\n..\n.x\n",
    b"Subject: long\n\n" + b"x" * 100_000 + b"\n",
    b"Subject: 8 bit\n\n" + bytes(range(128, 256)) + b"\n",
    b"Subject: no body\n",
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Courier]:
    with courier(tmp_path) as running:
        yield running


@pytest.fixture
def drop(write_config: WriteConfig, home: Path) -> Maildrop:
    return Maildrop(write_config, home)


def files(drop: Maildrop) -> list[bytes]:
    return sorted(path.read_bytes() for path in mail_files(drop.inbox))


def wait_for_none(server: Courier) -> None:
    """Wait until no message is there: Courier answers QUIT first, and removes files then."""
    wait_until(lambda: server.there == [], timeout=20, what="Courier to delete them")


def test_every_octet_arrives_once_and_stays_there(server: Courier, drop: Maildrop) -> None:
    server.put(*RAWS)
    first = drop.run(port=server.port)
    again = drop.run(port=server.port)
    assert (first.code, first.err) == (0, "")
    assert first.counts("fetched", "kept") == (len(RAWS), len(RAWS))
    assert again.counts("fetched", "kept") == (0, len(RAWS))
    assert files(drop) == sorted(RAWS)
    assert server.there == RAWS


def test_several_hundred_go_out_together_and_are_deleted_there(
    server: Courier, drop: Maildrop
) -> None:
    raws = [b"Subject: %d\n\n%s\n" % (number, b"y" * number) for number in range(450)]
    server.put(*raws)
    ran = drop.run("--delete", port=server.port)
    assert (ran.code, ran.counts("fetched", "deleted", "kept")) == (0, (450, 450, 0))
    assert files(drop) == sorted(raws)
    wait_for_none(server)


def test_what_was_kept_is_deleted_later_without_another_fetch(
    server: Courier, drop: Maildrop
) -> None:
    server.put(*RAWS)
    drop.run(port=server.port)
    server.put(b"Subject: new\n\n")
    ran = drop.run("--delete", port=server.port)
    assert ran.counts("fetched", "deleted") == (1, len(RAWS) + 1)
    wait_for_none(server)


def test_status_counts_as_courier_does(server: Courier, drop: Maildrop) -> None:
    server.put(*RAWS)
    status = drop.run("--status", port=server.port).account["status"]
    assert (status["messages"], status["new"]) == (len(RAWS), len(RAWS))
