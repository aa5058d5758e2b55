"""The keyring: which backend is trusted, which entry is found, what a failure becomes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from tests.support.keyrings import (
    EncodedPlaintextKeyring,
    ForgetfulKeyring,
    HangingKeyring,
    LockedKeyring,
    MemoryKeyring,
    PlaintextKeyring,
)

from mailcli.config import Account, ImapServer, Login
from mailcli.credentials import Sources, backends, find
from mailcli.credentials.vault import forget, store
from mailcli.errors import ConfigError, Exit, LoginFailed, NotFound
from mailcli.model import Endpoint, Protocol, Secret, TlsPolicy

PW = Secret("hunter2")
MEMORY = "tests.support.keyrings.MemoryKeyring"


def account(*, file: Path | None = None) -> Account:
    endpoint = Endpoint(Protocol.IMAP, "imap.example.org", 993, TlsPolicy())
    login = Login("ada", password_file=file)
    return Account("work", None, Path("/mail"), imap=ImapServer(endpoint, login))


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[Sources]:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    yield Sources(environ, tmp_path / "state", keyring_timeout=20)
    MemoryKeyring.kept.clear()


def choose(patch: pytest.MonkeyPatch, backend: KeyringBackend) -> None:
    """Make keyring's detection choose a backend."""
    patch.setattr("keyring.core._keyring_backend", backend)


def chain(patch: pytest.MonkeyPatch, *members: MemoryKeyring) -> KeyringBackend:
    """Return keyring's own chain with these members, the first being the most wanted."""
    for wanted, member in enumerate(reversed(members), start=1):
        patch.setattr(type(member), "priority", wanted)
    patch.setattr("keyring.backend.get_all_keyring", lambda: list(members))
    return backends.load("keyring.backends.chainer.ChainerBackend")


def record(sources: Sources) -> dict[str, str]:
    content = json.loads(sources.state_dir.joinpath("credentials.json").read_bytes())
    found: dict[str, str] = content["backends"]
    return found


def remember(sources: Sources, kind: str, user: str = "work") -> None:
    sources.state_dir.mkdir(exist_ok=True)
    content = json.dumps({"backends": {user: f"tests.support.keyrings.{kind}"}})
    sources.state_dir.joinpath("credentials.json").write_text(content)


def test_stored_password_is_found_through_the_recorded_backend(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, MemoryKeyring())
    assert store("work", None, PW, sources=sources) == MEMORY
    # What detection would choose now does not matter any more.
    choose(monkeypatch, backends.load("keyring.backends.null.Keyring"))
    assert find(account(), Protocol.IMAP, sources=sources) == PW


def test_service_and_user_name_are_those_that_are_documented(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, MemoryKeyring())
    store("work", None, PW, sources=sources)
    store("work", Protocol.IMAP, Secret("x"), sources=sources)
    assert set(MemoryKeyring.kept) == {("mailcli", "work"), ("mailcli", "work:imap")}
    assert record(sources) == {"work": MEMORY, "work:imap": MEMORY}


def test_password_of_the_protocol_comes_before_the_accounts(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, MemoryKeyring())
    store("work", None, Secret("for all"), sources=sources)
    store("work", Protocol.IMAP, Secret("for imap"), sources=sources)
    assert find(account(), Protocol.IMAP, sources=sources).reveal() == "for imap"
    # Removed by other means: the account's own still answers.
    del MemoryKeyring.kept["mailcli", "work:imap"]
    assert find(account(), Protocol.IMAP, sources=sources).reveal() == "for all"


def test_record_holds_no_secret_and_is_for_the_user_alone(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, MemoryKeyring())
    store("work", None, PW, sources=sources)
    (file,) = sources.state_dir.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert sources.state_dir.stat().st_mode & 0o777 == 0o700
    assert PW.reveal() not in file.read_text("utf-8")


def test_what_was_not_stored_by_us_is_not_looked_for(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, MemoryKeyring())
    MemoryKeyring.kept["mailcli", "work"] = "of somebody else"
    with pytest.raises(LoginFailed):
        find(account(), Protocol.IMAP, sources=sources)


@pytest.mark.parametrize("kind", [PlaintextKeyring, EncodedPlaintextKeyring])
def test_plaintext_backend_is_refused_unless_the_user_insists(
    sources: Sources, monkeypatch: pytest.MonkeyPatch, kind: type[MemoryKeyring]
) -> None:
    choose(monkeypatch, kind())
    with pytest.raises(ConfigError, match=f"{kind.__name__}, stores in plain text") as caught:
        store("work", None, PW, sources=sources)
    assert "password_command" in caught.value.hint
    assert (MemoryKeyring.kept, sources.state_dir.exists()) == ({}, False)
    store("work", None, PW, sources=sources, allow_plaintext=True)
    assert find(account(), Protocol.IMAP, sources=sources) == PW


@pytest.mark.parametrize("insist", [False, True])
@pytest.mark.parametrize("kind", ["null", "fail"])
def test_backend_that_stores_nothing_is_refused_even_to_who_insists(
    sources: Sources, monkeypatch: pytest.MonkeyPatch, kind: str, insist: bool
) -> None:
    choose(monkeypatch, backends.load(f"keyring.backends.{kind}.Keyring"))
    with pytest.raises(LoginFailed, match="no keyring here"):
        store("work", None, PW, sources=sources, allow_plaintext=insist)
    assert not sources.state_dir.exists()


def test_of_a_chain_the_safe_member_is_recorded_and_used(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, chain(monkeypatch, PlaintextKeyring(), MemoryKeyring()))
    assert store("work", None, PW, sources=sources) == MEMORY


def test_chain_of_plaintext_backends_is_refused(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, chain(monkeypatch, PlaintextKeyring(), EncodedPlaintextKeyring()))
    with pytest.raises(ConfigError, match="PlaintextKeyring, stores in plain text"):
        store("work", None, PW, sources=sources)


def test_backend_that_keeps_nothing_is_found_out(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, ForgetfulKeyring())
    with pytest.raises(LoginFailed, match="did not keep"):
        store("work", None, PW, sources=sources)
    assert not sources.state_dir.exists()


@pytest.mark.parametrize("secret", ["", "a\nb", "a\rb", "a\0b"])
def test_password_that_no_protocol_can_carry_is_not_stored(
    sources: Sources, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    choose(monkeypatch, MemoryKeyring())
    with pytest.raises(LoginFailed):
        store("work", None, Secret(secret), sources=sources)
    assert MemoryKeyring.kept == {}


def test_stored_password_that_no_protocol_can_carry_is_refused(sources: Sources) -> None:
    remember(sources, "MemoryKeyring")
    MemoryKeyring.kept["mailcli", "work"] = "hunter2\r\nDELE 1"
    with pytest.raises(LoginFailed, match="line end") as caught:
        find(account(), Protocol.IMAP, sources=sources)
    assert "hunter2" not in caught.value.message


TROUBLES = [
    ("LockedKeyring", "the keyring is locked", "unlock the keyring"),
    ("StrangeKeyring", "ArithmeticError: mailcli has no cheese for work", "password_command"),
    ("NoSuchKeyring", "NoSuchKeyring", "password_file"),
]


@pytest.mark.parametrize(("kind", "message", "hint"), TROUBLES, ids=[t[0] for t in TROUBLES])
def test_keyring_in_trouble_is_told_with_what_helps(
    sources: Sources, kind: str, message: str, hint: str
) -> None:
    remember(sources, kind)
    with pytest.raises(LoginFailed) as caught:
        find(account(), Protocol.IMAP, sources=sources)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == Exit.LOGIN


def test_keyring_in_trouble_leaves_the_password_file_its_turn(
    sources: Sources, tmp_path: Path
) -> None:
    remember(sources, "LockedKeyring")
    file = tmp_path / "password"
    file.write_text("from file\n")
    file.chmod(0o600)
    assert find(account(file=file), Protocol.IMAP, sources=sources).reveal() == "from file"


def test_keyring_that_waits_for_a_dialog_is_given_up(sources: Sources) -> None:
    remember(sources, "HangingKeyring")
    hurried = Sources(sources.environ, sources.state_dir, keyring_timeout=0.1)
    try:
        with pytest.raises(LoginFailed, match=r"no answer in time: waited 0\.1 s"):
            find(account(), Protocol.IMAP, sources=hurried)
    finally:
        HangingKeyring.release.set()


def test_keyring_on_the_bus_is_not_even_loaded_without_a_bus(sources: Sources) -> None:
    sources.state_dir.mkdir()
    content = json.dumps({"backends": {"work": "keyring.backends.SecretService.NoSuchClass"}})
    sources.state_dir.joinpath("credentials.json").write_text(content)
    with pytest.raises(LoginFailed, match="no session bus") as caught:
        find(account(), Protocol.IMAP, sources=sources)
    assert "cron" in caught.value.hint


def test_locked_keyring_stores_nothing(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, LockedKeyring())
    with pytest.raises(LoginFailed, match="locked") as caught:
        store("work", None, PW, sources=sources)
    assert "unlock" in caught.value.hint
    assert not sources.state_dir.exists()


def test_forgotten_password_is_gone_from_keyring_and_record(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, MemoryKeyring())
    store("work", None, PW, sources=sources)
    store("work", Protocol.SMTP, PW, sources=sources)
    assert forget("work", None, sources=sources) == MEMORY
    assert set(MemoryKeyring.kept) == {("mailcli", "work:smtp")}
    assert record(sources) == {"work:smtp": MEMORY}


def test_forgetting_what_is_gone_already_clears_the_record(sources: Sources) -> None:
    remember(sources, "MemoryKeyring")
    forget("work", None, sources=sources)
    assert record(sources) == {}


def test_forgetting_what_was_never_stored_is_told_so(sources: Sources) -> None:
    with pytest.raises(NotFound, match="work:imap"):
        forget("work", Protocol.IMAP, sources=sources)


def test_password_that_a_locked_keyring_still_holds_is_not_forgotten(sources: Sources) -> None:
    remember(sources, "LockedKeyring")
    with pytest.raises(LoginFailed, match="locked"):
        forget("work", None, sources=sources)
    assert record(sources) == {"work": "tests.support.keyrings.LockedKeyring"}
