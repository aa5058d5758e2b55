"""Completion scripts and the manual page, made from the commands themselves.

`python -m mailcli.cli.generate` writes them into `completions` and `docs/man`,
where they are committed; a test holds them against the commands. The scripts
know every command and option and read account names from the configuration
file with sed, so that pressing TAB never starts Python.
"""

from collections.abc import Callable
from pathlib import Path

from mailcli import __version__
from mailcli.cli.bash_script import bash
from mailcli.cli.fish_script import fish
from mailcli.cli.front import SECTIONS
from mailcli.cli.leaves import leaves
from mailcli.cli.manual import manual
from mailcli.cli.zsh_script import zsh

SCRIPTS: dict[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}


def files() -> dict[str, str]:
    """Return the text of each generated file by its path in the checkout."""
    return {
        "completions/mailcli.bash": bash(),
        "completions/_mailcli": zsh(),
        "completions/mailcli.fish": fish(),
        "docs/man/mailcli.1": manual(list(leaves()), SECTIONS, __version__),
    }


def main() -> None:
    """Write all generated files into this checkout."""
    root = Path(__file__).resolve().parents[3]
    for name, text in files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
