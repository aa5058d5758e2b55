"""A draft: the values that a message is made from. Pure."""

from typing import NamedTuple

from mailcli.message.mime import Attachment
from mailcli.model import Address


class Draft(NamedTuple):
    """A message before it is one. `headers` are further fields as name and value.

    `html` is the text once more, for readers that show it; the two say the same. `typed`
    text may be broken into lines where it is shown: a person wrote paragraphs. One that is not
    `finished` is kept to be written on: that it names nobody yet is not said in To.
    """

    sender: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    typed: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    finished: bool = True
