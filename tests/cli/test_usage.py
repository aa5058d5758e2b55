"""Wrong usage: exit 2, one line that says what, the usage line, and never a traceback."""

import json

import pytest
from tests.conftest import RunMailcli, WriteConfig

WRONG = {
    "no command": (),
    "unknown command": ("snd",),
    "unknown option": ("send", "--nosuch"),
    "option without value": ("send", "--to"),
    "unknown output": ("list", "-o", "xml"),
    "bad number": ("list", "--limit", "0"),
    "bad time-out": ("folders", "--timeout", "0"),
    "endless time-out": ("folders", "--timeout", "inf"),
    "no time-out": ("folders", "--timeout", "nan"),
    "bad age": ("pop-fetch", "--keep=30"),
    "age of an unknown unit": ("pop-fetch", "--keep=1M"),
    "keep and delete": ("pop-fetch", "--keep", "--delete"),
    "pull and push": ("imap-sync", "--pull", "--push"),
    "no connection": ("imap-sync", "--jobs", "0"),
    "very many connections": ("imap-sync", "--jobs", "17"),
    "connections that compare": ("imap-sync", "--jobs", "2", "--verify"),
    "folder and all": ("list", "--folder", "x", "--all-folders"),
    "search for nothing": ("search",),
    "search for no word": ("search", "!!"),
    "misspelt key": ("search", "form:ada"),
    "search here and there": ("search", "--server", "--path", "x", "a"),
    "threads of a server": ("search", "--server", "--threads", "a"),
    "search one folder and all": ("search", "--folder", "x", "--all-folders", "a"),
    "unknown shell": ("completion", "tcsh"),
    "unknown in a group": ("account", "nothing"),
    "account without name": ("account", "set-password"),
    "unknown protocol": ("account", "set-password", "a", "--protocol", "ftp"),
    "raw with a text": ("send", "--raw", "--body", "x", "a@b.example"),
    "raw with a subject": ("send", "--raw", "-s", "x", "a@b.example"),
    "two bodies": ("send", "--body", "x", "--body-file", "y", "a@b.example"),
    "header without colon": ("send", "-H", "no colon", "--body", "x", "a@b.example"),
    "stray argument": ("folders", "INBOX"),
    "one name to rename": ("folders", "--rename", "a"),
    "rename and create": ("folders", "--rename", "a", "b", "--create", "c"),
    "a change offline": ("folders", "--offline", "--create", "a"),
    "a change in all accounts": ("folders", "--all-accounts", "--create", "a"),
    "no change of flags": ("flag", "1"),
    "no message to flag": ("flag", "+seen"),
    "no keyword": ("flag", "1", "+a]"),
    "set and taken away": ("flag", "1", "+seen", "-seen"),
    "no folder to move to": ("move", "1"),
    "no folder to copy to": ("copy", "1", "--create"),
    "nothing to archive": ("archive",),
    "nothing to delete": ("delete", "--permanent"),
    "delete INBOX": ("folders", "--delete", "inbox", "--yes"),
}


@pytest.fixture(autouse=True)
def configured(write_config: WriteConfig) -> None:
    server = {"host": "localhost", "port": 1}
    write_config({"work": {"email": "a@b.example", "smtp": server, "pop": server, "imap": server}})


@pytest.mark.parametrize("args", WRONG.values(), ids=list(WRONG))
def test_wrong_usage_is_exit_2_and_told_in_words(
    run_mailcli: RunMailcli, args: tuple[str, ...]
) -> None:
    done = run_mailcli(*args)

    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "mailcli: " in done.stderr or "Usage: mailcli" in done.stderr


@pytest.mark.parametrize("args", WRONG.values(), ids=list(WRONG))
def test_wrong_usage_under_json_is_one_object(
    run_mailcli: RunMailcli, args: tuple[str, ...]
) -> None:
    done = run_mailcli(*args[:1], "--json", *args[1:])

    (line,) = done.stderr.splitlines()
    error = json.loads(line)["error"]
    assert (done.returncode, done.stdout) == (2, "")
    assert (error["code"], error["exit_code"]) == ("usage", 2)
    assert error["message"]


def test_json_and_another_output_contradict_each_other(run_mailcli: RunMailcli) -> None:
    done = run_mailcli("list", "--json", "-o", "tsv")

    assert (done.returncode, done.stdout) == (2, "")
    assert "contradict" in json.loads(done.stderr)["error"]["message"]


@pytest.mark.parametrize(
    ("typed", "meant"), [("snd", "send"), ("imapsync", "imap-sync"), ("fetch", "pop-fetch")]
)
def test_the_nearest_command_is_named(run_mailcli: RunMailcli, typed: str, meant: str) -> None:
    assert f"Did you mean {meant}?" in run_mailcli(typed).stderr


def test_a_command_line_from_outside_cannot_steer_the_terminal(run_mailcli: RunMailcli) -> None:
    done = run_mailcli("list", "--\x1b[31mred", "\x9b2J")

    assert done.returncode == 2
    assert not set(done.stderr) & set("\x1b\x9b")


@pytest.mark.parametrize("args", [("list",), ("pop-fetch",), ("send", "a@b.example")])
def test_no_configuration_is_78_and_says_what_to_do(
    run_mailcli: RunMailcli, args: tuple[str, ...]
) -> None:
    done = run_mailcli(*args, env={"MAILCLI_CONFIG": "/nowhere/config.toml"})

    assert done.returncode == 78
    assert done.stdout == ""
    assert "hint: " in done.stderr


def test_an_unknown_account_is_78_and_names_the_nearest(run_mailcli: RunMailcli) -> None:
    done = run_mailcli("list", "-A", "wrk")

    assert done.returncode == 78
    assert done.stderr == ("mailcli: no account wrk; there are: work\nhint: did you mean work?\n")


def test_the_account_comes_from_the_environment_too(run_mailcli: RunMailcli) -> None:
    assert run_mailcli("list", env={"MAILCLI_ACCOUNT": "nobody"}).returncode == 78
    assert run_mailcli("list", "-A", "work", env={"MAILCLI_ACCOUNT": "nobody"}).returncode == 0


def test_an_account_without_the_server_is_78(
    run_mailcli: RunMailcli, write_config: WriteConfig
) -> None:
    write_config({"bare": {"email": "a@b.example"}})

    for args in (("send", "--body", "x", "a@b.example"), ("folders",), ("pop-fetch",)):
        done = run_mailcli(*args)
        assert done.returncode == 78, args
        assert done.stderr.startswith("mailcli: bare: no ")
        assert "hint: add [accounts.bare." in done.stderr


@pytest.mark.parametrize("args", [("imap-sync",), ("pop-fetch",), ("folders",)])
def test_all_accounts_of_none_is_78(
    run_mailcli: RunMailcli, write_config: WriteConfig, args: tuple[str, ...]
) -> None:
    write_config({"bare": {"email": "a@b.example"}})

    done = run_mailcli(*args, "--all-accounts")

    assert (done.returncode, done.stdout) == (78, "")
