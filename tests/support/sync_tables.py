"""The truth tables of the synchronisation: files that read like a manual, as plain values.

A file of `tests/sync/cases` holds tables of one kind or several: `[[case]]` is one message,
`[[box]]` is a folder with one message in each line, `[[story]]` is one message through several
runs; what the others mean stands in their files.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailcli.model import Flags, Storable, SyncMode, Uid
from mailcli.sync.plan import Hold
from mailcli.sync.states import Agreed, Local, Remote, Side
from tests.support.sync_model import Sides, flags, letters

TABLES = sorted((Path(__file__).parents[1] / "sync" / "cases").glob("*.toml"))


def cases(kind: str) -> dict[str, dict[str, Any]]:
    """Return all cases of one kind, by file and name."""
    found: dict[str, dict[str, Any]] = {}
    for table in TABLES:
        for case in tomllib.loads(table.read_text()).get(kind, []):
            name = f"{table.stem}: {case['name']}"
            assert name not in found, f"two cases are called {name!r}"
            found[name] = case
    return found


def lines(text: str) -> list[tuple[str, list[list[str]]]]:
    """Return what stands before the last colon of each line, and the words between its bars."""
    found = []
    for line in text.splitlines():
        told = line.partition("#")[0]
        if told.strip():
            title, colon, cells = told.rpartition(":")
            assert colon, line
            found.append((title.strip(), [group.split() for group in cells.split("|")]))
    return found


def rules(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a case says of the policy, as `Policy` has it."""
    told: dict[str, Any] = {}
    if "keeps" in case:
        told["storable"] = only(flags(case["keeps"]))
    if "vanished" in case:
        told["vanished"] = Side.LOCAL if case["vanished"] == "here" else Side.REMOTE
    if "confirmed" in case:
        told["allow_mass_delete"] = case["confirmed"]
    return told


def only(kept: Flags) -> Storable:
    """Return what a server keeps that keeps these flags and no other keyword."""
    return Storable(kept, any_keyword=False)


@dataclass(frozen=True)
class Cells:
    """What a table says of one message: what was agreed on, the file, the server's message."""

    agreed: str
    here: str
    there: str
    held: bool = False

    def __str__(self) -> str:
        return " ".join([self.agreed, self.here, self.there, *(["held"] if self.held else [])])


def cells(group: list[str]) -> Cells:
    assert group[3:] in ([], ["held"]), group
    agreed, here, there = group[:3]
    return Cells(agreed, here, there, held=len(group) == 4)


def content(cell: str) -> Flags | None:
    """Return the flags that a cell names, None where nothing is there."""
    cell = cell.removeprefix("@")
    if cell == "-":
        return None
    return flags("" if cell == "." else cell.replace(",", " "))


def cell(given: Flags) -> str:
    """Return flags as a cell has them."""
    return letters(given).replace(" ", ",") or "."


@dataclass(frozen=True)
class Line:
    """One message of a box: before a run, and after it in each mode."""

    name: str
    before: Cells
    after: Mapping[SyncMode, Cells]


def box(case: Mapping[str, Any]) -> list[Line]:
    """Return the messages of a box."""
    found = []
    for name, groups in lines(case["messages"]):
        before, *after = [cells(group) for group in groups]
        modes = [SyncMode.TWO_WAY, SyncMode.PULL, SyncMode.PUSH]
        found.append(Line(name, before, dict(zip(modes, after, strict=True))))
    assert len({line.name for line in found}) == len(found)
    return found


def sides_before(box: list[Line]) -> Sides:
    """Return a folder with all messages of a box; the number of its line is a message's UID."""
    sides = Sides({}, {}, {})
    for number, line in enumerate(box, start=1):
        put(sides, Uid(number), f"file-{number}", line.before)
        sides.octets[Uid(number)] = sides.octets[f"file-{number}"] = line.name
    return sides


def put(sides: Sides, uid: Uid, unique: str, now: Cells) -> None:
    """Make one message what a line says."""
    agreed, here, there = content(now.agreed), content(now.here), content(now.there)
    sides.agreed.pop(uid, None)
    sides.local.pop(unique, None)
    sides.remote.pop(uid, None)
    if agreed is not None:
        sides.agreed[uid] = Agreed(unique, agreed)
    if here is not None:
        sides.local[unique] = Local(here, uid if now.here.startswith("@") else None)
    if there is not None:
        sides.remote[uid] = Remote(there)


def table(sides: Sides, mode: SyncMode, **policy: Any) -> dict[str, str]:
    """Return the lines of a box as they stand, by the names of its messages.

    What a run in this mode would hold back is marked. Raises AssertionError where a message is
    there twice, or an agreement joins two that are not the same.
    """
    agreed: dict[str, str] = {}
    for uid, base in sides.agreed.items():
        assert sides.octets[uid] == sides.octets[base.unique]
        assert agreed.setdefault(sides.octets[uid], cell(base.flags)) is not None
    here = {sides.octets[unique]: cell(state.flags) for unique, state in sides.local.items()}
    there = {sides.octets[uid]: cell(state.flags) for uid, state in sides.remote.items()}
    assert len(agreed) == len(sides.agreed)
    assert len(here) == len(sides.local)
    assert len(there) == len(sides.remote)
    held = {sides.octets[a.uid] for a in sides.plan(mode, **policy) if isinstance(a, Hold)}
    return {
        name: str(
            Cells(agreed.get(name, "-"), here.get(name, "-"), there.get(name, "-"), name in held)
        )
        for name in sides.octets.values()
    }
