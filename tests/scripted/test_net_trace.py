"""What a traced login shows, in each protocol and by each mechanism: everything but the secret."""

import base64
import re

import pytest

from mailcli.errors import MailError
from mailcli.model import AuthKind, Secret
from mailcli.sasl import Identity
from tests.scripted.sessions import IMAP, POP, SMTP, Speaker, each_protocol, opened
from tests.support.dialogues import capabilities, greeting, script
from tests.support.scripted import Scripted

SECRET = 'pä"ss\\w0rd,='
HIDDEN = ("ss\\w0rd", "ss\\\\w0rd", "w0rd")

_QUESTION = {"smtp": "334 ", "pop3": "+ ", "imap": "+ "}
_OFFER = {"smtp": "AUTH {}", "pop3": "SASL {}", "imap": "AUTH={}"}
_REFUSAL = {"smtp": "S! 535 no: ", "pop3": "S! -ERR no: ", "imap": "S! {tag} NO no: "}


_ERROR = "eyJzdGF0dXMiOiI0MDEifQ=="

QUESTIONS: dict[str, tuple[str, ...]] = {
    "PLAIN": (),
    "LOGIN": ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"),
    "XOAUTH2": (_ERROR,),
    "OAUTHBEARER": (_ERROR,),
}


def _forms() -> list[bytes]:
    raw = SECRET.encode()
    quoted = SECRET.replace("\\", "\\\\").replace('"', '\\"').encode()
    messages = (
        raw,
        b"\0ada\0" + raw,
        b"user=ada\x01auth=Bearer " + raw + b"\x01\x01",
        b"n,a=ada,\x01auth=Bearer " + raw + b"\x01\x01",
    )
    return [raw, quoted, *(base64.b64encode(message) for message in messages)]


def _refusal(speaker: Speaker) -> str:
    """Refuse the login with every form of the secret in the text."""
    return _REFUSAL[speaker.name] + r"{echo}\r\n"


def _traced(speaker: Speaker, conversation: str, kind: AuthKind) -> tuple[list[str], MailError]:
    said: list[str] = []
    identity = Identity("ada", Secret(SECRET))
    values = {"echo": b" ".join(_forms())}
    with (
        Scripted(conversation, values=values) as server,
        opened(speaker, server, trace=said.append) as session,
        pytest.raises(MailError) as caught,
    ):
        session.login(kind, lambda: identity)
    return said, caught.value


def _check(said: list[str], failure: MailError) -> None:
    for text in (*said, failure.message, failure.hint):
        assert not any(form in text for form in HIDDEN)
        for word in re.findall(r"[A-Za-z0-9+/]{8,}", text):
            whole = len(word) - len(word) % 4
            assert b"w0rd" not in base64.b64decode(word[:whole])
    assert "no: ***" in failure.message


@each_protocol
@pytest.mark.parametrize("mechanism", QUESTIONS)
def test_no_form_of_the_secret_is_ever_shown(speaker: Speaker, mechanism: str) -> None:
    questions = QUESTIONS[mechanism]
    offer = _OFFER[speaker.name].format(mechanism)
    lines = [greeting(speaker.name), capabilities(speaker.name, ("X-OTHER", offer))]
    tag = "{tag} AUTHENTICATE" if speaker.name == "imap" else "AUTH"
    lines += [f"C? {tag} {mechanism}.*"]
    waits = speaker.name == "imap" or (speaker.name, mechanism) == ("pop3", "XOAUTH2")
    if waits and mechanism != "LOGIN":
        lines += [f"S: {_QUESTION[speaker.name]}", "C? .+"]
    for question in questions:
        lines += [f"S: {_QUESTION[speaker.name]}{question}", "C? .*"]
    conversation = script(*lines, _refusal(speaker), "@rest")
    kind = AuthKind.OAUTH2 if "OAUTH" in mechanism else AuthKind.PASSWORD
    said, failure = _traced(speaker, conversation, kind)
    _check(said, failure)
    assert any(line.startswith("C: ***") or line.split("  ")[0].endswith(" ***") for line in said)
    assert not any(question in line for question in questions for line in said)


def test_pass_shows_no_secret() -> None:
    lines = ("C: USER ada", "S: +OK", "C? PASS .+", _refusal(POP), "@rest")
    conversation = script(greeting("pop3"), capabilities("pop3", ("USER",)), *lines)
    said, failure = _traced(POP, conversation, AuthKind.PASSWORD)
    _check(said, failure)
    assert any(line.startswith("C: PASS ***") for line in said)
    assert any(line.startswith("C: USER ada") for line in said)


def test_imap_login_shows_no_secret() -> None:
    lines = (r'C? {tag} LOGIN "ada" \{\d+\}', "S: + go on", "C? .+", _refusal(IMAP), "@rest")
    conversation = script(greeting("imap"), capabilities("imap", ("IMAP4rev1",)), *lines)
    said, failure = _traced(IMAP, conversation, AuthKind.PASSWORD)
    _check(said, failure)
    assert any("LOGIN ***" in line for line in said)


def test_a_server_that_echoes_the_secret_line_by_line_shows_none() -> None:
    reply = [f"S! 535-{{echo{n}}}\\r\\n" for n in range(len(_forms()))]
    values = {f"echo{n}": form for n, form in enumerate(_forms())}
    conversation = script(
        greeting("smtp"),
        capabilities("smtp", ("AUTH PLAIN",)),
        r"C? AUTH PLAIN \S+",
        *reply,
        "S: 535 no",
        "@rest",
    )
    said: list[str] = []
    with (
        Scripted(conversation, values=values) as server,
        opened(SMTP, server, trace=said.append) as session,
        pytest.raises(MailError) as caught,
    ):
        session.login(AuthKind.PASSWORD, lambda: Identity("ada", Secret(SECRET)))
    assert sum("535-***" in line for line in said) == len(reply)
    assert not any(form in caught.value.message for form in HIDDEN)
