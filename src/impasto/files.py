"""Files that appear whole or not at all: written beside the target, flushed to the disk, then renamed over it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from .errors import OutputError

__all__ = ["check_writable", "discard", "make_folder", "replacing", "write_bytes", "write_text"]

_FULL = "free some space, or write to another disk"
_FORBIDDEN = "choose a folder you may write to"
_HINTS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: _FORBIDDEN,
    errno.EISDIR: "give the name of a file in it",
}


def check_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a file that could not be written, before anything is computed for it.

    Raises:
        OutputError: ``path`` is a folder, device or pipe, or its folder is missing, read-only or full.
    """
    with _explained(path):
        target = _target(path)
        # Asking for permission bits is not enough (root, network drives, full disks): try it.
        with tempfile.TemporaryFile(dir=target.parent):
            pass


def make_folder(path: str | os.PathLike[str]) -> None:
    """Make a folder, and those it lies in, unless it is there.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {os.fspath(path)!r}: {error.strerror}", "choose another one") from error


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write ``data`` to ``path``, or leave what was there untouched. A link is followed, never replaced.

    Raises:
        OutputError: it cannot be written; nothing new is left behind.
    """
    with replacing(path) as part:
        part.write_bytes(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A ``with`` block that writes a file beside ``path``, which takes its place at the end, unless the block raises.

    Raises:
        OutputError: it cannot be written; nothing new is left behind.
    """
    with _explained(path):
        target = _target(path)
        part = target.with_name(_part_of(target, secrets.token_hex(8)))
        try:
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            with contextlib.suppress(OSError):
                part.unlink()  # only there if something failed


def discard(path: str | os.PathLike[str]) -> None:
    """Remove a file, if it is there and can be, with the unfinished ones that killed processes have left of it."""
    target = Path(path).resolve()
    for left in (target, *target.parent.glob(_part_of(target, "*"))):
        with contextlib.suppress(OSError):
            left.unlink()


def _part_of(target: Path, mark: str) -> str:
    """A name that says whose part it is, and is never too long."""
    return f".impasto-{zlib.crc32(os.fsencode(target.name)):08x}-{mark}.part"


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """`write_bytes` of ``text`` in UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def _target(path: str | os.PathLike[str]) -> Path:
    """The file that is written for ``path``. Renaming over a device or a pipe would replace it, for every program."""
    there = Path(path)
    if there.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if there.exists() and not there.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    return there.resolve()


@contextlib.contextmanager
def _explained(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the operating system says into an `OutputError` with a hint."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links is a RuntimeError, a null byte a ValueError
        number = error.errno if isinstance(error, OSError) else None
        hint = _HINTS.get(number or 0, "write to another file")
        if number in (errno.ENOENT, errno.ENOTDIR):
            hint = f"make the folder {str(Path(path).parent)!r} first"
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise OutputError(f"cannot write {os.fspath(path)!r}: {reason}", hint) from error
