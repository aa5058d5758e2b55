"""The bench's mail is the same everywhere, and looks like mail."""

import re
from email import message_from_bytes
from email.policy import default

from tests.bench.corpus import SHORT, fingerprint, fingerprints, message, messages
from tests.bench.work import Sizes


def test_a_message_is_the_same_on_every_machine_and_python() -> None:
    assert fingerprint(message(0)).hex().startswith("2a08ac80e4bc2f32")
    assert fingerprint(message(1)).hex().startswith("2861dadd6acd09ac")


def test_a_message_does_not_depend_on_those_before_it() -> None:
    assert list(messages(3, first=40)) == [message(40), message(41), message(42)]


def test_messages_differ_and_have_ids_of_their_own() -> None:
    raws = list(messages(200))
    assert len(fingerprints(raws)) == 200
    assert len({message_from_bytes(raw)["Message-ID"] for raw in raws}) == 200


def test_one_message_in_eleven_has_an_attachment() -> None:
    parsed = [message_from_bytes(raw, policy=default) for raw in messages(33)]
    with_attachment = [n for n, mail in enumerate(parsed) if list(mail.iter_attachments())]
    assert with_attachment == [0, 11, 22]
    assert not any(mail.defects for mail in parsed)


def test_sizes_have_the_mean_that_the_rows_promise() -> None:
    sizes = [len(raw) for raw in messages(5000)]
    assert 6_400 < sum(sizes) / len(sizes) < 6_900
    assert max(sizes) > 20 * sorted(sizes)[2500], "the tail of a log-normal distribution is long"


def test_short_messages_differ_and_are_short() -> None:
    raws = list(messages(500, first=SHORT))
    assert len(fingerprints(raws)) == 500
    assert 600 < min(map(len, raws)) <= max(map(len, raws)) < 900


def test_every_line_ends_in_crlf_and_some_begin_with_a_dot() -> None:
    # Dovecot turns CR CRLF into CRLF, and then no contender could have the right bytes.
    raws = list(messages(5000))
    assert not [raw for raw in raws if re.search(rb"(?<!\r)\n|\r(?!\n)", raw)]
    assert [raw for raw in raws if b"\r\n." in raw]


def test_fingerprint_sees_through_line_ends_but_not_through_changes() -> None:
    raw = message(5)
    assert fingerprint(raw.replace(b"\r\n", b"\n")) == fingerprint(raw)
    assert fingerprint(raw + b"x") != fingerprint(raw)


def test_the_mailbox_of_many_folders_holds_205_of_them_with_the_servers_own() -> None:
    sizes = Sizes()
    assert sizes.folder_count == 205
    assert len({name for name, _ in sizes.folders.folders}) == 199
    numbers = [number for _, part in sizes.folders.folders for number in part]
    assert len(set(numbers)) == len(numbers) == sizes.folders.size


def test_scale_shrinks_every_mailbox_but_leaves_some_mail() -> None:
    small, tiny = Sizes(0.1), Sizes(0.00001)
    assert (small.pop.size, small.imap.size) == (500, 2_000)
    assert min(tiny.pop.size, tiny.imap.size, tiny.folders.size) > 0
