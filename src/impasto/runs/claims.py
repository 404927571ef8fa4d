"""Claims on output files: only one of several processes writes a picture, and the others are told."""

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
    """A ``with`` block with an exclusive claim on files. It ends with the block, or when the process dies.

    On file systems without locks, such as some network drives, claims have no effect.

    Args:
        paths: the files; the error names the first one.

    Raises:
        Claimed: another process, or another run of this process, has a claim on one of them.
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
        yield  # no locks here; errors of writing are found later
        return
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()  # before the release: the next process creates a new file
        lock.release()
