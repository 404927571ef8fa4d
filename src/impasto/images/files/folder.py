"""The pictures of a folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...errors import PictureError
from ...files import is_folder
from .formats import FORMATS, readable_suffixes

__all__ = ["digest_of", "expanded", "joint_digest", "left_out", "pictures_in"]


def pictures_in(folder: str | os.PathLike[str], *, recursive: bool = False) -> list[Path]:
    """The files of ``folder`` whose suffix says that they are pictures which can be read, by name; not hidden ones.

    Args:
        folder: its path.
        recursive: take those of the folders in it as well, and of the folders in these; links to folders are not
            followed.

    Raises:
        PictureError: there is none, or the folder cannot be read.
    """
    known = readable_suffixes()
    found = [path for path in _files(folder, recursive=recursive) if path.suffix.lower() in known]
    if not found:
        raise PictureError(
            f"there is no picture in the folder {os.fspath(folder)!r}", f"known suffixes: {', '.join(FORMATS)}"
        )
    return sorted(found)


def left_out(folder: str | os.PathLike[str], *, recursive: bool = False) -> list[Path]:
    """What `pictures_in` leaves out, by name: files that no suffix calls a picture, pipes and devices; hidden ones do
    not count.

    Raises:
        PictureError: the folder cannot be read.
    """
    known = readable_suffixes()
    return sorted(
        path for path in _entries(folder, recursive=recursive) if not (_is_file(path) and path.suffix.lower() in known)
    )


def _files(folder: str | os.PathLike[str], *, recursive: bool) -> Iterator[Path]:
    return filter(_is_file, _entries(folder, recursive=recursive))


def _entries(folder: str | os.PathLike[str], *, recursive: bool) -> Iterator[Path]:
    """All that is in a folder and no folder itself, nor hidden."""
    try:
        for path in Path(folder).iterdir():
            if path.name.startswith("."):
                continue
            if not is_folder(path):
                yield path
            elif recursive and not path.is_symlink():
                yield from _entries(path, recursive=True)
    except OSError as error:
        raise PictureError(
            f"the folder {os.fspath(folder)!r} cannot be read: {error.strerror}", "check its name and permissions"
        ) from error


def _is_file(path: Path) -> bool:
    """Whether it can be read to an end: a pipe or a device may never come to one."""
    try:
        return path.is_file()
    except OSError:
        return True  # reading it will say what is wrong


def expanded(source: Any) -> Sequence[Any]:
    """The pictures of a folder; anything else as it is.

    Raises:
        PictureError: see `pictures_in`.
    """
    return pictures_in(source) if isinstance(source, (str, os.PathLike)) and is_folder(source) else [source]


def digest_of(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, or the `joint_digest` of a folder's pictures.

    Raises:
        OSError: it cannot be read.
        PictureError: the folder has no pictures.
    """
    if is_folder(path):
        return joint_digest(digest_of(picture) for picture in pictures_in(path))
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def joint_digest(digests: Iterable[str]) -> str:
    """One SHA-256 of several, in their order."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()
