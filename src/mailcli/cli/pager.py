"""A long text at a terminal, through the user's pager; without one, straight to the screen.

`MAILCLI_PAGER`, then `PAGER`, then `less`, as words and without a shell. `less` is asked to
leave colours alone, and to end at once where all fits on the screen.
"""

import contextlib
import io
import shlex
import signal
from collections.abc import Iterator, Mapping
from typing import TextIO

_LESS = "FRX"


class PagedText(io.StringIO):
    """Takes what is written for a stream, and knows its encoding and its terminal."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the terminal."""
        return self._stream.encoding

    def fileno(self) -> int:
        """Return the terminal's, which has a width."""
        return self._stream.fileno()


@contextlib.contextmanager
def paged(stream: TextIO, environ: Mapping[str, str], *, wanted: bool) -> Iterator[TextIO]:
    """Give a stream whose text is shown by a pager in the end, if it ends well.

    Not `wanted`, or where nobody looks: `stream` itself.
    """
    command = pager_command(environ) if wanted and stream.isatty() else []
    if not command:
        yield stream
        return
    text = PagedText(stream)
    yield text
    show(text.getvalue(), stream, command, environ)


def pager_command(environ: Mapping[str, str]) -> list[str]:
    """Return the pager's words; none for one that was set to nothing, or to `cat`."""
    chosen = environ.get("MAILCLI_PAGER", environ.get("PAGER"))
    try:
        words = ["less"] if chosen is None else shlex.split(chosen)
    except ValueError:  # a quote that is not closed
        words = []
    return [] if words == ["cat"] else words


def show(text: str, stream: TextIO, command: list[str], environ: Mapping[str, str]) -> None:
    """Write a text through a pager; straight to the stream where it cannot be started."""
    import subprocess

    octets = text.encode(stream.encoding or "utf-8", "replace")
    stream.flush()
    try:
        pager = subprocess.Popen(
            command, stdin=subprocess.PIPE, env={"LESS": _LESS, "LV": "-c", **environ}
        )
    except OSError:
        stream.write(octets.decode(stream.encoding or "utf-8"))
        stream.flush()
        return
    # Ctrl-C is the pager's while it runs: it interrupts a search in it.
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with contextlib.suppress(BrokenPipeError):  # it has seen enough
            pager.communicate(octets)
        pager.wait()
    finally:
        signal.signal(signal.SIGINT, previous)
