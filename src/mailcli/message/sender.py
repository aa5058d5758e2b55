"""What in a message's header deceives about who wrote it. Pure.

Each warning is a sentence for people. They say what can be seen in the header
alone, whatever the receiving server found (`authentication`); a message without
a warning is not thereby honest. Domains are compared by the part that somebody
registered, which is approximated (`domains.registrable`). RFC 5322 §3.6.2,
UTS #39.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailcli.message.clean import UNSAFE_RANGES, is_plain, visible
from mailcli.message.domains import (
    LONGEST,
    a_label,
    looks_latin,
    mixes_scripts,
    one_apart,
    registrable,
    skeleton,
    u_label,
)
from mailcli.model import Address

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]+@([^\s<>()\[\],;:\"'@]+\.[^\s<>()\[\],;:\"'@.]+)")
_DOMAIN = re.compile(r"(?<![\w@.-])((?:[\w-]+\.)+[^\W\d_]{2,24})(?![\w@-])")
_SHORTEST_ALIKE = 6
"""Characters of a label below which one that differs by a single one is mere chance."""
_LONGEST = 2_000
"""Characters of a name that are looked at."""
_UNSAFE = "[{}]".format("".join(f"{chr(a)}-{chr(b)}" for a, b in UNSAFE_RANGES))
_WHITE = frozenset("\t\n\r ")
_COMMON_TLDS = (
    "com net org edu gov mil int info biz name io co me app dev shop online site xyz club "
    "bank pay email cloud test example eu uk de fr it es nl be at ch se no dk fi pl cz pt ie ru "
    "ua us ca au nz in cn jp kr br mx za"
)
"""Top-level domains by which a word with dots in a name is taken for a domain."""


@dataclass(frozen=True, slots=True)
class Senders:
    """Who a message says that it is from. `from_fields`: how often the field is there."""

    from_: tuple[Address, ...]
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    from_fields: int = 1
    group: bool = False

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains of the addresses in From."""
        return tuple(each.domain for each in self.from_ if each.domain)


def sender_warnings(senders: Senders, own: Sequence[Address] = ()) -> tuple[str, ...]:
    """Return what a reader should know before trusting the sender, the plainest first.

    `own` are the addresses of the account's user.
    """
    found = [*_about_from(senders), *_about_others(senders)]
    for address in senders.from_:
        found += _about_name(address, own)
        found += _about_domain(address.domain, own)
    for address in (*senders.reply_to, *senders.sender):
        found += _about_script(address.domain)
    return tuple(dict.fromkeys(found))


def _about_from(senders: Senders) -> Iterator[str]:
    if not senders.from_fields:
        yield "there is no From field: nobody says who wrote this"
    elif senders.from_fields > 1:
        yield f"there are {senders.from_fields} From fields: other programs may show another"
    elif senders.group:
        yield "From names a group, not a sender"
    elif not any(each.email for each in senders.from_):
        yield "From holds no address"
    elif not all("@" in each.email for each in senders.from_):
        yield "From holds something that is no address"
    if len(senders.from_) > 1 and senders.from_fields == 1:
        yield f"From names {len(senders.from_)} senders"


def _about_others(senders: Senders) -> Iterator[str]:
    """Tell of a Reply-To or Sender elsewhere, where From itself is one address."""
    own = {registrable(each) for each in senders.domains}
    if not own:
        return
    away = [
        each for each in senders.reply_to if each.domain and registrable(each.domain) not in own
    ]
    if away:
        yield f"answers go to another domain: {_shown(away[0])}"
    for each in senders.sender:
        if each.domain and registrable(each.domain) not in own:
            yield f"sent by another domain: {_shown(each)}"


def _about_name(address: Address, own: Sequence[Address]) -> Iterator[str]:
    name = address.name[:_LONGEST]
    if not is_plain(name) and any(each not in _WHITE for each in re.findall(_UNSAFE, name)):
        yield f"the sender's name holds hidden characters: {visible(name)}"
    if not is_plain(address.email) and re.search(_UNSAFE, address.email):
        yield f"the sender's address holds hidden characters: {_shown(address)}"
    if not is_plain(name):
        name = unicodedata.normalize("NFKC", re.sub(_UNSAFE, "", name))
    other = _other_place(name, address)
    if other:
        yield f"the sender's name shows {visible(other)}, but the address is {_shown(address)}"
    yield from _about_own_name(name, address, own)


def _other_place(name: str, address: Address) -> str | None:
    """Return an address or domain in a name that is not the sender's own."""
    for found in _ADDRESS.finditer(name):
        if found[0].lower() != address.email.lower():
            return found[0]
    rest = _ADDRESS.sub(" ", name)
    for found in _DOMAIN.finditer(rest):
        domain = found[1]
        last = domain.rpartition(".")[2].lower()
        if last in _COMMON_TLDS.split() and not _of_one_owner(domain, address.domain):
            return domain
    return None


def _of_one_owner(one: str, other: str) -> bool:
    """Tell whether two domains are one, or one name below two registries (`.de` and `.com`)."""
    return registrable(one).partition(".")[0] == registrable(other).partition(".")[0]


def _about_own_name(name: str, address: Address, own: Sequence[Address]) -> Iterator[str]:
    addresses = {each.email.lower() for each in own}
    names = {_folded(each.name) for each in own} - {""}
    if address.email.lower() not in addresses and _folded(name) in names:
        yield f"the sender shows your own name, but the address is not yours: {_shown(address)}"


def _folded(name: str) -> str:
    """Return the words of a name in any order and case: `Lovelace, Ada` is `Ada Lovelace`."""
    return " ".join(sorted(re.findall(r"\w+", name.casefold())))


def _about_domain(domain: str, own: Sequence[Address]) -> Iterator[str]:
    yield from _about_script(domain)
    if not domain:
        return
    theirs = registrable(domain)
    for mine in dict.fromkeys(registrable(each.domain) for each in own if each.domain):
        if _is_imitation(theirs, mine):
            yield f"the sender's domain {_both(theirs)} is not yours, but looks like {mine}"


def _is_imitation(theirs: str, mine: str) -> bool:
    if theirs == mine:
        return False
    if skeleton(theirs) == skeleton(mine):
        return True
    longest = min(len(each.partition(".")[0]) for each in (theirs, mine))
    return longest >= _SHORTEST_ALIKE and one_apart(u_label(theirs), u_label(mine))


def _about_script(domain: str) -> Iterator[str]:
    """Tell of labels that a reader takes for others (UTS #39 §4)."""
    labels = a_label(domain).split(".")
    if len(domain) > LONGEST:
        return
    if labels[-1].startswith("xn--"):  # below another script's own domain such words are at home
        return
    if alike := [each for each in labels if looks_latin(each)]:
        plain = ".".join(looks_latin(each) or each for each in labels)
        yield f"the domain {_both(domain)} is not {plain}: {_letters(alike[0])}"
    elif any(mixes_scripts(each) for each in labels):
        yield f"the domain {_both(domain)} mixes letters of several scripts"


def _letters(label: str) -> str:
    shown = u_label(label)
    odd = next((each for each in shown if not each.isascii()), shown[:1])
    return f"its letter {odd} is {unicodedata.name(odd, 'no letter').lower()}"


def _both(domain: str) -> str:
    """Show a domain as it goes over the wire and as it is read, where that differs."""
    wire, read = a_label(domain), u_label(a_label(domain))
    return visible(wire) if wire == read else f"{visible(read)} ({visible(wire)})"


def _shown(address: Address) -> str:
    return visible(address.email)
