"""The configuration of the tests' Dovecot, in the language of Dovecot 2.3.

It runs without any privilege: one user for everything, no chroot, high ports.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ServerUser

MECHANISMS = ("plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer")
PLUGINS = ("zlib", "imap_zlib")
"""What puts COMPRESS=DEFLATE (RFC 4978) into the capability."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where it listens, on loopback."""

    imap: int
    imaps: int
    pop3: int
    pop3s: int
    lmtp: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What one test may want otherwise than the next."""

    capability: str | None
    mechanisms: tuple[str, ...]
    mail_location: str
    plugins: tuple[str, ...]
    extra: str


def configuration(directory: Path, ports: Ports, user: ServerUser, settings: Settings) -> str:
    """Return the text of dovecot.conf for a server that lives in `directory`."""
    fixed = _CONFIGURATION.format(
        directory=directory,
        user=user,
        ports=ports,
        mechanisms=" ".join(settings.mechanisms),
        mail_location=settings.mail_location,
        imap_plugins=" ".join(settings.plugins),
        capability=settings.capability or "",
    )
    oauth2 = {"xoauth2", "oauthbearer"} & set(settings.mechanisms)
    return fixed + (_OAUTH.format(directory=directory) if oauth2 else "") + settings.extra + "\n"


_OAUTH = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {directory}/oauth/dovecot-oauth2.conf.ext
}}
"""

# `service_count` lets one process serve many connections, which is what
# makes a connection cheap. The penalty service slows clients after failed
# logins; tests fail them on purpose.
_CONFIGURATION = """
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/dovecot.log
protocols = imap pop3 lmtp
listen = 127.0.0.1
default_internal_user = {user.name}
default_internal_group = {user.group}
default_login_user = {user.name}
mail_uid = {user.uid}
mail_gid = {user.gid}
first_valid_uid = 1
first_valid_gid = 1

ssl = yes
ssl_cert = <{directory}/cert.pem
ssl_key = <{directory}/key.pem
disable_plaintext_auth = yes

auth_mechanisms = {mechanisms}
auth_username_format = %Ln
auth_failure_delay = 0 secs
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-256
  args = scheme=PLAIN username_format=%u {directory}/passwd
}}
userdb {{
  driver = static
  args = uid={user.uid} gid={user.gid} home={directory}/home/%u allow_all_users=yes
}}

mail_location = {mail_location}
mail_fsync = never
mail_max_userip_connections = 200
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    auto = subscribe
    special_use = \\Drafts
  }}
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Trash {{
    auto = subscribe
    special_use = \\Trash
  }}
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
  mailbox Archive {{
    auto = subscribe
    special_use = \\Archive
  }}
}}

protocol imap {{
  mail_plugins = {imap_plugins}
  imap_capability = {capability}
}}
protocol pop3 {{
  pop3_no_flag_updates = yes
}}

service imap-login {{
  chroot =
  inet_listener imap {{
    port = {ports.imap}
  }}
  inet_listener imaps {{
    port = {ports.imaps}
    ssl = yes
  }}
  service_count = 0
  process_min_avail = 1
  process_limit = 10
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {ports.pop3}
  }}
  inet_listener pop3s {{
    port = {ports.pop3s}
    ssl = yes
  }}
  service_count = 0
  process_min_avail = 1
  process_limit = 10
}}
service imap {{
  process_limit = 200
  service_count = 100
}}
service pop3 {{
  process_limit = 100
  service_count = 100
}}
service lmtp {{
  inet_listener lmtp {{
    port = {ports.lmtp}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service auth {{
  unix_listener auth-postfix {{
    mode = 0666
  }}
}}
"""
