"""What `folders` is asked to change, as an ordered list of steps. Pure.

`plan` holds what is wanted against what the server lists. A name that cannot be
had stops no other; what makes no sense at all is refused before anything is
asked of a server.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from mailcli.errors import CannotCreate, MailError, NotFound, Refused, UsageError
from mailcli.imap.names import encode
from mailcli.imap.values import Folder
from mailcli.store.names import INBOX, FolderName, from_server, to_server


@dataclass(frozen=True, slots=True)
class Wanted:
    """The changes that the command line asks for, names as typed."""

    create: tuple[str, ...] = ()
    rename: tuple[str, str] | None = None
    delete: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.create or self.rename or self.delete or self.subscribe or self.unsubscribe
        )

    def check(self) -> None:
        """Refuse what makes no sense, whatever the server has.

        Raises: UsageError (2).
        """
        others = (self.create, self.delete, self.subscribe, self.unsubscribe)
        if self.rename:
            if any(others):
                raise UsageError("--rename stands alone", hint="make the other changes afterwards")
            _check_rename(*map(FolderName.parse, self.rename))
        create, delete, on, off = (set(map(FolderName.parse, names)) for names in others)
        for one, two, options in (
            (create, delete, "--create and --delete"),
            (on, off, "--subscribe and --unsubscribe"),
            (on, delete, "--subscribe and --delete"),
        ):
            for name in one & two:
                raise UsageError(f"{options} of {str(name)!r} contradict each other")
        for name in (*self.create, *(self.rename or ())[1:]):
            if not name.isprintable():
                raise UsageError(f"folder name {name!r} holds a control character")
        if INBOX in delete:
            raise UsageError("INBOX cannot be deleted: mail arrives there")


def _check_rename(old: FolderName, new: FolderName) -> None:
    if INBOX in (old, new):
        raise UsageError("INBOX keeps its name: mail arrives there")
    if new.is_within(old):
        raise UsageError(f"{str(old)!r} cannot be moved into itself")
    if old.is_within(new):
        raise UsageError(f"{str(old)!r} lies inside {str(new)!r}, which exists already")


@dataclass(frozen=True, slots=True)
class Create:
    """Make a folder, by the name that the server will have for it."""

    name: FolderName
    server_name: str


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a folder another name; `subscribed` are it and those inside it that are."""

    name: FolderName
    new: FolderName
    folder: Folder
    server_name: str
    subscribed: tuple[Folder, ...]

    def moved(self, folder: Folder) -> bytes:
        """Return the wire name that a folder inside has afterwards."""
        return encode(self.server_name) + folder.wire[len(self.folder.wire) :]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a folder that the server lists."""

    name: FolderName
    folder: Folder


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscribe a folder, or unsubscribe it, by its name on the wire."""

    name: FolderName
    wire: bytes
    on: bool


Step = Create | Rename | Delete | Subscribe


@dataclass(frozen=True, slots=True)
class Listed:
    """What the server lists, by our names, and how it names new folders."""

    folders: Mapping[FolderName, Folder]
    delimiter: str | None
    prefix: str

    @classmethod
    def of(cls, folders: Iterable[Folder], prefix: str) -> "Listed":
        """Return the folders that have a name here; of two with the same name, the first."""
        found: dict[FolderName, Folder] = {}
        delimiter = None
        for folder in folders:
            delimiter = delimiter or folder.delimiter
            if not folder.can_be_named:
                continue
            try:
                found.setdefault(from_server(folder.name, folder.delimiter, prefix=prefix), folder)
            except MailError:
                continue  # imap-sync reports it; nothing can be asked of it by a name of ours
        return cls(found, delimiter, prefix)

    def find(self, text: str) -> tuple[FolderName, Folder]:
        """Return the folder that is meant by our name for it, or by the server's.

        Raises: NotFound (66).
        """
        if (folder := self.folders.get(FolderName.parse(text))) is not None:
            return FolderName.parse(text), folder
        for name, folder in self.folders.items():
            if folder.name == text:
                return name, folder
        near = get_close_matches(text, map(str, self.folders), n=1)
        hint = f"did you mean {near[0]}?" if near else "see: mailcli folders"
        raise NotFound(f"{text}: there is no such folder", hint=hint)

    def free(self, text: str) -> tuple[FolderName, str]:
        """Return a new folder's name here and on the server.

        Raises: Refused (69) when it is taken, CannotCreate (73) when the server has no name
            for it.
        """
        name = FolderName.parse(text)
        folder = self.folders.get(name)
        if folder is not None and folder.selectable:
            raise taken(text)
        try:
            return name, to_server(name, self.delimiter, prefix=self.prefix)
        except CannotCreate as exc:
            hint = "write it like Work/Clients, whatever separates names on the server"
            raise CannotCreate(exc.message, hint=hint) from exc

    def within(self, name: FolderName) -> list[FolderName]:
        """Return a folder and those inside it, as far as they are listed."""
        return [each for each in self.folders if each.is_within(name)]


def taken(name: str) -> Refused:
    """Return the error for a name that another folder has."""
    return Refused(f"{name}: there is such a folder already", hint="see: mailcli folders")


@dataclass(slots=True)
class Plan:
    """The steps, in order, and why others cannot be."""

    steps: list[Step] = field(default_factory=list)
    errors: list[MailError] = field(default_factory=list)


def plan(wanted: Wanted, listed: Listed) -> Plan:
    """Return what is to be done: new folders first, deletions last and from the inside out."""
    made = Plan()
    for source in (_creations, _rename, _subscriptions, _deletions):
        for step in source(wanted, listed):
            if isinstance(step, MailError):
                made.errors.append(step)
            else:
                made.steps.append(step)
    return made


def _creations(wanted: Wanted, listed: Listed) -> Iterator[Step | MailError]:
    for text in dict.fromkeys(wanted.create):
        try:
            yield Create(*listed.free(text))
        except MailError as exc:
            yield exc


def _rename(wanted: Wanted, listed: Listed) -> Iterator[Step | MailError]:
    if not wanted.rename:
        return
    try:
        name, folder = listed.find(wanted.rename[0])
        new, server_name = listed.free(wanted.rename[1])
        _check_rename(name, new)  # again: it may have been typed as the server names it
    except MailError as exc:
        yield exc
        return
    inside = (listed.folders[each] for each in listed.within(name))
    subscribed = tuple(each for each in inside if each.subscribed)
    yield Rename(name, new, folder, server_name, subscribed)


def _subscriptions(wanted: Wanted, listed: Listed) -> Iterator[Step | MailError]:
    new = set(map(FolderName.parse, wanted.create))
    for texts, on in ((wanted.subscribe, True), (wanted.unsubscribe, False)):
        for text in dict.fromkeys(texts):
            try:
                yield _subscription(text, listed, new, on=on)
            except MailError as exc:
                yield exc


def _subscription(text: str, listed: Listed, new: set[FolderName], *, on: bool) -> Subscribe:
    try:
        name, folder = listed.find(text)
    except NotFound:
        name = FolderName.parse(text)
        if on and name not in new:
            raise
        # A subscription may outlive its folder (RFC 3501 §6.3.6), and can still be ended.
        wire = encode(to_server(name, listed.delimiter, prefix=listed.prefix))
        return Subscribe(name, wire, on)
    return Subscribe(name, folder.wire, on)


def _deletions(wanted: Wanted, listed: Listed) -> Iterator[Step | MailError]:
    found: dict[FolderName, Folder] = {}
    for text in wanted.delete:
        try:
            name, folder = listed.find(text)
        except MailError as exc:
            yield exc
        else:
            found[name] = folder
    for name in sorted(found, key=lambda name: (-len(name.parts), str(name))):
        left = sorted(str(each) for each in listed.within(name) if each not in found)
        if name == INBOX:
            yield UsageError("INBOX cannot be deleted: mail arrives there")
        elif left:
            hint = f"delete what is inside as well: {' '.join(f'--delete {e}' for e in left)}"
            yield UsageError(f"{name}: there are folders inside, such as {left[0]}", hint=hint)
        else:
            yield Delete(name, found[name])
