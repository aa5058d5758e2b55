"""One value of the configuration from its text: address, host, fingerprint, proxy, names.

Pure: text in, value out. What is wrong is a `ValueError` that says what the
value should look like; `mailcli.config.table` adds the path of the key.
"""

import re

from mailcli.model import Address

_EMAIL = r"[^\s<>()\[\],;:\"\\@]+@[^\s<>(),;\"\\@]+"
_ACCOUNT_NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}"
_HOST = r"[^\s/@:\[\]\\]+"
_PROXY = r"socks5://(?:\[[0-9A-Fa-f:.]+\]|[^\s/@:\[\]]+):([0-9]{1,5})"
_SHA256_OCTETS = 32


def address(text: str) -> Address:
    """Return the address in `ada@example.org` or `Ada Lovelace <ada@example.org>`."""
    name, bracket, rest = text.strip().rpartition("<")
    email = rest.removesuffix(">") if bracket else rest
    if not re.fullmatch(_EMAIL, email) or (bracket and not rest.endswith(">")):
        raise ValueError('write "ada@example.org" or "Ada Lovelace <ada@example.org>"')
    return Address(_unquoted(name.strip()), email)


def _unquoted(name: str) -> str:
    """Return a display name without the quotes it may stand in (RFC 5322 §3.2.4)."""
    if len(name) >= 2 and name[0] == name[-1] == '"':
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def account_name(text: str) -> str:
    """Return a name that is safe as a file name and as a keyring user name."""
    if not re.fullmatch(_ACCOUNT_NAME, text):
        raise ValueError(
            "an account name has 1 to 64 letters, digits, dots, dashes and underscores, "
            "and starts with no dot or dash"
        )
    return text


def host(text: str) -> str:
    """Return a host name, or an IP address without brackets."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if bare.count(":") > 1:
        import ipaddress

        return str(ipaddress.IPv6Address(bare))
    if not re.fullmatch(_HOST, bare):
        raise ValueError("write the host name alone; the port has a key of its own")
    return bare


def fingerprint(text: str) -> bytes:
    """Return the SHA-256 of a certificate: 32 octets from hex, colons and prefix optional."""
    digits = text.strip().lower().removeprefix("sha256:").replace(":", "")
    if not re.fullmatch(r"[0-9a-f]*", digits) or len(digits) != 2 * _SHA256_OCTETS:
        raise ValueError('write "sha256:" and the 64 hexadecimal digits of the certificate')
    return bytes.fromhex(digits)


def proxy(text: str) -> str:
    """Return the address of a SOCKS proxy; one that holds a password is refused."""
    found = re.fullmatch(_PROXY, text)
    if found is None or not 1 <= int(found[1]) <= 65535:
        raise ValueError('write "socks5://host:port", without a user name or password')
    return text


def command(text: str) -> tuple[str, ...]:
    """Return the words of a command, split as a shell would; no shell ever runs."""
    from shlex import split

    try:
        return tuple(split(text))
    except ValueError as error:
        raise ValueError(f"cannot be split into words: {str(error).lower()}") from None
