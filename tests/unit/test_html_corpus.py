"""Mail as its readers would like to see it: each HTML beside the text that was found good by eye.

`python -m tests.unit.test_html_corpus` writes the texts anew; read the difference.
"""

from pathlib import Path

import pytest

from mailcli.message.html_page import to_text
from mailcli.message.html_plain import plain_text_of
from mailcli.message.html_safe import sanitised

CORPUS = sorted((Path(__file__).parents[1] / "corpus/html").glob("*.html"))


def _shown(html: str) -> str:
    page = to_text(html)
    notes = [f"remote images: {page.remote_images}", f"hidden: {page.hidden}", *page.warnings]
    return "".join([page.text, "=" * 78, "\n", *(f"{note}\n" for note in notes)])


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_message_reads_as_expected(path: Path) -> None:
    expected = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert _shown(path.read_text(encoding="utf-8")) == expected


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_what_is_read_is_found_in_the_index_and_in_the_browser(path: Path) -> None:
    html = path.read_text(encoding="utf-8")
    words = {word for word in to_text(html).text.split() if word.isalpha()}

    for other in (plain_text_of(html), plain_text_of(sanitised(html))):
        text = " ".join(other.split())
        assert {word for word in words if word not in text} <= _words_of_images(html)


def _words_of_images(html: str) -> set[str]:
    """Return the words that stand for images, which are in attributes alone."""
    from mailcli.message.html_tokens import Start, tokens

    found = (token for token in tokens(html) if isinstance(token, Start))
    return {word for tag in found for word in tag.attributes.get("alt", "").split()}


def test_there_are_as_many_as_it_takes() -> None:
    assert len(CORPUS) >= 25


if __name__ == "__main__":
    for source in CORPUS:
        shown = _shown(source.read_text(encoding="utf-8"))
        source.with_suffix(".txt").write_text(shown, encoding="utf-8")
