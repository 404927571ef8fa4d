"""From what a user hands in to a style."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..images.folder import joint_digest, pictures_in
from ..images.io import Picture, read_picture
from .pictures import SHORTEST, PictureStyle
from .style import KeptStyle, Style

__all__ = ["read_style"]


def read_style(source: Any) -> Style:
    """A style from a picture, or from a folder of pictures, whose statistics are pooled; a style is returned as it is.

    Args:
        source: whatever `read_picture` takes, the path of a folder, or a style.

    Raises:
        PictureError: a picture cannot be read or has a side below 16 px, or the folder has none.
    """
    if isinstance(source, (PictureStyle, KeptStyle)):
        return source
    if isinstance(source, (str, os.PathLike)) and Path(source).is_dir():
        return _pool(os.fspath(source), [_read(path) for path in pictures_in(source)])
    picture = _read(source)
    return PictureStyle((picture.pixels,), picture.name, picture.sha256)


def _read(source: Any) -> Picture:
    return read_picture(source, name="style", least=SHORTEST)


def _pool(name: str, pictures: list[Picture]) -> PictureStyle:
    digest = joint_digest(picture.sha256 for picture in pictures)
    return PictureStyle(tuple(picture.pixels for picture in pictures), name, digest)
