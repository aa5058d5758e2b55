"""Messages as people get them every day."""

from tests.corpus.writing import add, base64, header, many, multi, part, quoted

_REPLY = """\
Dear Bob,

> Shall we meet on Thursday, at the usual place?

Yes, gladly.

> And who brings the cards?
> I have none left, and the shop in our street has closed for good.
> The other one is too far for me to walk in this weather, and it
> would be a pity to have to start all over without them.

I do. This line is a rather long one, because the program with which it was written \
does not break lines at all, as so many do not.

--\x20
Ada
Analytical Society
"""

add(
    "usual-reply",
    header({"Subject": "Re: Thursday", "Cc": "Carol <carol@example.net>"})
    + b"Content-Type: text/plain\n\n"
    + _REPLY.encode(),
    text=_REPLY,
)

_OUTLOOK = """\
Fine with me.

Ada

-----Original Message-----
From: Bob <bob@example.com>
Sent: Monday, November 2, 2026 4:00 PM
To: Ada
Subject: Thursday

Shall we meet?
Bob
"""
add(
    "usual-outlook-reply",
    header({"Subject": "RE: Thursday"}) + b"\n" + _OUTLOOK.encode(),
    text=_OUTLOOK,
)

_NEWSLETTER = """\
<html><head><title>News</title><style>p { color: red }</style></head><body>
<div style="display:none">This week: engines, cards, and more engines.</div>
<table width="600" role="presentation"><tr><td>
<img src="https://t.example/logo.png" alt="The Society">
<h1>This week</h1>
<p>The <a href="https://news.example/engine">new engine</a> weaves <i>algebraical
patterns</i> just as the Jacquard loom weaves flowers and leaves.</p>
<ul><li>Cards: <a href="https://news.example/cards">order now</a><li>Wheels</ul>
<table border=1><tr><th>Item<th>Price</tr><tr><td>Card<td>1.50 €</tr>
<tr><td>Wheel<td>12.00 €</tr></table>
<p><small>You get this because you asked for it.
<a href="https://news.example/bye">Unsubscribe</a></small></p>
<img src="https://t.example/p.gif?id=42" width=1 height=1>
</td></tr></table></body></html>
"""
add(
    "usual-newsletter",
    header({"From": "News <news@news.example>", "Subject": "This week"})
    + multi(
        "alternative",
        part("text/plain", "Your mail program shows no HTML. Read us in your browser.\n"),
        part(
            "text/html; charset=utf-8",
            quoted(_NEWSLETTER),
            "Content-Transfer-Encoding: quoted-printable",
        ),
    ),
    text="Your mail program shows no HTML. Read us in your browser.\n",
    html=_NEWSLETTER,
)

add(
    "usual-japanese",
    header(
        {
            "From": "=?iso-2022-jp?b?GyRCQEQ8NhsoQg==?= <a@example.jp>",
            "Subject": "=?utf-8?b?5Lya6K2w44Gu44GK55+l44KJ44Gb?=",
        }
    )
    + b"Content-Type: text/plain; charset=utf-8\n\n"
    + (
        "木曜日の会議について、時間と場所をお知らせします。" * 3 + "\n\nよろしくお願いします。\n"
    ).encode(),
    subject="会議のお知らせ",
)

_HEBREW = (
    "\u05e9\u05dc\u05d5\u05dd \u05d1\u05d5\u05d1,\n\n\u05dc\u05d4\u05ea\u05e8\u05d0\u05d5\u05ea.\n"
)
add(
    "usual-hebrew",
    header({"Subject": "=?utf-8?b?16nXnNeV150=?="})
    + b"Content-Type: text/plain; charset=utf-8\n\n"
    + _HEBREW.encode(),
    subject="שלום",
    text=_HEBREW,
)

many(
    "usual-many-files",
    "mixed",
    part("text/plain", "The papers.\n"),
    *(
        part(
            f'application/pdf; name="Paper {n} on engines, their wheels and their cards.pdf"',
            base64(b"%PDF-" * n * 400),
            "Content-Transfer-Encoding: base64",
        )
        for n in (1, 20, 300)
    ),
    text="The papers.\n",
)

many(
    "usual-list",
    "mixed",
    part("text/plain", "A question.\n"),
    part(
        "text/plain",
        "_____\nThe list's footer\nhttps://lists.example/\n",
        "Content-Disposition: inline",
    ),
    text="A question.\n\n_____\nThe list's footer\nhttps://lists.example/\n",
    attachments=[],
)
