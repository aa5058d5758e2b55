"""Strategies for what people put into mail: names, addresses, subjects, texts.

They avoid only what cannot be asked of mail at all: NUL, CR and LF in a header,
and lone surrogates, which are no text.
"""

from email.header import decode_header, make_header

from hypothesis import strategies as st

from mailcli.message.addresses import parse_addresses
from mailcli.model import Address

_ATEXT = "abcXYZ019!#$%&'*+/=?^_`{|}~-"

one_line = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=120),
    st.text("ab ,;:<>@()[]\\\"'=?.", max_size=120),
    st.text("a ", max_size=300),
    st.sampled_from(["=?utf-8?q?no?=", "a" * 1200, " x" * 700, "é" * 600, "x" * 70 + "   end"]),
)
"""Text without control characters, such as a subject."""

words = one_line.map(lambda text: " ".join(text.split()))
"""Text whose spaces are single and inside, as display names have them."""

atoms = st.text(_ATEXT, min_size=1, max_size=12)
dot_atoms = st.lists(atoms, min_size=1, max_size=3).map(".".join)
quoted_locals = st.sampled_from(['"a b"', '"a,b@c"', r'"a\"b\\c"', '"(a):;"', '"[x] <y>"'])
domains = st.sampled_from(
    ["example.org", "EXAMPLE.net", "a-b.example", "[192.0.2.1]", "[IPv6:2001:db8::1]", "bücher.de"]
)
emails = st.tuples(st.one_of(dot_atoms, quoted_locals), domains).map("@".join)
addresses = st.builds(Address, name=words, email=emails)
"""Mailboxes with display names in any script and local parts of either form."""

bodies = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    st.text("a.\n \t\r", max_size=300),
    st.sampled_from(["", "\n", ".", ".\n.\n", "From me\n", "x" * 1200, "é" * 1200, "a\0b"]),
)
"""Text of a message, with any line ends and any control characters."""


def read_addresses(value: str) -> list[Address]:
    """Return the addresses of a header's value, their names decoded by the standard library.

    Its own reader of addresses keeps the space between two encoded-words (seen in 3.11 and
    3.13), which RFC 2047 §6.2 says to drop.
    """
    found = parse_addresses(value.replace("\r", "").replace("\n", ""))
    return [Address(str(make_header(decode_header(a.name))), a.email) for a in found]
