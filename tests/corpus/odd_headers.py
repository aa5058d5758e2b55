"""Headers with every oddity: who wrote, when, about what, and what deceives."""

from tests.corpus.writing import add, header, octets

_BODY = b"\nhello\n"


def fields(name: str, more: dict[str, str | bytes | None], **expected: object) -> None:
    """Add a message with these fields in place of the usual ones."""
    add(name, header(more) + _BODY, text="hello\n", **expected)


def whole(name: str, raw: str | bytes, **expected: object) -> None:
    """Add a message whose every octet is given."""
    add(name, octets(raw), **expected)


_NO_FROM = "there is no From field: nobody says who wrote this"

fields(
    "subject-encoded",
    {"Subject": "=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?b?4oKs?="},
    subject="Grüße€",
)
fields(
    "subject-cut-character",
    {"Subject": "=?utf-8?b?4g==?= =?utf-8?b?gqw=?="},
    headers_hold=[["Subject", "€"]],
)
fields("subject-octets", {"Subject": "Grüße".encode()}, subject="Grüße")
fields("subject-latin-1-octets", {"Subject": "Grüße".encode("latin-1")}, subject="Grüße")
fields(
    "subject-folded",
    {"Subject": "one\n two\n\tthree"},
    headers_hold=[["Subject", "one two\tthree"]],
)
fields("subject-missing", {"Subject": None}, subject="")
fields(
    "subject-twice",
    {"Subject": "first", "subject": "second"},
    subject="first",
    headers_hold=[["Subject", "first"], ["subject", "second"]],
)
fields("subject-escapes", {"Subject": "\x1b]0;x\x07 \x1b[2J"}, subject="\x1b]0;x\x07 \x1b[2J")
fields(
    "subject-markup", {"Subject": "[bold]not[/] :smile: [/]"}, subject="[bold]not[/] :smile: [/]"
)
fields(
    "subject-unknown-charset",
    {"Subject": "=?x-unknown?q?abc?="},
    headers_hold=[["Subject", "abc"]],
)
fields("subject-huge", {"Subject": "x" * 9_000}, subject="x" * 9_000)
fields("date-missing", {"Date": None})
fields("date-impossible", {"Date": "Thu, 31 Feb 2026 25:61:00 +9900"})
fields("date-far", {"Date": "Fri, 31 Dec 9999 23:59:59 -1200"})
fields("date-obsolete-zone", {"Date": "Tue, 3 Nov 26 10:00 EST"}, date="2026-11-03T10:00:00-05:00")
fields("date-without-zone", {"Date": "Tue, 3 Nov 2026 10:00:00"})
fields(
    "date-comment",
    {"Date": "Tue, 3 Nov 2026 10:00:00 +0100 (CET)"},
    date="2026-11-03T10:00:00+01:00",
)
fields("from-missing", {"From": None}, warnings=[_NO_FROM])
fields("from-empty", {"From": ""}, warnings=["From holds no address"])
fields(
    "from-twice",
    {"From": "a@example.org", "FROM": "b@evil.test"},
    warnings=["there are 2 From fields: other programs may show another"],
)
fields(
    "from-several",
    {"From": "a@example.org, b@example.org"},
    from_=["a@example.org", "b@example.org"],
    warnings=["From names 2 senders"],
)
fields(
    "from-group",
    {"From": "Friends: a@example.org;"},
    warnings=["From names a group, not a sender"],
)
fields("from-undisclosed", {"From": "undisclosed-recipients:;"})
fields(
    "from-quoted",
    {"From": '"Lovelace, Ada" <ada@example.org>'},
    from_=["Lovelace, Ada <ada@example.org>"],
    warnings=[],
)
fields(
    "from-encoded",
    {"From": "=?utf-8?q?J=C3=BCrgen?= <j@example.org>"},
    from_=["Jürgen <j@example.org>"],
    warnings=[],
)
fields(
    "from-old-style",
    {"From": "ada@example.org (Ada Lovelace)"},
    from_=["Ada Lovelace <ada@example.org>"],
    warnings=[],
)
fields(
    "from-other-address-in-name",
    {"From": '"boss@bank.example" <x@evil.test>'},
    warnings=["the sender's name shows boss@bank.example, but the address is x@evil.test"],
)
fields(
    "from-domain-in-name",
    {"From": "Paypal.com Service <x@evil.test>"},
    warnings=["the sender's name shows Paypal.com, but the address is x@evil.test"],
)
fields(
    "from-imitated-domain",
    {"From": "Apple <id@xn--pple-43d.com>"},
    warnings=[
        (
            "the domain \u0430pple.com (xn--pple-43d.com) is not apple.com: "
            "its letter \u0430 is cyrillic small letter a"
        )
    ],
)
fields(
    "from-hidden-characters",
    {"From": "=?utf-8?q?A=E2=80=AEda?= <ada@example.org>"},
    warnings=["the sender's name holds hidden characters: A<U+202E>da"],
)
fields(
    "reply-to-elsewhere",
    {"Reply-To": "x@evil.test"},
    warnings=["answers go to another domain: x@evil.test"],
)
fields("reply-to-near", {"Reply-To": "list@lists.example.org"}, warnings=[])
fields(
    "sender-elsewhere",
    {"Sender": "x@mailer.test"},
    warnings=["sent by another domain: x@mailer.test"],
)
fields("to-many", {"To": ", ".join(f"a{n}@example.org" for n in range(300))})
fields("to-group", {"To": "undisclosed-recipients:;"})
fields("to-broken", {"To": '<<>>, @, , "x'})
fields(
    "authentication-without-trust",
    {"Authentication-Results": "mx.example.org; dmarc=pass header.from=example.org"},
    authentication={"spf": None, "dkim": None, "dmarc": None, "by": None, "verdict": "unknown"},
)
fields("message-id-broken", {"Message-ID": "no brackets at all"})
fields("field-empty", {"X-Empty": ""}, headers_hold=[["X-Empty", ""]])
fields("field-names-of-any-case", {"content-TYPE": "text/html"})
fields("header-huge", {"X-Big": "y" * 300_000})
fields("header-many", {f"X-{n}": "z" for n in range(2_500)})

whole("empty", b"", text="", warnings=[_NO_FROM])
whole("only-a-header", "From: a@example.org\nSubject: s\n", subject="s", text="")
whole("only-a-body", "\njust text\n", text="just text\n", warnings=[_NO_FROM])
whole(
    "no-empty-line",
    "From: a@example.org\nthis is no field\nnor this\n",
    text="this is no field\nnor this\n",
    warnings=["the message is broken: a header without an empty line behind it"],
)
whole(
    "mbox-line-first",
    "From ada Tue Nov  3 10:00:00 2026\nFrom: a@example.org\n\nhello\n",
    text="hello\n",
    from_=["a@example.org"],
)
whole("bom-first", "\ufeffFrom: a@example.org\nSubject: s\n\nhello\n", text="hello\n")
whole(
    "blank-before-the-colon",
    "From : a@example.org\nSubject\t: s\n\nhello\n",
    text="hello\n",
    subject="s",
)
whole("continuation-first", " continued\nFrom: a@example.org\n\nhello\n")
whole("bare-cr", b"From: a@example.org\rSubject: s\r\rhello\r")
whole("octets-of-all-kinds", bytes(range(256)) * 8)
whole("nuls", b"\0" * 500)
whole("line-ends-alone", b"\r\n" * 50, text="")
