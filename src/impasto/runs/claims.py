"""Claims on files: of several processes that would write one picture, one does, and the others know."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ..errors import OutputError
from ..files import lock_of

__all__ = ["Claimed", "claim"]


class Claimed(OutputError):
    """Another process is writing that file."""


@contextmanager
def claim(*paths: str | os.PathLike[str]) -> Iterator[None]:
    """A ``with`` block in which no other process that claims one of ``paths`` gets it. The claims of a process that
    dies end.

    Where a disk has no locks, as some of a network, everybody gets it.

    Raises:
        Claimed: another process, or another run of this one, has it.
    """
    with ExitStack() as held:
        for path in dict.fromkeys(map(lock_of, paths)):
            held.enter_context(_locked(path, os.fspath(paths[0])))
        yield


@contextmanager
def _locked(file: Path, name: str) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(file, is_singleton=False, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Claimed(f"another process is painting {name!r}", "wait until it is done, or give another name") from None
    except (OSError, NotImplementedError):
        yield  # nothing can be said about it; whether it can be written is for others to find out
        return
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()  # while it is held: whoever comes next makes a new one
        lock.release()
