"""Authentication-Results (RFC 8601): whom to believe, and what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.authentication import (
    Authentication,
    Field,
    Result,
    Verdict,
    authentication,
    without_comments,
)

MX = "mx.example.org"


def results(text: str, *, by: str = MX) -> Field:
    return ("Authentication-Results", f" {by}; {text}")


def received(by: str) -> Field:
    return ("Received", f"from somewhere (x [192.0.2.1]) by {by} with ESMTPS id 1; date")


def found(*fields: Field, domain: str = "example.com") -> Authentication:
    return authentication(fields, authserv_id=MX, domains=[domain])


def test_without_a_trusted_server_everything_is_unknown() -> None:
    fields = [results("dmarc=pass header.from=example.com")]

    assert authentication(fields, authserv_id=None, domains=["example.com"]) == Authentication()
    assert Authentication().verdict is Verdict.UNKNOWN


def test_a_field_of_another_server_says_nothing() -> None:
    assert found(results("dmarc=pass", by="evil.example.org")) == Authentication()


def test_all_three_methods_are_read_from_one_field() -> None:
    every = found(
        results(
            "spf=pass (sender is permitted) smtp.mailfrom=bounce@example.com;\r\n"
            '\tdkim=pass reason="good; really" header.d=example.com header.s=k1;\r\n'
            "\tdmarc=pass (p=REJECT dis=NONE) header.from=example.com"
        )
    )

    assert every == Authentication(
        Result.PASS, Result.PASS, Result.PASS, by=MX, verdict=Verdict.VERIFIED
    )


def test_each_of_a_servers_own_fields_in_a_row_counts() -> None:
    both = found(
        results("dmarc=fail header.from=example.com"),
        ("X-Spam", "no"),
        results("spf=softfail smtp.mailfrom=a@example.com"),
        received(MX),
    )

    assert (both.spf, both.dkim, both.dmarc) == (Result.SOFTFAIL, None, Result.FAIL)
    assert both.verdict is Verdict.FAILED


def test_what_stands_below_the_hop_of_the_first_field_came_with_the_message() -> None:
    both = found(
        results("spf=fail smtp.mailfrom=a@example.com"),
        received(MX),
        results("dmarc=pass header.from=example.com; dkim=pass header.d=example.com"),
    )

    assert (both.spf, both.dkim, both.dmarc) == (Result.FAIL, None, None)
    assert both.verdict is Verdict.UNVERIFIED


def test_what_stands_below_another_organisations_hop_came_with_the_message() -> None:
    forged = found(received("relay.evil.test"), results("dmarc=pass header.from=example.com"))

    assert forged == Authentication()


@pytest.mark.parametrize(
    "by",
    [
        "store.example.org",
        "localhost",
        "2002:a17:906:1::1",
        "[192.0.2.9]",
        "mail",
        "store.internal",
    ],
)
def test_inner_hops_may_stand_above(by: str) -> None:
    inner = found(received(by), results("dmarc=pass header.from=example.com"))

    assert inner.dmarc is Result.PASS


@pytest.mark.parametrize(
    "payload",
    [
        "mx.example.org 1; spf=fail",
        '"mx.example.org" ; spf=fail',
        "(here) MX.Example.ORG (v) 1 ; (a (nested) one) spf (x) = (y) fail",
        "mx.example.org; spf/1 = FAIL",
        "mx.example.org; spf=hardfail",
        "mx.example.org;spf=fail;",
    ],
)
def test_every_way_to_write_it_is_read(payload: str) -> None:
    assert found(("authentication-results", payload)).spf is Result.FAIL


@pytest.mark.parametrize(
    "payload",
    [
        "",
        ";",
        "mx.example.org",
        "mx.example.org none",
        "spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=example.com; dkim=none",
        "mx.example.org.evil.test; spf=pass",
        "(mx.example.org) evil.test; spf=pass",
        '"mx.example.org\\" ; spf=pass',
    ],
)
def test_what_names_no_trusted_server_says_nothing(payload: str) -> None:
    assert found(("Authentication-Results", payload)) == Authentication()


def test_a_server_that_checked_nothing_is_named_all_the_same() -> None:
    assert found(results("none")) == Authentication(by=MX, verdict=Verdict.UNVERIFIED)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("dkim=pass header.d=example.com", Verdict.VERIFIED),
        ("dkim=pass header.i=@news.example.com", Verdict.VERIFIED),
        ("dkim=pass header.d=mailer.test", Verdict.UNVERIFIED),
        ("spf=pass smtp.mailfrom=x@bounce.example.com", Verdict.VERIFIED),
        ("spf=pass smtp.helo=example.com", Verdict.UNVERIFIED),
        ("dmarc=none header.from=example.com; dkim=pass header.d=mailer.test", Verdict.UNVERIFIED),
        ("dmarc=pass header.from=other.test", Verdict.UNVERIFIED),
        ("dmarc=temperror header.from=example.com; spf=pass smtp.mailfrom=example.com",
         Verdict.UNVERIFIED),
        ("dmarc=bestguesspass action=none header.from=example.com", Verdict.UNVERIFIED),
        ("iprev=pass; auth=pass smtp.auth=someone", Verdict.UNVERIFIED),
    ],
)  # fmt: skip
def test_only_the_domain_in_from_verifies_a_message(text: str, verdict: Verdict) -> None:
    assert found(results(text)).verdict is verdict


def test_an_international_domain_is_the_same_in_both_forms() -> None:
    field = results("dkim=pass header.d=xn--bcher-kva.example")

    assert found(field, domain="bücher.example").verdict is Verdict.VERIFIED


def test_of_several_signatures_the_best_counts() -> None:
    assert found(results("dkim=fail header.d=a.test; dkim=pass header.d=b.test")).dkim is (
        Result.PASS
    )


def test_two_senders_are_never_verified() -> None:
    two = authentication(
        [results("dmarc=pass")], authserv_id=MX, domains=["example.com", "evil.test"]
    )

    assert (two.dmarc, two.verdict) == (Result.PASS, Verdict.UNVERIFIED)


def test_a_quoted_string_keeps_its_parentheses_and_a_comment_its_quotes() -> None:
    assert without_comments('a="(b)" (c "d) e') == 'a="(b)"   e'
    assert without_comments("((((" * 1000) == ""


@given(st.text(max_size=300))
def test_any_text_is_survived(text: str) -> None:
    for field in (("Authentication-Results", text), results(text), ("Received", text)):
        assert found(field, results("spf=pass smtp.mailfrom=a@b.example")).by in {MX, None}


@pytest.mark.growth
@pytest.mark.parametrize("piece", ["a", "a ", "a.", "(", '"', "a=", ";", "\\", "by "])
def test_a_long_field_is_read_in_time_that_grows_with_its_length(piece: str) -> None:
    text = piece * (400_000 // len(piece))

    assert found(results(text), ("Received", text), ("Authentication-Results", text)).by == MX
