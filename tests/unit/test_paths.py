import socket
from pathlib import Path

import pytest

from mailcli import paths
from mailcli.errors import CannotCreate, ConfigError
from mailcli.paths import Paths

HOME = {"HOME": "/home/ada"}


def test_without_xdg_variables_the_defaults_lie_below_home() -> None:
    assert Paths.from_environ(HOME) == Paths(
        config_file=Path("/home/ada/.config/mailcli/config.toml"),
        state_dir=Path("/home/ada/.local/state/mailcli"),
        cache_dir=Path("/home/ada/.cache/mailcli"),
    )


def test_xdg_variables_move_the_directories() -> None:
    environ = {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/k"}
    assert Paths.from_environ(environ) == Paths(
        config_file=Path("/c/mailcli/config.toml"),
        state_dir=Path("/s/mailcli"),
        cache_dir=Path("/k/mailcli"),
    )


@pytest.mark.parametrize("relative", ["", ".", "state", "../state", "~/state"])
def test_xdg_variables_that_are_not_absolute_are_ignored(relative: str) -> None:
    found = Paths.from_environ(HOME | {"XDG_STATE_HOME": relative})
    assert found.state_dir == Path("/home/ada/.local/state/mailcli")


def test_option_wins_over_environment_which_wins_over_default() -> None:
    environ = HOME | {"MAILCLI_CONFIG": "/etc/mail.toml"}
    option = Path("/tmp/mine.toml")
    assert Paths.from_environ(environ, config=option).config_file == option
    assert Paths.from_environ(environ).config_file == Path("/etc/mail.toml")
    assert Paths.from_environ(HOME | {"MAILCLI_CONFIG": ""}).config_file.parts[-1] == "config.toml"


def test_mailcli_config_may_begin_with_a_tilde() -> None:
    found = Paths.from_environ(HOME | {"MAILCLI_CONFIG": "~/mail.toml"})
    assert found.config_file == Path("/home/ada/mail.toml")


def test_a_relative_option_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Paths.from_environ(HOME, config=Path("c.toml")).config_file == tmp_path / "c.toml"


def test_home_of_another_user_is_not_looked_up() -> None:
    with pytest.raises(ConfigError, match="~bob"):
        Paths.from_environ(HOME | {"MAILCLI_CONFIG": "~bob/mail.toml"})


def test_without_home_the_user_database_knows_it() -> None:
    assert paths.home({}).is_absolute()
    assert paths.home({"HOME": "relative"}).is_absolute()


def test_runtime_directory_is_systemds_unless_named() -> None:
    assert paths.runtime_dir({}, uid=1000) == Path("/run/user/1000")
    assert paths.runtime_dir({"XDG_RUNTIME_DIR": "/r"}, uid=1000) == Path("/r")
    assert paths.runtime_dir({"XDG_RUNTIME_DIR": "r"}, uid=1000) == Path("/run/user/1000")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~", "/home/ada"),
        ("~/Mail", "/home/ada/Mail"),
        ("~//Mail", "/home/ada/Mail"),
        ("/var/mail", "/var/mail"),
        ("ca.pem", "/etc/mailcli/ca.pem"),
        ("a~b", "/etc/mailcli/a~b"),
    ],
)
def test_paths_expand_against_home_and_base(text: str, expected: str) -> None:
    found = paths.expand(text, home=Path("/home/ada"), base=Path("/etc/mailcli"))
    assert found == Path(expected)


def test_private_dir_keeps_others_out_of_all_that_it_creates(tmp_path: Path) -> None:
    made = paths.private_dir(tmp_path / "a" / "b")
    assert made == tmp_path / "a" / "b"
    assert [path.stat().st_mode & 0o777 for path in (made, made.parent)] == [0o700, 0o700]


def test_private_dir_leaves_an_existing_directory_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert paths.private_dir(tmp_path).stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("below", ["file", "file/below"])
def test_private_dir_in_the_way_of_a_file_is_an_error(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotCreate, match="file"):
        paths.private_dir(tmp_path / below)


def test_private_dir_refuses_what_is_no_directory(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(CannotCreate):
            paths.private_dir(tmp_path / "s")
