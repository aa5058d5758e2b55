"""The peers: how each is configured for the same work, as its own documentation says.

Each is asked for the promise that mailcli makes: verified TLS, mail kept on
the server, every message durable before it counts as fetched. Where a peer
cannot be told so, the row's notes say it.
"""

import base64
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from shlex import quote

from tests.bench.contenders import (
    HOST,
    PASSWORD,
    Command,
    Contender,
    Keeps,
    Scene,
    make_maildir,
    private_file,
)
from tests.bench.ours import ELSEWHERE, RECIPIENT, finished_message
from tests.support.processes import ServerUser


def msmtp_version() -> Contender:
    """Return msmtp telling its version: what starting a small C program costs."""
    return Contender(
        "msmtp",
        lambda scene: Command(("msmtp", "--version"), scene.environment()),
        program="msmtp",
        keeps=Keeps.COUNT,
    )


def msmtp(count: int = 1) -> Contender:
    """Return msmtp submitting a finished message, or started so many times to do so."""

    def command(scene: Scene) -> Command:
        argv = _msmtp(scene, f"{RECIPIENT}@example.test")
        message = finished_message(scene.user).replace(b"\r\n", b"\n")
        if count == 1:
            return Command(argv, scene.environment(), message)
        file = scene.home / "message"
        file.write_bytes(message)
        once = f'"$@" < {quote(str(file))} || exit'
        loop = f"i=0; while [ $i -lt {count} ]; do {once}; i=$((i+1)); done"
        return Command(("sh", "-c", loop, "sh", *argv), scene.environment())

    name = "msmtp" if count == 1 else f"msmtp, {count} times"
    return Contender(name, command, program="msmtp", keeps=Keeps.COUNT)


def msmtp_file(octets: int) -> Contender:
    """Return msmtp submitting an attachment that others have encoded and packed before."""

    def command(scene: Scene) -> Command:
        file = scene.home / "message"
        encoded = base64.encodebytes(bytes(octets))
        file.write_bytes(finished_message(scene.user).replace(b"\r\n", b"\n") + encoded)
        argv = _msmtp(scene, ELSEWHERE)
        once = f'exec "$@" < {quote(str(file))}'
        return Command(("sh", "-c", once, "sh", *argv), scene.environment())

    return Contender("msmtp, encoded before", command, program="msmtp", keeps=Keeps.COUNT)


def _msmtp(scene: Scene, recipient: str) -> tuple[str, ...]:
    config = private_file(
        scene.home / "msmtprc",
        f"account bench\nhost {HOST}\nport {scene.port}\n"
        f"tls on\ntls_starttls off\ntls_trust_file {scene.ca_file}\n"
        f"auth plain\nuser {scene.user}\npassword {PASSWORD}\n"
        f"from {scene.user}@example.test\n",
    )
    return ("msmtp", "-C", str(config), "-a", "bench", recipient)


def mpop() -> Contender:
    """Return mpop, which pipelines, and makes each message durable on its own."""

    def command(scene: Scene) -> Command:
        make_maildir(scene.maildir)
        config = private_file(
            scene.home / "mpoprc",
            f"account bench\nhost {HOST}\nport {scene.port}\n"
            f"tls on\ntls_starttls off\ntls_trust_file {scene.ca_file}\n"
            f"auth user\nuser {scene.user}\npassword {PASSWORD}\nkeep on\nreceived_header off\n"
            f"uidls_file {scene.home / 'uidls'}\ndelivery maildir {scene.maildir}\n",
        )
        return Command(("mpop", "-Q", "-C", str(config), "bench"), scene.environment())

    return Contender("mpop", command, program="mpop")


def getmail() -> Contender:
    """Return getmail 6, adding no header lines, making each message durable.

    It refuses to deliver as root, but not to become somebody else for that.
    """

    def command(scene: Scene) -> Command:
        owner = ServerUser.current()
        owner.own(make_maildir(scene.maildir))
        state = scene.home / "getmail"
        _move_getmail_state(scene)
        config = private_file(
            state / "rc",
            "[retriever]\ntype = SimplePOP3SSLRetriever\n"
            f"server = {HOST}\nport = {scene.port}\nusername = {scene.user}\n"
            f"password = {PASSWORD}\nca_certs = {scene.ca_file}\n"
            f"[destination]\ntype = Maildir\npath = {scene.maildir}/\n"
            f"{f'user = {owner.name}' if os.geteuid() == 0 else ''}\n"
            "[options]\nread_all = false\ndelete = false\nverbose = 0\n"
            "received = false\ndelivered_to = false\n",
        )
        argv = ("getmail", f"--getmaildir={state}", f"--rcfile={config}")
        return Command(argv, scene.environment())

    return Contender("getmail", command, program="getmail")


def _move_getmail_state(scene: Scene) -> None:
    """Let getmail know its mail again behind the proxy: its state file is named after the port."""
    for known in (scene.home / "getmail").glob("oldmail-*"):
        name = re.sub(rf"^(oldmail-{HOST})-\d+-", rf"\1-{scene.port}-", known.name)
        known.rename(known.with_name(name))


def fetchmail() -> Contender:
    """Return fetchmail, which writes no Maildir: small tools write and sync each message."""

    def command(scene: Scene) -> Command:
        maildir = make_maildir(scene.maildir)
        deliver = f"cd {maildir} && dd of=tmp/$$ bs=64k conv=fsync status=none && mv tmp/$$ new/$$"
        config = private_file(
            scene.home / "fetchmailrc",
            f"poll {HOST} protocol pop3 service {scene.port} uidl\n"
            f'  user "{scene.user}" password "{PASSWORD}" keep no rewrite\n'
            f'  ssl sslcertck sslcertfile "{scene.ca_file}"\n'
            f'  mda "{deliver}"\n',
        )
        environment = {**scene.environment(), "FETCHMAILHOME": str(scene.home)}
        argv = ("fetchmail", "--silent", "--nosyslog", "-f", str(config))
        no_mail = 1
        return Command(argv, environment, good_statuses=frozenset({0, no_mail}))

    return Contender("fetchmail", command, program="fetchmail")


def mbsync(*, fsync: str = "yes") -> Contender:
    """Return mbsync synchronising both ways, with `FSync yes` unless told otherwise."""

    def command(scene: Scene) -> Command:
        scene.maildir.mkdir(exist_ok=True)
        config = private_file(
            scene.home / "mbsyncrc",
            f"FSync {fsync}\n"
            f"IMAPAccount bench\nHost {HOST}\nPort {scene.port}\nUser {scene.user}\n"
            f"Pass {PASSWORD}\nSSLType IMAPS\nSystemCertificates no\n"
            f"CertificateFile {scene.ca_file}\n\n"
            "IMAPStore far\nAccount bench\n\n"
            f"MaildirStore near\nPath {scene.maildir}/\nInbox {scene.maildir}/INBOX\n"
            "SubFolders Verbatim\n\n"
            "Channel bench\nFar :far:\nNear :near:\n"
            f"Patterns {'*' if scene.all_folders else 'INBOX'}\n"
            "Create Near\nExpunge None\nSync All\nSyncState *\n",
        )
        return Command(("mbsync", "-q", "-c", str(config), "-a"), scene.environment())

    return Contender("mbsync", command, program="mbsync")


def offlineimap() -> Contender:
    """Return OfflineIMAP synchronising both ways, with `fsync = true` (its default).

    Two connections are what its example configuration suggests.
    """

    def command(scene: Scene) -> Command:
        only_inbox = "" if scene.all_folders else "folderfilter = lambda name: name == 'INBOX'\n"
        config = private_file(
            scene.home / "offlineimaprc",
            f"[general]\naccounts = bench\nmetadata = {scene.home / 'offlineimap'}\nfsync = true\n"
            "[Account bench]\nlocalrepository = near\nremoterepository = far\n"
            f"[Repository near]\ntype = Maildir\nlocalfolders = {scene.maildir}\n"
            f"[Repository far]\ntype = IMAP\nremotehost = {HOST}\nremoteport = {scene.port}\n"
            f"remoteuser = {scene.user}\nremotepass = {PASSWORD}\nssl = yes\n"
            f"sslcacertfile = {scene.ca_file}\ncreatefolders = False\n"
            f"maxconnections = 2\n{only_inbox}",
        )
        argv = ("offlineimap", "-o", "-u", "quiet", "-c", str(config))
        return Command(argv, scene.environment())

    return Contender("offlineimap", command, program="offlineimap")


@dataclass(frozen=True, slots=True)
class _Program:
    name: str
    question: tuple[str, ...]


_PROGRAMS = (
    _Program("mbsync", ("--version",)),
    _Program("offlineimap", ("--version",)),
    _Program("mpop", ("--version",)),
    _Program("getmail", ("--version",)),
    _Program("fetchmail", ("--version",)),
    _Program("msmtp", ("--version",)),
    _Program("notmuch", ("--version",)),
    _Program("mu", ("--version",)),
    _Program("dovecot", ("--version",)),
    _Program("postconf", ("-d", "mail_version")),
)


def versions() -> dict[str, str]:
    """Return the version of each peer and server, or `not installed`."""
    return {
        program.name.replace("postconf", "postfix"): _version(program) for program in _PROGRAMS
    }


def _version(program: _Program) -> str:
    if shutil.which(program.name) is None:
        return "not installed"
    asked = subprocess.run(
        [program.name, *program.question], capture_output=True, text=True, check=False
    )
    found = re.search(r"\d+(\.\d+)+", asked.stdout)
    return found[0] if found else "unknown"
