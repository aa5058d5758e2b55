"""Messages that are put together oddly: boundaries, nesting, forwards, reports, names of files."""

from tests.corpus.writing import add, base64, header, many, multi, octets, part, text

# ── boundaries ───────────────────────────────────────────────────────────────


def multipart(name: str, field: str, body: str, **expected: object) -> None:
    """Add a multipart whose every line is given."""
    head = header({"Content-Type": f"multipart/{field}"} if field else None)
    add(name, head + b"\n" + octets(body), **expected)


multipart(
    "boundary-never-closed",
    "mixed; boundary=b",
    "--b\n\none\n--b\n\ntwo\n",
    text="one\n\ntwo\n",
    warnings=["the message is broken: a multipart that never ends"],
)
multipart("boundary-missing-parameter", "mixed", "--b\n\none\n--b--\n", text="--b\n\none\n--b--\n")
multipart("boundary-empty", 'mixed; boundary=""', "text\n", text="text\n")
multipart("boundary-never-used", "mixed; boundary=b", "just text\n", text="just text\n")
multipart("boundary-trailing-blanks", "mixed; boundary=b", "--b  \n\none\n--b--\t\n", text="one\n")
multipart(
    "boundary-prefix-of-another",
    "mixed; boundary=b",
    "--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\none\n--bb--\n--b--\n",
    text="one\n",
    types=["multipart/mixed", "1 multipart/mixed", "1.1 text/plain"],
)
multipart(
    "boundary-with-spaces", 'mixed; boundary="a b c"', "--a b c\n\none\n--a b c--\n", text="one\n"
)
multipart(
    "preamble-and-epilogue",
    "mixed; boundary=b",
    "Preamble.\n--b\n\none\n--b--\nEpilogue.\n",
    text="one\n",
)
multipart(
    "same-boundary-within",
    "mixed; boundary=b",
    "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n",
    text="one\n",
)
multipart("part-without-header", "mixed; boundary=b", "--b\n\nplain\n--b--\n", text="plain\n")
multipart(
    "part-without-body", "mixed; boundary=b", "--b\nContent-Type: text/plain\n--b--\n", text=""
)
multipart(
    "base64-on-a-multipart",
    "mixed; boundary=b\nContent-Transfer-Encoding: base64",
    "--b\n\none\n--b--\n",
    text="one\n",
)
multipart("no-parts-at-all", "mixed; boundary=b", "--b--\n", text="--b--\n")
multipart(
    "digest",
    "digest; boundary=b",
    "--b\n\nSubject: inner\n\nfrom a digest\n--b--\n",
    text="from a digest\n",
    types=["multipart/digest", "1 message/rfc822", "1.1 text/plain"],
)


def nested(depth: int) -> bytes:
    """Return a text within so many multiparts."""
    raw = part("text/plain", "deep\n")
    for level in range(depth):
        raw = multi("mixed", raw, boundary=f"b{level}.")
    return raw


add("nested-20", header() + nested(20), text="deep\n")
add(
    "nested-300",
    header() + nested(300),
    warnings=["the message is broken: parts within parts, more than 100 deep"],
)
add(
    "many-parts",
    header() + multi("mixed", *(part("text/plain", f"{n}\n") for n in range(200))),
    text="\n".join(f"{n}\n" for n in range(200)),
)

# ── forwards, digests, reports ───────────────────────────────────────────────

_INNER = b"From: Carol <carol@example.net>\nSubject: Inner\n\nInner text.\n"

many(
    "forwarded",
    "mixed",
    part("text/plain", "see below\n"),
    part("message/rfc822", _INNER),
    text="see below\n\nInner text.\n",
    attachments=["2 None message/rfc822 60"],
)
many(
    "forwarded-attached",
    "mixed",
    part("text/plain", "see\n"),
    part("message/rfc822", _INNER, 'Content-Disposition: attachment; filename="m.eml"'),
    text="see\n",
    attachments=["2 m.eml message/rfc822 60"],
)
many(
    "forwarded-in-base64",
    "mixed",
    part("text/plain", "see\n"),
    part("message/rfc822", base64(_INNER), "Content-Transfer-Encoding: base64"),
    text="see\n",
    attachments=["2 None message/rfc822 60"],
)
add(
    "forwarded-alone",
    header({"Content-Type": "message/rfc822"}) + b"\n" + _INNER,
    text="Inner text.\n",
    types=["1 message/rfc822", "1.1 text/plain"],
)
many(
    "report",
    "report; report-type=delivery-status",
    part("text/plain", "It failed.\n"),
    part(
        "message/delivery-status",
        "Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; bob@example.com\n"
        "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.example.com\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\n",
    ),
    part("message/rfc822", _INNER),
    text="It failed.\n\nnot delivered to bob@example.com (status 5.1.1)\n"
    "    mx.example.com: 550 5.1.1 no such user\n\nInner text.\n",
)
many(
    "report-delayed",
    "report; report-type=delivery-status",
    part(
        "message/delivery-status",
        "Reporting-MTA: dns; x\n\nOriginal-Recipient: rfc822;a@example.com\nAction: delayed\n"
        "Will-Retry-Until: Wed, 4 Nov 2026 10:00:00 +0000\n",
    ),
    part("text/rfc822-headers", "Subject: lost\n"),
    text="not delivered yet to a@example.com\n"
    "    tried again until Wed, 4 Nov 2026 10:00:00 +0000\n\nSubject: lost\n",
)
many(
    "invitation",
    "alternative",
    part("text/plain", "You are invited.\n"),
    part(
        "text/calendar; method=REQUEST",
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Tea\n"
        "DTSTART:20261126T140000Z\nDTEND:20261126T150000Z\nLOCATION:Room 1\n"
        "ORGANIZER;CN=Ada:mailto:ada@example.org\nEND:VEVENT\nEND:VCALENDAR\n",
    ),
    text_holds=["You are invited.", "Tea", "Room 1", "26 Nov 2026, 14:00"],
    attachments=[],
)
many(
    "external-body",
    "mixed",
    part("text/plain", "see\n"),
    part('message/external-body; access-type=URL; URL="http://x.test/"', "Content-Type: x/y\n"),
    text="see\n",
)

# ── signed and encrypted ─────────────────────────────────────────────────────

many(
    "pgp-encrypted",
    'encrypted; protocol="application/pgp-encrypted"',
    part("application/pgp-encrypted", "Version: 1\n"),
    part("application/octet-stream", "-----BEGIN PGP MESSAGE-----\n"),
    text="",
    attachments=["2 None application/octet-stream 28"],
)
many(
    "pgp-signed-unsigned",
    "signed; micalg=pgp-sha256",
    part("text/plain", "hello\n"),
    part("application/pgp-signature", "junk\n"),
    text="hello\n",
    attachments=[],
    signed=["unknown"],
)
many(
    "signed-with-a-third-part",
    "signed",
    part("text/plain", "hello\n"),
    part("application/pgp-signature", "junk\n"),
    part("text/plain", "more\n"),
    text="hello\n",
    signed=["unknown"],
)
many(
    "signed-within",
    "mixed",
    multi(
        "signed",
        part("text/plain", "signed\n"),
        part("application/pgp-signature", "x\n"),
        boundary="=s=",
    ),
    part("text/plain", "a list's footer\n"),
    text="signed\n\na list's footer\n",
    signed=["unknown"],
    attachments=[],
)
text(
    "smime-encrypted",
    base64(b"\x30\x80"),
    "application/pkcs7-mime; smime-type=enveloped-data",
    "base64",
    text="",
    attachments=["1 None application/pkcs7-mime 2"],
)
text(
    "smime-opaque",
    base64(b"\x30\x80"),
    "application/pkcs7-mime; smime-type=signed-data",
    "base64",
    text="",
    attachments=["1 None application/pkcs7-mime 2"],
)
text(
    "pgp-inline",
    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhi\n",
    signed=[],
    text="-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhi\n",
)

# ── attachments and their names ──────────────────────────────────────────────


def named(name: str, *more: str, kind: str = "application/x", shown: str | None) -> None:
    """Add a message with an attachment of this name."""
    attached = part(kind, "x", *more)
    many(name, "mixed", part("text/plain", "see\n"), attached, attachment_names=[shown])


_ATTACHED = "Content-Disposition: attachment; "
named("name-rfc2231", _ATTACHED + "filename*=utf-8''%E2%82%AC%20rates.pdf", shown="€ rates.pdf")
named(
    "name-rfc2231-pieces",
    _ATTACHED + "filename*0*=utf-8''%E2%82;\n filename*1*=%AC;\n filename*2=\".pdf\"",
    shown="€.pdf",
)
named("name-encoded-word", _ATTACHED + 'filename="=?utf-8?q?=E2=82=AC=2Epdf?="', shown="€.pdf")
named("name-octets", _ATTACHED + 'filename="Grüße.pdf"', shown="Grüße.pdf")
named("name-traversal", _ATTACHED + 'filename="../../etc/passwd"', shown="../../etc/passwd")
named("name-escapes", _ATTACHED + 'filename="a\x1b[31m.pdf"', shown="a\x1b[31m.pdf")
named("name-bidi", _ATTACHED + "filename*=utf-8''a%E2%80%AEfdp.exe", shown="a\u202efdp.exe")
named("name-none", "Content-Disposition: attachment", shown=None)
named("name-in-type-alone", kind="application/x; name=old.doc", shown="old.doc")
named("name-unclosed-quote", _ATTACHED + 'filename="a b.pdf', shown="a b.pdf")
named("name-unquoted-blanks", _ATTACHED + "filename=a b.pdf", shown="a b.pdf")
named("name-twice", _ATTACHED + "filename=a.pdf; filename=b.pdf", shown="a.pdf")
text(
    "image-alone",
    base64(b"png"),
    "image/png; name=a.png",
    "base64",
    text="",
    attachments=["1 a.png image/png 3"],
)
text("type-nonsense", "hello\n", "nonsense", text="hello\n", types=["1 text/plain"])
text("type-empty", "hello\n", "", text="hello\n", types=["1 text/plain"])
text("text-of-any-kind", "a,b\n", "text/csv", text="a,b\n", attachments=[])
