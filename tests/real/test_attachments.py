"""`mailcli attachments` on messages as they come, hostile ones too. No server."""

import base64
import json
import resource
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import document, failure, mode, put, snapshot

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def inbox(write_config: WriteConfig, home: Path) -> Path:
    """The INBOX of the one account, which has no server at all; not made yet."""
    write_config({"work": {"email": "ada@example.org"}})
    return home / "Mail" / "work" / "INBOX"


def attachment(name: str, content: bytes = b"content", *more: str) -> str:
    lines = [
        "Content-Type: application/octet-stream",
        f"Content-Disposition: attachment; filename={name}",
        "Content-Transfer-Encoding: base64",
        *more,
    ]
    return "\n".join([*lines, "", base64.encodebytes(content).decode()])


def mail(*parts: str, kind: str = "mixed", subject: str = "Files") -> bytes:
    inside = "".join(f"--b\n{part}\n" for part in parts)
    head = (
        f"From: Ada <ada@example.org>\nSubject: {subject}\n"
        f"Content-Type: multipart/{kind}; boundary=b\n\n"
    )
    return f"{head}{inside}--b--\n".encode()


def written(path: Path, raw: bytes) -> str:
    path.write_bytes(raw)
    return str(path)


def attachments(done: CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return the attachments of all messages, once all fits the schema."""
    assert done.returncode == 0, done.stderr
    return [
        each
        for found in document(done, "attachments")["messages"]
        for each in found["attachments"]
    ]


def contents(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.iterdir()}


def test_attachments_are_listed_with_their_decoded_sizes(
    run_mailcli: RunMailcli, tmp_path: Path
) -> None:
    raw = mail("\ntext", attachment("a.pdf"), "Content-Type: image/png\n\npng")
    path = written(tmp_path / "a.eml", raw)

    found = document(run_mailcli("attachments", "list", path, "--json"), "attachments")

    assert found["messages"] == [
        {
            "id": None,
            "path": path,
            "attachments": [
                {
                    "part": "2",
                    "name": "a.pdf",
                    "type": "application/octet-stream",
                    "size": 7,
                    "saved": None,
                },
                {"part": "3", "name": None, "type": "image/png", "size": 3, "saved": None},
            ],
        }
    ]


def test_a_message_of_an_account_is_selected_by_its_number(
    run_mailcli: RunMailcli, inbox: Path
) -> None:
    put(inbox, "1.x:2,", mail("\ntext", attachment("a.pdf")))
    (message,) = document(run_mailcli("list", "--json"), "list")["messages"]
    number = message["id"] or "last"

    found = document(run_mailcli("attachments", "list", str(number), "--json"), "attachments")

    (listed,) = found["messages"]
    assert listed["path"] == message["path"]
    assert [each["name"] for each in listed["attachments"]] == ["a.pdf"]


def test_a_message_without_attachments_is_listed_as_such(
    run_mailcli: RunMailcli, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.eml", b"Subject: x\n\ntext\n")

    assert attachments(run_mailcli("attachments", "list", path, "--json")) == []
    assert run_mailcli("attachments", "list", path).stdout == ""


def test_all_are_saved_private_and_exact(run_mailcli: RunMailcli, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1_000
    raw = mail("\ntext", attachment("a.bin", content), attachment("b.txt", b"b\r\n"))
    target = tmp_path / "out"

    done = run_mailcli(
        "attachments", "save", written(tmp_path / "a.eml", raw), "--dir", str(target), "--json"
    )

    assert [each["saved"] for each in attachments(done)] == [
        str(target / "a.bin"),
        str(target / "b.txt"),
    ]
    assert contents(target) == {"a.bin": content, "b.txt": b"b\r\n"}
    assert {mode(each) for each in target.iterdir()} == {0o600}


def test_a_name_that_is_taken_gets_a_suffix(run_mailcli: RunMailcli, tmp_path: Path) -> None:
    path = written(tmp_path / "a.eml", mail(attachment("a.pdf", b"1"), attachment("a.pdf", b"2")))
    target = tmp_path / "out"
    target.mkdir()
    (target / "a.pdf").write_bytes(b"mine")

    run_mailcli("attachments", "save", path, "--dir", str(target))
    assert contents(target) == {"a.pdf": b"mine", "a-1.pdf": b"1", "a-2.pdf": b"2"}

    run_mailcli("attachments", "save", path, "--dir", str(target), "--force")
    assert contents(target) == {"a.pdf": b"1", "a-1.pdf": b"2", "a-2.pdf": b"2"}


HOSTILE = [
    '"../../escaped"',
    '"/tmp/absolute"',
    '"..\\\\..\\\\windows"',
    '"C:\\\\drive"',
    '".bashrc"',
    '"-rf"',
    '".."',
    '"."',
    '"con"',
    '""',
    "a\x00b",
    "a\x1b]0;t\x07b",
    "\u202egnp.exe",
    "x" * 400 + ".pdf",
    "utf-8''..%2F..%2Fescaped",
    "=?utf-8?q?=2E=2E=2Fescaped?=",
    '"dir/"',
    '"link"',
]


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "force"])
def test_nothing_is_written_outside_the_directory(
    run_mailcli: RunMailcli, tmp_path: Path, force: tuple[str, ...]
) -> None:
    outside = tmp_path / "outside"
    target = outside / "deep" / "out"
    target.mkdir(parents=True)
    (outside / "victim").write_text("mine")
    (target / "link").symlink_to(outside / "victim")
    parts = [attachment(name) for name in HOSTILE]
    parts += [attachment(name).replace("filename=", "filename*=") for name in HOSTILE]
    path = written(tmp_path / "a.eml", mail(*parts))
    before = snapshot(outside)

    done = run_mailcli("attachments", "save", path, "--dir", str(target), "--json", *force)

    assert len(attachments(done)) == len(parts)
    files = [each for each in target.iterdir() if each.is_file() and not each.is_symlink()]
    assert {each.read_bytes() for each in files} == {b"content"}
    assert len(files) == len(parts)
    inside = "deep/out"
    after = snapshot(outside)
    assert {name: after[name] for name in before if not name.startswith(inside)} == {
        name: state for name, state in before.items() if not name.startswith(inside)
    }
    assert {name for name in after if not name.startswith(inside)} == {".", "deep", "victim"}


def test_what_a_name_holds_never_reaches_the_terminal(
    run_mailcli: RunMailcli, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.eml", mail(attachment('"a\x1b[31m\x9b\u202eb.pdf"')))

    for fmt in ("table", "tsv"):
        shown = run_mailcli("attachments", "list", path, "-o", fmt).stdout
        assert "b.pdf" in shown
        assert not set("\x1b\x9b\u202e") & set(shown)


def test_a_dry_run_says_what_would_be_and_writes_nothing(
    run_mailcli: RunMailcli, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.eml", mail(attachment("a.pdf"), attachment("a.pdf")))
    before = snapshot(tmp_path)

    done = run_mailcli("attachments", "save", path, "--dir", str(tmp_path / "out"), "-n", "--json")

    assert [Path(each["saved"]).name for each in attachments(done)] == ["a.pdf", "a-1.pdf"]
    assert [each["size"] for each in attachments(done)] == [7, 7]
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("args", [(), ("--match", "*.doc"), ("-n",)], ids=["", "match", "dry run"])
def test_nothing_to_save_is_66(
    run_mailcli: RunMailcli, tmp_path: Path, args: tuple[str, ...]
) -> None:
    parts = (attachment("a.pdf"),) if "--match" in args else ("\ntext",)
    path = written(tmp_path / "a.eml", mail(*parts))

    done = run_mailcli(
        "attachments", "save", path, "--dir", str(tmp_path / "out"), "--json", *args
    )

    assert (done.returncode, failure(done)["code"]) == (66, "not_found")
    assert not (tmp_path / "out").exists()


def test_a_part_that_is_not_there_is_66(run_mailcli: RunMailcli, tmp_path: Path) -> None:
    path = written(tmp_path / "a.eml", mail(attachment("a.pdf")))

    done = run_mailcli("attachments", "list", path, "--part", "1", "--part", "3.1")

    assert done.returncode == 66
    assert "3.1" in done.stderr


@pytest.mark.parametrize("command", ["list", "save"])
def test_no_message_is_66(run_mailcli: RunMailcli, tmp_path: Path, command: str) -> None:
    args = ("--dir", str(tmp_path)) if command == "save" else ()

    assert run_mailcli("attachments", command, str(tmp_path / "no.eml"), *args).returncode == 66


def test_some_may_be_chosen(run_mailcli: RunMailcli, tmp_path: Path) -> None:
    raw = mail("\nthe text", attachment("A.PDF"), attachment("b.txt"), attachment("c.pdf"))
    path = written(tmp_path / "a.eml", raw)

    def chosen(*args: str) -> list[str]:
        return [each["part"] for each in attachments(run_mailcli(*listing, *args))]

    listing = ("attachments", "list", path, "--json")
    assert chosen("--match", "*.pdf") == ["2", "4"]
    assert chosen("--part", "3", "--part", "1") == ["3", "1"]
    assert chosen("--part", "2", "--part", "3", "--match", "b.*") == ["3"]


def test_what_the_text_shows_is_saved_with_all(run_mailcli: RunMailcli, tmp_path: Path) -> None:
    image = attachment("i.png", PNG, "Content-ID: <i@x>").replace("attachment;", "inline;")
    page = 'Content-Type: text/html\n\n<img src="cid:i@x">'
    path = written(tmp_path / "a.eml", mail(page, image, attachment("a.pdf"), kind="related"))

    run_mailcli("attachments", "save", path, "--dir", str(tmp_path / "some"))
    run_mailcli("attachments", "save", path, "--dir", str(tmp_path / "all"), "--all")

    assert contents(tmp_path / "some") == {"a.pdf": b"content"}
    assert contents(tmp_path / "all") == {"a.pdf": b"content", "i.png": PNG}


def test_forwarded_messages_and_winmail_are_saved_as_they_are(
    run_mailcli: RunMailcli, tmp_path: Path
) -> None:
    inner = "Subject: inner\nX-Odd:  spacing \n\nFrom here\n"
    winmail = attachment("winmail.dat", b"\x78\x9f\x3e\x22")
    raw = mail(f"Content-Type: message/rfc822\n\n{inner}", winmail)

    path = written(tmp_path / "a.eml", raw)
    run_mailcli("attachments", "save", path, "--dir", str(tmp_path / "out"))

    assert contents(tmp_path / "out") == {
        "message-1.eml": inner.encode(),
        "winmail.dat": b"\x78\x9f\x3e\x22",
    }


def test_files_in_the_text_of_old_mail_are_saved(run_mailcli: RunMailcli, tmp_path: Path) -> None:
    raw = b"Subject: x\r\n\r\nhere:\r\nbegin 644 ../a.txt\r\n%:&5L;&\\\r\n`\r\nend\r\nbye\r\n"
    path = written(tmp_path / "a.eml", raw)

    run_mailcli("attachments", "save", path, "--dir", str(tmp_path / "out"))

    assert contents(tmp_path / "out") == {"a.txt": b"hello"}


def test_selectors_come_from_standard_input(
    mailcli_env: dict[str, str], run_mailcli: RunMailcli, tmp_path: Path
) -> None:
    paths = [
        written(tmp_path / f"{name}.eml", mail(attachment(f"{name}.pdf"))) for name in ("a", "b")
    ]

    done = subprocess.run(
        [sys.executable, "-m", "mailcli", "attachments", "list", "-", "--json"],
        env=mailcli_env,
        input="\n".join(paths),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert [each["path"] for each in json.loads(done.stdout)["messages"]] == paths


def test_a_message_is_not_changed_by_reading_it(run_mailcli: RunMailcli, inbox: Path) -> None:
    path = put(inbox, "1.x", mail(attachment("a.pdf")))
    before = snapshot(inbox)

    run_mailcli("attachments", "list", str(path))

    assert snapshot(inbox) == before


def test_a_full_disk_is_74_and_leaves_nothing(mailcli_env: dict[str, str], tmp_path: Path) -> None:
    path = written(tmp_path / "a.eml", mail(attachment("a.bin", b"x" * 300_000)))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    target = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "mailcli", "attachments", "save", path, "--dir", str(target)],
        env=mailcli_env,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 74, done.stderr
    assert list(target.iterdir()) == []


def test_a_large_attachment_takes_no_more_memory(
    mailcli_env: dict[str, str], tmp_path: Path
) -> None:
    def peak(megabytes: int) -> int:
        path = tmp_path / "a.eml"
        line = base64.b64encode(b"x" * 57) + b"\n"
        with path.open("wb") as file:
            file.write(b"Content-Type: a/b; name=a\nContent-Transfer-Encoding: base64\n\n")
            for _ in range(megabytes * 16):
                file.write(line * 850)
        code = (
            "import resource, sys; sys.argv = ['mailcli', *sys.argv[1:]];"
            "from mailcli.__main__ import main\n"
            "try: main()\n"
            "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        )
        done = subprocess.run(
            [
                *(sys.executable, "-c", code, "attachments", "save", str(path)),
                *("--force", "--dir", str(tmp_path / "out")),
            ],
            env=mailcli_env,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return int(done.stderr.split()[-1])

    small = peak(1)
    assert peak(32) < small + 4_000
    assert (tmp_path / "out" / "a").stat().st_size == 32 * 16 * 850 * 57
