"""The configuration file: what it may say, and what each mistake is told."""

from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from mailcli.config import Account, Config, ImapServer, Login, PopServer, SmtpServer, load
from mailcli.config.values import Command
from mailcli.errors import ConfigError, Exit
from mailcli.model import (
    Address,
    AuthKind,
    DeletePolicy,
    Endpoint,
    Layout,
    Protocol,
    SyncMode,
    TlsMode,
    TlsPolicy,
)

ENVIRON = {"HOME": "/home/ada"}
COLONS = ":".join(["ab"] * 32)


def read(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(dedent(text), "utf-8")
    return load(file, ENVIRON)


def refused(tmp_path: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert caught.value.exit_code == Exit.CONFIG
    return caught.value


def server(tmp_path: Path, lines: str, protocol: Protocol = Protocol.SMTP) -> Account:
    text = f'[accounts.work]\nemail = "ada@example.org"\n[accounts.work.{protocol}]\n'
    return read(tmp_path, f'{text}host = "mail.example.org"\n{lines}').accounts["work"]


def endpoint(tmp_path: Path, lines: str, protocol: Protocol = Protocol.SMTP) -> Endpoint:
    return server(tmp_path, lines, protocol).server(protocol).endpoint


EVERYTHING = f"""
    default_account = "work"
    [accounts.work]
    email = "Ada Lovelace <ada@example.org>"
    aliases = ["ada+lists@example.org", '"Countess, The" <countess@example.org>']
    maildir = "~/Mail/there"
    layout = "maildir++"
    sent = "Gesendet"
    authserv_id = "mx.example.org"
    password_command = "pass show 'mail work'"
    [accounts.work.smtp]
    host = "smtp.example.org"
    tls = "starttls"
    port = 2587
    username = "ada"
    auth = "oauth2"
    ca_file = "ca.pem"
    client_cert = "/etc/ada.pem"
    client_key = "/etc/ada.key"
    proxy = "socks5://127.0.0.1:1080"
    password_command = ["~/bin/token", "for the\\nserver"]
    [accounts.work.imap]
    host = "[2001:db8::1]"
    fingerprint = "sha256:{COLONS}"
    folders = ["*", "!Spam"]
    mode = "pull"
    max_delete = 0.25
    subscribed_only = true
    delete_folders = true
    deleted = "trash"
    trash = "Papierkorb"
    max_size = "10M"
    max_age = "90d"
    compress = true
    [accounts.work.pop]
    host = "pop.example.org"
    tls = "none"
    allow_cleartext_password = true
    keep = "30d"
    folder = "Post"
    password_file = "secret"
    [accounts.home]
"""


def test_every_key_arrives_where_it_belongs(tmp_path: Path) -> None:
    config = read(tmp_path, EVERYTHING)
    assert config.path == tmp_path / "config.toml"
    assert (config.default_account, config.warnings) == ("work", ())
    assert config.accounts["work"] == Account(
        name="work",
        email=Address("Ada Lovelace", "ada@example.org"),
        aliases=(
            Address("", "ada+lists@example.org"),
            Address("Countess, The", "countess@example.org"),
        ),
        maildir=Path("/home/ada/Mail/there"),
        layout=Layout.MAILDIRPP,
        sent="Gesendet",
        authserv_id="mx.example.org",
        smtp=SmtpServer(
            Endpoint(
                Protocol.SMTP,
                "smtp.example.org",
                2587,
                TlsPolicy(
                    TlsMode.STARTTLS,
                    ca_file=tmp_path / "ca.pem",
                    client_cert=Path("/etc/ada.pem"),
                    client_key=Path("/etc/ada.key"),
                ),
                proxy="socks5://127.0.0.1:1080",
            ),
            Login("ada", AuthKind.OAUTH2, Command(("/home/ada/bin/token", "for the\nserver"))),
        ),
        imap=ImapServer(
            Endpoint(Protocol.IMAP, "2001:db8::1", 993, TlsPolicy(fingerprint=bytes([0xAB] * 32))),
            Login("ada@example.org", AuthKind.PASSWORD, Command(("pass", "show", "mail work"))),
            folders=("*", "!Spam"),
            mode=SyncMode.PULL,
            max_delete=0.25,
            folders_given=True,
            subscribed_only=True,
            delete_folders=True,
            deleted=DeletePolicy.TRASH,
            trash="Papierkorb",
            max_size=10 * 1024**2,
            max_age=timedelta(days=90),
            compress=True,
        ),
        pop=PopServer(
            Endpoint(
                Protocol.POP3,
                "pop.example.org",
                110,
                TlsPolicy(TlsMode.NONE, allow_cleartext_password=True),
            ),
            Login("ada@example.org", AuthKind.PASSWORD, None, tmp_path / "secret"),
            keep=timedelta(days=30),
            folder="Post",
        ),
    )


def test_account_without_any_key_is_a_maildir_to_read(tmp_path: Path) -> None:
    home = read(tmp_path, EVERYTHING).accounts["home"]
    assert home == Account("home", None, maildir=Path("/home/ada/Mail/home"))


@pytest.mark.parametrize(
    ("protocol", "tls", "port"),
    [
        (Protocol.SMTP, "implicit", 465),
        (Protocol.SMTP, "starttls", 587),
        (Protocol.POP3, "implicit", 995),
        (Protocol.IMAP, "starttls", 143),
        (Protocol.IMAP, "none", 143),
    ],
)
def test_port_follows_protocol_and_tls(
    tmp_path: Path, protocol: Protocol, tls: str, port: int
) -> None:
    found = endpoint(tmp_path, f'tls = "{tls}"', protocol)
    assert (found.port, found.tls.mode) == (port, TlsMode(tls))


@pytest.mark.parametrize("prefix", ["sha256:", "SHA256:", ""])
@pytest.mark.parametrize("digits", [COLONS, "ab" * 32, "AB" * 32])
def test_fingerprint_may_have_colons_capitals_and_a_prefix(
    tmp_path: Path, prefix: str, digits: str
) -> None:
    found = endpoint(tmp_path, f'fingerprint = "{prefix}{digits}"')
    assert found.tls.fingerprint == bytes([0xAB] * 32)


@pytest.mark.parametrize(
    ("keep", "expected"),
    [("", True), ("keep = true", True), ("keep = false", False), ('keep = "0d"', timedelta(0))],
)
def test_keep_is_for_ever_until_stored_or_an_age(
    tmp_path: Path, keep: str, expected: bool | timedelta
) -> None:
    pop = server(tmp_path, keep, Protocol.POP3).pop
    assert pop is not None
    assert pop.keep == expected
    assert type(pop.keep) is type(expected)


@pytest.mark.parametrize(
    ("lines", "given"),
    [("", False), ("folders = ['!Spam']", False), ("folders = ['*']", True)],
    ids=["nothing", "only exclusions", "everything, in so many words"],
)
def test_folders_are_given_when_some_are_named(tmp_path: Path, lines: str, given: bool) -> None:
    imap = server(tmp_path, lines, Protocol.IMAP).imap
    assert imap is not None
    assert imap.folders_given == given


def test_a_size_may_be_a_number_of_octets(tmp_path: Path) -> None:
    imap = server(tmp_path, "max_size = 4096", Protocol.IMAP).imap
    assert imap is not None
    assert imap.max_size == 4096


def test_only_exclusions_mean_everything_else(tmp_path: Path) -> None:
    imap = server(tmp_path, 'folders = ["!Spam", "!Trash"]', Protocol.IMAP).imap
    assert imap is not None
    assert imap.folders == ("*", "!Spam", "!Trash")


def test_login_without_authentication_needs_no_name(tmp_path: Path) -> None:
    text = '[accounts.relay.smtp]\nhost = "localhost"\nauth = "none"\n'
    smtp = read(tmp_path, text).accounts["relay"].smtp
    assert smtp is not None
    assert smtp.login == Login("", AuthKind.NONE)


BOTH = """
    [accounts.work]
    email = "ada@example.org"
    [accounts.work.imap]
    host = "imap.example.org"
    [accounts.work.pop]
    host = "pop.example.org"
"""


def test_pop_mail_beside_imap_goes_to_a_folder_of_its_own(tmp_path: Path) -> None:
    pop = read(tmp_path, BOTH).accounts["work"].pop
    assert pop is not None
    assert pop.folder == "POP"


def test_pop_mail_alone_goes_to_the_inbox(tmp_path: Path) -> None:
    pop = server(tmp_path, 'folder = "inbox"', Protocol.POP3).pop
    assert pop is not None
    assert pop.folder == "INBOX"


@pytest.mark.parametrize("folder", ["INBOX", "Inbox", "Sent", "Bin", "Lists"])
def test_pop_mail_never_shares_a_folder_with_imap(tmp_path: Path, folder: str) -> None:
    text = BOTH.replace("[accounts.work]", '[accounts.work]\n    sent = "Sent"')
    text = text.replace(
        'imap.example.org"', 'imap.example.org"\n    folders = ["*", "Lists"]\n    trash = "Bin"'
    )
    error = refused(tmp_path, f'{text}    folder = "{folder}"\n')
    assert "accounts.work.pop.folder: " in error.message
    assert "POP" in error.hint


@pytest.mark.parametrize(
    ("own", "command", "file"),
    [
        ("", ("acc",), Path("/acc")),
        ('password_command = "own"', ("own",), None),
        ('password_file = "/own"', None, Path("/own")),
    ],
)
def test_protocol_with_a_password_source_inherits_none(
    tmp_path: Path, own: str, command: tuple[str, ...] | None, file: Path | None
) -> None:
    text = '[accounts.a]\nemail = "a@b.c"\npassword_command = "acc"\npassword_file = "/acc"\n'
    smtp = read(tmp_path, f'{text}[accounts.a.smtp]\nhost = "h"\n{own}\n').accounts["a"].smtp
    assert smtp is not None
    assert (smtp.login.password_command, smtp.login.password_file) == (command, file)


MISTAKES = [
    ("defualt_account = 1", "defualt_account: unknown key", "default_account"),
    ("[accounts.work]\nemial = 1", "accounts.work.emial: unknown key", "email"),
    ("[accounts.work.smtp]\nprot = 1", "accounts.work.smtp.prot: unknown key", "port"),
    ("[accounts.work.pop3]", "accounts.work.pop3: unknown key", "pop?"),
    ("[accounts.work.smtp]\nfolder = 1", "accounts.work.smtp.folder: unknown key", ""),
    ("[accounts.work.smtp]\nzzzz = 1", "accounts.work.smtp.zzzz: unknown key", "known here: host"),
    ("accounts = 3", "accounts: expected a table, found a whole number", ""),
    ("[accounts]\nwork = 3", "accounts.work: expected a table", ""),
    ("[[accounts.work]]", "accounts.work: expected a table, found a list", ""),
    ("default_account = 3", "default_account: expected a string, found a whole number", ""),
    ("default_account = 'x'\n[accounts.a]", "default_account: no account x; there are: a", ""),
    ("[accounts.'a b']", "accounts.a b: an account name has", ""),
    ("[accounts.-a]", "accounts.-a: an account name has", ""),
    ("[accounts.'.a']", "accounts..a: an account name has", ""),
    ("[accounts.'a/b']", "accounts.a/b: an account name has", ""),
    ("[accounts.'']", "accounts.: an account name has", ""),
    ("[accounts.'bücher']", "an account name has", ""),
    ("[accounts.a]\n[accounts.'a.imap']", "accounts.a.imap: beside account a", "rename"),
    ("[accounts.a]\nemail = 'ada'", 'accounts.a.email: write "ada@example.org"', ""),
    ("[accounts.a]\nemail = 'A <a@b.c'", "accounts.a.email: write", ""),
    ("[accounts.a]\nemail = 'a@b.c, d@e.f'", "accounts.a.email: write", ""),
    ("[accounts.a]\naliases = 'a@b.c'", "accounts.a.aliases: expected a list of strings", ""),
    ("[accounts.a]\naliases = [1]", "accounts.a.aliases: expected a list of strings", ""),
    ("[accounts.a]\nlayout = 'nest'", 'expected one of nested, maildir++, found "nest"', "nested"),
    ("[accounts.a]\nmaildir = ''", "accounts.a.maildir: is empty", ""),
    ("[accounts.a]\nmaildir = '~bob/Mail'", "accounts.a.maildir: ~bob is not looked up", ""),
    ("[accounts.a]\nmaildir = 1979-05-27", "expected a string, found a date or time", ""),
    ("[accounts.a.smtp]", "accounts.a.smtp.host: is missing", ""),
    ("[accounts.a.smtp]\nhost = 'h'", "accounts.a.smtp.username: is missing", ""),
    (
        "[accounts.a]\nmaildir = '~/m'\n[accounts.b]\nmaildir = '~/x/../m'",
        "accounts.b.maildir",
        "",
    ),
    ("[accounts.a]\nmaildir = '~/m'\n[accounts.b]\nmaildir = '~/m/b'", "b.maildir: lies in", ""),
]


@pytest.mark.parametrize(("text", "message", "hint"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_mistake_is_named_by_its_path(tmp_path: Path, text: str, message: str, hint: str) -> None:
    error = refused(tmp_path, text)
    assert error.message.startswith(f"{tmp_path / 'config.toml'}: ")
    assert message in error.message
    assert hint in error.hint


SERVER_MISTAKES = [
    ("port = 0", "port: expected a whole number from 1 to 65535, found 0"),
    ("port = 65536", "port: expected a whole number from 1 to 65535, found 65536"),
    ("port = '465'", "port: expected a whole number from 1 to 65535, found a string"),
    ("port = true", "port: expected a whole number from 1 to 65535, found true or false"),
    ("tls = 'ssl'", "tls: expected one of implicit, starttls, none"),
    ("auth = 1", "auth: expected one of password, oauth2, external, none, found a whole number"),
    ("ca_file = 'c'\nfingerprint = '" + "ab" * 32 + "'", "fingerprint: replaces ca_file"),
    ("fingerprint = 'sha256:abcd'", "fingerprint: write"),
    ("fingerprint = 'sha256:" + "zz" * 32 + "'", "fingerprint: write"),
    ("client_key = 'k'", "client_key: needs client_cert"),
    ("auth = 'external'", 'auth: "external" needs client_cert'),
    ("tls = 'none'\nca_file = 'c'", "ca_file: has no meaning without TLS"),
    ("tls = 'none'\nfingerprint = '" + "ab" * 32 + "'", "fingerprint: has no meaning"),
    ('username = "a\\r\\nb"', "username: holds a control character"),
    ('username = "a\\u0000b"', "username: holds a control character"),
    ("allow_cleartext_password = 1", "allow_cleartext_password: expected true or false"),
    ("proxy = 'http://h:1'", "proxy: write"),
    ("proxy = 'socks5://h'", "proxy: write"),
    ("proxy = 'socks5://user:hunter2@h:1'", "proxy: write"),
    ("password_command = ''", "password_command: is empty"),
    ("password_command = []", "password_command: is empty"),
    ("password_command = ['']", "password_command: is empty"),
    ("password_command = ['a', 1]", "password_command: expected a list of strings"),
    ("password_command = 'a \"b'", "password_command: cannot be split into words"),
    ('password_command = ["a", "\\u0000"]', "password_command: holds a NUL"),
    ("password_command = 7", "password_command: expected a string or a list of strings"),
]


@pytest.mark.parametrize(
    ("lines", "message"), SERVER_MISTAKES, ids=[m[0] for m in SERVER_MISTAKES]
)
def test_mistake_in_a_server_is_named_by_its_path(
    tmp_path: Path, lines: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        server(tmp_path, lines)
    assert f"accounts.work.smtp.{message}" in caught.value.message
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    "host", ["", "a b", "h:993", "imaps://h", "h/x", "a@h", "::zz::", "h\\r\\nRSET", "h\\u0000"]
)
def test_host_is_a_bare_name_or_address(tmp_path: Path, host: str) -> None:
    error = refused(tmp_path, f'[accounts.a.smtp]\nauth = "none"\nhost = "{host}"\n')
    assert "accounts.a.smtp.host: " in error.message


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("folders = []", "folders: expected patterns"),
        ("folders = ['*', '!']", "folders: expected patterns"),
        ("folders = '*'", "folders: expected a list of strings, found a string"),
        ("mode = 'both'", "mode: expected one of two-way, pull, push"),
        ("max_delete = 10", "max_delete: expected a share from 0 to 1, such as 0.5, found 10"),
        ("max_delete = nan", "max_delete: expected a share"),
        ("max_delete = '50%'", "max_delete: expected a share"),
        ("delete_folders = 'yes'", "delete_folders: expected true or false, found a string"),
        ("subscribed_only = 1", "subscribed_only: expected true or false"),
        ("compress = 'deflate'", "compress: expected true or false"),
        ("deleted = 'keep'", "deleted: expected one of expunge, trash"),
        ("trash = 'Inbox'", "trash: expected a folder for deleted mail"),
        ("trash = ''", "trash: is empty"),
        ("max_size = '10X'", 'max_size: "10X" is not a size'),
        ("max_size = 0", "max_size: expected a size"),
        ("max_size = -1", "max_size: expected a size"),
        ("max_size = '0k'", "max_size: expected a size"),
        ("max_size = 1.5", 'max_size: expected a size such as "10M"'),
        ("max_age = '90'", 'max_age: "90" is not an age'),
        ("max_age = 90", 'max_age: expected an age such as "90d", more than 0, found a whole'),
        ("max_age = '0d'", 'max_age: expected an age such as "90d", more than 0; found 0d'),
        ("keep = true", "keep: unknown key"),
    ],
)
def test_mistake_in_imap_is_named_by_its_path(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        server(tmp_path, lines, Protocol.IMAP)
    assert f"accounts.work.imap.{message}" in caught.value.message


@pytest.mark.parametrize("keep", ["'30'", "30", "'1M'"])
def test_keep_that_is_no_age_is_told_what_one_looks_like(tmp_path: Path, keep: str) -> None:
    with pytest.raises(ConfigError, match=r"accounts\.work\.pop\.keep: .*30d"):
        server(tmp_path, f"keep = {keep}", Protocol.POP3)


@pytest.mark.parametrize("key", ["password", "passwd", "token"])
def test_password_in_the_file_is_refused_with_the_ways_to_do_it(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        server(tmp_path, f'{key} = "hunter2"')
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"
    for way in ("password_command", "password_file", "keyring", "LoadCredential", "terminal"):
        assert way in caught.value.hint


def test_broken_toml_is_told_with_file_and_line(tmp_path: Path) -> None:
    error = refused(tmp_path, "a = 1\nb =\n")
    assert error.message.startswith(f"{tmp_path / 'config.toml'}: line 2, column 4: ")


def test_file_that_is_not_utf8_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b'[accounts.a]\nsent = "\xff"\n')
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(file, ENVIRON)


def test_missing_file_is_told_with_the_path_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "none.toml", ENVIRON)
    assert str(tmp_path / "none.toml") in caught.value.message
    assert "README" in caught.value.hint
    assert "mailcli demo" in caught.value.hint


def test_directory_in_place_of_the_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="directory"):
        load(tmp_path, ENVIRON)


@pytest.mark.parametrize(("mode", "warned"), [(0o644, False), (0o664, True), (0o602, True)])
def test_file_that_others_can_change_gives_a_warning(
    tmp_path: Path, mode: int, warned: bool
) -> None:
    file = tmp_path / "config.toml"
    file.touch()
    file.chmod(mode)
    warnings = load(file, ENVIRON).warnings
    assert bool(warnings) is warned
    assert all("chmod go-w" in warning for warning in warnings)


def test_repr_shows_no_command_that_could_hold_a_password(tmp_path: Path) -> None:
    account = server(tmp_path, 'password_command = "echo hunter2"')
    assert "hunter2" not in repr(account)


def test_maildirs_that_a_symbolic_link_makes_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    error = refused(tmp_path, "[accounts.a]\nmaildir='real'\n[accounts.b]\nmaildir='link'\n")
    assert "accounts.b.maildir: is that of account a too" in error.message


def test_maildir_below_a_maildirpp_tree_is_no_folder_of_it(tmp_path: Path) -> None:
    text = "[accounts.a]\nmaildir='m'\nlayout='maildir++'\n[accounts.b]\nmaildir='m/b'\n"
    assert set(read(tmp_path, text).accounts) == {"a", "b"}
