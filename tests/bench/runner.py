"""Runs the rows: contenders take turns, so that whatever slows the machine slows all of them.

A contender has `rounds` runs in a row, but no more once it has used up
`_ENOUGH` seconds there: the median of a slow peer does not need a third run. What crosses
the wire is counted by the proxy, in a run of its own that is not timed, except
where the proxy is there anyway for its delay.
"""

import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from tests.bench.contenders import Contender, Scene
from tests.bench.ground import Ground
from tests.bench.measure import Run, RunFailed, Wire, run
from tests.bench.report import Line, Measured
from tests.bench.work import Row, State
from tests.support.proxy import FaultProxy

_ENOUGH = 25.0  # seconds in one row, for one contender
_TOO_LONG_TO_COUNT = 20.0  # seconds; a slower contender is not run again to count its octets
_SETTLED = 2.5
"""Seconds between filling and measuring. Who trusts time stamps of directories has to distrust
fresh ones (mbsync waits for the second to end); nothing-to-do is about mail that is not fresh."""
_HANDSHAKE_TURNS = 2  # of a client in TLS 1.3: ClientHello, Finished (RFC 8446 §2)
_USAGE = 2  # mailcli's exit status for a command or an option that it does not have


@dataclass(slots=True)
class Entry:
    """A contender in a row, and what became of its runs so far."""

    contender: Contender
    runs: list[Run] = field(default_factory=list)
    wire: Wire | None = None
    note: str = ""
    reason: str = ""

    @property
    def is_out(self) -> bool:
        """Whether it cannot take part, or has failed."""
        return bool(self.note)

    @property
    def spent(self) -> float:
        """Seconds used so far."""
        return math.fsum(done.wall for done in self.runs)

    def line(self) -> Line:
        """Return the entry's line of the table."""
        measured = None if self.is_out else Measured.of(self.runs, self.wire)
        contender = self.contender
        return Line(contender.name, measured, self.note, self.reason, is_ours=contender.is_ours)


Step = Callable[[Row, Entry], None]


class Runner:
    """Measures rows on one ground, and remembers which contenders have fetched which mailbox."""

    def __init__(self, ground: Ground, *, rounds: int | None, say: Callable[[str], None]) -> None:
        """Take the number of runs for each contender; None is each row's own."""
        self._ground = ground
        self._rounds = rounds
        self._say = say
        self._primed: set[tuple[str, str]] = set()

    def measure(self, row: Row) -> tuple[Line, ...]:
        """Run every contender of a row and return their lines."""
        if row.mailbox is not None:
            self._ground.fill(row.mailbox)
        entries = [Entry(contender) for contender in row.contenders]
        for entry in entries:
            if not entry.contender.is_installed():
                entry.note = "not installed"
        for step in self._steps(row):
            for entry in entries:
                if not entry.is_out:
                    self._guarded(row, entry, step)
        return tuple(entry.line() for entry in entries)

    def _steps(self, row: Row) -> Iterable[Step]:
        yield self._prime
        if row.state is State.PRIMED:
            time.sleep(_SETTLED)
        for _ in range(self._rounds_of(row)):
            yield from self._changed(row, self._timed)
        if row.is_counted and not row.is_long and row.service is not None and not row.round_trip:
            yield from self._changed(row, self._counted)

    def _rounds_of(self, row: Row) -> int:
        if row.is_long:
            return 1
        return 3 * row.repeat if self._rounds is None else self._rounds

    def _changed(self, row: Row, step: Step) -> Iterable[Step]:
        """Let others change something before a step, of which nobody has missed the last change.

        So all find the same work to do, however many they are and however often they run.
        """
        if row.change is not None:
            yield self._settled
            row.change(self._ground)
        yield step

    def _guarded(self, row: Row, entry: Entry, step: Callable[[Row, Entry], None]) -> None:
        """Take one step; a failure ends the contender's part in this row."""
        try:
            step(row, entry)
        except RunFailed as why:
            is_missing = entry.contender.is_ours and why.status == _USAGE
            entry.note = "not yet" if is_missing else "failed"
            entry.reason = "" if is_missing else self._without_places(str(why))
            self._primed.discard((row.user, entry.contender.name))
            self._say(f"{row.key}: {entry.contender.name}: {entry.note} {entry.reason}")

    def _without_places(self, text: str) -> str:
        """Take out where this run happens to lie: the text may end up on the page."""
        return text.replace(str(self._ground.directory), "…").replace(sys.executable, "python")

    def _prime(self, row: Row, entry: Entry) -> None:
        """Bring a contender to where the row begins: warm, or in possession of all mail."""
        name = entry.contender.name
        if row.state is State.WIPED or (row.state is State.ANY and row.repeat == 1):
            return  # long work is not warmer the second time
        if row.state is not State.PRIMED or (row.user, name) not in self._primed:
            self._ground.wipe(row.user, name)  # what a failed run may have left
            first = entry.contender.prime or entry.contender.command
            self._once(row, replace(entry.contender, command=first), self._direct_port(row))
        if row.state is State.PRIMED:
            # Who has just changed something may look at all of it once more.
            self._once(row, entry.contender, self._direct_port(row))

    def _settled(self, row: Row, entry: Entry) -> None:
        """Bring a contender up to date, and let it see that it is: that is no part of the work."""
        if entry.spent <= _ENOUGH:
            self._once(row, entry.contender, self._direct_port(row))

    def _timed(self, row: Row, entry: Entry) -> None:
        if entry.spent > _ENOUGH:
            return
        if row.round_trip:
            done, entry.wire = self._through_proxy(row, entry.contender)
        else:
            done = self._once(row, entry.contender, self._direct_port(row))
        entry.runs.append(done)
        self._say(f"{row.key}: {entry.contender.name}: {done.wall:.2f} s")

    def _counted(self, row: Row, entry: Entry) -> None:
        """Count what crosses the wire, which is not known from the timed runs."""
        if entry.runs[-1].wall <= _TOO_LONG_TO_COUNT:
            _, entry.wire = self._through_proxy(row, entry.contender)

    def _through_proxy(self, row: Row, contender: Contender) -> tuple[Run, Wire]:
        with FaultProxy(self._direct_port(row), delay=row.round_trip / 2) as proxy:
            done = self._once(row, contender, proxy.port)
        turns = proxy.turns - _HANDSHAKE_TURNS * proxy.connections
        return done, Wire(turns, proxy.client_bytes, proxy.server_bytes, proxy.connections)

    def _once(self, row: Row, contender: Contender, port: int) -> Run:
        if row.state is State.WIPED:
            self._ground.wipe(row.user, contender.name)
        scene = Scene(
            home=self._ground.home(row.user, contender.name),
            port=port,
            ca_file=self._ground.authority.ca_pem,
            user=row.user,
            all_folders=row.all_folders,
        )
        check = row.check(self._ground, scene, contender)
        done = run(contender.command(scene), check)
        self._primed.add((row.user, contender.name))
        return done

    def _direct_port(self, row: Row) -> int:
        return 0 if row.service is None else self._ground.port(row.service)
