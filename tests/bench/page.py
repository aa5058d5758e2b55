"""The page that the bench writes: the table, the machine, and how it was measured. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.bench.figures import drawings, titles
from tests.bench.report import COLUMNS, Section, reasons, table


def markdown(sections: Sequence[Section], facts: Mapping[str, str]) -> str:
    """Return the page that is committed: how it was made, the machine, the pictures, the table.

    The pictures are those of `figures.drawings`, which lie beside it.
    """
    failures = [f"- {text}" for text in _escaped(reasons(sections))]
    parts = [
        _HEAD,
        *(f"- {name}: {value}" for name, value in facts.items()),
        *_pictures(sections),
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "| --- | --- |" + " ---: |" * (len(COLUMNS) - 2),
        *("| " + " | ".join(_escaped(row)) + " |" for row in table(sections)),
        *(["", "Failures:", "", *failures] if failures else []),
        _FOOT,
    ]
    return "\n".join(parts)


def _pictures(sections: Sequence[Section]) -> Iterator[str]:
    for file, title in titles(drawings(sections)):
        yield from ("", f"![{title}]({file})")


def _escaped(cells: Iterable[str]) -> list[str]:
    return [" ".join(cell.split()).replace("|", "\\|") for cell in cells]


_HEAD = """# Benchmarks

<!-- Written by `make bench`. Do not edit: run it again. -->

mailcli beside the programs that people use for the same work, measured in one run on one machine.
Compare within a row, not with the times of another machine or another day.
"""

_FOOT = """
## How it is measured

- Dovecot and Postfix run on loopback, with TLS 1.3 and certificates of a throw-away authority
  that everyone verifies. The mail comes from `tests/bench/corpus.py` and is the same everywhere.
- Seconds are wall time from the start of the process to its end. Each value is the median over
  the runs on its own. Contenders take turns; one that has used 25 seconds in a row has no
  further runs there, and a first sync of 100,000 messages is run once. CPU is user and system
  time of the process and of those that it waited for, not the server's.
- The ratio is the contender's seconds divided by mailcli's: above 1, it is slower.
- Peak memory is that of the largest single process (`ru_maxrss`); that of mailcli in a first
  sync has a fork, which shares most of its memory. It includes what the starter
  lent: values of 7 MB and less cannot be told apart.
- "50 ms round trip" goes through a proxy that delays each direction by 25 ms and does not limit
  bandwidth.
- Round trips are how often the client spoke after the server had, as the proxy sees it, without
  the two turns of each connection's TLS handshake. Waiting for the greeting is not among them;
  the close of TLS, to which nobody waits for an answer, may be. Connections side by side add up.
  Octets are those of TLS, handshakes included. Without a delay they are counted in a further
  run, which is not timed; there packets meet, and the turns of a program that pipelines vary.
- After each run the result is checked: of mailcli, that the server's exact bytes arrived, each
  message once; of the others, the number of messages. A run that fails is named and never
  counted.
- "Durable": each program has its own setting for that. mbsync has `FSync yes` (but in the first
  sync of 100,000 short messages, where that alone takes minutes on a slow disk), OfflineIMAP
  `fsync = true`; mpop and getmail are as they come. fetchmail stores nothing itself: small tools
  (`sh`, `dd conv=fsync`, `mv`) do it for each message, as a delivery agent would.
- A floor is the same octets with next to no protocol logic (`tests/bench/floors.py`). "Sync once"
  makes them durable at the end, as a program could that is never killed.
- "Nothing to do" begins where the same contender has fetched everything before. "One flag
  changed" begins where it has also seen that there is nothing to do; then another client flags a
  message in the middle of the folder, or takes the flag away.
- "Short messages" have about 750 octets: there, their number is what counts. After runs with
  nothing to do and after a changed flag, messages and flagged ones are counted; the octets were
  compared when they came. OfflineIMAP, which would fetch 100,000 for minutes, takes no part there.
- msmtp composes nothing: the message that it sends was made, and its attachment encoded, before.
- The pictures have logarithmic axes: a line that is level costs the same however much there is.
- What a run has fetched is kept until all rows are done: ext4 avoids inodes that were freed within
  the last minutes, so that who came after a removal would take up to three times as long.
- A floor is a script with next to no protocol logic (`tests/bench/floors.py`): it reads the same
  bytes from the same server and writes each message into a file.

## Run it yourself

    make bench                                    # all rows, full size
    python -m tests.bench --quick                 # one run of each, 5 % of the mail, printed
    python -m tests.bench --row sync --scale 0.1  # some rows, a tenth of the mail, printed only

It needs Dovecot, Postfix and root, because Postfix changes its user itself. A peer that is missing
is named so: `apt-get install isync msmtp mpop getmail6 fetchmail offlineimap3`.
"""
