"""Output for programs: JSON held against its schemas, JSON Lines and TSV as golden text."""

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import results as samples
from tests.support.results import SAMPLES
from tests.support.schemas import SCHEMAS

from mailcli import results
from mailcli.errors import Exit, Refused
from mailcli.output import Format, make_printer
from mailcli.output.machine import plain, to_json
from mailcli.output.problems import exit_of, problems_of
from mailcli.output.tables import table_of
from mailcli.output.tsv import rfc3339, tsv_lines
from mailcli.results import (
    ErrorReport,
    FolderSync,
    ImapAccount,
    ImapResult,
    ListResult,
    PopResult,
    Result,
)

ALL = [pytest.param(*sample, id=name) for name, sample in SAMPLES.items()]
TSV_NAMES = {
    "send": samples.SENT,
    "send --dry-run": samples.PREVIEW,
    "outbox list": samples.OUTBOX,
    "outbox drop": samples.DROPPED,
    "outbox flush": samples.FLUSHED,
    "pop-fetch": samples.POP,
    "imap-sync": samples.IMAP,
    "imap-sync --dry-run": samples.PLAN,
    "imap-sync --verify": samples.VERIFIED,
    "folders": samples.FOLDERS,
    "list": samples.LIST,
    "read": samples.READ,
    "status": samples.STATUS,
    "flag": samples.MOVED,
    "attachments list": samples.ATTACHMENTS,
    "attachments save": samples.SAVED,
    "drafts save": samples.DRAFT,
    "import": samples.IMPORTED,
    "export": samples.EXPORTED,
    "account list": samples.ACCOUNTS,
    "account set-password": samples.CREDENTIAL,
}


def printed(result: Result, fmt: Format | None, *, asked: bool = False, **options: Any) -> str:
    return both(result, fmt, asked=asked, **options)[0]


def both(
    result: Result, fmt: Format | None, *, asked: bool = False, **options: Any
) -> tuple[str, str]:
    """Return what goes to stdout and to stderr where stdout is a pipe in a Latin-1 locale."""
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", newline="")
    stderr = io.StringIO()
    printer = make_printer(
        fmt=fmt,
        stdout=stdout,
        stderr=stderr,
        is_terminal=False,
        environ={},
        now=lambda: samples.NOW,
        **options,
    )
    printer.emit(result, asked=asked)
    buffer = stdout.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8"), stderr.getvalue()


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))


def validate(document: object, name: str) -> None:
    """Check `document` against a schema, and that the schema knows every field in it."""
    jsonschema.Draft202012Validator(
        _closed(schema(name)), format_checker=jsonschema.FormatChecker()
    ).validate(document)


def _closed(part: Any) -> Any:
    """Return a schema whose objects may hold nothing but what it names."""
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(value) for key, value in part.items()}
    return closed | {"additionalProperties": False} if part.get("type") == "object" else closed


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_every_schema_is_one(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text("utf-8")))
    assert f"({path.name})" in (SCHEMAS / "README.md").read_text("utf-8")


def test_every_result_has_a_sample_here() -> None:
    kinds = {type(result) for _, result in SAMPLES.values()}
    assert kinds == set(results.Result.__args__)


@pytest.mark.parametrize(("name", "result"), ALL)
def test_json_is_one_object_of_its_schema(name: str, result: Result) -> None:
    text = printed(result, Format.JSON)
    assert text.count("\n") == 1
    document = json.loads(text)
    validate(document, name)
    assert next(iter(document)) == "schema"


@pytest.mark.parametrize(("name", "result"), ALL)
def test_json_lines_are_the_items_of_the_document(name: str, result: Result) -> None:
    document = json.loads(printed(result, Format.JSON))
    lines = [json.loads(line) for line in printed(result, Format.JSONL).splitlines()]
    beside = {"schema", "errors", "changes"}
    values = [value for key, value in document.items() if key not in beside]
    changed = [{"change": change} for change in document.get("changes", [])]
    failed = [{"error": error} for error in document.get("errors", [])]
    assert lines == ([*values[0], *changed, *failed] if len(values) == 1 else [document])


def test_json_lines_of_nothing_are_no_lines() -> None:
    assert printed(ListResult(()), Format.JSONL) == ""
    assert json.loads(printed(ListResult(()), Format.JSON)) == {
        "schema": 1,
        "messages": [],
        "errors": [],
    }


def test_json_at_a_terminal_is_indented_and_the_same() -> None:
    stdout = io.StringIO()
    make_printer(
        fmt=Format.JSON, stdout=stdout, stderr=io.StringIO(), is_terminal=True, environ={}
    ).emit(samples.LIST)
    assert "\n  " in stdout.getvalue()
    assert json.loads(stdout.getvalue()) == json.loads(printed(samples.LIST, Format.JSON))


def test_json_message_has_the_fields_of_the_contract() -> None:
    document = json.loads(printed(ListResult((samples.message(12),)), Format.JSON))
    assert document == {
        "schema": 1,
        "messages": [
            {
                "id": 12,
                "account": "work",
                "folder": "INBOX",
                "date": "2026-11-14T13:00:00+01:00",
                "from": [{"name": "Ada Lovelace", "email": "ada@example.org"}],
                "to": [{"name": "", "email": "bob@example.org"}],
                "cc": [],
                "subject": "Notes on the Engine",
                "flags": ["seen"],
                "keywords": [],
                "size": 1234,
                "attachments": 0,
                "message_id": "<12@example.org>",
                "thread": None,
                "path": "/mail/INBOX/cur/12:2,S",
                "depth": 0,
            }
        ],
        "errors": [],
    }


def test_json_of_a_dry_run_has_actions_instead_of_counts() -> None:
    folder = json.loads(printed(samples.PLAN, Format.JSON))["accounts"][0]["folders"][0]
    assert folder == {
        "name": "INBOX",
        "skipped": [],
        "held_back": 0,
        "changed": False,
        "error": None,
        "actions": [
            {"kind": "fetch", "uid": 17, "path": None, "detail": "12 kB"},
            {"kind": "append", "uid": None, "path": "/mail/INBOX/cur/9:2,S", "detail": ""},
        ],
    }


def test_json_of_a_run_has_no_actions() -> None:
    folders = json.loads(printed(samples.IMAP, Format.JSON))["accounts"][0]["folders"]
    assert folders[0]["fetched"] == 3
    assert not any("actions" in folder for folder in folders)


def test_json_of_a_comparison_has_differences_instead_of_counts() -> None:
    folders = json.loads(printed(samples.VERIFIED, Format.JSON))["accounts"][0]["folders"]
    assert [each["kind"] for each in folders[0]["differences"]] == [
        "octets",
        "flags",
        "missing_there",
    ]
    assert folders[1] == {
        "name": "Quiet",
        "skipped": [],
        "held_back": 0,
        "changed": False,
        "error": None,
        "differences": [],
    }


def test_json_escapes_what_would_steer_a_terminal_and_loses_nothing() -> None:
    text = "\x1b[2J\x07\x7f\x9b1m\u202e\u200b\u2028\U000e0041 naïve 日本 😀"
    written = to_json({"text": text})
    assert re.search("[^ -~ï日本😀]", written) is None
    assert "naïve 日本 😀" in written
    assert json.loads(written) == {"text": text}


@given(text=st.text(st.characters(exclude_categories=())))
def test_json_is_always_valid_utf_8_and_exact_but_for_lone_surrogates(text: str) -> None:
    expected = re.sub("[\ud800-\udfff]", "\ufffd", text)
    assert json.loads(to_json([text]).encode("utf-8")) == [expected]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(
            datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), "2026-01-02T03:04:05+00:00", id="UTC"
        ),
        pytest.param(datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05+00:00", id="no zone"),
        pytest.param(
            datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
            "2026-01-02T03:04:00-09:30",
            id="half an hour",
        ),
        pytest.param(
            datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(seconds=30))),
            "2026-01-02T03:03:30+00:00",
            id="half a minute",
        ),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00+00:00", id="first day"),
    ],
)
def test_dates_are_rfc_3339(moment: datetime, expected: str) -> None:
    assert rfc3339(moment) == expected


def test_a_value_that_no_result_may_hold_is_a_defect() -> None:
    with pytest.raises(TypeError, match="object"):
        plain([object()])


_WAITING = (
    "7\twork\twaiting\t2024-03-02T09:30:00+00:00\t2024-03-02T09:34:00+00:00\t2\t1234\t"
    "ada@example.org\tbob@example.org,eve@example.org\tHi ␛[31m\t<1@example.org>\t"
    "450 greylisted <U+001B>[2J\n"
)
GOLDEN_TSV = {
    "send-queued": "queued\t<1@example.org>\t\tbob@example.org\tqueued\t\n",
    "outbox-list": (
        f"{_WAITING}8\twork\tunknown\t2024-03-02T09:30:00+00:00\t\t2\t1234\tada@example.org\t"
        "bob@example.org,eve@example.org\tHi ␛[31m\t<1@example.org>\t\n"
    ),
    "outbox-drop": _WAITING,
    "drafts-save": (
        "43\twork\tDra<U+001B>[2Jfts\t[red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe�"
        "\t/mail/Drafts/cur/43:2,D\n"
    ),
    "organise": (
        "42\twork\tmoved\tAr<U+001B>[2Jchive\t/mail/Archive/cur/42:2,Sa\tIN BOX\t"
        "Ar<U+001B>[2Jchive\tseen\ttodo\t\t\tyes\n"
        "\twork\tflagged\tINBOX\t/mail/INBOX/cur/7:2,S\t\t\tseen\t\tseen\ttodo\tno\n"
    ),
    "outbox-flush": (
        "7\twork\tpartial\t<1@example.org>\tbob@example.org\taccepted\t\n"
        "7\twork\tpartial\t<1@example.org>\tx@example.org\trefused\t550 5.1.1 No such user ␛[1m\n"
        "7\twork\tpartial\t<1@example.org>\ty@example.org\tdeferred\t450 greylisted\n"
        "7\twork\tpartial\t<1@example.org>\teve@example.org\tunknown\t\n"
        "8\twork\tdeferred\t\t\t\timap.example.org: login refused: <U+001B>[2Jno\n"
    ),
    "send": "delivered\t<1@example.org>\t/mail/Sent/cur/1:2,S\tbob@example.org\taccepted\t\n",
    "send-partial": (
        "partial\t<1@example.org>\t\tbob@example.org\taccepted\t\n"
        "partial\t<1@example.org>\t\teve@example.org\taccepted\t\n"
        "partial\t<1@example.org>\t\tx@example.org\trefused\t550 5.1.1 No such user ␛[1m\n"
        "partial\t<1@example.org>\t\ty@example.org\tdeferred\t450 greylisted\n"
    ),
    "send-unknown": "unknown\t<1@example.org>\t\t\t\t\n",
    "send-preview": (
        "work\tsmtp.example.org:465\tada@example.org\tbob@example.org\n"
        "work\tsmtp.example.org:465\tada@example.org\teve@example.org\n"
    ),
    "pop-fetch": (
        "work\t3\t12345\t0\t5\t0\t\t\t0\t0\n"
        "home\t0\t0\t0\t0\t1\t\t\t0\t0\n"
        "bad\t0\t0\t0\t0\t0\tlogin\timap.example.org: login refused: ␛[2Jno\t0\t0\n"
    ),
    "imap-sync": (
        "work\tINBOX\t3\t0\t0\t0\t1\t0\t0\t0\t0\tyes\t\t\n"
        "work\tQuiet\t0\t0\t0\t0\t0\t0\t0\t0\t0\tno\t\t\n"
        "work\tOld\t0\t0\t0\t0\t0\t0\t0\t0\t12\tno\t\t\n"
        "work\tBad\t0\t0\t0\t0\t0\t0\t0\t1\t0\tno\ttemporary\tno answer for 30 s\n"
        "home\tINBOX\t0\t0\t0\t0\t0\t0\t0\t0\t0\tno\t\t\n"
        "bad\t\t\t\t\t\t\t\t\t\t\t\tlogin\timap.example.org: login refused: ␛[2Jno\n"
    ),
    "imap-sync-dry-run": (
        "work\tNew\tfolder-created\t\t\t\n"
        "work\tINBOX\tfetch\t17\t\t12 kB\n"
        "work\tINBOX\tappend\t\t/mail/INBOX/cur/9:2,S\t\n"
    ),
    "imap-sync-verify": (
        "work\tINBOX\terror\t\t\t/mail/INBOX/cur/9:2,S: not as it was\n"
        "work\tINBOX\toctets\t17\t/mail/INBOX/cur/9:2,S\tchanged here\n"
        "work\tINBOX\tflags\t18\t/mail/INBOX/cur/8:2,\there none\n"
        "work\tINBOX\tmissing_there\t\t/mail/INBOX/new/<U+001B>7\t\n"
    ),
    "imap-sync-folders": (
        "work\tNew\t0\t0\t2\t0\t0\t0\t0\t0\t0\tyes\t\t\n"
        "work\t[Gmail]/All Mail\t0\t0\t0\t0\t0\t0\t0\t1\t0\tno\t\t\n"
        "home\tINBOX\t0\t0\t0\t0\t0\t0\t0\t0\t0\tno\t\t\n"
        "home\tImportant\t0\t0\t0\t0\t0\t0\t0\t1\t0\tno\t\t\n"
    ),
    "folders": (
        "work\tINBOX\t/\t\tyes\tyes\t1200\t3\t/mail/INBOX\t\n"
        "work\t日本語/名前\t/\tsent\tno\tno\t\t\t\t\n"
    ),
    "folders-partly": "work\tINBOX\t/\t\tyes\tyes\t1200\t3\t/mail/INBOX\t\n",
    "folders-changed": "work\tINBOX\t/\tinbox\tyes\tyes\t1200\t3\t\t15400000\n",
    "read": (
        "12\twork\tINBOX\t2026-11-14T13:00:00+01:00\tAda Lovelace <ada@example.org>"
        "\tbob@example.org\t\t[red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.e"
        "xe�\t\t\t1234\t0\t<12@example.org>\t\t/mail/INBOX/cur/12:2,S\t0\tpass\t\tfail\tmx."
        "example.org\tDear Bob, [red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m g"
        "np.exe�\n"
    ),
    "read-several": (
        "12\twork\tINBOX\t2026-11-14T13:00:00+01:00\tAda Lovelace <ada@example.org>"
        "\tbob@example.org\t\t[red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.e"
        "xe�\t\t\t1234\t0\t<12@example.org>\t\t/mail/INBOX/cur/12:2,S\t0\tpass\t\tfail\tmx."
        "example.org\tDear Bob, [red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m g"
        "np.exe�\n"
        "\t\tINBOX\t\t\tbob@example.org\t\t\tseen\t\t1234\t0\t<None@example.org>\t\t/mail/INB"
        "OX/cur/None:2,S\t0\tpass\tpass\tpass\tmx.example.org\tDear Bob, [red]x[/red]"
        " :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe�\n"
    ),
    "status": (
        "work\tINBOX\t3\t1\t1200\t2\t2026-11-14T15:00:00+01:00\tlogin\n"
        "work\tSent\t1\t0\t4\t2\t2026-11-14T15:00:00+01:00\tlogin\n"
        "home\t\t0\t0\t0\t0\t\t\n"
    ),
    "import": ("7\twork\tINBOX\t/m/INBOX/new/1.a\n\twork\tOld/[red]x\t/m/<U+001B>[2J\n"),
    "export": "7\tINBOX\ta.mbox\n\t[red]x\t<U+001B>.mbox\n",
    "list": (
        "12\twork\tINBOX\t2026-11-14T13:00:00+01:00\tAda Lovelace <ada@example.org>\t"
        "bob@example.org\t\tNotes on the Engine\t\t\t1234\t1\t<12@example.org>\t\t"
        "/mail/INBOX/cur/12:2,S\t0\n"
        '11\twork\tINBOX\t2024-03-02T09:30:00+00:00\t"Lovelace, Ada" <ada@example.org>\t'
        "bob@example.org\t\t"
        "[red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe\ufffd\t"
        "seen,answered,flagged\t$Junk,todo\t1234\t0\t<11@example.org>\t\t/mail/INBOX/cur/11:2,S\t0\n"
        "\t\tINBOX\t\t\tbob@example.org\t\t\tdraft\t\t1234\t0\t<None@example.org>\t\t"
        "/mail/odd \\xff name/cur/1\t0\n"
    ),
    "attachments-list": (
        "12\t/mail/INBOX/cur/12:2,S\t2\tRäksmörgås.pdf\tapplication/pdf\t123456\t\n"
        "12\t/mail/INBOX/cur/12:2,S\t3.1\t"
        "[red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe\ufffd\timage/png\t7\t\n"
        "12\t/mail/INBOX/cur/12:2,S\t4\t\tmessage/rfc822\t0\t\n"
    ),
    "attachments-save": (
        "12\t/mail/INBOX/cur/12:2,S\t2\t../a.pdf\tapplication/pdf\t2000000\t"
        "/home/ada/in/a.pdf\n"
        "\told.eml\t1\ta.pdf\tapplication/pdf\t9\t/home/ada/in/a-1.pdf\n"
    ),
    "account-list": (
        "work\tada@example.org\tyes\t/mail/work\tsmtp.example.org:465\t\timap.example.org:993\n"
        "home\t\tno\t/mail/home\t\tpop.example.net:995\t\n"
    ),
    "account-password": "work\timap\tyes\tSecretService Keyring\n",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_tsv_is_as_documented(name: str) -> None:
    assert printed(SAMPLES[name][1], Format.TSV) == GOLDEN_TSV[name]


@pytest.mark.parametrize(("name", "result"), ALL)
def test_no_tsv_field_holds_a_tab_or_line_end(name: str, result: Result) -> None:
    table = table_of(result)
    rows = tuple(table.rows)
    lines = list(tsv_lines(table._replace(rows=rows)))
    assert [line.count("\t") for line in lines] == [len(table.columns) - 1] * len(rows)
    assert not [line for line in lines if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", line)]


def documented_columns() -> Iterator[tuple[str, tuple[str, ...]]]:
    text = (SCHEMAS / "README.md").read_text("utf-8").partition("## TSV")[2]
    for commands, columns in re.findall(r"^\| (`.*`) \| (.*) \|$", text, re.MULTILINE):
        for command in re.findall("`([^`]+)`", commands):
            yield command, tuple(columns.split(", "))


def test_documented_columns_are_those_of_the_tables() -> None:
    documented = dict(documented_columns())
    assert documented.keys() >= TSV_NAMES.keys()
    for command, result in TSV_NAMES.items():
        assert table_of(result).columns == documented[command], command


def test_a_send_without_any_recipient_still_has_a_row() -> None:
    result = samples.SENT._replace(outcome="queued", accepted=(), saved=None)
    assert printed(result, Format.TSV) == "queued\t<1@example.org>\t\t\t\t\n"


def test_a_result_without_a_table_is_a_defect() -> None:
    with pytest.raises(TypeError, match="no table for str"):
        table_of("text")


@pytest.mark.parametrize("result", [samples.POP, samples.IMAP], ids=["pop", "imap"])
def test_default_in_a_pipe_is_silent_for_cron(result: Result) -> None:
    assert printed(result, None) == ""
    assert printed(result, None, verbose=1) == printed(result, Format.TSV) != ""
    assert printed(result, None, asked=True) == printed(result, Format.TSV)


def test_default_in_a_pipe_is_tsv_elsewhere() -> None:
    assert printed(samples.FOLDERS, None) == printed(samples.FOLDERS, Format.TSV) != ""


def test_cron_hears_of_failures_and_of_nothing_else() -> None:
    good = PopResult(samples.POP.accounts[:2])
    assert both(good, None) == ("", "")
    assert both(samples.POP, None)[1] == (
        "mailcli: bad: imap.example.org: login refused: ␛[2Jno\nhint: see the log\n"
    )


def test_preview_in_a_pipe_is_the_exact_message_with_the_envelope_beside_it() -> None:
    preview = samples.PREVIEW._replace(message="Subject: x\r\n\r\n\x1b caf\udce9\r\n")
    stdout, stderr = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    make_printer(fmt=None, stdout=stdout, stderr=stderr, is_terminal=False, environ={}).emit(
        preview
    )
    assert isinstance(stdout.buffer, io.BytesIO)
    assert stdout.buffer.getvalue() == b"Subject: x\r\n\r\n\x1b caf\xe9\r\n"
    assert "To: bob@example.org\nTo: eve@example.org\n" in stderr.getvalue()


def test_json_failures_are_one_object_on_stderr_the_gravest() -> None:
    document = json.loads(both(samples.IMAP, Format.JSON)[1])
    validate(document, "error")
    assert document["error"]["exit_code"] == 77
    assert document["error"]["account"] == "bad"


def test_json_success_leaves_stderr_empty_but_for_warnings() -> None:
    stderr = io.StringIO()
    printer = make_printer(
        fmt=Format.JSONL, stdout=io.StringIO(), stderr=stderr, is_terminal=True, environ={}
    )
    printer.emit(samples.SENT)
    printer.note("Connecting")
    assert stderr.getvalue() == ""
    printer.warn("the file is readable by others")
    validate(json.loads(stderr.getvalue()), "warning")


def test_failures_stand_among_the_planned_actions() -> None:
    inbox = FolderSync("INBOX", actions=(), error=samples.TIMEOUT)
    bad = ImapAccount("bad", error=samples.LOGIN)
    result = ImapResult((ImapAccount("work", (inbox,)), bad), "dry-run")
    assert printed(result, Format.TSV) == (
        "work\tINBOX\terror\t\t\tno answer for 30 s\n"
        "bad\t\terror\t\t\timap.example.org: login refused: ␛[2Jno\n"
    )


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(samples.LIST, Exit.OK, id="list"),
        pytest.param(samples.SENT, Exit.OK, id="delivered"),
        pytest.param(samples.PARTIAL, Exit.RECIPIENT, id="a 5xx outweighs a 4xx"),
        pytest.param(
            samples.PARTIAL._replace(refused=samples.PARTIAL.refused[1:]),
            Exit.TEMPORARY,
            id="a 4xx alone",
        ),
        pytest.param(
            samples.PARTIAL._replace(
                outcome="queued",
                refused=samples.PARTIAL.refused[1:],
                queued=(samples.PARTIAL.refused[1].address,),
            ),
            Exit.OK,
            id="a 4xx that is queued",
        ),
        pytest.param(
            samples.PARTIAL._replace(outcome="queued"),
            Exit.RECIPIENT,
            id="5xx, queued",
        ),
        pytest.param(samples.UNKNOWN, Exit.TEMPORARY, id="unknown"),
        pytest.param(samples.POP, Exit.LOGIN, id="POP account failed"),
        pytest.param(samples.IMAP, Exit.LOGIN, id="gravest of several"),
        pytest.param(
            ImapResult((ImapAccount("work", (FolderSync("Old", held_back=12),)),)),
            Exit.CONFIRM,
            id="safety stop",
        ),
        pytest.param(samples.PLAN, Exit.OK, id="dry run"),
        pytest.param(samples.PLAN_HELD, Exit.CONFIRM, id="dry run that would hold deletions back"),
    ],
)
def test_exit_follows_from_the_result(result: Result, expected: Exit) -> None:
    assert exit_of(result) == expected


def test_a_dry_run_says_what_would_be_held_back_and_how_to_confirm_it() -> None:
    (problem,) = problems_of(samples.PLAN_HELD)
    assert problem.message == "Old: 1 deletion would be held back"
    assert problem.hint.endswith("mailcli imap-sync -A work Old --allow-mass-delete")


def test_a_safety_stop_that_is_an_error_already_is_told_once() -> None:
    stop = ErrorReport("confirmation_needed", "Old: 12 deletions held back", "", 3, None)
    folder = FolderSync("Old", held_back=12, error=stop)
    result = ImapResult((ImapAccount("work", (folder,)),))
    assert problems_of(result) == (stop._replace(account="work"),)
    assert both(result, None)[1] == "mailcli: work: Old: 12 deletions held back\n"


def test_an_error_report_names_the_account_that_only_the_caller_knows() -> None:
    error = Refused("no", hint="ask")
    assert ErrorReport.of(error, account="work") == ErrorReport("refused", "no", "ask", 69, "work")
    assert ErrorReport.of(error.of("home"), account="work").account == "home"
