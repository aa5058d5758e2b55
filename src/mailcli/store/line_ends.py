"""Line ends between the wire (CRLF) and the Maildir (LF), exactly reversible. Pure.

A message whose lines all end in CRLF is stored with LF. Any other message is
stored verbatim: it holds a bare CR or a bare LF somewhere (RFC 5322 §2.3
forbids both; servers deliver them all the same). Reading goes by one rule: a
file that is marked verbatim, or holds any CR, is as it came; in every other
file each LF stands for CRLF. Only a verbatim message without a single CR needs
the mark: it looks like a converted one.

What line a message ends with is not changed either: a last line without a
terminator stays without.
"""

from collections.abc import Iterable, Iterator


def may_become(octets: int, smallest: int, largest: int) -> bool:
    """Tell whether a file of so many octets can have a size in this range on the wire.

    It may be smaller in the Maildir, by one octet for each line.
    """
    return octets <= largest and 2 * octets >= smallest


class LineEndConverter:
    """Turns the chunks of one message into what is stored, in one pass and flat memory.

    It is optimistic: it converts until something odd shows up. That is seen as
    `verbatim` changing to True during one call of `feed` or `finish`; the
    caller then has to turn back what the earlier calls returned (`to_wire` with
    `verbatim=False` gives the original octets) before it stores what this call
    returned. It changes at most once.
    """

    __slots__ = ("_cr_seen", "_held", "verbatim")

    def __init__(self) -> None:
        self.verbatim = False
        self._cr_seen = False
        self._held = b""  # a CR at the end of a chunk, until it is known what follows

    @property
    def needs_mark(self) -> bool:
        """Whether the stored octets, all fed by now, would be taken for converted ones."""
        return self.verbatim and not self._cr_seen

    def feed(self, chunk: bytes) -> bytes:
        """Take the next octets from the wire and return the next octets to store."""
        if self.verbatim:
            self._cr_seen = self._cr_seen or b"\r" in chunk
            return chunk
        data = self._held + chunk
        self._held = b"\r" if data.endswith(b"\r") else b""
        if self._held:
            data = data[:-1]
        # Converted and turned back it is the same, or else some line has another end. To look for
        # single octets is what Python does fastest.
        converted = data.replace(b"\r", b"")
        if converted.replace(b"\n", b"\r\n") != data:
            return self._give_up(data)
        self._cr_seen = self._cr_seen or len(converted) < len(data)
        return converted

    def finish(self) -> bytes:
        """Return the last octets to store, once every chunk has been fed."""
        return self._give_up(b"") if self._held else b""

    def _give_up(self, data: bytes) -> bytes:
        data += self._held
        self._held = b""
        self.verbatim = True
        self._cr_seen = self._cr_seen or b"\r" in data
        return data


def is_verbatim(chunks: Iterable[bytes], *, marked: bool) -> bool:
    """Tell whether stored octets are as they came; `marked` says that their name says so."""
    return marked or any(b"\r" in chunk for chunk in chunks)


def to_wire(chunks: Iterable[bytes], *, verbatim: bool) -> Iterator[bytes]:
    """Yield the octets that a server sent, from those stored."""
    if verbatim:
        yield from chunks
    else:
        for chunk in chunks:
            yield chunk.replace(b"\n", b"\r\n")


def wire_size(chunks: Iterable[bytes], *, verbatim: bool) -> int:
    """Count the octets that `to_wire` would yield."""
    if verbatim:
        return sum(map(len, chunks))
    return sum(len(chunk) + chunk.count(b"\n") for chunk in chunks)


class LineEndCensus:
    """Counts the line ends of octets that pass, to tell how a file of other programs means them.

    One without any CR has LF for CRLF, as in every Maildir; one whose lines all end in CRLF is as
    it came from a server; anything else is verbatim.
    """

    __slots__ = ("_after_cr", "_cr", "_crlf", "_lf")

    def __init__(self) -> None:
        self._cr = self._lf = self._crlf = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> None:
        """Take the next octets."""
        self._lf += chunk.count(b"\n")
        if not self._after_cr and b"\r" not in chunk:  # nearly always
            return
        self._cr += chunk.count(b"\r")
        self._crlf += chunk.count(b"\r\n") + (self._after_cr and chunk.startswith(b"\n"))
        self._after_cr = chunk.endswith(b"\r") or (self._after_cr and not chunk)

    @property
    def has_cr(self) -> bool:
        """Whether there is any CR."""
        return self._cr > 0

    @property
    def is_crlf(self) -> bool:
        """Whether there are lines and all end in CRLF, so that no CR stands anywhere else."""
        return self._cr > 0 and self._cr == self._lf == self._crlf
