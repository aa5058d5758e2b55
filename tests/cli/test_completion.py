"""Completion: the scripts, asked by the real shells, and their agreement with the commands."""

import functools
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.conftest import PROJECT, RunMailcli, WriteConfig
from tests.support import shells
from tests.support.need import find, need
from tests.support.shells import Offered

from mailcli.cli import generate
from mailcli.cli.front import COMMANDS
from mailcli.cli.generate import SCRIPTS
from mailcli.cli.leaves import Leaf, leaves

files = functools.cache(generate.files)
each_shell = pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])


@pytest.fixture
def environ(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment without Python: a script that starts mailcli finds none."""
    tools = home / "tools"
    tools.mkdir()
    for name in ("sed", "sort", "bash", "zsh", "fish", "seq"):
        if (found := find(name)) is not None:
            (tools / name).symlink_to(found)
    monkeypatch.chdir(home)
    monkeypatch.setenv("PATH", str(tools))
    return {
        "PATH": str(tools),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "XDG_CONFIG_HOME": str(home / ".config"),
    }


def asked(shell: str, lines: Sequence[str], environ: dict[str, str]) -> list[list[str]]:
    """Ask a shell that is installed what it offers behind each of these lines."""
    need(shell)
    offered: Offered = getattr(shells, shell)
    return offered(lines, environ)


@each_shell
def test_the_committed_files_are_what_is_generated(shell: str) -> None:
    names = {"bash": "mailcli.bash", "zsh": "_mailcli", "fish": "mailcli.fish"}
    path = f"completions/{names[shell]}"

    assert (PROJECT / path).read_text("utf-8") == files()[path], "run: make completions"
    assert SCRIPTS[shell]() == files()[path]


@each_shell
def test_the_command_prints_the_script(run_mailcli: RunMailcli, shell: str) -> None:
    done = run_mailcli("completion", shell)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == SCRIPTS[shell]()


@each_shell
def test_the_shell_reads_the_script_without_a_word(shell: str, home: Path) -> None:
    need(shell)
    script = home / "script"
    script.write_text(SCRIPTS[shell](), "utf-8")

    done = subprocess.run([shell, "-n", script], capture_output=True, check=False, timeout=30)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@each_shell
def test_commands_are_offered(shell: str, environ: dict[str, str]) -> None:
    (offered,) = asked(shell, ["mailcli "], environ)

    assert set(COMMANDS) <= set(offered)


@each_shell
def test_a_command_is_completed(shell: str, environ: dict[str, str]) -> None:
    assert asked(shell, ["mailcli pop"], environ) == [["pop-fetch"]]


@each_shell
def test_commands_of_a_group_are_offered(shell: str, environ: dict[str, str]) -> None:
    wanted = {"list", "set-password", "forget-password"}

    (offered,) = asked(shell, ["mailcli account "], environ)

    assert wanted <= set(offered)
    assert not (set(COMMANDS) - wanted) & set(offered)


@each_shell
def test_every_option_is_offered_for_its_command(shell: str, environ: dict[str, str]) -> None:
    known = {
        f"mailcli {' '.join(leaf.words)} --": {
            max(option.opts, key=len) for option in leaf.options
        }
        for leaf in leaves()
    }

    answers = asked(shell, list(known), environ)

    offered = [{word.rstrip("=-") for word in answer} for answer in answers]
    assert dict(zip(known, offered, strict=True)) == known


@each_shell
def test_options_of_another_command_of_that_name_are_not_offered(
    shell: str, environ: dict[str, str]
) -> None:
    (offered,) = asked(shell, ["mailcli account list --"], environ)

    assert "--folder" not in offered
    assert "--json" in offered


@each_shell
def test_choices_are_offered(shell: str, environ: dict[str, str]) -> None:
    names, forms = asked(shell, ["mailcli completion ", "mailcli list --output js"], environ)

    assert set(names) == {"bash", "zsh", "fish"}
    assert set(forms) == {"json", "jsonl"}


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_a_value_behind_equals_is_completed(shell: str, environ: dict[str, str]) -> None:
    (offered,) = asked(shell, ["mailcli list --output=js"], environ)

    assert {word.removeprefix("--output=") for word in offered} == {"json", "jsonl"}


@each_shell
def test_account_names_come_from_the_configuration(
    shell: str, environ: dict[str, str], home: Path
) -> None:
    directory = home / ".config" / "mailcli"
    directory.mkdir(parents=True)
    (directory / "config.toml").write_text(
        "[accounts.work]\n[accounts.work.imap]\n  [accounts.home.pop]\n"
        '["accounts"."a.b".smtp]\n[accounts."c.d"]\n# [accounts.gone]\n[other.x]\n'
    )

    lines = ["mailcli send -A ", "mailcli account set-password ", "mailcli list --account "]
    for line, offered in zip(lines, asked(shell, lines, environ), strict=True):
        assert sorted(set(offered)) == ["a.b", "c.d", "home", "work"], line


@each_shell
def test_the_configuration_may_be_elsewhere_or_missing(
    shell: str, environ: dict[str, str], home: Path
) -> None:
    other = home / "other.toml"
    other.write_text("[accounts.elsewhere]\n")

    assert asked(shell, ["mailcli send -A "], environ) == [[]]
    environ["MAILCLI_CONFIG"] = str(other)
    assert asked(shell, ["mailcli send -A "], environ) == [["elsewhere"]]


@each_shell
def test_files_are_offered_where_a_file_is_meant(
    shell: str, environ: dict[str, str], home: Path
) -> None:
    home.joinpath("report one.pdf").touch()
    lines = ["mailcli send -a rep", "mailcli send -s rep", "mailcli send rep"]

    attached, *others = asked(shell, lines, environ)

    assert {word.replace("\\", "") for word in attached} == {"report one.pdf"}
    assert others == [[], []]


def test_real_account_names_are_found(write_config: WriteConfig, environ: dict[str, str]) -> None:
    write_config({"work": {"email": "a@b.example"}, "with.dot": {"email": "c@d.example"}})

    assert shells.bash(["mailcli send -A "], environ) == [["with.dot", "work"]]


def test_the_manual_page_is_what_is_generated() -> None:
    path = "docs/man/mailcli.1"

    assert (PROJECT / path).read_text("utf-8") == files()[path], "run: make completions"


@pytest.mark.parametrize(
    "command",
    [["mandoc", "-T", "lint", "-W", "style"], ["groff", "-man", "-t", "-ww", "-z", "-Tutf8"]],
    ids=lambda command: command[0],
)
def test_the_manual_page_is_right_roff(command: list[str]) -> None:
    need(command[0])

    done = subprocess.run(
        [*command, PROJECT / "docs" / "man" / "mailcli.1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("leaf", list(leaves()), ids=lambda leaf: "-".join(leaf.words))
def test_the_manual_page_has_every_option(leaf: Leaf) -> None:
    page = files()["docs/man/mailcli.1"].replace("\\-", "-")

    assert f'"mailcli {" ".join(leaf.words)} "' in page
    for option in leaf.options:
        assert max(option.opts, key=len) in page


def test_no_script_starts_anything_of_ours() -> None:
    for script in SCRIPTS.values():
        calls = [line for line in script().splitlines() if "python" in line or "$(mailcli" in line]
        assert not calls
    assert os.environ.get("_MAILCLI_COMPLETE") is None
