import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.errors import LoginFailed, ProtocolViolation
from mailcli.model import AuthKind, Secret
from mailcli.sasl import Exchange, Identity, choose

# RFC 7677 §3
NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_FIRST = (
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
)
CLIENT_FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

ADA = Identity("ada@example.org", Secret("pw"))


def b64(text: bytes) -> bytes:
    return base64.b64encode(text)


def initial(exchange: Exchange) -> bytes:
    assert exchange.initial is not None
    return base64.b64decode(exchange.initial)


def scram(password: str = "pencil", username: str = "user") -> Exchange:
    return Exchange("SCRAM-SHA-256", Identity(username, Secret(password)), nonce=NONCE)


@pytest.mark.parametrize(
    ("offered", "kind", "chosen"),
    [
        ("PLAIN LOGIN SCRAM-SHA-256", AuthKind.PASSWORD, "SCRAM-SHA-256"),
        ("LOGIN plain CRAM-MD5", AuthKind.PASSWORD, "PLAIN"),
        ("LOGIN", AuthKind.PASSWORD, "LOGIN"),
        ("CRAM-MD5 GSSAPI SCRAM-SHA-256-PLUS", AuthKind.PASSWORD, None),
        ("XOAUTH2 PLAIN", AuthKind.PASSWORD, "PLAIN"),
        ("XOAUTH2 OAUTHBEARER", AuthKind.OAUTH2, "OAUTHBEARER"),
        ("PLAIN xoauth2", AuthKind.OAUTH2, "XOAUTH2"),
        ("PLAIN LOGIN", AuthKind.OAUTH2, None),
        ("", AuthKind.PASSWORD, None),
    ],
)
def test_best_mechanism_that_both_sides_know_is_chosen(
    offered: str, kind: AuthKind, chosen: str | None
) -> None:
    assert choose(offered.split(), kind, private=False) == chosen


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("SCRAM-SHA-256 LOGIN PLAIN", "PLAIN"),
        ("LOGIN SCRAM-SHA-256", "SCRAM-SHA-256"),
        ("LOGIN", "LOGIN"),
    ],
)
def test_inside_verified_tls_the_mechanism_of_one_round_trip_comes_first(
    offered: str, chosen: str
) -> None:
    assert choose(offered.split(), AuthKind.PASSWORD, private=True) == chosen


def test_plain_is_one_step() -> None:
    exchange = Exchange("PLAIN", Identity("jörg", Secret("pässword")))
    assert initial(exchange) == "\0jörg\0pässword".encode()
    exchange.conclude()
    with pytest.raises(ProtocolViolation, match="more"):
        exchange.answer(b"")


def test_login_waits_for_the_server_and_gives_name_then_password() -> None:
    exchange = Exchange("LOGIN", ADA)
    assert exchange.initial is None
    assert exchange.answer(b64(b"Username:")) == b64(b"ada@example.org")
    assert exchange.answer(b64(b"Password:")) == b64(b"pw")
    exchange.conclude()
    with pytest.raises(ProtocolViolation, match="more"):
        exchange.answer(b64(b"Once more:"))


def test_scram_follows_the_example_of_rfc_7677() -> None:
    exchange = scram()
    assert initial(exchange) == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert base64.b64decode(exchange.answer(b64(SERVER_FIRST))) == CLIENT_FINAL
    assert exchange.answer(b64(SERVER_FINAL) + b"\r\n") == b""
    exchange.conclude()


def test_scram_takes_extensions_after_the_signature() -> None:
    exchange = scram()
    exchange.answer(b64(SERVER_FIRST))
    assert exchange.answer(b64(SERVER_FINAL + b",x=later")) == b""
    exchange.conclude()


def test_scram_success_without_the_servers_signature_is_no_success() -> None:
    exchange = scram()
    with pytest.raises(ProtocolViolation, match="proving"):
        exchange.conclude()
    exchange.answer(b64(SERVER_FIRST))
    with pytest.raises(ProtocolViolation, match="proving"):
        exchange.conclude()


@pytest.mark.parametrize(
    "final", [SERVER_FINAL.replace(b"6rri", b"7rri"), b"v=", b"", b"x", SERVER_FINAL[2:], b"\xff"]
)
def test_scram_server_that_does_not_know_the_password_is_not_believed(final: bytes) -> None:
    exchange = scram()
    exchange.answer(b64(SERVER_FIRST))
    with pytest.raises(ProtocolViolation, match="cannot prove"):
        exchange.answer(b64(final))
    with pytest.raises(ProtocolViolation):
        exchange.conclude()


def test_scram_refusal_in_the_final_message_is_a_failed_login() -> None:
    exchange = scram(password="wrong")
    exchange.answer(b64(SERVER_FIRST))
    with pytest.raises(LoginFailed, match="invalid-proof"):
        exchange.answer(b64(b"e=invalid-proof"))


SALT = b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i="


@pytest.mark.parametrize(
    "challenge",
    [
        pytest.param(b"r=" + NONCE.encode() + b"more" + SALT + b"4095", id="too few rounds"),
        pytest.param(b"r=" + NONCE.encode() + b"more" + SALT + b"10000001", id="too many rounds"),
        pytest.param(b"r=" + NONCE.encode() + b"more" + SALT + b"-4096", id="negative rounds"),
        pytest.param(b"r=" + NONCE.encode() + SALT + b"4096", id="nothing added to the nonce"),
        pytest.param(b"r=another" + SALT + b"4096", id="another nonce"),
        pytest.param(b"r=" + NONCE.encode() + b"more,s=W,i=4096", id="salt not base64"),
        pytest.param(b"r=" + NONCE.encode() + b"more,s=,i=4096", id="no salt"),
        pytest.param(b"m=x,r=" + NONCE.encode() + b"more" + SALT + b"4096", id="must understand"),
        pytest.param(b"e=other-error", id="an error"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_scram_challenge_that_makes_no_sense_ends_the_login(challenge: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        scram().answer(b64(challenge))


def test_scram_escapes_the_user_name() -> None:
    assert initial(scram(username="a=b,c")).startswith(b"n,,n=a=3Db=2Cc,r=")


@pytest.mark.parametrize(
    ("typed", "prepared"),
    [
        ("I\u00adX", "IX"),  # RFC 4013 §3: soft hyphen mapped to nothing
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b\u3000c", "a b c"),
        ("a\u200bb\ufeff", "ab"),
        ("USER", "USER"),
        ("u\u0308", "ü"),
    ],
)
def test_scram_prepares_the_password_as_saslprep_does(typed: str, prepared: str) -> None:
    exchange = scram(password=typed)
    final = base64.b64decode(exchange.answer(b64(SERVER_FIRST)))
    bare = b"n=user,r=" + NONCE.encode()
    message = b",".join((bare, SERVER_FIRST, final.partition(b",p=")[0]))
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    salted = hashlib.pbkdf2_hmac("sha256", prepared.encode(), salt, 4096)
    signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")
    assert exchange.answer(b64(b"v=" + b64(signature))) == b""


def test_scram_nonce_is_new_each_time() -> None:
    identity = Identity("user", Secret("pencil"))
    assert len({Exchange("SCRAM-SHA-256", identity).initial for _ in range(10)}) == 10


def test_xoauth2_answers_an_error_with_nothing() -> None:
    exchange = Exchange("XOAUTH2", Identity("ada@example.org", Secret("ya29.token")))
    assert initial(exchange) == b"user=ada@example.org\x01auth=Bearer ya29.token\x01\x01"
    assert exchange.answer(b64(b'{"status":"401"}')) == b""
    with pytest.raises(ProtocolViolation, match="more"):
        exchange.answer(b"")


def test_oauthbearer_answers_an_error_with_its_separator() -> None:
    exchange = Exchange("OAUTHBEARER", Identity("a=d,a@example.org", Secret("ya29.token")))
    assert initial(exchange) == b"n,a=a=3Dd=2Ca@example.org,\x01auth=Bearer ya29.token\x01\x01"
    assert exchange.answer(b64(b'{"status":"invalid_token"}')) == b64(b"\x01")


MECHANISMS = ["SCRAM-SHA-256", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"]


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("bad", ["a\0b", "a\rb", "a\nb", "a\x01b", "a\udcffb"])
def test_name_or_secret_that_no_line_can_carry_is_refused(mechanism: str, bad: str) -> None:
    for identity in (Identity(bad, Secret("pw")), Identity("ada", Secret(bad))):
        with pytest.raises(LoginFailed, match=r"holds|valid") as refusal:
            Exchange(mechanism, identity)
        assert bad not in refusal.value.message


def test_mechanism_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(LoginFailed, match="CRAM-MD5"):
        Exchange("CRAM-MD5", ADA)


@pytest.mark.parametrize("challenge", [b"no base64!", b"YQ", b"\xff\xff\xff\xff"])
def test_challenge_that_is_not_base64_is_a_violation(challenge: bytes) -> None:
    with pytest.raises(ProtocolViolation, match="base64"):
        Exchange("LOGIN", ADA).answer(challenge)


@given(st.sampled_from(MECHANISMS), st.lists(st.binary(max_size=40), max_size=4))
def test_any_challenges_end_in_an_answer_or_an_error_of_ours(
    mechanism: str, challenges: list[bytes]
) -> None:
    exchange = Exchange(mechanism, ADA)
    try:
        for challenge in challenges:
            base64.b64decode(exchange.answer(b64(challenge)), validate=True)
    except (ProtocolViolation, LoginFailed):
        return
    assert len(challenges) < 3


def test_external_claims_what_the_certificate_says() -> None:
    assert choose(["PLAIN", "external"], AuthKind.EXTERNAL, private=True) == "EXTERNAL"
    assert choose(["PLAIN", "LOGIN"], AuthKind.EXTERNAL, private=True) is None
    exchange = Exchange("EXTERNAL", Identity("ada", Secret("")))
    assert exchange.initial == b""
    exchange.conclude()
