"""Bodies with every oddity that mail has: charsets, encodings, HTML, and what is read of each."""

from tests.corpus.writing import base64, many, multi, part, quoted, text

# ── texts and their charsets ─────────────────────────────────────────────────

text("plain", "Dear Bob,\n\nit works.\n", text="Dear Bob,\n\nit works.\n", html=None, warnings=[])
text("crlf", "one\r\ntwo\r\n", text="one\ntwo\n")
text("mixed-line-ends", "one\r\ntwo\nthree\r\n", text="one\ntwo\nthree\n")
text("empty-body", "", text="")
text("blank-lines-only", "\n\n\n", text="")
text("no-last-line-end", "end", text="end\n")
text("utf-8", "Grüße, 世界 😀\n", "text/plain; charset=utf-8", text="Grüße, 世界 😀\n")
text("utf-8-as-ascii", "Grüße\n", "text/plain; charset=us-ascii", text="Grüße\n")
text("utf-8-undeclared", "Grüße\n", text="Grüße\n")
text("latin-1", "Grüße\n".encode("latin-1"), "text/plain; charset=iso-8859-1", text="Grüße\n")
text(
    "windows-1252-as-latin-1",
    b"\x93quoted\x94 \x80\n",
    "text/plain; charset=iso-8859-1",
    text="\u201cquoted\u201d €\n",
)
text(
    "latin-1-as-utf-8",
    "Grüße\n".encode("latin-1"),
    "text/plain; charset=utf-8",
    text="Grüße\n",
)
text("koi8-r", "Привет\n".encode("koi8-r"), "text/plain; charset=koi8-r", text="Привет\n")
text(
    "windows-1251",
    "Привет\n".encode("cp1251"),
    "text/plain; charset=windows-1251",
    text="Привет\n",
)
text("shift-jis", "日本語①\n".encode("cp932"), "text/plain; charset=Shift_JIS", text="日本語①\n")
text(
    "iso-2022-jp",
    "日本語\n".encode("iso2022_jp"),
    "text/plain; charset=ISO-2022-JP",
    text="日本語\n",
)
text(
    "iso-2022-jp-of-windows",
    b"\x1b$B-!-j|bEg\x1b(B 1 \x1b(IJ]\x1b(B \x1b$B%F%9%H\x1b(B\n",
    "text/plain; charset=ISO-2022-JP",
    text="①㈱髙島 1 ﾊﾝ テスト\n",
)
text(
    "gb2312-is-gb18030", "镕基€\n".encode("gb18030"), "text/plain; charset=gb2312", text="镕基€\n"
)
text("big5", "中文\n".encode("big5"), "text/plain; charset=big5", text="中文\n")
text(
    "ks-c-5601", "한국어\n".encode("cp949"), "text/plain; charset=ks_c_5601-1987", text="한국어\n"
)
text(
    "utf-16",
    base64("héllo\n".encode("utf-16")),
    "text/plain; charset=utf-16",
    "base64",
    text="héllo\n",
)
text("utf-7", "Hi +AOk-\n", "text/plain; charset=utf-7", text="Hi é\n")
text("utf-7-undeclared-stays", "Hi +AOk-\n", text="Hi +AOk-\n")
text("charset-unknown", "Grüße\n", "text/plain; charset=x-unknown", text="Grüße\n")
text(
    "charset-is-a-python-codec",
    "a\\u0041\n",
    "text/plain; charset=unicode_escape",
    text="a\\u0041\n",
)
text("charset-quoted-twice", "Grüße\n", "text/plain; charset=\"'utf-8'\"", text="Grüße\n")
text("bom", b"\xef\xbb\xbfhello\n", "text/plain; charset=utf-8", text="hello\n")
text("nul", b"a\x00b\n", text="a\x00b\n")
text(
    "lone-surrogate-in-utf-8",
    b"a\xed\xa0\x80b\n",
    "text/plain; charset=utf-8",
)
text(
    "escape-sequences",
    "\x1b]0;owned\x07\x1b[31mred\x9b31m\n",
    text="\x1b]0;owned\x07\x1b[31mred\x9b31m\n",
)
text("bidi", "a\u202eb\u202c\n", "text/plain; charset=utf-8", text="a\u202eb\u202c\n")
text("long-line", "x" * 20_000 + "\n", text="x" * 20_000 + "\n")

# ── transfer encodings ───────────────────────────────────────────────────────

text("base64", base64("Grüße\n"), "text/plain; charset=utf-8", "base64", text="Grüße\n")
text("base64-junk", "!R3L D\nvMOf  ZQo*\n", "text/plain; charset=utf-8", "base64", text="Grüße\n")
text("base64-no-padding", "YWI", encoding="base64", text="ab\n")
text("base64-odd-lines", "aGVs\nbG8\ngd29y\nbGQK\n", encoding="BASE64", text="hello world\n")
text(
    "base64-trailing-text",
    base64("hello!\n") + "\n--\nThis list has a footer.\n",
    encoding="base64",
    text="hello!\n",
)
text("base64-empty", "\n", encoding="base64", text="")
text("qp", quoted("Grüße =\n"), "text/plain; charset=utf-8", "quoted-printable", text="Grüße =\n")
text(
    "qp-soft-breaks", "one =\ntwo=  \nthree\n", encoding="quoted-printable", text="one twothree\n"
)
text("qp-bad-escapes", "100=% =ZZ =e4\n", encoding="quoted-printable", text="100=% =ZZ ä\n")
text(
    "qp-lower-case",
    "gr=c3=bc=c3=9fe\n",
    "text/plain; charset=utf-8",
    "Quoted-Printable",
    text="grüße\n",
)
text("encoding-unknown", "hello\n", encoding="x-mystery", text="hello\n")
text("encoding-with-comment", base64("hello\n"), encoding="base64 (as usual)", text="hello\n")
text(
    "uuencoded-part",
    "begin 644 a.txt\n%:&5L;&\\*\n`\nend\n",
    encoding="x-uuencode",
    text="hello\n",
)
text(
    "content-type-with-comments",
    "hello\n",
    "text (a) / plain (b); charset (c) = utf-8",
    text="hello\n",
)

# ── flowed text, HTML ────────────────────────────────────────────────────────

text(
    "flowed",
    "This is one \nparagraph.\n\n> quoted \n> text\n",
    "text/plain; format=flowed",
    text="This is one paragraph.\n\n> quoted text\n",
)
text(
    "flowed-delsp",
    "日本 \n語\n",
    "text/plain; charset=utf-8; format=flowed; delsp=yes",
    text="日本語\n",
)
text("flowed-signature", "Hi \n-- \nAda\n", "text/plain; format=flowed", text="Hi\n-- \nAda\n")
text(
    "html-alone",
    "<p>Hello <b>Bob</b></p><script>x()</script>",
    "text/html",
    text="Hello Bob\n",
    html="<p>Hello <b>Bob</b></p><script>x()</script>",
)
text(
    "html-meta-charset",
    b'<meta charset="koi8-r">' + "Привет".encode("koi8-r"),
    "text/html",
    text="Привет\n",
)
text(
    "html-hidden",
    '<p>seen</p><div style="display:none">not seen</div>',
    "text/html",
    text="seen\n",
)
text(
    "html-link-lies",
    '<a href="http://evil.test/">www.bank.example</a>',
    "text/html",
    warnings=["a link shows bank.example and leads to evil.test"],
)
text("html-script-link", '<a href="javascript:x()">press</a>', "text/html", text="press\n")
text("html-unclosed", "<p>one<p>two<b", "text/html", text="one\n\ntwo\n")
text("html-empty", "<html></html>", "text/html", text="", html="<html></html>")
many(
    "alternative",
    "alternative",
    part("text/plain", "plain text\n"),
    part("text/html", "<p>rich</p>"),
    text="plain text\n",
    html="<p>rich</p>",
    attachments=[],
    types=["multipart/alternative", "1 text/plain", "2 text/html"],
)
many(
    "alternative-amp",
    "alternative",
    part("text/plain", "plain\n"),
    part("text/x-amp-html", "<!doctype html><html amp4email><body>amp</body></html>"),
    part("text/html", "<p>plain</p>"),
    text="plain\n",
)
many(
    "alternative-watch",
    "alternative",
    part("text/plain", "plain\n"),
    part("text/watch-html", "<b>short</b>"),
    part("text/html", "<p>plain</p>"),
    text="plain\n",
)
many("alternative-html-alone", "alternative", part("text/html", "<p>rich</p>"), text="rich\n")
many(
    "alternative-plain-empty",
    "alternative",
    part("text/plain", "\n"),
    part("text/html", "<p>rich</p>"),
    text="rich\n",
    html="<p>rich</p>",
)
many(
    "alternative-with-related",
    "alternative",
    part("text/plain", "plain\n"),
    multi(
        "related",
        part("text/html", '<img src="cid:i">'),
        part("image/png", base64(b"png"), "Content-ID: <i>", "Content-Transfer-Encoding: base64"),
        boundary="=r=",
    ),
    text="plain\n",
    html='<img src="cid:i">',
    attachments=[],
)
many(
    "related-unreferenced",
    "related",
    part("text/html", "<p>hi</p>"),
    part("image/png", base64(b"png"), "Content-ID: <i>", "Content-Transfer-Encoding: base64"),
    text="hi\n",
    attachments=["2 None image/png 3"],
)
many(
    "mixed-texts",
    "mixed",
    part("text/plain", "one\n"),
    part("text/html", "<p>two</p>"),
    part("text/plain", "three\n"),
    text="one\n\ntwo\n\nthree\n",
    attachments=[],
)
many(
    "attachment",
    "mixed",
    part("text/plain", "see\n"),
    part(
        'application/pdf; name="a.pdf"',
        base64(b"%PDF"),
        "Content-Transfer-Encoding: base64",
        'Content-Disposition: attachment; filename="b.pdf"',
    ),
    text="see\n",
    attachments=["2 b.pdf application/pdf 4"],
)
many(
    "text-attachment-is-not-read",
    "mixed",
    part("text/plain", "see\n"),
    part("text/plain", "secret\n", "Content-Disposition: attachment; filename=log.txt"),
    text="see\n",
    attachments=["2 log.txt text/plain 7"],
)
