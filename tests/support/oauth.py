"""OAuth 2.0 access tokens that Dovecot can check by itself, without any other server.

They are JSON Web Tokens (RFC 7519) signed with HMAC SHA-256 (RFC 7515),
validated by Dovecot's `introspection_mode = local`.
"""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path

_KEY = b"a key that only this Dovecot and its tests know"
_ISSUER = "mailcli-tests"  # no space: Dovecot reads a list of them


def token(user: str, *, lifetime: int) -> str:
    """Return a token for one user that ends in `lifetime` seconds, or ended so long ago."""
    now = int(time.time())
    header = {"typ": "JWT", "alg": "HS256"}
    claims = {"iss": _ISSUER, "sub": user, "iat": now - 60, "exp": now + lifetime}
    signed = _base64(json.dumps(header).encode()) + "." + _base64(json.dumps(claims).encode())
    mac = hmac.new(_KEY, signed.encode("ascii"), hashlib.sha256).digest()
    return f"{signed}.{_base64(mac)}"


def write_validation(directory: Path) -> None:
    """Write what Dovecot needs to validate tokens: its settings and the key."""
    key = directory / "keys" / "default" / "HS256" / "default"
    key.parent.mkdir(parents=True)
    key.write_bytes(base64.b64encode(_KEY))
    directory.joinpath("dovecot-oauth2.conf.ext").write_text(
        "introspection_mode = local\n"
        f"local_validation_key_dict = fs:posix:prefix={directory}/keys/\n"
        f"issuers = {_ISSUER}\n"
        "username_attribute = sub\n"
        "username_format = %Ln\n",
        "utf-8",
    )


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
