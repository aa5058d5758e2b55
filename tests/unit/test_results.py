"""The families of results: found by name, whichever module they are in."""

from importlib import import_module

import pytest

from mailcli import results


@pytest.mark.parametrize("family", results._FAMILIES)
def test_a_family_is_what_its_module_defines(family: str) -> None:
    module = import_module(f"mailcli.results.{family}")

    for name in results._FAMILIES[family].split():
        assert getattr(results, name) is getattr(module, name)
        assert getattr(module, name).__module__ in {module.__name__, "typing", "types"}


def test_nothing_else_is_there() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        results.nothing  # type: ignore[attr-defined]  # noqa: B018 - that is the point
