"""Credentials: where the password or token of a login comes from.

`find` asks the sources in a fixed order; `vault` manages what is in the keyring. No
secret is ever taken from an option, written to a file of ours, put into the
environment, or shown.
"""

from mailcli.credentials.lookup import find
from mailcli.credentials.sources import Sources

__all__ = ["Sources", "find"]
