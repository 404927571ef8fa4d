"""What this machine can spare: free memory, under the limit of a container."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

__all__ = ["free_memory"]

_UNLIMITED = 1 << 60  # bytes; the first version of control groups writes a number near 2^63 for no limit


def free_memory(root: Path = Path("/")) -> int:
    """Bytes of main memory that this process can still take.

    The least of what the system has available and of what is left under the limits of the control groups that the
    process is in (both versions of Linux's cgroups, https://docs.kernel.org/admin-guide/cgroup-v2.html). Cached files
    count as free in both, because the system drops them when memory is asked for.

    Args:
        root: of the file system, for tests.

    Returns:
        Bytes, 0 or more.
    """
    return max(0, min([psutil.virtual_memory().available, *_left_in_groups(root)]))


def _left_in_groups(root: Path) -> Iterator[int]:
    """What is left under each limit that holds for this process."""
    for folder, limit, used, cached in _groups(root):
        try:
            most, now = (_number(folder / name) for name in (limit, used))
            if most < _UNLIMITED:
                yield most - now + _cached(folder / "memory.stat", cached)
        except (OSError, ValueError):  # not there, "max", or not to be read: no limit that we know of
            continue


def _groups(root: Path) -> Iterator[tuple[Path, str, str, tuple[str, ...]]]:
    """Folders of the process's control groups and of those around them, and the names of their files."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            mount, names = root / "sys/fs/cgroup", ("memory.max", "memory.current", ("inactive_file", "active_file"))
        elif "memory" in controllers.split(","):
            mount = root / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_inactive_file", "total_active_file"))
        else:
            continue
        own = Path(path.lstrip("/"))
        for folder in (own, *own.parents):  # the last one is the mount itself, which is a container's own group
            yield (mount / folder, *names)


def _number(file: Path) -> int:
    return int(file.read_text())


def _cached(file: Path, names: tuple[str, ...]) -> int:
    """Bytes of cached files in a group."""
    facts = dict(line.split() for line in file.read_text().splitlines())
    return sum(int(facts.get(name, 0)) for name in names)
