"""Credentials: where the password or token of a login comes from.

`find` asks the sources in a fixed order, `store` and `forget` manage what is
in the keyring. No secret is ever taken from an option, written to a file of
ours, put into the environment, or shown.
"""

from mailcli.credentials.lookup import find
from mailcli.credentials.sources import Sources
from mailcli.credentials.vault import forget, store

__all__ = ["Sources", "find", "forget", "store"]
