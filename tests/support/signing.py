"""Throw-away keys and certificates, and what gpg and openssl themselves sign with them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.need import need
from tests.support.processes import server_directory


class PgpHome:
    """A home of gpg's own, with keys that need no passphrase."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.chmod(0o700)

    def make_key(self, user_id: str, *, faked_time: str | None = None) -> None:
        """Make a key that signs; with `faked_time`, as at that time, and long expired."""
        time = ("--faked-system-time", faked_time) if faked_time else ()
        valid = "1d" if faked_time else "never"
        self.gpg(*time, "--quick-gen-key", user_id, "ed25519", "sign", valid)

    def sign(self, octets: bytes, user_id: str, *more: str) -> bytes:
        """Return an armoured detached signature."""
        return self.gpg(*more, "--armor", "--local-user", user_id, "--detach-sign", stdin=octets)

    def export(self, user_id: str) -> bytes:
        """Return a public key, to be imported elsewhere."""
        return self.gpg("--export", user_id)

    def gpg(self, *args: str, stdin: bytes = b"") -> bytes:
        """Run gpg in this home, asking nobody anything."""
        command = ["gpg", "--homedir", str(self.directory), "--batch", "--quiet", "--yes"]
        done = subprocess.run(
            [*command, "--pinentry-mode", "loopback", "--passphrase", "", *args],
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout

    def close(self) -> None:
        """End the agent that gpg started for this home, and no other."""
        subprocess.run(["gpgconf", "--homedir", str(self.directory), "--kill", "all"], check=False)


@contextmanager
def pgp_home() -> Iterator[PgpHome]:
    """Make a home at a path short enough for its agent's socket."""
    need("gpg", "gpgconf")
    with server_directory("gpg") as directory:
        home = PgpHome(directory)
        try:
            yield home
        finally:
            home.close()


class SmimeAuthority:
    """A certificate authority, and signers with its certificates."""

    def __init__(self, directory: Path) -> None:
        need("openssl")
        self.directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test authority")
        self.file = directory / "authority.pem"
        certificate = self._certificate(self._name, self._key.public_key(), email=None)
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def sign(self, octets: bytes, name: str, email: str, *, days: int = 30) -> bytes:
        """Return a detached CMS signature in DER, by a new certificate for this address."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(_name(name), key.public_key(), email=email, days=days)
        pem = self.directory / "signer.pem"
        pem.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        command = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-signer", str(pem)]
        return subprocess.run(command, input=octets, capture_output=True, check=True).stdout

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, email: str | None, days: int = 30
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=100))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=email is None, path_length=None), True)
        )
        if email is not None:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.RFC822Name(email)]), False
            ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        return builder.sign(self._key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
