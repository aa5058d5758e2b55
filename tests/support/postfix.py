"""A private Postfix on loopback: submission with a Dovecot's users, delivery into that Dovecot.

Mail for u<N>@example.test arrives by LMTP; reject@example.test is refused
with 550, later@example.test with 450; what is for any other domain is
accepted and thrown away. Root is needed: Postfix gives up its rights itself.
"""

import contextlib
import os
import pwd
import shutil
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from grp import getgrnam
from pathlib import Path

from tests.support.certificates import Authority, Certificate
from tests.support.dovecot import Dovecot
from tests.support.need import find, need, need_root
from tests.support.ports import free_ports
from tests.support.processes import ServerProcess, wait_until

SIZE_LIMIT = 50 * 1024 * 1024
"""Octets of the largest message that Postfix takes."""


@dataclass(frozen=True, slots=True)
class _Ports:
    smtp: int
    submission: int
    submissions: int


class Postfix:
    """A running Postfix: port 25, submission with STARTTLS and with implicit TLS."""

    def __init__(
        self, directory: Path, authority: Authority, ports: _Ports, process: ServerProcess
    ) -> None:
        self.directory = directory
        self.authority = authority
        self.smtp, self.submission, self.submissions = astuple(ports)
        self._process = process

    @property
    def pid(self) -> int:
        """Process id of the master, and of its session."""
        return self._process.pid

    def wait_delivered(
        self, dovecot: Dovecot, user: str, message_id: str, *, timeout: float = 20
    ) -> bytes:
        """Return the message with this Message-ID as soon as it lies in the user's INBOX.

        Raises: TimeoutError with Postfix's log when it does not come.
        """
        found: list[bytes] = []
        wanted = message_id.encode("ascii")

        def arrived() -> bool:
            found[:] = [raw for raw in dovecot.messages(user) if wanted in raw]
            return bool(found)

        try:
            wait_until(arrived, timeout=timeout, what=f"{message_id} to arrive at {user}")
        except TimeoutError as error:
            error.add_note(self.log_text()[-4000:])
            raise
        return found[0]

    def log_text(self) -> str:
        """Return what Postfix has logged."""
        return self._process.log_text()

    def stop(self) -> None:
        """End Postfix with all its processes; a second time does nothing."""
        self._process.stop()


@contextlib.contextmanager
def postfix(
    directory: Path,
    authority: Authority,
    dovecot: Dovecot,
    *,
    certificate: Certificate | None = None,
    extra: str = "",
) -> Iterator[Postfix]:
    """Run a Postfix in `directory` (see `processes.server_directory`) and stop it in the end.

    `extra` is more of main.cf. Raises: RuntimeError when it does not come up.
    """
    need("postfix", "master", "setpriv")
    need_root()
    _lay_out(directory, certificate or authority.server())
    etc = directory / "etc"
    etc.joinpath("main.cf").write_text(_main_cf(directory, dovecot) + extra + "\n", "utf-8")
    _pretend_old(etc / "main.cf")
    ports, process = _started(directory)
    try:
        yield Postfix(directory, authority, ports, process)
    finally:
        process.stop()


def _started(directory: Path) -> tuple[_Ports, ServerProcess]:
    """Start it, on other ports where somebody else took one meanwhile. Raises: RuntimeError."""
    # `postfix start` would check and repair every directory first, with many
    # shell commands; what it would create is already there.
    command = [str(find("master")), "-d", "-c", str(directory / "etc")]
    for tries_left in (2, 1, 0):
        ports = _Ports(*free_ports(3))
        master = directory / "etc" / "master.cf"
        master.write_text(_MASTER_CF.format(ports=ports), "utf-8")
        process = ServerProcess(command, log=directory / "log" / "mail.log", name="postfix")
        try:
            for port in (ports.smtp, ports.submission):
                process.wait_for_greeting(port, b"220")
        except BaseException as error:
            process.stop()
            if not tries_left or not isinstance(error, RuntimeError):
                raise
        else:
            return ports, process
    raise AssertionError("the last try has returned or raised")


def _lay_out(directory: Path, certificate: Certificate) -> None:
    for name in ("etc", "spool", "lib", "log"):
        directory.joinpath(name).mkdir()
    shutil.copyfile(certificate.cert, directory / "etc" / "cert.pem")
    shutil.copyfile(certificate.key, directory / "etc" / "key.pem")
    directory.joinpath("etc", "users").write_text(_USERS, "utf-8")
    directory.joinpath("etc", "refusals").write_text(_REFUSALS, "utf-8")
    owner = pwd.getpwnam("postfix").pw_uid
    group = getgrnam("postdrop").gr_gid
    shutil.chown(directory / "lib", owner)
    spool = directory / "spool"
    spool.joinpath("pid").mkdir(mode=0o755)
    for name in _QUEUES:
        spool.joinpath(name).mkdir(mode=0o700)
        shutil.chown(spool / name, owner)
    for name, mode in (("public", 0o2710), ("maildrop", 0o1730)):
        spool.joinpath(name).mkdir()
        os.chown(spool / name, owner, group)
        spool.joinpath(name).chmod(mode)


def _pretend_old(file: Path) -> None:
    # Postfix's master waits until main.cf is two seconds old, lest it reads half of one.
    yesterday = time.time() - 86_400
    os.utime(file, (yesterday, yesterday))


def _main_cf(directory: Path, dovecot: Dovecot) -> str:
    return _MAIN_CF.format(directory=directory, dovecot=dovecot, size=SIZE_LIMIT)


_QUEUES = (
    *("incoming", "active", "deferred", "bounce", "defer", "corrupt", "hold", "flush"),
    *("saved", "trace", "private"),
)

_USERS = r"""
/^u[0-9]+(\+.*)?@example\.test$/ ok
/^(reject|later)@example\.test$/ ok
"""

_REFUSALS = r"""
/^reject@/ 550 5.1.1 no such user
/^later@/ 450 4.2.1 mailbox busy
"""

_MAIN_CF = """
compatibility_level = 3.6
queue_directory = {directory}/spool
data_directory = {directory}/lib
mail_owner = postfix
setgid_group = postdrop
maillog_file = {directory}/log/mail.log
maillog_file_prefixes = {directory}
myhostname = mx.example.test
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =

virtual_mailbox_domains = example.test
virtual_mailbox_maps = regexp:{directory}/etc/users
virtual_transport = lmtp:inet:127.0.0.1:{dovecot.lmtp}
lmtp_destination_recipient_limit = 1
default_transport = discard:
relay_transport = discard:

smtpd_tls_cert_file = {directory}/etc/cert.pem
smtpd_tls_key_file = {directory}/etc/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {dovecot.auth_socket}
smtpd_recipient_restrictions = check_recipient_access regexp:{directory}/etc/refusals
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination

message_size_limit = {size}
smtputf8_enable = yes
smtpd_forbid_bare_newline = yes
local_header_rewrite_clients =
in_flow_delay = 0
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
"""

# The services of submission differ from port 25 in that nothing goes without a login.
_MASTER_CF = """
127.0.0.1:{ports.smtp} inet n - n - - smtpd
127.0.0.1:{ports.submission} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:{ports.submissions} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
tlsmgr unix - - n 1000? 1 tlsmgr
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""
