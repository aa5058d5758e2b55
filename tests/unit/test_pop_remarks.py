"""What is said of a maildrop though all goes well, and what a server says that it can do."""

import pytest

from mailcli.app.pop_options import maildrop_of
from mailcli.app.pop_remarks import remarks_on
from mailcli.config import Login, PopServer
from mailcli.model import Endpoint, Protocol, TlsPolicy
from mailcli.pop.capabilities import Capabilities
from mailcli.pop.listing import Listing
from mailcli.pop.plan import Policy


def remarks(host: str, username: str) -> list[str]:
    server = PopServer(Endpoint(Protocol.POP3, host, 995, TlsPolicy()), Login(username))
    return remarks_on(server, Capabilities(), Policy(), Listing(), [])


@pytest.mark.parametrize(
    ("host", "username", "said"),
    [
        ("pop.gmail.com", "ada@gmail.com", True),
        ("POP.GMAIL.COM", "ada@gmail.com", True),
        ("pop.googlemail.com", "ada@gmail.com", True),
        ("pop.gmail.com", "recent:ada@gmail.com", False),
        ("pop.example.org", "ada@gmail.com", False),
        ("notgmail.com", "ada", False),
    ],
)
def test_gmails_habit_is_explained_where_the_host_is_gmail(
    host: str, username: str, said: bool
) -> None:
    found = remarks(host, username)
    assert bool(found) is said
    assert not said or f'"recent:{username}"' in found[0]


@pytest.mark.parametrize(
    ("host", "username", "known_as"),
    [
        ("pop.gmail.com", "recent:ada@gmail.com", "ada@gmail.com"),
        ("pop.gmail.com", "ada@gmail.com", "ada@gmail.com"),
        ("pop.example.org", "recent:ada", "recent:ada"),
    ],
)
def test_a_maildrop_of_gmails_is_the_same_whatever_it_is_asked_for(
    host: str, username: str, known_as: str
) -> None:
    server = PopServer(Endpoint(Protocol.POP3, host, 995, TlsPolicy()), Login(username))
    assert maildrop_of(server) == (host, known_as)


@pytest.mark.parametrize(
    ("line", "delay", "days"),
    [
        (b"LOGIN-DELAY 900", 900, None),
        (b"login-delay 900 USER", 900, None),
        (b"LOGIN-DELAY", 0, None),
        (b"LOGIN-DELAY -5", 0, None),
        (b"LOGIN-DELAY 1e9", 0, None),
        (b"LOGIN-DELAY 9999999999999", 0, None),
        (b"EXPIRE NEVER", 0, None),
        (b"EXPIRE 0", 0, 0),
        (b"EXPIRE 30 USER", 0, 30),
        (b"EXPIRE \xff", 0, None),
        (b"", 0, None),
    ],
)
def test_a_capability_that_makes_no_sense_promises_nothing(
    line: bytes, delay: int, days: int | None
) -> None:
    able = Capabilities.of([line, b"UIDL", b"\0\xff"])
    assert (able.login_delay, able.expires_after) == (delay, days)
    assert "UIDL" in able
