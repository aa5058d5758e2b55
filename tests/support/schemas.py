"""The published schemas, and what is held against them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"


def fitting(found: Any, name: str) -> Any:
    """Return a document once it fits a schema. Raises: ValidationError."""
    _validator(name).validate(found)
    return found


@cache  # a schema is itself checked by a test of its own, not each time
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")))
