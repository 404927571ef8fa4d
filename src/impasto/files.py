"""Files that appear whole or not at all: written beside the target, flushed to the disk, then renamed over it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import secrets
import shutil
import tempfile
import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any

from .errors import OutputError

__all__ = [
    "above",
    "check_overwrites",
    "check_replaced",
    "check_writable",
    "discard",
    "exists",
    "file_digest",
    "folder_for",
    "is_folder",
    "is_json",
    "lock_of",
    "make_folder",
    "replacing",
    "write_bytes",
    "write_text",
]

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
    """Check that a file can be written, before anything is computed.

    Args:
        path: the file.

    Raises:
        OutputError: it is a folder, device or pipe, or its folder is missing, read-only or full.
    """
    with _explained(path):
        target = _target(path)
        # Permission bits do not tell enough (root, network drives, full disks), so create a file.
        with tempfile.TemporaryFile(dir=target.parent):
            pass


_LASTING = {errno.ENAMETOOLONG, errno.EISDIR, errno.EINVAL, errno.EILSEQ, errno.ELOOP, errno.ENOTDIR}


def exists(path: str | os.PathLike[str]) -> bool:
    """Whether a file or folder exists. Unlike `Path.exists`, it never raises."""
    return os.path.exists(path)  # noqa: PTH110


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder. It never raises."""
    return os.path.isdir(path)  # noqa: PTH112


def check_overwrites(outputs: Iterable[str | os.PathLike[str]], inputs: Iterable[Any]) -> None:
    """Check that no output replaces an input, lies in an input folder, or is written twice.

    Files are compared by identity, so links and, on some disks, upper and lower case are recognised. An output in an
    input folder would be an input when the command is repeated.

    Args:
        outputs: all files that will be written.
        inputs: paths of all files that are read, and of folders with the files in them; other objects are ignored.

    Raises:
        OutputError: see above.
    """
    read = {_identity(path): path for path in inputs if isinstance(path, (str, os.PathLike))}
    written: dict[Hashable, str] = {}
    for path in (os.fspath(output) for output in outputs):
        identity = _identity(path)
        if identity in read:
            told = f"this would replace {os.fspath(read[identity])!r}, which goes in"
            raise OutputError(told, "give another name for what comes out")
        if (folder := read.get(_identity(Path(path).parent))) is not None and is_folder(folder):
            told = f"{path!r} would lie in the folder {os.fspath(folder)!r}, whose pictures go in"
            raise OutputError(told, f"give a folder of its own, as {str(Path(folder) / 'painted')!r}")
        if identity in written:
            raise OutputError(
                f"{path!r} and {written[identity]!r} would be the same file", "give them names of their own"
            )
        written[identity] = path


def _identity(path: str | os.PathLike[str]) -> Hashable:
    """A value that is equal for all names of a file."""
    try:
        there = Path(path).stat()
        return there.st_dev, there.st_ino
    except (OSError, ValueError):  # the file does not exist, or the name is impossible
        with contextlib.suppress(OSError, ValueError):
            return os.path.normcase(os.path.realpath(path))
    return os.fspath(path)


def above(folder: Path) -> Path:
    """The folder or, if it does not exist, the nearest folder above it that does.

    Args:
        folder: to be created later.

    Returns:
        A folder that exists.

    Raises:
        OutputError: a file is in the way.
    """
    there = next(each for each in (folder, *folder.parents, Path()) if exists(each))
    if not is_folder(there):
        raise OutputError(f"cannot make the folder {str(folder)!r}: {str(there)!r} is a file", "choose another one")
    return there


def check_replaced(path: str | os.PathLike[str], known: Callable[[Path], bool], kind: str) -> None:
    """Check that a file which will be replaced is of the expected kind, so that a mistyped name destroys nothing.

    Args:
        path: of the output; it may be missing or empty.
        known: tells whether the existing file is of the kind.
        kind: in words, for the message.

    Raises:
        OutputError: the existing file is of another kind.
    """
    target = Path(path)
    with contextlib.suppress(OSError, ValueError):
        if target.is_file() and target.stat().st_size and not known(target):
            raise OutputError(
                f"{os.fspath(path)!r} is there already, and no {kind}", "give another name for what comes out"
            )


def is_json(path: Path, keys: Iterable[str]) -> bool:
    """Whether a file is a JSON object with some keys."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(value, dict) and set(keys) <= value.keys()


def make_folder(path: str | os.PathLike[str]) -> None:
    """Create a folder and its parents, unless they exist.

    Args:
        path: the folder.

    Raises:
        OutputError: it cannot be created.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {os.fspath(path)!r}: {error.strerror}", "choose another one"
        ) from error


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Hash of a file.

    Args:
        path: the file.
        algorithm: a name of `hashlib`.

    Returns:
        Hex digits.
    """
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def folder_for(path: Path) -> Iterator[None]:
    """A ``with`` block in which the folder of a file exists. Folders that were created for it and are empty at the end
    are removed.

    Args:
        path: the file.

    Raises:
        OutputError: the folder cannot be created.
    """
    missing = list(itertools.takewhile(lambda folder: not exists(folder), (path.parent, *path.parent.parents)))
    make_folder(path.parent)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            for folder in missing:
                folder.rmdir()  # fails, and ends the loop, if the folder is not empty


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file atomically. A link is followed, not replaced.

    Args:
        path: the file.
        data: its bytes.

    Raises:
        OutputError: it cannot be written; an existing file is unchanged, and no temporary file is left.
    """
    with replacing(path) as part:
        part.write_bytes(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A ``with`` block that writes a temporary file, which replaces ``path`` at the end, unless the block raises.

    Args:
        path: the file.

    Yields:
        The temporary file, beside it.

    Raises:
        OutputError: it cannot be written; an existing file is unchanged, and no temporary file is left.
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
                part.unlink()  # it only exists if something failed


def discard(path: str | os.PathLike[str]) -> None:
    """Remove a file, and temporary files of it that killed processes left. Errors are ignored.

    Args:
        path: the file; it may be missing.
    """
    target = Path(path).resolve()
    for left in (target, *target.parent.glob(_part_of(target, "*"))):
        with contextlib.suppress(OSError):
            shutil.rmtree(left) if left.is_dir() and left != target else left.unlink()


def lock_of(path: str | os.PathLike[str]) -> Path:
    """The file that is locked while ``path`` is written, beside it."""
    target = Path(path).resolve()
    return target.with_name(f".impasto-{zlib.crc32(os.fsencode(target.name)):08x}.lock")


def _part_of(target: Path, mark: str) -> str:
    """A name for a temporary file of ``target``, of limited length."""
    return f".impasto-{zlib.crc32(os.fsencode(target.name)):08x}-{mark}.part"


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text in UTF-8; arguments and errors as of `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def _target(path: str | os.PathLike[str]) -> Path:
    """The file that ``path`` refers to. Devices and pipes are refused: renaming a file over them would replace them."""
    there = Path(path)
    if there.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if there.exists() and not there.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    return there.resolve()


@contextlib.contextmanager
def _explained(path: str | os.PathLike[str]) -> Iterator[None]:
    """Convert errors of the operating system to an `OutputError` with a hint."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links is a RuntimeError, a null byte a ValueError
        number = error.errno if isinstance(error, OSError) else None
        hint = _HINTS.get(number or 0, "write to another file")
        if number in (errno.ENOENT, errno.ENOTDIR):
            hint = f"make the folder {str(Path(path).parent)!r} first"
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        passing = number is not None and number not in _LASTING
        raise OutputError(f"cannot write {os.fspath(path)!r}: {reason}", hint, passing=passing) from error
