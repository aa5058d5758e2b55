"""Signatures as the real gpg and openssl see them, in homes and with authorities of our own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.signing import PgpHome, SmimeAuthority, pgp_home

from mailcli.app.verification import Checked, Content, Verifier

TEXT = b"Content-Type: text/plain\r\n\r\nThe engine weaves algebraical patterns.\r\n"
ADA = "ada@example.org"


def content(octets: bytes = TEXT) -> Content:
    return lambda: iter([octets[:10], octets[10:]])


@pytest.fixture(scope="module")
def keys() -> Iterator[PgpHome]:
    with pgp_home() as home:
        home.make_key(f"Ada Lovelace <{ADA}>")
        home.make_key("Mallory [GNUPG:] GOODSIG <m@evil.test>")
        home.make_key("Old <old@example.org>", faked_time="20200101T000000")
        yield home


@pytest.fixture(scope="module")
def stranger(keys: PgpHome) -> Iterator[PgpHome]:
    """Somebody who has Ada's public key, and has not certified it."""
    with pgp_home() as home:
        home.gpg("--import", stdin=keys.export(ADA))
        yield home


def verifier(home: PgpHome) -> Verifier:
    return Verifier({**os.environ, "GNUPGHOME": str(home.directory)})


def test_a_good_signature_of_the_sender_is_told_with_its_key(keys: PgpHome) -> None:
    checked = verifier(keys).pgp(content(), keys.sign(TEXT, ADA), ["ADA@example.org"])

    assert checked.key
    assert checked == Checked(
        "good",
        f"good signature (PGP) by Ada Lovelace <{ADA}>",
        f"Ada Lovelace <{ADA}>",
        checked.key,
        trusted=True,
        from_sender=True,
    )


def test_a_key_that_nobody_certified_could_be_anybodys(keys: PgpHome, stranger: PgpHome) -> None:
    checked = verifier(stranger).pgp(content(), keys.sign(TEXT, ADA), [ADA])

    assert (checked.status, checked.trusted, checked.from_sender) == ("good", False, True)
    assert "not certified" in checked.detail


def test_a_signature_of_somebody_else_says_so(keys: PgpHome) -> None:
    checked = verifier(keys).pgp(content(), keys.sign(TEXT, "m@evil.test"), [ADA])

    assert (checked.status, checked.from_sender) == ("good", False)
    assert checked.detail.endswith("the key does not name the sender's address")


def test_a_changed_text_is_a_bad_signature(keys: PgpHome) -> None:
    checked = verifier(keys).pgp(content(TEXT + b"x"), keys.sign(TEXT, ADA), [ADA])

    assert (checked.status, checked.trusted, checked.from_sender) == ("bad", False, False)
    assert checked.detail == (
        f"BAD signature (PGP) by Ada Lovelace <{ADA}>: the text is not what was signed"
    )


def test_one_bad_signature_among_good_ones_counts(keys: PgpHome) -> None:
    both = keys.sign(TEXT, ADA, "--no-armor") + keys.sign(b"other", ADA, "--no-armor")

    assert verifier(keys).pgp(content(), both, [ADA]).status != "good"


def test_an_unknown_key_is_named(keys: PgpHome, stranger: PgpHome) -> None:
    checked = verifier(stranger).pgp(content(), keys.sign(TEXT, "m@evil.test"), [ADA])

    assert checked.status == "unknown"
    assert checked.detail == (
        f"signed, not verified (PGP): its key {checked.key} is not in the keyring"
    )


def test_an_expired_key_does_not_verify(keys: PgpHome) -> None:
    signature = keys.sign(TEXT, "old@example.org", "--faked-system-time", "20200101T010000")

    checked = verifier(keys).pgp(content(), signature, ["old@example.org"])

    assert (checked.status, checked.from_sender) == ("unknown", False)
    assert "its key has expired" in checked.detail


@pytest.mark.parametrize("signature", [b"", b"junk\n", b"-----BEGIN PGP SIGNATURE-----\n\nxx\n"])
def test_what_is_no_signature_is_not_verified(keys: PgpHome, signature: bytes) -> None:
    checked = verifier(keys).pgp(content(), signature, [ADA])

    assert checked.status == "unknown"
    assert "it holds no signature" in checked.detail


def test_a_signed_message_is_no_signature_over_another_text(keys: PgpHome) -> None:
    signed = keys.gpg("--armor", "--local-user", ADA, "--sign", stdin=b"something else")

    assert verifier(keys).pgp(content(), signed, [ADA]).status != "good"


def test_gpg_makes_no_home_for_who_has_none(home: Path, keys: PgpHome) -> None:
    checked = Verifier({"PATH": os.environ["PATH"], "HOME": str(home)}).pgp(
        content(), keys.sign(TEXT, ADA), [ADA]
    )

    assert checked.status == "unknown"
    assert not home.joinpath(".gnupg").exists()


def test_without_the_programs_the_signature_is_named(home: Path) -> None:
    lonely = Verifier({"PATH": str(home), "HOME": str(home)})

    assert lonely.pgp(content(), b"", []).detail == (
        "signed (PGP), not verified: gpg is not installed"
    )
    assert lonely.smime(content(), b"", []).detail == (
        "signed (S/MIME), not verified: openssl is not installed"
    )


def test_a_program_that_hangs_is_stopped(home: Path) -> None:
    program = home / "gpg"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    program.chmod(0o700)
    slow = Verifier({"PATH": f"{home}:{os.environ['PATH']}", "HOME": str(home)}, seconds=0.05)

    assert slow.pgp(content(b"x" * 1_000_000), b"", []).detail == (
        "signed (PGP), not verified: gpg took longer than 0.05 seconds"
    )


@pytest.fixture(scope="module")
def smime(tmp_path_factory: pytest.TempPathFactory) -> SmimeAuthority:
    return SmimeAuthority(tmp_path_factory.mktemp("smime"))


def trusting(smime: SmimeAuthority) -> Verifier:
    return Verifier({**os.environ, "SSL_CERT_FILE": str(smime.file)})


def test_a_good_certificate_of_the_sender_is_told(smime: SmimeAuthority) -> None:
    signature = smime.sign(TEXT, "Ada Lovelace", ADA)

    checked = trusting(smime).smime(content(), signature, [ADA])

    assert checked.key
    assert checked == Checked(
        "good",
        f"good signature (S/MIME) by Ada Lovelace <{ADA}>",
        f"Ada Lovelace <{ADA}>",
        checked.key,
        trusted=True,
        from_sender=True,
    )


def test_a_certificate_of_an_unknown_authority_is_not_trusted(smime: SmimeAuthority) -> None:
    signature = smime.sign(TEXT, "Ada Lovelace", ADA)

    checked = Verifier(os.environ).smime(content(), signature, [ADA])

    assert (checked.status, checked.trusted, checked.from_sender) == ("good", False, True)
    assert "the certificate is not trusted: unable to get local issuer" in checked.detail


def test_an_expired_certificate_is_not_trusted(smime: SmimeAuthority) -> None:
    signature = smime.sign(TEXT, "Ada Lovelace", ADA, days=-1)

    checked = trusting(smime).smime(content(), signature, [ADA])

    assert (checked.status, checked.trusted) == ("good", False)
    assert "certificate has expired" in checked.detail


def test_a_certificate_of_somebody_else_says_so(smime: SmimeAuthority) -> None:
    checked = trusting(smime).smime(content(), smime.sign(TEXT, "M", "m@evil.test"), [ADA])

    assert (checked.status, checked.from_sender) == ("good", False)


@pytest.mark.parametrize(
    ("name", "email", "signer"),
    [
        (f"M\n{ADA}", "m@evil.test", f"M\\0A{ADA} <m@evil.test>"),
        ("M\nsubject=CN=Ada", "m@evil.test", "M\\0Asubject=CN=Ada <m@evil.test>"),
        ("SHA256 Fingerprint=AD:A0", "m@evil.test", "SHA256 Fingerprint=AD:A0 <m@evil.test>"),
        ("M", f"m@evil.test\n{ADA}", "M"),
        ("M", f"{ADA}\nm@evil.test", "M"),
    ],
    ids=["emails", "subject", "fingerprint", "address-behind", "address-before"],
)
def test_a_certificate_with_line_ends_does_not_name_somebody_else(
    smime: SmimeAuthority, name: str, email: str, signer: str
) -> None:
    checked = trusting(smime).smime(content(), smime.sign(TEXT, name, email), [ADA])

    assert (checked.status, checked.from_sender, checked.signer) == ("good", False, signer)
    assert len(checked.key or "") == 64


def test_a_changed_text_is_a_bad_cms_signature(smime: SmimeAuthority) -> None:
    signature = smime.sign(TEXT, "Ada Lovelace", ADA)

    for each in (trusting(smime), Verifier(os.environ)):
        assert each.smime(content(TEXT + b"x"), signature, [ADA]).status == "bad"


def test_what_is_no_cms_signature_is_not_verified(smime: SmimeAuthority) -> None:
    checked = trusting(smime).smime(content(), b"junk", [ADA])

    assert checked.detail == "signed (S/MIME), not verified: openssl cannot read the signature"
