"""A private Cyrus IMAP 3.6 on loopback, run by an ordinary user: another server than Dovecot.

It has extensions that Dovecot lacks (OBJECTID, RFC 8474) and other habits. Debian does not
install it beside Dovecot, so `.ci/servers` unpacks its packages into `.servers`. Any user name
logs in with any password; a user's INBOX is made at the first login. Messages are stored with
each CR, LF or CRLF as CRLF.
"""

import contextlib
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.support.need import find, lack
from tests.support.ports import free_ports
from tests.support.processes import ServerProcess, ServerUser
from tests.support.sync_world_server import Place

_UNPACKED = Path(__file__).parents[2] / ".servers"
_PROGRAMS = ("master", "imapd", "ctl_cyrusdb")
_DIRECTORIES = (
    *("backup", "db", "lock", "log", "msg", "proc", "ptclient"),
    *("quota", "sieve", "socket", "sync", "user"),
)


class Cyrus:
    """A running Cyrus."""

    def __init__(self, port: int, process: ServerProcess) -> None:
        self.port = port
        self._process = process
        self._users = itertools.count(1)

    @property
    def pid(self) -> int:
        """Process id of the master, and of its session."""
        return self._process.pid

    def place(self) -> Place:
        """Return where a user logs in whom nobody else is."""
        return Place(self.port, f"u{next(self._users)}", "pw")


@contextlib.contextmanager
def cyrus(directory: Path) -> Iterator[Cyrus]:
    """Run a Cyrus in `directory` (see `processes.server_directory`) and stop it in the end.

    Raises: RuntimeError when it does not come up.
    """
    programs, libraries = _bring(directory)
    (port,) = free_ports(1)
    user = ServerUser.current()
    for name in _DIRECTORIES:
        directory.joinpath("conf", name).mkdir(parents=True)
    directory.joinpath("spool").mkdir()
    imapd = directory / "imapd.conf"
    imapd.write_text(_IMAPD.format(directory=directory, user=user), "ascii")
    services = directory / "cyrus.conf"
    services.write_text(_SERVICES.format(programs=programs, imapd=imapd, port=port), "ascii")
    log = directory / "cyrus.log"
    log.touch()
    user.own(directory)
    paths = ["-C", str(imapd), "-M", str(services), "-p", str(directory / "master.pid")]
    command = ["env", f"LD_LIBRARY_PATH={libraries}", str(programs / "master"), *paths]
    process = ServerProcess(command, log=log, user=user, name="Cyrus")
    try:
        process.wait_for_greeting(port, b"* OK")
        yield Cyrus(port, process)
    finally:
        process.stop()


def _bring(directory: Path) -> tuple[Path, str]:
    """Return where the programs are, and their libraries, for a user who may not read ours."""
    if (installed := find("cyrmaster")) and installed.is_relative_to("/usr"):
        return Path("/usr/lib/cyrus/bin"), ""
    unpacked = _UNPACKED / "usr/lib/cyrus/bin"
    if not unpacked.joinpath("master").exists():
        lack("needs Cyrus: run .ci/servers, which unpacks Debian's cyrus-imapd and cyrus-common")
    programs, libraries = directory / "bin", directory / "lib"
    programs.mkdir()
    libraries.mkdir()
    for name in _PROGRAMS:
        shutil.copy(unpacked / name, programs)
    for library in _UNPACKED.glob("**/*-linux-gnu/*.so.*"):
        shutil.copy(library, libraries, follow_symlinks=False)
    return programs, str(libraries)


_IMAPD = """
configdirectory: {directory}/conf
defaultpartition: default
partition-default: {directory}/spool
cyrus_user: {user.name}
cyrus_group: {user.group}
altnamespace: yes
unixhierarchysep: yes
allowplaintext: yes
autocreate_quota: 0
sasl_mech_list: PLAIN
sasl_pwcheck_method: alwaystrue
skiplist_unsafe: yes
"""

# `-N` takes every password. The first entry is required; the last is one that never comes.
_SERVICES = """
START {{
  recover cmd="{programs}/ctl_cyrusdb -C {imapd} -r"
}}
SERVICES {{
  imap cmd="{programs}/imapd -C {imapd} -N" listen="127.0.0.1:{port}" prefork=1
}}
EVENTS {{
  checkpoint cmd="{programs}/ctl_cyrusdb -C {imapd} -c" period=9999
}}
"""
