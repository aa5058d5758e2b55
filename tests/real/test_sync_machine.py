"""Anything that can happen to an account, in any order: everybody ends alike, nothing is lost.

A server, two devices and a third client; Hypothesis chooses who does what, and shows the
shortest story that goes wrong. `sync_world` does the steps, `sync_world_model` says which
ends are right. Every example ends with the devices synchronising until nothing changes.
`HYPOTHESIS_PROFILE` and the numbers in `SYNC_EXAMPLES` and `SYNC_STEPS` say how hard it tries.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, assume, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.support.certificates import Authority
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.faults import Fault, Runner
from tests.support.faults_effects import Mode
from tests.support.mbsync import without_keywords
from tests.support.processes import server_directory
from tests.support.sync_world import SUPPORTED, World, Worlds, directory_in_memory
from tests.support.sync_world_device import Device, Local
from tests.support.sync_world_mail import (
    FLAGS,
    KEYWORDS,
    Copies,
    Copy,
    Kind,
    Message,
    hold_same,
    is_within,
    message,
)
from tests.support.sync_world_model import SERVER, Model
from tests.support.sync_world_server import Remote

T = TypeVar("T")

NEW_FOLDERS = ("Lists", "Work/Later", "Entwürfe")

picks = st.integers(0, 11)
devices = st.sampled_from(["a", "b"])
marks = st.sampled_from([*FLAGS, *(KEYWORDS if SUPPORTED.keywords else ())])
mark_sets = st.frozensets(marks, max_size=2)
kinds = st.sampled_from(list(Kind))
effects = st.integers(1, 140)
octets = st.integers(0, 4000)


class SyncMachine(RuleBasedStateMachine):
    """What everybody can do. `pick` chooses among what is there when the step is taken."""

    worlds: Worlds
    deletes_folders: bool

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.is_sound = False
        self.given: list[Message] = []
        self.removed: set[str] = set()
        self.unheard: set[tuple[str, str, str]] = set()  # who made a folder, which, who knows not
        self.lacks_folders = False
        self.loose: set[str] = set()

    @initialize()
    def begin(self) -> None:
        self.world: World = self.stack.enter_context(self.worlds.world())
        self.model = Model(
            (SERVER, "a", "b"),
            strict_moves=SUPPORTED.merges_moves,
            strict_renames=SUPPORTED.pairs_files,
            strict_pushes=SUPPORTED.pushes_with_care,
        )
        self.model.agree(self.world.third.copies())
        self.is_sound = True

    def teardown(self) -> None:
        try:
            if self.is_sound:
                self.everybody_settles()
        finally:
            self.stack.close()

    # -- on the server -----------------------------------------------------

    @rule(kind=kinds, pick=picks, mark_set=mark_sets)
    def deliver(self, kind: Kind, pick: int, mark_set: frozenset[str]) -> None:
        self._deliver(self._new(kind), pick, mark_set)

    @rule(pick=picks)
    def deliver_a_twin(self, pick: int) -> None:
        original = self._remote(pick)
        folder = self._pick(self.world.third.folders(), pick // 2)
        self._say(f"server: a twin of {original.copy} is delivered to {folder}")
        self.world.third.deliver(folder, self.world.third.raw(original))
        self.model.born(SERVER, original.copy.content, folder, frozenset())

    @rule(pick=picks, mark=marks, on=st.booleans())
    def mark_there(self, pick: int, mark: str, on: bool) -> None:
        remote = self._remote(pick)
        self._say(f"server: {remote.copy} {'gets' if on else 'loses'} {mark}")
        self.world.third.mark(remote, mark, on=on)
        self.model.marked(SERVER, remote.copy, mark, on=on)

    @rule(pick=picks, to=picks)
    def move_there(self, pick: int, to: int) -> None:
        remote = self._remote(pick)
        folder = self._other(remote.copy.folder, self.world.third.folders(), to)
        self._say(f"server: {remote.copy} moves to {folder}")
        self.world.third.move(remote, folder)
        self.model.moved(SERVER, remote.copy, folder)

    @rule(pick=picks)
    def delete_there(self, pick: int) -> None:
        remote = self._remote(pick)
        self._say(f"server: {remote.copy} is deleted")
        self.world.third.delete(remote)
        self.model.deleted(SERVER, remote.copy)

    # -- on a device, by other programs ------------------------------------

    @rule(name=devices, kind=kinds, pick=picks, mark_set=mark_sets)
    def drop(self, name: str, kind: Kind, pick: int, mark_set: frozenset[str]) -> None:
        device = self.world.devices[name]
        folder = self._pick(device.folders(), pick)
        new = self._new(kind)
        self._say(f"{name}: {new} is dropped into {folder} with {sorted(mark_set)}")
        device.drop(folder, new.raw, mark_set)
        self.model.born(name, new.content, folder, mark_set)
        if kind is Kind.MIXED:
            self.model.mended.add(new.content)

    @rule(name=devices, pick=picks, mark=marks, on=st.booleans())
    def mark_here(self, name: str, pick: int, mark: str, on: bool) -> None:
        device, file = self._file(name, pick)
        self._say(f"{name}: {file.copy} {'gets' if on else 'loses'} {mark}")
        device.mark(file, mark, on=on)
        self.model.marked(name, file.copy, mark, on=on)

    @rule(name=devices, pick=picks)
    def look(self, name: str, pick: int) -> None:
        device, file = self._file(name, pick)
        self._say(f"{name}: {file.copy} leaves new")
        device.look(file)

    @rule(name=devices, pick=picks, to=picks, renamed=st.booleans())
    def move_here(self, name: str, pick: int, to: int, renamed: bool) -> None:
        device, file = self._file(name, pick)
        folder = self._other(file.copy.folder, device.folders(), to)
        self._say(f"{name}: {file.copy} moves to {folder}{' renamed' * renamed}")
        device.move(file, folder, renamed=renamed)
        self.model.moved(name, file.copy, folder)

    @rule(name=devices, pick=picks)
    def rename_file(self, name: str, pick: int) -> None:
        device, file = self._file(name, pick)
        self._say(f"{name}: {file.copy} gets another base name")
        device.rename(file)
        self.model.renamed_file(name, file.copy)

    @rule(name=devices, pick=picks)
    def delete_here(self, name: str, pick: int) -> None:
        device, file = self._file(name, pick)
        self._say(f"{name}: {file.copy} is deleted")
        device.delete(file)
        self.model.deleted(name, file.copy)

    # -- folders -----------------------------------------------------------

    @rule(pick=picks)
    def create_there(self, pick: int) -> None:
        folder = self._absent(self.world.third.folders(), pick)
        self._say(f"server: {folder} is created")
        self._name_is_taken(folder)
        self.world.third.create(folder)
        self._makes(SERVER, folder)

    @rule(name=devices, pick=picks)
    def create_here(self, name: str, pick: int) -> None:
        device = self.world.devices[name]
        folder = self._absent(device.folders(), pick)
        self._say(f"{name}: {folder} is created")
        self._name_is_taken(folder)
        device.create(folder)
        self._makes(name, folder)

    @precondition(lambda _: SUPPORTED.folder_renames)
    @rule(pick=picks, to=picks)
    def rename_there(self, pick: int, to: int) -> None:
        old, new = self._renaming(self.world.third.folders(), pick, to)
        sides = self.world.sides()
        self._say(f"server: {old} is renamed to {new}")
        self.world.third.rename(old, new)
        self._name_is_taken(new)
        self._makes(SERVER, *(f for f in self.world.third.folders() if is_within(f, new)))
        self.model.renamed(SERVER, old, new, sides)

    @precondition(lambda _: SUPPORTED.folder_renames)
    @rule(name=devices, pick=picks, to=picks)
    def rename_here(self, name: str, pick: int, to: int) -> None:
        device = self.world.devices[name]
        old, new = self._renaming(device.folders(), pick, to)
        assume(not (device.maildir / new).exists())  # half made by a run that was killed
        sides = self.world.sides()
        self._say(f"{name}: {old} is renamed to {new}")
        device.rename_folder(old, new)
        self._name_is_taken(new)
        self._makes(name, *(each for each in device.folders() if is_within(each, new)))
        self.model.renamed(name, old, new, sides)

    @precondition(lambda self: self.deletes_folders)
    @rule(pick=picks)
    def delete_folder_there(self, pick: int) -> None:
        folder = self._leaf(self.world.third.folders(), pick)
        sides = self.world.sides()
        self._say(f"server: {folder} is deleted")
        self.world.third.remove(folder)
        self.model.removed(SERVER, folder, sides)
        if any({folder, "*"} & unaware for unaware in self.model.unaware.values()):
            self.model.reset(folder, sides)  # who does not know it makes it again
        elif self._unmakes(SERVER, folder):
            self.removed.add(folder)
        self.lacks_folders = True

    @precondition(lambda self: self.deletes_folders)
    @rule(name=devices, pick=picks)
    def delete_folder_here(self, name: str, pick: int) -> None:
        device = self.world.devices[name]
        folder = self._leaf(device.folders(), pick)
        sides = self.world.sides()
        self._say(f"{name}: {folder} is deleted")
        device.remove_folder(folder)
        self.model.removed(name, folder, sides)
        is_that_one = self._unmakes(name, folder)
        if is_that_one and not self.model.unaware[name] & {folder, "*"}:
            self.removed.add(folder)  # else it is another folder there
        self.lacks_folders = True

    # -- misfortune --------------------------------------------------------

    @rule(pick=picks, anew=st.booleans())
    def reset_uids(self, pick: int, anew: bool) -> None:
        folders = self.world.third.folders()
        folder = self._leaf(folders, pick) if anew else self._pick(folders, pick)
        self._say(f"server: {folder} gets new UIDs{' and other ones' * anew}")
        if anew:
            self.world.third.recreate(folder)
        else:
            self.worlds.new_uids(self.world, folder)
        self.model.reset(folder, self.world.sides())
        self.removed.discard(folder)

    @rule(name=devices)
    def lose_state(self, name: str) -> None:
        self._say(f"{name}: the state is lost")
        self.world.devices[name].lose_state()
        self.model.forgot(name, self.world.sides())
        self.removed.clear()

    @rule(name=devices, at=effects, mode=st.sampled_from([Mode.KILL_BEFORE, Mode.KILL_AFTER]))
    def sync_killed(self, name: str, at: int, mode: Mode) -> None:
        outcome = self.worlds.killed(self.world, name, Fault(mode, at))
        self._say(f"{name} synchronises, {mode} effect {at}: exit {outcome.code}")
        assert outcome.code in {0, -9} or (outcome.code == 3 and self.may_stop), outcome.err
        self.model.stopped(name)

    @rule(name=devices, at=octets, side=st.sampled_from(["client", "server"]))
    def sync_cut(self, name: str, at: int, side: str) -> None:
        run = self.worlds.cut(self.world, name, **{f"cut_after_{side}": at})
        self._say(f"{name} synchronises, cut after {at} octets of the {side}: {run.brief}")
        assert run.code in {0, 75} or (run.code == 3 and self.may_stop), run
        self.model.stopped(name)

    # -- synchronising -----------------------------------------------------

    @rule(name=devices)
    def sync(self, name: str) -> None:
        if self._sync(name) == 0:
            self.model.exchanged(name)
            self._hears(name)

    @rule(name=devices)
    def pull(self, name: str) -> None:
        before = self.world.third.counters()
        code = self._sync(name, "--pull")
        assert self.world.third.counters() == before, "--pull changed the server"
        if code == 0:
            self.model.pulled(name)

    @rule(name=devices)
    def push(self, name: str) -> None:
        before = self.world.devices[name].tree()
        code = self._sync(name, "--push")
        assert self.world.devices[name].tree() == before, "--push changed the Maildir"
        if code == 0:
            self.model.pushed(name)

    @rule(name=devices)
    def dry_run(self, name: str) -> None:
        self._say(f"{name} asks what it would do")
        run = self.world.dry_run(name)
        if not SUPPORTED.plans_renames and self.model.renames:
            return
        assert run.code == 0 or (run.code == 3 and self.may_stop), run

    @rule(name=devices, pick=picks)
    def sync_one_folder(self, name: str, pick: int) -> None:
        both = set(self.world.third.folders()) & set(self.world.devices[name].folders())
        self._sync(name, self._pick(sorted(both), pick))
        self.model.stopped(name)

    @rule()
    def everybody_settles(self) -> None:
        self.is_sound = False
        self._say("everybody settles")
        self.model.settles(self.world.sides())
        self.world.settle(*(["--allow-mass-delete"] if self.may_stop else []))
        if not self.deletes_folders or self.lacks_folders:
            self.loose |= self.model.old_names
        sides = self.world.sides()
        folders = self.world.same_folders(but_for=self.loose | self.model.left_in(sides))
        complaints = list(self.model.complaints(sides))
        assert not complaints, "\n".join(complaints)
        for device in self.world.devices.values():
            for file in device.files():
                assert file.exact or file.copy.content in self.model.mended, file
        empty = set(folders) - {copy.folder for copies in sides.values() for copy in copies}
        back = self.removed & {each for each in empty if not _has_children(each, folders)}
        assert not back, f"{back} were deleted and are there, with nothing in them"
        self.removed.clear()
        self.unheard.clear()
        self.lacks_folders = False
        self.model.settled(sides)
        self.is_sound = True

    @rule()
    def mbsync_sees_the_same(self) -> None:
        self.everybody_settles()
        self.is_sound = False
        self._say("mbsync fetches the same account")
        fetched = self.worlds.mbsync_sees(self.world, self.given)
        ours = self.world.devices["a"].copies()
        for content in self.model.untouchable:
            fetched, ours = _without(fetched, content), _without(ours, content)
        hold_same(fetched, without_keywords(ours), "in what mbsync fetched")
        self.is_sound = True

    def _sync(self, name: str, *options: str) -> int:
        """Synchronise; 3 is right where a whole folder is gone, and waits to be confirmed."""
        run = self.world.devices[name].sync(*options)
        self._say(f"{name} synchronises {' '.join(options)}: {run.brief}")
        assert run.code == 0 or (run.code == 3 and self.may_stop), run
        if run.code:
            self.model.stopped(name)
        return run.code

    @property
    def may_stop(self) -> bool:
        """Whether a whole folder may look gone, so that a run is right to ask (3)."""
        return self.lacks_folders or bool(self.model.renames)

    # -- choosing ----------------------------------------------------------

    def _say(self, step: str) -> None:
        note(step)
        self.world.tell(step)

    def _new(self, kind: Kind) -> Message:
        new = message(101 + len(self.given), kind)
        self.given.append(new)
        return new

    def _deliver(self, new: Message, pick: int, mark_set: frozenset[str]) -> None:
        folder = self._pick(self.world.third.folders(), pick)
        self._say(f"server: {new} is delivered to {folder} with {sorted(mark_set)}")
        self.world.third.deliver(folder, new.raw, mark_set)
        self.model.born(SERVER, new.content, folder, mark_set)

    def _remote(self, pick: int) -> Remote:
        return self._touchable(self.world.third.messages(), pick, lambda each: each.copy)

    def _file(self, name: str, pick: int) -> tuple[Device, Local]:
        device = self.world.devices[name]
        return device, self._touchable(device.files(), pick, lambda each: each.copy)

    def _touchable(self, found: list[T], pick: int, copy_of: Callable[[T], Copy]) -> T:
        strays = self.model.untouchable
        return self._pick([each for each in found if copy_of(each).content not in strays], pick)

    def _pick(self, choices: Sequence[T], pick: int) -> T:
        assume(choices)
        return choices[pick % len(choices)]

    def _other(self, folder: str, folders: Sequence[str], pick: int) -> str:
        return self._pick([each for each in folders if each != folder], pick)

    def _absent(self, folders: Sequence[str], pick: int) -> str:
        return self._pick([name for name in NEW_FOLDERS if name not in folders], pick)

    def _name_is_taken(self, folder: str) -> None:
        """Note a folder with the name of another: for who knows that one it has new UIDs."""
        if any(is_within(each, folder) for each in self.model.old_names | self.removed):
            self.model.reset(folder, self.world.sides())
        self.removed.discard(folder)

    def _makes(self, who: str, *folders: str) -> None:
        others = {SERVER, "a", "b"} - {who}
        self.unheard |= {(who, folder, other) for folder in folders for other in others}

    def _unmakes(self, who: str, folder: str) -> bool:
        """Note a deletion; tell whether everybody else's folder of that name is the same one."""
        self.unheard = {each for each in self.unheard if each[:2] != (who, folder)}
        return not any(made == folder for _, made, _ in self.unheard)

    def _hears(self, name: str) -> None:
        """Note that a device and the server know of each other's folders."""
        self.unheard = {each for each in self.unheard if each[::2] != (name, SERVER)}
        there = {each[:2] for each in self.unheard if each[2] == SERVER}
        self.unheard = {each for each in self.unheard if each[2] != name or each[:2] in there}

    def _leaf(self, folders: Sequence[str], pick: int) -> str:
        leaves = [f for f in folders if f != "INBOX" and not _has_children(f, folders)]
        return self._pick(leaves, pick)

    def _renaming(self, folders: Sequence[str], pick: int, to: int) -> tuple[str, str]:
        old = self._pick([name for name in folders if name != "INBOX"], pick)
        new = self._absent(folders, to)
        # A directory or name that others lie in is taken, though no mail is in it.
        assume(not any(is_within(each, new) for each in folders))
        former = {old} if SUPPORTED.renames_into_itself else {old, *self.model.old_names}
        assume(not any(is_within(new, each) for each in former))
        return old, new


def _has_children(folder: str, folders: Sequence[str]) -> bool:
    return any(name.startswith(f"{folder}/") for name in folders)


def _without(copies: Copies, content: str) -> Copies:
    return Counter({copy: count for copy, count in copies.items() if copy.content != content})


@pytest.fixture
def deletes_folders() -> bool:
    """Whether the account lets the deletion of a folder travel."""
    return False


@pytest.fixture
def worlds(
    authority: Authority, mailcli_env: dict[str, str], deletes_folders: bool
) -> Iterator[Worlds]:
    """Worlds on a Dovecot of their own."""
    with ExitStack() as stack:
        memory = stack.enter_context(directory_in_memory())
        directory = stack.enter_context(server_directory("dovecot"))
        server = stack.enter_context(running_dovecot(directory, authority, mechanisms=["plain"]))
        runner = Runner(mailcli_env, memory)
        yield Worlds(server, memory, runner, delete_folders=deletes_folders)


def explore(
    worlds: Worlds, *, examples: int, steps: int, deletes: bool, chosen: int | None = None
) -> None:
    """Let Hypothesis look for a story that goes wrong; without shrinking it in a hunt.

    `chosen` is the seed of the stories, so that a check of the same code ends the same; without
    one they are others each time.
    """
    hunt = (Phase.explicit, Phase.generate)
    machine = type("SyncMachine", (SyncMachine,), {"worlds": worlds, "deletes_folders": deletes})
    if chosen is not None and "SYNC_HUNT" not in os.environ:
        machine = seed(chosen)(machine)
    run_state_machine_as_test(
        machine,
        settings=settings(
            deadline=None,
            print_blob=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=hunt if os.environ.get("SYNC_HUNT") else tuple(Phase),
            max_examples=int(os.environ.get("SYNC_EXAMPLES", examples)),
            stateful_step_count=int(os.environ.get("SYNC_STEPS", steps)),
        ),
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("examples", [9, pytest.param(25, marks=pytest.mark.soak)])
@pytest.mark.parametrize("chosen", range(4))
@pytest.mark.parametrize("deletes_folders", [False, True])
def test_whatever_happens_everybody_ends_alike_and_nothing_is_lost(
    worlds: Worlds, deletes_folders: bool, chosen: int, examples: int
) -> None:
    explore(worlds, examples=examples, steps=12, deletes=deletes_folders, chosen=chosen)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("deletes_folders", [False, True])
def test_long_stories_end_alike(worlds: Worlds, deletes_folders: bool) -> None:
    explore(worlds, examples=500, steps=40, deletes=deletes_folders)
