"""Quotations: what is found, what is folded, and what is never folded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.quotes import Kind, folded, passages, without_quotes

LONG = "".join(f"> line {number}\n" for number in range(12))

ATTRIBUTIONS = {
    "English": "On Tue, 24 Nov 2026 at 09:12, Alan Turing <alan@example.net> wrote:",
    "English, broken": "On Tue, 24 Nov 2026 at 09:12, Alan Turing\n<alan@example.net> wrote:",
    "English, short": "* Ada Lovelace wrote:",
    "German": "Am 24.11.26 um 09:12 schrieb Alan Turing:",
    "French": "Le 24/11/2026 à 09:12, Alan Turing a écrit :",
    "Spanish": "El mar, 24 nov 2026 a las 9:12, Alan Turing (<alan@example.net>) escribió:",
    "Italian": "Il giorno mar 24 nov 2026 alle ore 09:12 Alan Turing ha scritto:",
    "Portuguese": "Em ter., 24 de nov. de 2026 às 09:12, Alan Turing escreveu:",
    "Dutch": "Op di 24 nov 2026 om 09:12 schreef Alan Turing <alan@example.net>:",
    "Swedish": "Den tis 24 nov. 2026 kl 09:12 skrev Alan Turing:",
    "Danish": "Den tirs. 24. nov. 2026 kl. 09.12 skrev Alan Turing:",
    "Polish": "wt., 24 lis 2026 o 09:12 Alan Turing napisał(a):",
    "Czech": "út 24. 11. 2026 v 9:12 odesílatel Alan Turing napsal:",
    "Finnish": "Alan Turing kirjoitti:",
    "Russian": "вт, 24 нояб. 2026 \u0433. \u0432 09:12, Алан Тьюринг пишет:",
    "Greek": "Στις Τρί \u03bf \u03c7\u03c1\u03ae\u03c3\u03c4\u03b7\u03c2 Alan έγραψε:",
    "Turkish": "Alan Turing \u015funlar\u0131 yazd\u0131:",
    "Chinese": "Alan Turing 于2026年11月24日周二 09:12写道\uff1a",
    "Japanese": "2026年11月24日(火) 9:12 Alan Turing:",
    "Korean": "2026년 11월 24일 Alan Turing님이 작성:",
    "any other": "24.11.2026 alan@example.net:",
}


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
@pytest.mark.parametrize("between", ["", "\n"])
def test_the_line_that_introduces_a_quotation_belongs_to_it(line: str, between: str) -> None:
    text = f"Yes.\n\n{line}\n{between}{LONG}"
    assert without_quotes(text) == "Yes.\n"
    assert folded(text) == f"Yes.\n\n{line}\n{between}[12 quoted lines]\n"


@pytest.mark.parametrize("line", ["Three remarks:", "Note well:"])
def test_a_sentence_that_introduces_nothing_stays(line: str) -> None:
    assert without_quotes(f"{line}\n\n> quoted\n\nMine.\n").startswith(line)


ORIGINALS = {
    "English": "-----Original Message-----\nFrom: Ada\nSent: today\n",
    "German": "-----Ursprüngliche Nachricht-----\nVon: Ada\nGesendet: heute\n",
    "French": "-----Message d'origine-----\nDe : Ada\n",
    "rule": "________________________________\nFrom: Ada <a@x.example>\nSent: Monday\nTo: me\n",
    "no rule": "From: Ada <a@x.example>\nSent: Monday\nTo: me\nSubject: x\n",
    "stars": "*From:* Ada <a@x.example>\n*Sent:* Monday\n*To:* me\n",
    "Von": "Von: Ada <a@x.example>\nGesendet: Montag, 23. November 2026\nAn: mich\nBetreff: x\n",
    "De": "De : Ada <a@x.example>\nEnvoyé : lundi 23 novembre 2026\nÀ : moi\nObjet : x\n",
    "Chinese": "发件人\uff1a韩梅梅\n发送时间\uff1a2026年11月24日\n收件人\uff1a李雷\n",
}


@pytest.mark.parametrize("block", ORIGINALS.values(), ids=ORIGINALS)
def test_what_stands_below_a_reply_without_marks_is_found(block: str) -> None:
    text = f"Yes.\n\n{block}\nHello,\nlong\nago.\n"
    assert [passage.kind for passage in passages(text)] == [Kind.ORIGINAL]
    assert without_quotes(text) == "Yes.\n"
    count = sum(bool(line) for line in block.split("\n")) + 3
    assert folded(text) == f"Yes.\n\n[{count} quoted lines]\n"


@pytest.mark.parametrize(
    "text",
    [
        "From: here to there\n\nit is far.\n",
        "From: Berlin\nTo: Paris\nBy: train\nClass: second\n",
        "a\n___________\nb\n",
        "Date: today\nFrom: me\n",
    ],
)
def test_other_texts_with_colons_are_left_alone(text: str) -> None:
    assert passages(text) == []
    assert folded(text) == text == without_quotes(text)


FORWARDS = [
    "---------- Forwarded message ---------\nFrom: Ada <a@x.example>\nDate: Mon\nTo: me\n",
    "-------- Weitergeleitete Nachricht --------\nBetreff: x\nVon: Ada\n",
    "Begin forwarded message:\n\nFrom: Ada\nDate: Mon\n",
]


@pytest.mark.parametrize("block", FORWARDS)
def test_a_forwarded_message_is_what_its_sender_wants_to_be_read(block: str) -> None:
    text = f"For you.\n\n{block}\nHello,\nlong\nago.\nAda\n"
    assert folded(text) == text
    assert without_quotes(text) == "For you.\n"
    only = f"{block}\nHello\n"
    assert folded(only) == only == without_quotes(only)


def test_short_quotations_stay_where_they_are_answered() -> None:
    text = "> one?\nYes.\n\n> two?\n> really?\n\nNo.\n" + LONG + "\nNever.\n"
    assert folded(text) == (
        "> one?\nYes.\n\n> two?\n> really?\n\nNo.\n[12 quoted lines]\n\nNever.\n"
    )
    assert folded(text, keep=1).count("quoted lines]") == 2
    assert without_quotes(text) == "Yes.\n\nNo.\n\nNever.\n"


@pytest.mark.parametrize("text", [LONG, f"\n{LONG}\n", f"On Monday, Ada wrote:\n{LONG}", ""])
def test_a_text_that_is_nothing_but_quotation_is_never_folded(text: str) -> None:
    assert folded(text) == text
    assert without_quotes(text) == text


def test_empty_lines_within_a_quotation_are_part_of_it() -> None:
    assert folded("a\n> 1\n>\n> 2\n\n> 3\n> 4\n\nb\n") == "a\n[4 quoted lines]\n\nb\n"


@pytest.mark.parametrize("mark", ["-- ", "--"])
def test_a_signature_is_none_of_the_text(mark: str) -> None:
    text = f"Yes.\n\n{mark}\nAda\nAnalytical Engines\n"
    assert without_quotes(text) == "Yes.\n"
    assert folded(text) == text
    above = f"Yes.\n{mark}\nAda\n\nOn Monday, Alan wrote:\n{LONG}"
    assert [passage.kind for passage in passages(above)] == [Kind.SIGNATURE, Kind.QUOTE]
    assert without_quotes(above) == "Yes.\n"


LINES = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            ["> a", ">", "", "-- ", "--", "a wrote:", "From: a", "Sent: b", "To: c", "Subject: d"]
        ),
        st.sampled_from(["-----Original Message-----", "---- Forwarded message ----", "_" * 30]),
    ),
    max_size=30,
).map("\n".join)


@given(LINES, st.integers(0, 5))
def test_whatever_it_is_given_nothing_of_its_own_is_lost(text: str, keep: int) -> None:
    found = passages(text)
    ends = [0]
    for passage in found:
        assert ends[-1] <= passage.first <= passage.body < passage.end
        ends.append(passage.end)
    assert folded(text, keep=keep).strip() or not text.strip()
    assert without_quotes(text).strip() or not text.strip()
    own = [line for line in text.split("\n") if line.strip() and not found]
    assert all(line in folded(text, keep=keep) for line in own)


@pytest.mark.growth
@pytest.mark.parametrize(
    "text",
    ["> a\n" * 50_000, "a wrote:\n" * 50_000, "From: a\nTo: b\n" * 30_000, "x" * 1_000_000,
     "\n" * 200_000,
     "> a\n\n\n\n" * 30_000, "a" + " \t" * 300_000 + ":", "wrote" * 100_000],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_its_time_grows_with_the_length_alone(text: str) -> None:
    assert len(folded(text)) <= len(text) + 1
