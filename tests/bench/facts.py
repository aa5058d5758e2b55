"""What the reader of a benchmark must know about the machine: never its name."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from mailcli import __version__
from tests.bench.peers import versions


def facts(scratch: Path) -> dict[str, str]:
    """Return what was measured where; `scratch` lies on the file system in use."""
    load = os.getloadavg()[0]
    found = versions()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "mailcli": f"{__version__}, Python {platform.python_version()}",
        "machine": f"{os.cpu_count()} cores, {_processor()}, {_memory()}, {_file_system(scratch)}",
        "system": f"{_system()}, Linux {platform.release().partition('-')[0]}",
        "load when it began": f"{load:.1f}",
        "servers": _listed(found, "dovecot", "postfix"),
        "peers": _listed(found, *(name for name in found if name not in {"dovecot", "postfix"})),
    }


def _listed(found: dict[str, str], *names: str) -> str:
    return ", ".join(f"{name} {found[name]}" for name in names)


def _processor() -> str:
    match = re.search(r"^model name\s*: (.+)$", _text("/proc/cpuinfo"), re.MULTILINE)
    return match[1] if match else platform.machine()


def _memory() -> str:
    match = re.search(r"^MemTotal:\s+(\d+) kB", _text("/proc/meminfo"), re.MULTILINE)
    return f"{int(match[1]) / 1024**2:.0f} GB" if match else "memory unknown"


def _file_system(path: Path) -> str:
    """Return the type of the file system with the longest mount point above `path` (proc(5))."""
    mounts = [line.split()[1:3] for line in _text("/proc/self/mounts").splitlines()]
    above = [(len(point), kind) for point, kind in mounts if path.resolve().is_relative_to(point)]
    return max(above)[1] if above else "file system unknown"


def _system() -> str:
    match = re.search(r'^PRETTY_NAME="(.+)"$', _text("/etc/os-release"), re.MULTILINE)
    return match[1] if match else platform.system()


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""
