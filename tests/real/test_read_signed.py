"""Signed messages, as servers deliver them and as a Maildir keeps them, read with real tools."""

from base64 import encodebytes
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import document, put
from tests.support.signing import PgpHome, SmimeAuthority, pgp_home

ADA = "ada@example.org"
TEXT = (
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe engine weaves \xc3\xa4.\r\n-- \r\nAda\r\n"
)


@pytest.fixture(scope="module")
def keys() -> Iterator[PgpHome]:
    with pgp_home() as home:
        home.make_key(f"Ada Lovelace <{ADA}>")
        yield home


def signed(kind: str, signature: bytes, *, content: bytes = TEXT, sender: str = ADA) -> bytes:
    """Return a message as it is on the wire, with CRLF."""
    head = f"From: Ada <{sender}>\r\nSubject: signed\r\n"
    field = f'Content-Type: multipart/signed; protocol="{kind}"; boundary=b\r\n\r\n--b\r\n'
    middle = f"\r\n--b\r\nContent-Type: {kind}\r\n"
    return (head + field).encode() + content + middle.encode() + signature + b"\r\n--b--\r\n"


@pytest.fixture
def pgp_message(keys: PgpHome) -> Callable[..., bytes]:
    def message(content: bytes = TEXT) -> bytes:
        armoured = b"\r\n" + keys.sign(TEXT, ADA).replace(b"\n", b"\r\n")
        return signed("application/pgp-signature", armoured, content=content)

    return message


@pytest.mark.parametrize("stored", ["as it came", "with LF"])
def test_a_good_signature_is_told_however_it_is_stored(
    run_mailcli: RunMailcli,
    home: Path,
    keys: PgpHome,
    pgp_message: Callable[..., bytes],
    stored: str,
) -> None:
    raw = pgp_message()
    path = put(home / "old", "1.x", raw if stored == "as it came" else raw.replace(b"\r\n", b"\n"))
    environ = {"GNUPGHOME": str(keys.directory)}

    found = document(run_mailcli("read", path, "--json", env=environ), "read")
    shown = run_mailcli("read", path, env=environ).stdout

    (signature,) = found["signatures"]
    assert (signature["status"], signature["trusted"], signature["from_sender"]) == (
        "good", True, True
    )  # fmt: skip
    assert found["attachments"] == []
    assert found["text"] == "The engine weaves ä.\n-- \nAda\n"
    assert f"✓ good signature (PGP) by Ada Lovelace <{ADA}>\n" in shown


def test_a_changed_message_is_told(
    run_mailcli: RunMailcli, home: Path, keys: PgpHome, pgp_message: Callable[..., bytes]
) -> None:
    path = put(home / "old", "1.x", pgp_message(content=TEXT.replace(b"engine", b"loom")))

    shown = run_mailcli("read", path, env={"GNUPGHOME": str(keys.directory)}).stdout

    assert "✗ BAD signature (PGP)" in shown


def test_a_part_that_is_signed_does_not_vouch_for_the_rest(
    run_mailcli: RunMailcli, home: Path, keys: PgpHome, pgp_message: Callable[..., bytes]
) -> None:
    head, _, body = pgp_message().partition(b"Content-Type: multipart/signed")
    raw = (
        head
        + b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/signed"
        + body
        + b"\r\n--o\r\n\r\nSend money to Mallory.\r\n--o--\r\n"
    )
    path = put(home / "old", "1.x", raw)

    shown = run_mailcli("read", path, env={"GNUPGHOME": str(keys.directory)}).stdout

    assert "? part 1: good signature (PGP)" in shown
    assert "the rest of the message is not signed" in shown


def test_a_message_in_a_maildir_that_is_marked_verbatim_is_checked_as_it_is(
    run_mailcli: RunMailcli, write_config: WriteConfig, home: Path, keys: PgpHome
) -> None:
    write_config({"work": {"email": "bob@example.org"}})
    text = TEXT.replace(b"\r\n", b"\n")
    armoured = b"\n" + keys.sign(text, ADA)
    raw = signed("application/pgp-signature", armoured, content=text).replace(b"\r\n", b"\n")
    put(home / "Mail" / "work" / "INBOX", "1.x,V:2,", raw)
    put(home / "Mail" / "work" / "INBOX", "2.x:2,", raw)

    found = document(
        run_mailcli("read", "1-2", "--json", env={"GNUPGHOME": str(keys.directory)}), "read"
    )

    statuses = {
        Path(each["path"]).name[0]: each["signatures"][0]["status"] for each in found["messages"]
    }
    assert statuses == {"1": "good", "2": "bad"}


def test_an_s_mime_signature_is_told(run_mailcli: RunMailcli, home: Path, tmp_path: Path) -> None:
    authority = SmimeAuthority(tmp_path)
    der = authority.sign(TEXT, "Ada Lovelace", ADA)
    encoded = encodebytes(der).replace(b"\n", b"\r\n")
    signature = b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded
    path = put(home / "old", "1.x", signed("application/pkcs7-signature", signature))

    trusted = run_mailcli("read", path, env={"SSL_CERT_FILE": str(authority.file)}).stdout
    unknown = run_mailcli("read", path).stdout

    assert f"✓ good signature (S/MIME) by Ada Lovelace <{ADA}>\n" in trusted
    assert "? good signature (S/MIME)" in unknown
    assert "the certificate is not trusted" in unknown


def test_without_gpg_a_signature_is_named(
    run_mailcli: RunMailcli, home: Path, pgp_message: Callable[..., bytes]
) -> None:
    path = put(home / "old", "1.x", pgp_message())

    shown = run_mailcli("read", path, env={"PATH": "/nowhere"}).stdout

    assert "? signed (PGP), not verified: gpg is not installed\n" in shown
    assert "The engine weaves ä.\n" in shown
