"""Lists of very many messages: made and written one by one, not held whole in memory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from tests.support.results import SAMPLES

from mailcli.app.catalogue import Catalogue
from mailcli.app.found import Found
from mailcli.app.listing import Wanted, listed
from mailcli.app.paths import PathCatalogue
from mailcli.output.machine import json_document, json_parts
from mailcli.output.tables import table_of
from mailcli.output.tsv import tsv_lines
from mailcli.results import ListResult
from mailcli.store.entries import Entry
from mailcli.store.index import Index
from mailcli.store.index_rows import Condition, Described, Indexed, Texts


@dataclass(slots=True)
class _Counting(PathCatalogue):
    """A catalogue of no account that counts the messages that are made."""

    made: list[int] = field(default_factory=list)

    def found(self, message: Indexed) -> Found:
        """Count a message."""
        self.made.append(message.number)
        return PathCatalogue.found(self, message)


@pytest.fixture
def catalogue() -> Iterator[_Counting]:
    """An index of ten messages, the newest of which has the highest number."""
    with Index.in_memory() as index:
        folder = index.folder("", "INBOX").id
        for number in range(1, 11):
            described = Described(number, 0, 1, 0, (), (), (), f"message {number}", None, b"x")
            texts = Texts(*[""] * 7)
            index.add(number, folder, Entry("cur", f"{number}:2,"), described, texts)
        yield _Counting(index, {})


def _whole(catalogue: Catalogue) -> ListResult:
    return listed(catalogue, Condition("1"), catalogue.index.folders(), Wanted())


def test_a_list_makes_its_messages_when_they_are_asked_for(catalogue: _Counting) -> None:
    result = _whole(catalogue)

    assert len(result.messages) == 10
    assert catalogue.made == []
    assert result.messages[0].subject == "message 10"
    assert [each.subject for each in result.messages[8:]] == ["message 2", "message 1"]
    assert catalogue.made == [10, 2, 1]


def test_tsv_is_written_message_by_message(catalogue: _Counting) -> None:
    lines = tsv_lines(table_of(_whole(catalogue)))

    assert "\tmessage 10\t" in next(lines)
    assert catalogue.made == [10]
    assert len(list(lines)) == 9


def test_json_is_written_message_by_message(catalogue: _Counting) -> None:
    parts = json_parts(_whole(catalogue))

    next(parts), next(parts)
    assert catalogue.made == [10]
    assert len(json.loads("".join(json_parts(_whole(catalogue))))["messages"]) == 10


@pytest.mark.parametrize("name", SAMPLES)
def test_json_in_parts_is_the_whole_document(name: str) -> None:
    result = SAMPLES[name][1]

    assert "".join(json_parts(result)) == json_document(result)
