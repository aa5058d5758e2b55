"""A compressed connection: both ways, without losing what came early, and without its dangers."""

import tracemalloc
import zlib

import pytest

from mailcli.errors import MailError, ProtocolViolation, TemporaryFailure
from mailcli.net import Wire
from mailcli.net.deflate import EMPTY_CAP, Deflate
from tests.scripted.imap import knows, store
from tests.scripted.sessions import NEVER, SOON, wired
from tests.support.dialogues import answer, goodbye, script
from tests.support.scripted import Scripted

EMPTY = r"\x00\x00\x00\xff\xff"
"""A block of deflate that holds nothing, as Z_SYNC_FLUSH ends with."""


def packed(raw: bytes) -> bytes:
    return Deflate().deflate(raw)


def unpacked(raw: bytes) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw)


def test_all_goes_compressed_from_the_agreement_on() -> None:
    logout = b"m3 LOGOUT\r\n"
    conversation = script(
        knows("COMPRESS=DEFLATE"),
        answer("COMPRESS DEFLATE"),
        f"C* {len(packed(logout))} sent",
    )
    with Scripted(conversation) as server, store(server) as session:
        assert session.compress()
        session.logout()
    assert unpacked(server.received["sent"]) == logout


def test_what_comes_together_with_the_agreement_is_not_lost() -> None:
    news = packed(b"* 5 EXISTS\r\n") + packed(b"")
    conversation = script(
        knows("COMPRESS=DEFLATE"),
        "C: {tag} COMPRESS DEFLATE",
        r"S! {tag} OK done\r\n{news}",
        "@rest",
    )
    values = {"news": news}
    with Scripted(conversation, values=values) as server, store(server) as session:
        session.compress()
        assert session._wire.await_data(NEVER)
        assert session._hear().number == 5  # type: ignore[union-attr]  # EXISTS has one


@pytest.mark.parametrize("reply", ["NO [COMPRESSIONACTIVE] TLS does it", "BAD what"])
def test_a_refusal_changes_nothing(reply: str) -> None:
    refused = answer("COMPRESS DEFLATE", status=reply)
    conversation = script(knows("COMPRESS=DEFLATE"), refused, goodbye("imap"))
    with Scripted(conversation) as server, store(server) as session:
        assert not session.compress()
        session.logout()


def test_nobody_asks_a_server_that_cannot() -> None:
    with Scripted(script(knows(), goodbye("imap"))) as server, store(server) as session:
        assert not session.compress()
        session.logout()


def _failed(said: str, *, timeout: float = NEVER, **values: bytes) -> MailError:
    """Read lines from a compressed wire until that fails."""
    with (
        Scripted(f"{said}\n", values=values) as server,
        wired(server, timeout=timeout) as wire,
        pytest.raises(MailError) as caught,
    ):
        _read_on(wire)
    return caught.value


def _read_on(wire: Wire) -> None:
    """Read compressed lines for ever."""
    wire.start_compression()
    while True:
        wire.makefile().readline()


def test_a_line_that_is_very_much_longer_than_it_looks_takes_no_memory() -> None:
    bomb = packed(b"x" * (200 << 20))
    tracemalloc.start()
    try:
        failure = _failed("S! {bomb}\n@rest", bomb=bomb)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert isinstance(failure, ProtocolViolation)
    assert "longer than" in failure.message


def test_many_lines_from_few_octets_are_cut_off_as_any_others() -> None:
    failure = _failed("S! {bomb}\n@rest", bomb=packed(b"* 1 EXISTS\r\n" * (1 << 20)))
    assert isinstance(failure, ProtocolViolation)
    assert "never ends" in failure.message


def test_octets_that_hold_nothing_for_ever_are_given_up() -> None:
    failure = _failed(f"@endless! {EMPTY}")
    assert isinstance(failure, ProtocolViolation)
    assert "hold nothing" in failure.message


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (r"S! \xff\xff\xff\xff" + "\n@rest", ProtocolViolation),
        (r"S! * OK plain\r\n" + "\n@rest", ProtocolViolation),
        ("S! {ended}\n@rest", ProtocolViolation),
        ("S! {half}\n@cut", TemporaryFailure),
        ("S! {half}\n@stall forever", TemporaryFailure),
        (f"S! {EMPTY}\n@stall forever", TemporaryFailure),
    ],
    ids=["damaged", "plain", "ended", "cut", "stalled", "empty"],
)
def test_compressed_octets_that_break_off_or_are_none(said: str, kind: type[MailError]) -> None:
    ended = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    whole = ended.compress(b"* OK hello\r\n") + ended.flush()
    failure = _failed(said, timeout=SOON, ended=whole, half=packed(b"* OK hel")[:-2])
    assert isinstance(failure, kind)
    assert failure.message.startswith("smtp 127.0.0.1:")


def test_both_ways_keep_every_octet_in_any_pieces() -> None:
    here, there = Deflate(), Deflate()
    raw = bytes(range(256)) * 300
    parts = [raw[:1], raw[1:70_000], b"", raw[70_000:]]
    found = b""
    for wire in map(here.deflate, parts):
        for octet in wire:
            there.feed(bytes([octet]))
            while got := there.inflate(7):
                found += got
    assert found == raw


def test_what_holds_something_now_and_then_may_go_on_for_ever() -> None:
    there = Deflate()
    here = Deflate()
    for _ in range(3):
        there.feed(here.deflate(b"x") + b"\x00\x00\x00\xff\xff" * (EMPTY_CAP // 10))
        assert there.inflate(10) == b"x"
        assert there.inflate(10) == b""
