"""Every RFC that the code cites stands in docs/rfcs.md with how far we go with it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CITED = re.compile(r"RFC[  ](\d{3,5})")


def _cited(*folders: str) -> set[str]:
    files = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {rfc for path in files for rfc in _CITED.findall(path.read_text(encoding="utf-8"))}


def _listed() -> set[str]:
    text = (ROOT / "docs/rfcs.md").read_text(encoding="utf-8")
    rows = (line for line in text.splitlines() if line.startswith("| RFC "))
    return {rfc for row in rows for rfc in _CITED.findall(row.split("|")[1])}


def test_every_rfc_cited_in_the_code_is_listed() -> None:
    assert _cited("src", "tests") - _listed() == set()


def test_no_rfc_is_listed_that_nothing_cites() -> None:
    assert _listed() - _cited("src", "tests") <= {"2183"}
