"""One long story in which everything happens once, in both directions, and its one right end.

It is told on every server and with every set of extensions: however mailcli does
it, everybody must end with the same. `Story` does each step and notes what it
means; a step that others contradict says itself what must come of it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.sync_world import SUPPORTED, World
from tests.support.sync_world_device import Device, Local
from tests.support.sync_world_mail import Copies, Copy, Kind, Message, hold_same, message
from tests.support.sync_world_model import SERVER
from tests.support.sync_world_server import Remote

_KINDS = tuple(kind for kind in Kind if kind not in {Kind.LONE_CR, Kind.MIXED})
"""Line ends that servers mend, each in its own way, are told of elsewhere."""

SEEN, FLAGGED, ANSWERED, DRAFT = "\\Seen", "\\Flagged", "\\Answered", "\\Draft"
DELETED, PASSED, LABEL = "\\Deleted", "$Forwarded", "$Label1"


@dataclass(slots=True)
class Story:
    """A world, the messages by number, and what everybody must end with.

    `lingers`: what is deleted on a device stays on the server, which has no way to delete just
    that. `gone` is, by device, what stays on all sides but that one.
    """

    world: World
    lingers: bool = False
    messages: dict[int, Message] = field(default_factory=dict)
    expected: Copies = field(default_factory=Counter)
    gone: dict[str, Copies] = field(default_factory=lambda: {"a": Counter(), "b": Counter()})

    # -- steps -------------------------------------------------------------

    def deliver(self, folder: str, number: int, *marks: str, kind: Kind = Kind.PLAIN) -> None:
        """A message comes on the server."""
        new = self._new(number, kind)
        self.world.third.deliver(folder, new.raw, marks)
        self.expected[Copy(folder, new.content, frozenset(marks))] += 1

    def drop(
        self, name: str, folder: str, number: int, *marks: str, kind: Kind = Kind.PLAIN
    ) -> None:
        """A message comes on a device."""
        new = self._new(number, kind)
        self.device(name).drop(folder, new.raw, marks)
        self.expected[Copy(folder, new.content, frozenset(marks))] += 1

    def mark(self, who: str, number: int, mark: str, *, on: bool = True) -> None:
        """Somebody sets a mark, or takes it away."""
        if who == SERVER:
            self.world.third.mark(self._there(number), mark, on=on)
        else:
            self.device(who).mark(self._here(who, number), mark, on=on)
        self._change(number, lambda old: old._replace(marks=_marked(old, mark, on=on)))

    def move(self, who: str, number: int, folder: str, *, renamed: bool = False) -> None:
        """Somebody moves a message."""
        if who == SERVER:
            self.world.third.move(self._there(number), folder)
        else:
            file = self._here(who, number)
            self.device(who).move(file, folder, renamed=renamed)
            if self.lingers:
                self.gone[who][file.copy] += 1
                self.expected[file.copy] += 1
        self._change(number, lambda old: old._replace(folder=folder))

    def delete(self, who: str, number: int) -> None:
        """Somebody deletes a message."""
        if who == SERVER:
            self.world.third.delete(self._there(number))
        else:
            file = self._here(who, number)
            self.device(who).delete(file)
            if self.lingers:
                self.gone[who][file.copy] += 1
                return
        self._change(number, lambda _: None)

    def delete_in_vain(self, who: str, number: int) -> None:
        """Somebody deletes what another has changed: it stays."""
        if who == SERVER:
            self.world.third.delete(self._there(number))
        else:
            self.device(who).delete(self._here(who, number))

    def rename_file(self, name: str, number: int) -> None:
        """A device's file gets another base name, which means nothing."""
        if SUPPORTED.pairs_files or not self.lingers:
            self.device(name).rename(self._here(name, number))

    def look(self, name: str, number: int) -> None:
        """A reader on a device moves a file out of `new`, which means nothing."""
        self.device(name).look(self._here(name, number))

    def create(self, who: str, folder: str) -> None:
        """Somebody makes a folder."""
        (self.world.third if who == SERVER else self.device(who)).create(folder)

    def rename(self, who: str, old: str, new: str) -> None:
        """Somebody renames a folder with all that is in it."""
        if who == SERVER:
            self.world.third.rename(old, new)
        else:
            self.device(who).rename_folder(old, new)
        renamed: Copies = Counter()
        for copy, count in self.expected.items():
            renamed[copy._replace(folder=new) if copy.folder == old else copy] += count
        self.expected = renamed

    def recreate(self, folder: str) -> None:
        """A folder is made anew with its messages; what waits for its deletion comes back."""
        self.world.third.recreate(folder)
        for name, gone in self.gone.items():
            kept = {copy: count for copy, count in gone.items() if copy.folder != folder}
            self.gone[name] = Counter(kept)

    def sync(self, *names: str) -> None:
        """Devices synchronise, one after the other."""
        for name in names:
            run = self.device(name).sync()
            assert run.code == 0, f"{name}: {run}"

    def settles(self) -> None:
        """Everybody synchronises until nothing changes, and has what was expected."""
        self.world.settle(waits=self.lingers)
        self.world.same_folders()
        sides = self.world.sides()
        hold_same(sides.pop(SERVER), self.expected, "on the server")
        for name, copies in sides.items():
            hold_same(copies, self.expected - self.gone[name], f"on {name}")

    # -- finding -----------------------------------------------------------

    def device(self, name: str) -> Device:
        return self.world.devices[name]

    def _new(self, number: int, kind: Kind) -> Message:
        new = self.messages.setdefault(number, message(number, kind))
        assert new.kind is kind
        return new

    def _there(self, number: int) -> Remote:
        content = self.messages[number].content
        found = [each for each in self.world.third.messages() if each.copy.content == content]
        return found[-1]

    def _here(self, name: str, number: int) -> Local:
        content = self.messages[number].content
        return next(e for e in self.device(name).files() if e.copy.content == content)

    def _change(self, number: int, change: Callable[[Copy], Copy | None]) -> None:
        content = self.messages[number].content
        lingering = self.gone["a"] + self.gone["b"]
        old = next(c for c in self.expected - lingering if c.content == content)
        self.expected[old] -= 1
        if new := change(old):
            self.expected[new] += 1
        self.expected += Counter()


def tell(story: Story) -> None:
    """Tell the whole story, and hold everybody to its end after each chapter."""
    for chapter in (
        _what_the_server_has_comes,
        _what_a_device_has_goes,
        _both_change_the_same,
        _twins_stay_apart,
        _folders_come,
        _uids_and_states_are_lost,
    ):
        chapter(story)
        story.settles()


def _what_the_server_has_comes(story: Story) -> None:
    story.create(SERVER, "Work")
    story.create(SERVER, "Work/Sub")
    story.create(SERVER, "Entwürfe")
    for number, kind in enumerate(_KINDS, start=1):
        story.deliver("INBOX", number, kind=kind)
    story.deliver("INBOX", 11, SEEN, FLAGGED)
    story.deliver("INBOX", 12, DRAFT, PASSED)
    for number in (13, 14, 15):
        story.deliver("Work", number, SEEN)
    story.deliver("Entwürfe", 16, ANSWERED)
    story.sync("a", "b")

    story.mark(SERVER, 1, SEEN)
    story.mark(SERVER, 11, FLAGGED, on=False)
    story.mark(SERVER, 16, DELETED)
    if SUPPORTED.keywords:
        story.mark(SERVER, 3, LABEL)
    story.move(SERVER, 13, "Work/Sub")
    story.move(SERVER, 12, "Entwürfe")
    story.delete(SERVER, 14)
    story.deliver("Work/Sub", 17)


def _what_a_device_has_goes(story: Story) -> None:
    for number, kind in enumerate(_KINDS, start=21):
        story.drop("a", "INBOX", number, kind=kind)
    story.drop("a", "Work/Sub", 31, SEEN, ANSWERED)
    story.drop("b", "Work", 32, FLAGGED)
    story.sync("a", "b")

    story.mark("a", 3, SEEN)
    story.mark("a", 11, SEEN, on=False)
    story.mark("b", 16, DELETED, on=False)
    story.look("a", 21)
    if SUPPORTED.keywords:
        story.mark("a", 4, LABEL)
    story.rename_file("a", 22)
    story.move("a", 15, "Entwürfe")
    story.move("a", 23, "Work", renamed=True)
    story.move("b", 31, "INBOX")
    story.delete("a", 24)
    story.delete("b", 17)


def _both_change_the_same(story: Story) -> None:
    for number in (41, 42, 43, 44, 45, 46):
        story.deliver("INBOX", number)
    story.sync("a", "b")

    for number, who in ((41, "a"), (41, "b"), (41, SERVER)):
        story.mark(who, number, {"a": SEEN, "b": FLAGGED, SERVER: ANSWERED}[who])
    story.delete_in_vain("a", 42)
    story.mark("b", 42, FLAGGED)
    story.sync("b")
    story.delete_in_vain(SERVER, 43)
    story.mark("a", 43, SEEN)
    story.world.devices["a"].delete(story._here("a", 44))
    story.delete(SERVER, 44)
    if SUPPORTED.merges_moves and not story.lingers:
        story.move("a", 45, "Work")
        story.mark("b", 45, FLAGGED)
    if SUPPORTED.merges_moves:
        story.move(SERVER, 46, "Work")
        story.mark("a", 46, SEEN)


def _twins_stay_apart(story: Story) -> None:
    story.deliver("INBOX", 51)
    story.deliver("INBOX", 51)
    story.drop("a", "Work", 52)
    story.sync("a", "b")
    story.drop("a", "Work", 52)
    story.sync("a", "b")
    story.delete(SERVER, 51)


def _folders_come(story: Story) -> None:
    story.create(SERVER, "Lists")
    story.deliver("Lists", 61)
    story.create("a", "Work/Later")
    story.drop("a", "Work/Later", 62)
    story.create("b", "Empty")
    if SUPPORTED.folder_renames:
        story.settles()
        story.rename(SERVER, "Lists", "Other lists")
        story.sync("a", "b")
        story.rename("a", "Work/Later", "Work/Latest")


def _uids_and_states_are_lost(story: Story) -> None:
    story.deliver("Work/Sub", 70, DRAFT)
    story.sync("a")
    story.recreate("Work/Sub")
    story.deliver("Work/Sub", 71)
    story.mark("a", 13, FLAGGED)
    story.settles()
    if not story.lingers:  # what waits to be deleted would come back, and should
        story.device("b").lose_state()
        story.deliver("INBOX", 72)
        story.drop("b", "INBOX", 73)


def _marked(copy: Copy, mark: str, *, on: bool) -> frozenset[str]:
    return copy.marks | {mark} if on else copy.marks - {mark}
