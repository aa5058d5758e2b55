"""The dependency rule of ARCHITECTURE.md, held against the imports as they are written.

Read with `ast`, so that an import inside a function counts like any other; only
one for the type checker, which is never executed, is free in what it names
outside mailcli.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
LONGEST = 350
"""Lines of a module."""

EVERYWHERE = {"errors", "model", "__version__"}
ARROWS: dict[str, set[str]] = {
    "__main__": {"cli", "paths", "deferred"},
    "cli": {"app", "output", "config", "credentials", "paths", "results", "message.clean", "demo"},
    "app": {
        *("smtp", "pop", "imap", "sync", "store", "message", "search"),
        *("config", "credentials", "net", "sasl", "results"),
    },
    "output": {"results", "message.clean"},
    "smtp": {"net", "sasl"},
    "pop": {"net", "sasl"},
    "imap": {"net", "sasl"},
    "net": {"message.clean"},
    "credentials": {"config", "paths"},
    "config": {"paths"},
    "store": {"search"},
    "search": {"imap.dates"},
    "sync": set(),
    "message": set(),
    "sasl": set(),
    "paths": set(),
    "results": set(),
    "model": set(),
    "errors": set(),
    "deferred": set(),
    "demo": set(),
}
"""What each part may import beside itself and `EVERYWHERE`."""

PURE = [
    *("message", "search", "sync", "sasl", "model", "errors", "results"),
    *("smtp.data", "smtp.envelope", "smtp.reply", "smtp.meanings"),
    *("pop.plan", "pop.multiline", "pop.meanings", "pop.capabilities", "pop.listing"),
    *("store.names", "store.line_ends", "store.entries", "store.keywords"),
    *("store.outline", "store.name_sum"),
    *("imap.responses", "imap.answers", "imap.folder_answers", "imap.listing", "imap.dates"),
    *("imap.names", "imap.sets", "imap.uid_flags", "imap.values", "imap.meanings"),
]
IMPURE = {
    *("socket", "ssl", "selectors", "subprocess", "threading", "asyncio", "sqlite3"),
    *("click", "rich", "keyring", "smtplib", "poplib", "imaplib"),
}
ONLY_IN = {
    "click": ["cli"],
    "rich": ["output.human", "output.progress"],
    "keyring": ["credentials"],
    "sqlite3": ["store.database", "store.state", "store.index", "store.numbers"],
    "smtplib": ["smtp.conversation"],
    "poplib": ["pop.client"],
    "imaplib": ["imap.client"],
    "ssl": ["net", "demo"],
    "socket": ["net", "demo"],
    "aiosmtpd": ["demo"],
}
CATCH_ALL = {"cli.boundary", "cli.defect", "credentials.backends"}
"""Where everything may be caught for good: the boundary, and a plug-in's thread."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module by its name below mailcli, such as `pop.plan`."""

    name: str
    path: Path

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.path)

    def imports(self, *, typing: bool = True) -> Sequence[tuple[int, str]]:
        """Return line and full name of whatever is imported; `typing`: for types alone, too."""
        return _imports(self.path, typing)


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def _imports(path: Path, typing: bool) -> Sequence[tuple[int, str]]:
    tree = _parsed(path)
    skipped = set() if typing else _for_types(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        if node.lineno not in skipped:
            found += [(node.lineno, name) for name in names]
    return found


def _for_types(tree: ast.Module) -> set[int]:
    """Return the lines below `if TYPE_CHECKING:`."""
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {inner.lineno for block in blocks for inner in block.body}


def _modules() -> Iterator[Module]:
    for path in sorted((SOURCE / "mailcli").rglob("*.py")):
        parts = path.relative_to(SOURCE / "mailcli").with_suffix("").parts
        yield Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path)


MODULES = list(_modules())
"""All of them; a rule is one test for all, since a test costs more than to look at a module."""


def _within(name: str, parts: list[str] | set[str]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def test_arrows_run_one_way() -> None:
    wrong = [
        f"{module.name}:{line} imports {name}"
        for module in MODULES
        for line, name in module.imports()
        if name.startswith("mailcli.")
        and not _within(name.removeprefix("mailcli."), _allowed(module))
    ]
    assert not wrong


def _allowed(module: Module) -> set[str]:
    part = module.name.partition(".")[0]
    return ARROWS[part] | EVERYWHERE | {part} if part else {module.name for module in MODULES}


def test_only_the_demo_command_knows_the_demo() -> None:
    users = {
        module.name
        for module in MODULES
        for _, name in module.imports()
        if name.startswith("mailcli.demo") and not module.name.startswith("demo")
    }
    assert users <= {"cli.demo"}


def test_imports_are_absolute_and_name_what_they_take() -> None:
    assert not [
        f"{module.name}:{line} imports {name}"
        for module in MODULES
        for line, name in module.imports()
        if name.startswith(".") or name.endswith(".*")
    ]


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_know_neither_io_nor_screen(name: str) -> None:
    modules = [module for module in MODULES if _within(module.name, [name])]
    wrong = [
        f"{module.name}:{line} imports {found}"
        for module in modules
        for line, found in module.imports(typing=False)
        if found.partition(".")[0] in IMPURE
    ]
    assert modules, f"{name} is gone: take it off the list"
    assert not wrong


def test_the_decisions_of_synchronisation_use_the_language_alone() -> None:
    """So their tests need no other Python (`.ci/newest` leaves them out)."""
    wrong = [
        f"{module.name}:{line} imports {name}"
        for module in MODULES
        for line, name in module.imports(typing=False)
        if _within(module.name, ["sync"])
        and name.partition(".")[0] not in {"collections", "dataclasses", "enum", "typing"}
        and not _within(name, ["mailcli.sync", "mailcli.model"])
    ]
    assert not wrong


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_where_it_belongs(library: str) -> None:
    users = {
        module.name
        for module in MODULES
        for _, name in module.imports(typing=False)
        if name.partition(".")[0] == library
    }
    assert users, f"nobody imports {library}: take it off the list"
    assert not [name for name in users if not _within(name, ONLY_IN[library])]


def test_a_module_fits_a_head() -> None:
    lengths = {module.name: len(module.path.read_text("utf-8").splitlines()) for module in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_nobody_else_swallows_every_error() -> None:
    assert not [
        f"{module.name}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and _catches_all(node) and not _raises(node)
        if module.name not in CATCH_ALL
    ]


def _catches_all(handler: ast.ExceptHandler) -> bool:
    named = "" if handler.type is None else ast.unparse(handler.type)
    return handler.type is None or bool({"Exception", "BaseException"} & set(_words(named)))


def _words(text: str) -> list[str]:
    return text.replace("(", " ").replace(")", " ").replace(",", " ").split()


def _raises(handler: ast.ExceptHandler) -> bool:
    """Whether what was caught goes on, whatever else happens: the last statement says so."""
    return isinstance(handler.body[-1], ast.Raise)


def test_a_module_says_what_it_is_for() -> None:
    assert not [module.name for module in MODULES if not ast.get_docstring(module.tree)]
