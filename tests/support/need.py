"""The one rule about what a machine lacks: under CI it fails the test, elsewhere it skips it.

A skipped test in CI would be a promise that nobody checks. Everywhere else
the message says what to install.
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

_MORE_PLACES = (
    "/usr/sbin",
    "/sbin",
    "/usr/lib/dovecot",
    "/usr/libexec/dovecot",
    "/usr/lib/postfix/sbin",
    "/usr/libexec/postfix",
    "/usr/lib/git-core",
)

_PACKAGES = {
    "dovecot": "dovecot-core",
    "doveadm": "dovecot-core",
    "imap": "dovecot-imapd",
    "pop3": "dovecot-pop3d",
    "lmtp": "dovecot-lmtpd",
    "postfix": "postfix",
    "master": "postfix",
    "gnome-keyring-daemon": "gnome-keyring",
    "dbus-daemon": "dbus",
    "dbus-run-session": "dbus",
    "strace": "strace",
    "setpriv": "util-linux",
    "mbsync": "isync",
    "gpg": "gpg",
    "gpgconf": "gpgconf",
    "openssl": "openssl",
    "mutt": "mutt",
    "script": "bsdutils",
    "git-send-email": "git-email libmailtools-perl",
}


def in_ci() -> bool:
    """Tell whether this run is CI's, where nothing may be skipped."""
    return os.environ.get("CI", "") == "true"


def find(program: str) -> Path | None:
    """Return where a program lies: on PATH, or where Debian puts servers and their parts."""
    places = os.pathsep.join([os.environ.get("PATH", ""), *_MORE_PLACES])
    found = shutil.which(program, path=places)
    return Path(found) if found else None


def need(*programs: str) -> None:
    """Go on only where all of these programs are installed."""
    missing = [program for program in programs if find(program) is None]
    if missing:
        packages = sorted({_PACKAGES.get(program, program) for program in missing})
        lack(f"needs {', '.join(missing)}: apt-get install {' '.join(packages)}")


def need_root() -> None:
    """Go on only as root: Postfix changes its user id itself."""
    if os.geteuid() != 0:
        lack("needs root")


def lack(what: str) -> NoReturn:
    """End the test because of what this machine lacks."""
    if in_ci():
        pytest.fail(what, pytrace=False)
    pytest.skip(what)
