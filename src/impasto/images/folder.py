"""The pictures of a folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..errors import PictureError
from ..files import is_folder
from .encode import FORMATS

__all__ = ["digest_of", "expanded", "joint_digest", "pictures_in"]


def pictures_in(folder: str | os.PathLike[str]) -> list[Path]:
    """The files of ``folder`` that a picture's suffix says are pictures, by name; not those of folders in it, nor hidden ones.

    Raises:
        PictureError: there is none, or the folder cannot be read.
    """
    try:
        found = [path for path in Path(folder).iterdir() if path.suffix.lower() in FORMATS and not path.name.startswith(".")]
    except OSError as error:
        raise PictureError(
            f"the folder {os.fspath(folder)!r} cannot be read: {error.strerror}", "check its name and permissions"
        ) from error
    if not found:
        raise PictureError(f"there is no picture in the folder {os.fspath(folder)!r}", f"known suffixes: {', '.join(FORMATS)}")
    return sorted(found)


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
