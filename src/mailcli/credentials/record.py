"""Which keyring backend holds which password: `credentials.json` in the state directory.

Holds no secret. Knowing the backend saves the detection, and a password is
never looked for, let alone stored, in a place that was not chosen.
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from mailcli import paths
from mailcli.errors import LocalError

_NAME = "credentials.json"


def read(state_dir: Path) -> dict[str, str]:
    """Return the backend class of each keyring user name.

    Raises:
        LocalError: the record is damaged or cannot be read.
    """
    path = state_dir / _NAME
    try:
        octets = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror}") from error
    import json

    try:
        entries = json.loads(octets)["backends"]
        return {user: str(backend) for user, backend in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        hint = "remove it and store the passwords again"
        raise LocalError(f"{path} is damaged", hint=hint) from None


def write(state_dir: Path, backends: Mapping[str, str]) -> None:
    """Replace the record in one step: a crash leaves the old one or the new one.

    Raises:
        CannotCreate: the state directory cannot be created.
        LocalError: the record cannot be written.
    """
    import json

    paths.private_dir(state_dir)
    octets = json.dumps({"backends": dict(backends)}, indent=2).encode() + b"\n"
    try:
        _replace(state_dir, octets)
    except OSError as error:
        reason = error.strerror or str(error)
        raise LocalError(f"cannot write {state_dir / _NAME}: {reason}") from error


def _replace(state_dir: Path, octets: bytes) -> None:
    import tempfile

    handle, temporary = tempfile.mkstemp(prefix=f".{_NAME}.", dir=state_dir)  # mode 0600
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - a file descriptor, not a path
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(state_dir / _NAME)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    directory = os.open(state_dir, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
