"""What may have become of each message, when everybody has synchronised. Pure.

The model never decides what mailcli has to do step by step. It notes who did
what to which message, and whether that one could know what the others had done;
from this follows which ends are right. Where nobody contradicts anybody, one end
is. Replicas are the server and the devices; knowledge travels with each run.

The rules, for a message with content of its own:

- nobody deleted it: it is there once, where it was moved to by whoever knew all other moves;
  moves that did not know of one another may each leave a copy;
- deleted by somebody who knew all other changes: it is gone;
- deleted while somebody else flagged or moved it: it stays;
- each flag is as the last who changed it left it; where two changed it in opposite ways
  without knowing of each other, either is right; all other flags are as they were.

What a stopped or partial run has told whom is not known: then both are right, but nothing
else. Messages with the same octets cannot be told apart; for them counts and places are held.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.support.sync_world_mail import NO_MARKS, Copies, Copy, Marks, is_within

SERVER = "server"

_DELETED_MARK = "\\Deleted"
"""Set beside a deletion it may count as a change or not."""


class Act(StrEnum):
    """What somebody did to a message."""

    BIRTH = "birth"
    MARK = "mark"
    MOVE = "move"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Event:
    """One change; `sure` and `maybe` are the events known before it, at least and at most."""

    number: int
    replica: str
    act: Act
    sure: frozenset[int]
    maybe: frozenset[int]
    folder: str = ""  # of a birth and a deletion, and the target of a move
    mark: str = ""
    on: bool = False
    marks: Marks = NO_MARKS  # of a birth
    with_folder: bool = False  # it came with the whole folder

    def surely_after(self, other: "Event") -> bool:
        return other.number in self.sure

    def maybe_after(self, other: "Event") -> bool:
        return other.number in self.maybe


@dataclass(frozen=True, slots=True)
class Rename:
    """A folder that somebody renamed, knowing of some events at least."""

    number: int
    old: str
    new: str
    sure: frozenset[int]


@dataclass(frozen=True, slots=True)
class Allowed:
    """The ends that are right for one content: how many copies, where, with which marks."""

    least: int
    most: int
    folders: frozenset[str]
    marks: frozenset[Marks]
    loose: Marks = NO_MARKS
    """Marks that may be there or not."""

    def complaint(self, copies: Copies) -> str:
        """Return what is wrong with these copies, or nothing."""
        if not self.least <= copies.total() <= self.most:
            return f"{copies.total()} copies, not {self.least} to {self.most}"
        for copy in copies:
            if copy.folder not in self.folders:
                return f"in {copy.folder}, not in {sorted(self.folders)}"
            if copy.marks - self.loose not in {marks - self.loose for marks in self.marks}:
                right = [sorted(marks) for marks in self.marks]
                return f"marked {sorted(copy.marks)}, not {right} (but for {sorted(self.loose)})"
        return ""


@dataclass(slots=True)
class Group:
    """All messages of one content: as they were when all agreed, and what happened since.

    `fuzzy`: somebody lost what it knew while changes were on their way, so that what was deleted
    or moved may come back.
    """

    base: Copies = field(default_factory=Counter)
    events: list[Event] = field(default_factory=list)
    fuzzy: bool = False
    wild: bool = False

    @property
    def is_single(self) -> bool:
        return self.base.total() + len(self.of(Act.BIRTH)) == 1

    def of(self, *acts: Act) -> list[Event]:
        """Return the events of some kinds."""
        return [event for event in self.events if event.act in acts]

    @property
    def origins(self) -> set[tuple[str, Marks]]:
        """Where and how it was before anybody moved or marked it."""
        born = {(event.folder, event.marks) for event in self.of(Act.BIRTH)}
        return born | {(copy.folder, copy.marks) for copy in self.base}

    @property
    def folders(self) -> set[str]:
        """Everywhere where it may have been."""
        targets = {event.folder for event in self.of(Act.MOVE)}
        return targets | {folder for folder, _ in self.origins}

    def allowed(self, *, strict_moves: bool) -> Allowed:
        """Return the ends that are right."""
        if self.is_single:
            return _allowed_single(self, strict_moves)
        allowed = _allowed_many(self)
        if self.of(Act.MOVE) and not strict_moves:
            allowed = replace(allowed, least=min(1, allowed.least))
        return allowed


@dataclass(slots=True)
class Model:
    """All contents, and what each replica knows."""

    replicas: tuple[str, ...]
    strict_moves: bool = True
    strict_renames: bool = True
    strict_pushes: bool = True
    groups: dict[str, Group] = field(default_factory=dict)
    sure: dict[str, set[int]] = field(default_factory=dict)
    maybe: dict[str, set[int]] = field(default_factory=dict)
    renames: list[Rename] = field(default_factory=list)
    last_number: int = 0
    strays: dict[str, set[str]] = field(default_factory=dict)
    """Contents that a device may have beyond the server: left by another generation of UIDs."""
    unaware: dict[str, set[str]] = field(default_factory=dict)
    """Folders of which a device does not know yet that their UIDs are others; `*` is all."""
    mended: set[str] = field(default_factory=set)
    """Contents whose octets the server changed: not to be recognised when all else is lost.

    Nor where their folder was renamed, and too little is left in it to show that.
    """

    def agree(self, copies: Copies) -> None:
        """Begin anew from what all replicas agree on."""
        self.groups = {}
        for copy, count in copies.items():
            self.groups.setdefault(copy.content, Group()).base[copy] += count
        self.sure = {replica: set() for replica in self.replicas}
        self.maybe = {replica: set() for replica in self.replicas}
        self.renames = []
        self.last_number = 0
        for device in self.replicas[1:]:
            self.strays.setdefault(device, set())
            self.unaware[device] = set()

    # -- what happens ------------------------------------------------------

    def born(self, replica: str, content: str, folder: str, marks: Marks) -> None:
        """Note a new message."""
        self._note(replica, content, Act.BIRTH, folder=folder, marks=marks)

    def marked(self, replica: str, copy: Copy, mark: str, *, on: bool) -> None:
        """Note a flag or keyword that was set or taken away."""
        if (mark in copy.marks) != on:
            self._note(replica, copy.content, Act.MARK, mark=mark, on=on)

    def moved(self, replica: str, copy: Copy, folder: str, *, with_folder: bool = False) -> None:
        """Note a message that was moved to another folder."""
        if copy.folder != folder:
            self._note(replica, copy.content, Act.MOVE, folder=folder, with_folder=with_folder)

    def renamed_file(self, replica: str, copy: Copy) -> None:
        """Note a file with another base name, which is nothing."""
        if not self.strict_renames:
            self._note(replica, copy.content, Act.MOVE, folder=copy.folder)

    def deleted(self, replica: str, copy: Copy, *, with_folder: bool = False) -> None:
        """Note a message that was deleted."""
        folder = copy.folder
        self._note(replica, copy.content, Act.DELETE, folder=folder, with_folder=with_folder)

    def renamed(self, replica: str, old: str, new: str, files: dict[str, Copies]) -> None:
        """Note a folder that was renamed. `files` is what everybody had before."""
        self.renames.append(Rename(self._number(replica), old, new, frozenset(self.sure[replica])))
        if any("*" in folders for folders in self.unaware.values()):
            self.reset(old, files)
        for copy in files[replica].elements():
            if target := _moved_name(copy.folder, old, new):
                self.moved(replica, copy, target, with_folder=True)

    def removed(self, replica: str, folder: str, files: dict[str, Copies]) -> None:
        """Note a folder that was deleted with all in it. `files` is what everybody had before.

        What a device had beyond the server was nobody else's.
        """
        for copy in files[replica].elements():
            if copy.folder == folder and copy.content not in self.strays.get(replica, ()):
                self.deleted(replica, copy, with_folder=True)

    def _note(self, replica: str, content: str, act: Act, **more: object) -> None:
        sure, maybe = frozenset(self.sure[replica]), frozenset(self.maybe[replica])
        number = self._number(replica)
        event = Event(number, replica, act, sure, maybe, **more)  # type: ignore[arg-type]
        group = self.groups.setdefault(content, Group())
        group.events.append(event)
        for device, folders in self.unaware.items():
            if folders & {*group.folders, "*"} and act is not Act.BIRTH:
                group.fuzzy = True
                # What a lost state knew nothing of is uploaded again; but the device may have come
                # to know it since, and the folder that was reset then.
                is_reset = not folders.isdisjoint(group.folders)
                if device != replica and act in {Act.MOVE, Act.DELETE} and is_reset:
                    self.strays[device].add(content)

    def _number(self, replica: str) -> int:
        """Return the number of what a replica does now, and of which it knows."""
        self.last_number += 1
        self.sure[replica].add(self.last_number)
        self.maybe[replica].add(self.last_number)
        return self.last_number

    # -- what travels ------------------------------------------------------

    def exchanged(self, device: str) -> None:
        """Note a whole run of a device: it and the server know the same."""
        self.unaware[device] = set()
        for known in (self.sure, self.maybe):
            known[device] |= known[SERVER]
            known[SERVER] |= known[device]

    def pulled(self, device: str) -> None:
        """Note a run that changed nothing on the server."""
        for known in (self.sure, self.maybe):
            known[device] |= known[SERVER]

    def pushed(self, device: str) -> None:
        """Note a run that changed nothing on the device.

        It does not see where the server's messages went: what it changed comes back from there.
        """
        for group in self.groups.values():
            pending = [event for event in group.events if self._is_under_way(event, device)]
            gone = any(e.act in {Act.MOVE, Act.DELETE} for e in pending if e.replica != device)
            group.fuzzy |= not self.strict_pushes and gone
        for known in (self.sure, self.maybe):
            known[SERVER] |= known[device]

    def stopped(self, device: str) -> None:
        """Note a run that may have carried anything, or nothing."""
        self.maybe[device] |= self.maybe[SERVER]
        self.maybe[SERVER] |= self.maybe[device]

    def forgot(self, device: str, files: dict[str, Copies]) -> None:
        """Note a device that lost its state: what was on its way to or from it is a guess now.

        It makes folders again that others renamed, and who knew those finds other UIDs.
        """
        for name in self.old_names:
            self.reset(name, files)
        self.unaware[device] = {"*"}
        for group in self.groups.values():
            group.fuzzy |= any(self._is_under_way(event, device) for event in group.events)
        for content in self.strays[device] | self.mended:
            self.groups.setdefault(content, Group()).wild = True
        self.strays[device].clear()

    def reset(self, folder: str, files: dict[str, Copies]) -> None:
        """Note a folder that has other UIDs. `files` is what everybody has now.

        A message that is gone there while a device did not know stays on that device for ever.
        """
        names = {each for each in self.old_names | {folder} if folder in self._names_after({each})}
        names |= self._names_after({folder})
        for device in self.replicas[1:]:
            self.unaware[device].add(folder)
            for content, group in self.groups.items():
                if not any(is_within(each, folder) for each in group.folders):
                    continue
                if content in self.mended:
                    group.wild = True
                    self.strays[device].add(content)
                group.fuzzy |= any(self._is_under_way(e, device) for e in group.events)
            self._leave_behind(device, names, files[device])

    def settles(self, files: dict[str, Copies]) -> None:
        """Note what stays on devices once all is made again that is going to be.

        A folder that was deleted, or renamed, and is made again for what somebody put into it has
        other UIDs then. `files` is what everybody has before that.
        """
        for group in self.groups.values():
            for deletion in group.of(Act.DELETE):
                if deletion.with_folder and self._is_made_again(deletion, group):
                    for device in self.replicas[1:]:
                        self._leave_behind(device, {deletion.folder}, files[device])
        put = {(e.act, e.folder) for e in self._events() if not e.with_folder}
        again = {name for name in self.old_names if {(Act.BIRTH, name), (Act.MOVE, name)} & put}
        for device in self.replicas[1:]:
            # A run that was stopped may have fetched what was moved where it is now, and not have
            # looked into the folder where it was.
            half = self.maybe[device] - self.sure[device]
            for copy in files[device]:
                moves = self.groups.get(copy.content, Group()).of(Act.MOVE)
                if copy.folder in again and any(move.number in half for move in moves):
                    self.strays[device].add(copy.content)

    def _leave_behind(self, device: str, names: set[str], copies: Copies) -> None:
        """Note what a device keeps of folders that have other UIDs now, and less."""
        for copy in copies:
            events = self.groups.get(copy.content, Group()).of(Act.MOVE, Act.DELETE)
            was_there = any(is_within(copy.folder, each) for each in names)
            if was_there and any(self._is_under_way(event, device) for event in events):
                self.strays[device].add(copy.content)

    def _is_under_way(self, event: Event, device: str) -> bool:
        """Tell whether a device or the server may still have to hear of a change."""
        return event.number not in self.sure[device] & self.sure[SERVER]

    # -- what must be then -------------------------------------------------

    def complaints(self, sides: dict[str, Copies]) -> Iterator[str]:
        """Yield all that is wrong with what the replicas hold after everybody synchronised."""
        server = sides[SERVER]
        for device, strays in self.strays.items():
            for copy, count in (sides[device] - server).items():
                if copy.content not in strays:
                    yield f"{count} more on {device} than on the server: {copy}"
            for copy, count in (server - sides[device]).items():
                yield f"{count} missing on {device}: {copy}"
        contents = {copy.content for copy in server}
        for content in sorted(contents | self.groups.keys()):
            group = self.groups.get(content, Group())
            found = Counter({copy: n for copy, n in server.items() if copy.content == content})
            if group.wild or (content in self.mended and group.folders & self.old_names):
                continue
            allowed = self._renamed(group, group.allowed(strict_moves=self.strict_moves))
            if any(self._is_made_again(event, group) for event in group.of(Act.DELETE)):
                # One comes back with the folder, and one is where somebody moved it meanwhile.
                most = max(1, allowed.most) + bool(group.of(Act.MOVE))
                allowed = replace(allowed, least=0, most=most)
            if complaint := allowed.complaint(found):
                yield f"{content}: {complaint}; {list(map(str, found))}, {_told(group)}"

    def _is_made_again(self, deletion: Event, deleted: Group) -> bool:
        """Whether a folder went as a whole while others changed something in it.

        So looks a renamed one, too, of which too little is left for anybody to recognise it: who
        has not heard that the message left it may bring it back with the folder.
        """
        if not deletion.with_folder:
            if any(self._went_later(each, deletion) for each in self._events()):
                return True
            return bool(self.renames) and deletion.folder in self._names_after(self.old_names)
        places = {deletion.folder} | (deleted.folders & self.old_names)
        others = (
            event
            for group in self.groups.values()
            for event in group.of(Act.BIRTH, Act.MOVE, Act.MARK)
            if places & (group.folders if event.act is Act.MARK else {event.folder})
        )
        return not all(deletion.surely_after(event) for event in others)

    def _events(self) -> Iterator[Event]:
        for group in self.groups.values():
            yield from group.events

    def _went_later(self, event: Event, deletion: Event) -> bool:
        """Whether the folder of a message that was deleted was itself deleted after that."""
        return (
            event.act is Act.DELETE
            and event.with_folder
            and event.folder == deletion.folder
            and event.number > deletion.number
        )

    def _renamed(self, group: Group, allowed: Allowed) -> Allowed:
        """Return what is allowed under the names that folders have now.

        Who renamed a folder without knowing that another had may keep neither name nor messages
        in it: those that nobody moved by themselves are where the other one's name says.
        """
        folders = self._names_after(allowed.folders)
        for move in group.of(Act.MOVE):
            if move.with_folder:
                others = [
                    each
                    for each in self.renames
                    if each.number not in move.sure and move.number not in each.sure
                ]
                folders |= _names_after(group.folders, others) - group.folders
        return replace(allowed, folders=frozenset(folders))

    def settled(self, sides: dict[str, Copies]) -> None:
        """Take what the server holds as agreed; keep in mind what devices have beyond it."""
        for device, strays in self.strays.items():
            beyond = {copy.content for copy in sides[device] - sides[SERVER]}
            self.strays[device] = strays & beyond
        self.agree(sides[SERVER])

    @property
    def old_names(self) -> set[str]:
        """Names of folders that have others now.

        Where nothing proves it (RFC 8474) and nothing is in it, a renamed folder passes for a new
        one, and the old one stays where folders are not to be deleted.
        """
        return self._names_after({each.old for each in self.renames})

    def _names_after(self, names: Iterable[str]) -> set[str]:
        """Return these names and all that they may have become, whoever renamed first."""
        return _names_after(names, self.renames)

    def left_in(self, sides: dict[str, Copies]) -> set[str]:
        """Return the folders of devices that hold what the server has no more: they stay."""
        return {
            copy.folder
            for device, strays in self.strays.items()
            for copy in sides[device]
            if copy.content in strays
        }

    @property
    def untouchable(self) -> set[str]:
        """Contents that are on no two sides alike, so that nobody should touch them."""
        return set().union(*self.strays.values())


def _allowed_single(group: Group, strict_moves: bool) -> Allowed:
    deletions, moves = group.of(Act.DELETE), group.of(Act.MOVE)
    ((origin, marks),) = group.origins
    targets = {event.folder for event in moves}
    last = {
        move.folder
        for move in moves
        if not any(other.surely_after(move) for other in moves if other is not move)
    }
    folders = last or {origin}
    if _contradictory(moves):
        folders = targets
    least, most = 1, len(folders)
    changes = group.of(Act.MARK, Act.MOVE)
    if deletions:
        folders = {origin} | targets
        known_to_one = any(all(d.surely_after(e) for e in changes) for d in deletions)
        must_stay = _must_stay(changes, deletions, origin)
        least, most = int(must_stay), 1
        if _contradictory(moves):
            least, most = 0, len(folders)
        elif not strict_moves and (moves or must_stay):
            least, most = int(must_stay and not known_to_one), len(folders)
        elif known_to_one:
            least, most = 0, 0
    elif not strict_moves and moves and _contradictory(changes):
        folders = {origin} | targets
        most = len(folders)
    if group.fuzzy:
        # Each time that a device lost its state it may bring back what was moved away meanwhile.
        folders = {origin} | targets
        least, most = int(not deletions), 1 + len(moves)
    sure, loose = _marks(group, marks)
    if deletions or (moves and len(folders) > 1):
        loose = frozenset(event.mark for event in group.of(Act.MARK))
    return Allowed(least, most, frozenset(folders), frozenset({sure}), loose)


def _must_stay(changes: list[Event], deletions: list[Event], origin: str) -> bool:
    """Whether somebody changed what others deleted, for certain, and did not undo it.

    A folder that goes as a whole need not stop for that.
    """
    if any(deletion.with_folder for deletion in deletions):
        return False
    unseen = [e for e in changes if not any(d.maybe_after(e) for d in deletions)]
    unseen = [e for e in unseen if not e.with_folder and e.mark != _DELETED_MARK]
    marks = Counter((event.replica, event.mark) for event in unseen if event.act is Act.MARK)
    places = {event.replica: event.folder for event in unseen if event.act is Act.MOVE}
    return any(n % 2 for n in marks.values()) or any(f != origin for f in places.values())


def _contradictory(changes: list[Event]) -> bool:
    """Whether some of the changes may have been made without knowing of another."""
    return any(
        not a.surely_after(b) and not b.surely_after(a)
        for a in changes
        for b in changes
        if a.number < b.number
    )


def _marks(group: Group, marks: Marks) -> tuple[Marks, Marks]:
    """Return the marks that a single message must have, and those that nobody can tell."""
    loose = set()
    for mark in {event.mark for event in group.of(Act.MARK)}:
        events = [event for event in group.of(Act.MARK) if event.mark == mark]
        last = [e for e in events if all(e.surely_after(o) for o in events if o is not e)]
        decided = {event.on for event in last or events}
        if group.fuzzy or len(decided) > 1:
            loose.add(mark)
        elif decided == {True}:
            marks |= {mark}
        else:
            marks -= {mark}
    return marks, frozenset(loose)


def _allowed_many(group: Group) -> Allowed:
    births = group.of(Act.BIRTH)
    whole = group.base.total() + len(births)
    born = Counter(event.replica for event in births)
    apart = max(born.values(), default=0)
    deletions, moves = group.of(Act.DELETE), group.of(Act.MOVE)
    least = group.base.total() + apart - len(deletions)
    risky = group.fuzzy or bool(moves)
    most = whole + len(moves) if risky else whole
    if group.fuzzy and group.events:
        least = min(least, int(not deletions))
    loose = frozenset(event.mark for event in group.of(Act.MARK))
    folders = {folder for folder, _ in group.origins} | {event.folder for event in moves}
    marks = frozenset(marks for _, marks in group.origins) or frozenset({NO_MARKS})
    if len(births) > 0 and len({marks - loose for marks in marks}) > 1:
        # Copies that were born apart and became one have the marks of both, or of one.
        loose |= frozenset().union(*marks)
    return Allowed(max(least, 0), most, frozenset(folders), marks, loose)


def _names_after(names: Iterable[str], renames: Sequence[Rename]) -> set[str]:
    found = set(names)
    for _ in renames:
        pairs = [(name, each) for name in found for each in renames]
        found |= {new for name, each in pairs if (new := _moved_name(name, each.old, each.new))}
    return found


def _moved_name(folder: str, old: str, new: str) -> str:
    """Return the new name of a folder when another is renamed; empty where it stays."""
    if folder == old:
        return new
    return f"{new}/{folder[len(old) + 1 :]}" if folder.startswith(f"{old}/") else ""


def _told(group: Group) -> str:
    base = ", ".join(f"{count} {copy}" for copy, count in group.base.items())
    events = "; ".join(
        f"{e.number} {e.act} by {e.replica} {e.folder}{'+' if e.on else '-'}{e.mark}"
        f" knowing {sorted(e.sure)} perhaps {sorted(e.maybe - e.sure)}"
        for e in group.events
    )
    return f"base: {base or 'nothing'}; events: {events or 'none'}; fuzzy: {group.fuzzy}"
