"""The report about what could not be delivered."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

from mailcli.message.bounce import Failure, bounce
from mailcli.model import Address


def test_the_report_to_an_international_domain_has_a_header_in_ascii() -> None:
    octets = bounce(
        Address("Jörg", "j@bücher.de"),
        [Failure("x@y.example", 550, "5.1.1", "no such user")],
        subject="Grüße",
        header=b"Subject: x\r\n\r\n",
        now=datetime(2026, 1, 2, tzinfo=UTC),
        token="0123",
    )
    assert octets.partition(b"\r\n\r\n")[0].isascii()
    report = message_from_bytes(octets, policy=policy.default)
    assert report["To"].addresses[0].addr_spec == "j@xn--bcher-kva.de"
    assert report["From"].addresses[0].addr_spec == "j@xn--bcher-kva.de"
    assert report["Message-ID"] == "<0123@xn--bcher-kva.de>"
