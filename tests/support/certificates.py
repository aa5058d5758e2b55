"""A throw-away certificate authority, and what it and a forger would issue (RFC 5280).

Nothing here outlives the test run. Every certificate but the deliberately
broken ones passes OpenSSL's strict checks, which Python 3.13 turns on: key
identifiers (§4.2.1.1, §4.2.1.2), key usage (§4.2.1.3) and a critical basic
constraint (§4.2.1.9).
"""

import hashlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its private key, both in PEM files."""

    cert: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in DER, as lower-case hex."""
        der = ssl.PEM_cert_to_DER_cert(self.cert.read_text("ascii"))
        return hashlib.sha256(der).hexdigest()


@dataclass(frozen=True, slots=True)
class _Issuer:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


class Authority:
    """A certificate authority whose files live in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._issued: dict[str, Certificate] = {}
        self._issuer = _Issuer(_name("mailcli test CA"), _new_key())
        self.ca_pem = directory / "ca.pem"
        self.ca_pem.write_bytes(_pem(_authority_certificate(self._issuer)))

    def server(self, *names: str) -> Certificate:
        """Return a server certificate for host names and IP addresses; loopback's by default."""
        names = names or LOOPBACK
        return self._issue("server " + " ".join(names), names)

    def wrong_name(self) -> Certificate:
        """Return a valid certificate of a host that is not this one."""
        return self.server("elsewhere.example.test")

    def expired(self) -> Certificate:
        """Return a certificate that was valid until yesterday."""
        return self._issue("expired", LOOPBACK, ends=-_DAY)

    def self_signed(self) -> Certificate:
        """Return a loopback certificate that nobody but itself vouches for."""
        key = _new_key()
        return self._issue(
            "self-signed", LOOPBACK, issuer=_Issuer(_name("localhost"), key), key=key
        )

    def client(self, name: str = "u1@example.test") -> Certificate:
        """Return a certificate by which a client may prove who it is."""
        return self._issue(f"client {name}", (name,), client=True)

    def context(self) -> ssl.SSLContext:
        """Return what a client needs to trust this authority, with the checks of Python 3.13."""
        context = ssl.create_default_context(cafile=self.ca_pem)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    def _issue(
        self,
        label: str,
        names: tuple[str, ...],
        *,
        ends: timedelta = 30 * _DAY,
        issuer: _Issuer | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        client: bool = False,
    ) -> Certificate:
        if label not in self._issued:
            key = key or _new_key()
            built = _leaf(issuer or self._issuer, key, names, ends=ends, client=client)
            stem = self._directory / f"leaf{len(self._issued)}"
            self._issued[label] = _write(stem, built, key)
        return self._issued[label]


def _leaf(
    issuer: _Issuer,
    key: ec.EllipticCurvePrivateKey,
    names: tuple[str, ...],
    *,
    ends: timedelta,
    client: bool,
) -> x509.Certificate:
    use = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    builder = _builder(_name(names[0]), key, issuer, ends=ends)
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(ca=False), True),
        (x509.ExtendedKeyUsage([use]), False),
        (x509.SubjectAlternativeName([_general_name(name) for name in names]), False),
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer.key, hashes.SHA256())


def _authority_certificate(issuer: _Issuer) -> x509.Certificate:
    return (
        _builder(issuer.name, issuer.key, issuer, ends=30 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: _Issuer, *, ends: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    own_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 10 * _DAY)
        .not_valid_after(now + ends)
        .add_extension(own_id, critical=False)
        .add_extension(issuer_id, critical=False)
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    if "@" in name:
        return x509.RFC822Name(name)
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(
    stem: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> Certificate:
    files = Certificate(stem.with_suffix(".pem"), stem.with_suffix(".key"))
    files.cert.write_bytes(_pem(certificate))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files.key.write_bytes(private)
    return files
