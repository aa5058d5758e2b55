"""Worlds: one account on a real server, two devices that synchronise it, and a third client.

`Worlds` owns what is made once (server, template, the process for runs that are
stopped), `World` is one fresh account with what can be done to it. What a world
must look like is `sync_world_model`'s.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.support.dovecot import PASSWORD, USERS, Dovecot
from tests.support.faults import Fault, Job, Outcome, Runner
from tests.support.mbsync import pulled
from tests.support.need import find
from tests.support.processes import ServerUser, wait_until
from tests.support.proxy import FaultProxy
from tests.support.sync_world_device import Device, Ran
from tests.support.sync_world_mail import Copies, Kind, Message, is_within, message
from tests.support.sync_world_model import SERVER
from tests.support.sync_world_server import Place, ThirdClient

LEFT_OUT: Final = ("Archive", "Drafts", "Junk", "Sent", "Trash")
"""Folders that Dovecot makes for every user; no world mirrors them, since each costs time."""

FOLDERS: Final = ("INBOX", "Work", "Work/Sub")
"""What every world begins with."""

TEMPLATE_MESSAGES: Final = tuple(
    message(number, kind)
    for number, kind in enumerate(
        (Kind.PLAIN, Kind.NO_ID, Kind.EIGHT_BIT, Kind.LONE_CR, Kind.PLAIN, Kind.PLAIN, Kind.PLAIN),
        start=1,
    )
)
"""And its messages: four in the first folder, two in the second, one in the third."""

_ROUNDS: Final = 8
_WAITING: Final = frozenset({"delete_remote"})


@dataclass(frozen=True, slots=True)
class Supported:
    """What mailcli can do by now; the rest of the steps is never taken."""

    keywords: bool = True
    folder_renames: bool = True
    renames_into_itself: bool = True
    """A folder may end below its old name, by way of a third."""
    tells_new_folders: bool = True
    """A run says that it changed something when it made a folder here."""
    plans_renames: bool = True
    """A dry run can say what comes after a folder's rename that it does not make."""
    pairs_files: bool = True
    """A file that was moved or renamed is the same message still, whatever others did to that."""
    merges_moves: bool = True
    """What was moved here and flagged there is one message, at its new place and flagged."""
    pushes_with_care: bool = True
    """`--push` uploads nothing again that was changed here and moved by another there."""


SUPPORTED: Final = Supported()


@dataclass(frozen=True, slots=True)
class World:
    """One account: `a` and `b` are devices, `third` works on the server behind their backs."""

    third: ThirdClient
    devices: Mapping[str, Device]
    sessions: "Sessions | None" = None
    steps: list[str] = field(default_factory=list)

    def sides(self) -> dict[str, Copies]:
        """Return what everybody has."""
        devices = {name: device.copies() for name, device in self.devices.items()}
        return {SERVER: self.third.copies(), **devices}

    def tell(self, step: str) -> None:
        """Write a step down."""
        self.steps.append(step)

    def settle(
        self, *options: str, codes: frozenset[int] = frozenset({0}), waits: bool = False
    ) -> None:
        """Synchronise the devices in turn until neither changes anything, and hold them to it.

        Runs that say that they changed nothing have changed nothing, on neither side; a dry
        run then plans nothing, unless something `waits` for a server that can delete it.
        """
        for _ in range(_ROUNDS):
            before = self._everything()
            runs = {name: device.sync(*options) for name, device in self.devices.items()}
            for name, run in runs.items():
                self.tell(f"{name} synchronises to settle: {run.brief}")
                assert run.code in codes, f"{name}: {run}"
            if any(run.changed for run in runs.values()):
                continue
            if SUPPORTED.tells_new_folders or self._everything() == before:
                break
        else:
            raise AssertionError(f"no end after {_ROUNDS} rounds")
        now = self._everything()
        _hold_unchanged(_without_recent(before), _without_recent(now), "a run that did nothing")
        for name, device in self.devices.items():
            plan = device.sync("-n", *options)
            assert plan.code in codes, f"{name}: {plan}"
            still = [each for each in plan.planned if not (waits and each[1] in _WAITING)]
            assert still == [], f"{name} would still do {still}"
            assert device.temporary() == [], f"{name} left temporary files"

    def dry_run(self, name: str) -> Ran:
        """Ask a device what it would do, and make sure that it does nothing."""
        before = self._everything()
        run = self.devices[name].sync("-n")
        _hold_unchanged(before, self._everything(), "a dry run")
        return run

    def rest(self, *, came_in: bool) -> None:
        """Wait for the end of all sessions: what a killed client sent is still carried out.

        `came_in`: the client that was disturbed had logged in.
        """
        assert self.sessions is not None
        self.third.close()
        self.sessions.disturbed += came_in
        runs = sum(device.runs for device in self.devices.values())
        self.sessions.wait_for(self.third.logins + runs)

    def same_folders(self, *, but_for: Iterable[str] = ()) -> list[str]:
        """Return the folders of the server, which must be the same everywhere.

        Those named in `but_for` may be missing somewhere, with all below them.
        """
        there = self.third.folders()
        for name, device in self.devices.items():
            differing = set(device.folders()) ^ set(there)
            wrong = [f for f in differing if not any(is_within(f, each) for each in but_for)]
            assert not wrong, f"{name} or the server alone has {sorted(wrong)}"
        return there

    def _everything(self) -> dict[str, object]:
        trees = [device.tree() for device in self.devices.values()]
        return {key: value for tree in trees for key, value in tree.items()} | {
            line.split(" (")[0]: line for line in self.third.counters()
        }


def _hold_unchanged(before: dict[str, object], now: dict[str, object], who: str) -> None:
    """Assert that two looks at everything saw the same, and say what differs."""
    changes = [
        f"{key}: {before.get(key)} -> {now.get(key)}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]
    assert not changes, f"{who} changed " + "\n".join(changes)


def _without_recent(everything: dict[str, object]) -> dict[str, object]:
    """Leave out how many messages no session has seen: all but a dry run may look at them."""
    return {
        key: re.sub(r"RECENT \d+", "", value) if isinstance(value, str) else value
        for key, value in everything.items()
    }


@contextmanager
def directory_in_memory() -> Iterator[Path]:
    """Make a directory in memory, where there is one: nothing here asks how slow a disk is."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with TemporaryDirectory(prefix="mailcli-world-", dir=place) as directory:
        yield Path(directory)


def new_world(
    place: Place, directory: Path, *, left_out: Iterable[str] = (), **imap: Any
) -> World:
    """Return a world that begins with nothing, on any server; `imap` is more configuration."""
    folders = ["*", *(f"!{name}" for name in left_out)]
    devices = {name: Device(name, directory / name) for name in ("a", "b")}
    for device in devices.values():
        device.configure(place, folders=folders, **imap)
    return World(ThirdClient(place, left_out=left_out), devices)


class Worlds:
    """Makes worlds on one Dovecot that nobody else uses; `directory` should be in memory."""

    def __init__(self, dovecot: Dovecot, directory: Path, runner: Runner, **imap: Any) -> None:
        self._dovecot = dovecot
        self._directory = directory
        self._runner = runner
        self._imap = {"folders": ["*", *(f"!{name}" for name in LEFT_OUT)], **imap}
        self._count = 0
        self._template: Path | None = None

    @contextmanager
    def world(self) -> Iterator[World]:
        """Yield a world where all agree on a few messages in each of `FOLDERS`."""
        if self._template is None:
            self._template = self._make_template()
        world = self._begin(self._template)
        try:
            yield world
        finally:
            self._end(world)

    def killed(self, world: World, name: str, fault: Fault) -> Outcome:
        """Synchronise a device in a process that is stopped at an effect, and let things rest."""
        device = world.devices[name]
        outcome = self._runner.run(Job(("imap-sync",), device.environment), fault)
        replies = [e.what[0] for e in outcome.effects if e.kind == "reply" and len(e.what) == 1]
        world.rest(came_in=any(reply.startswith(_AFTER_LOGIN) for reply in replies))
        return outcome

    def cut(self, world: World, name: str, **where: int) -> Ran:
        """Synchronise a device whose connection is cut at an octet, and let things rest."""
        device = world.devices[name]
        trace = device.home / "trace"
        with FaultProxy(self._dovecot.imap, **where) as proxy:  # type: ignore[arg-type]
            self._configure(device, world.third.place, port=proxy.port)
            run = device.sync(f"--trace={trace}")
        self._configure(device, world.third.place)
        device.runs -= 1
        lines = trace.read_text("utf-8", "replace").splitlines() if trace.exists() else []
        said = [line.split()[2] for line in lines if len(line.split()) > 2 and line[:2] == "C:"]
        world.rest(came_in=any(word in _AFTER_LOGIN for word in said))
        return run

    def mbsync_sees(self, world: World, given: Iterable[Message]) -> Copies:
        """Return what another program fetches from the same account; see `mbsync.pulled`."""
        with TemporaryDirectory(dir=self._directory) as directory:
            return pulled(
                world.third.place,
                Path(directory),
                left_out=LEFT_OUT,
                given=[*TEMPLATE_MESSAGES, *given],
            )

    def new_uids(self, world: World, folder: str) -> None:
        """Give a folder another UIDVALIDITY, with all its messages under their old UIDs."""
        world.third.close()
        validity = 1_000_000_000 + len(world.steps)
        program = find("doveadm")
        assert program is not None
        config = self._dovecot.directory / "dovecot.conf"
        update = ["mailbox", "update", "--uid-validity", str(validity)]
        subprocess.run(
            [program, "-c", config, *update, "-u", world.third.place.user, folder],
            check=True,
            capture_output=True,
        )

    # -- beginning and end -------------------------------------------------

    def _make_template(self) -> Path:
        """Return a directory with a client's and a server's side where all agree."""
        template = self._directory / "template"
        world = self._begin(None)
        for folder in FOLDERS[1:]:
            world.third.create(folder)
        for each in TEMPLATE_MESSAGES:
            folder = FOLDERS[max(each.number - 3, 0) // 2]
            world.third.deliver(folder, each.raw, ("\\Seen",) if each.number % 2 else ())
        world.settle()
        self._end(world, keep=template)
        return template

    def _begin(self, template: Path | None) -> World:
        self._count += 1
        user = f"u{self._count % USERS + 1}"
        server_home = self._server_home(user)
        if server_home.exists():
            shutil.rmtree(server_home)
        if template is not None:
            shutil.copytree(template / "server", server_home)
            ServerUser.current().own(server_home)
        place = Place(self._dovecot.imap, user, PASSWORD)
        devices = {}
        for name in ("a", "b"):
            home = self._directory / "homes" / name
            if template is not None:
                shutil.copytree(template / name, home)
            devices[name] = Device(name, home)
            self._configure(devices[name], place)
        sessions = Sessions(self._dovecot.directory / "dovecot.log", user)
        return World(ThirdClient(place, left_out=LEFT_OUT), devices, sessions)

    def _end(self, world: World, *, keep: Path | None = None) -> None:
        world.third.close()
        if keep is not None:
            shutil.copytree(self._server_home(world.third.place.user), keep / "server")
            for name, device in world.devices.items():
                shutil.copytree(device.home, keep / name)
        shutil.rmtree(self._directory / "homes")

    def _server_home(self, user: str) -> Path:
        return self._dovecot.directory / "home" / user

    def _configure(self, device: Device, place: Place, *, port: int | None = None) -> None:
        device.configure(Place(port or place.port, place.user, place.password), **self._imap)


class Sessions:
    """The sessions of one user, as Dovecot's log tells them; it is read on from where it was.

    A login is logged a moment after it is answered, so whoever waits must know how many
    there were: `disturbed` are those of clients that were stopped or cut.
    """

    def __init__(self, log: Path, user: str) -> None:
        self.disturbed = 0
        self._log = log
        self._offset = log.stat().st_size
        name = re.escape(user).encode("ascii")
        self._login = re.compile(rb"Login: user=<%b>.* session=<([^>]+)>" % name)
        self._end = re.compile(rb"\(%b\)<\d+><([^>]+)>: Info: (?:Disconnected|Logged out)" % name)
        self._begun: set[bytes] = set()
        self._ended: set[bytes] = set()

    def wait_for(self, undisturbed: int) -> None:
        """Wait until so many, and those disturbed, have begun, and all that began have ended."""
        expected = undisturbed + self.disturbed

        def are_over() -> bool:
            self._read_on()
            return len(self._begun) >= expected and self._begun <= self._ended

        wait_until(are_over, timeout=20, what="the sessions at Dovecot to end")

    def _read_on(self) -> None:
        with self._log.open("rb") as log:
            log.seek(self._offset)
            lines, newline, _ = log.read().rpartition(b"\n")
        self._offset += len(lines) + len(newline)
        self._begun.update(self._login.findall(lines))
        self._ended.update(self._end.findall(lines))


_AFTER_LOGIN: Final = ("NAMESPACE", "LIST", "SELECT", "EXAMINE", "ENABLE", "ID")
"""Commands that a client can only give once it has logged in."""
