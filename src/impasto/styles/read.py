"""Reading of styles from what a user gives: pictures, folders, style files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..files import is_folder
from ..images.files.folder import expanded, joint_digest
from ..images.files.io import Picture, read_picture
from ..images.resample import Within
from .picture_style import SHORTEST, PictureStyle
from .style import KeptStyle, Style
from .style_file import SUFFIX, LearntStyle, read_learnt

__all__ = ["read_pictures", "read_style"]


def read_style(source: Any, within: Within | None = None) -> Style:
    """Read a style: a picture, a folder of pictures, which are pooled, or a style file.

    Args:
        source: anything that `read_picture` accepts, the path of a folder or of a ``.style`` file, or a style, which
            is returned as it is.
        within: as of `read_picture`, from `needed_of_styles`; None reads pictures at full size.

    Returns:
        The `Style`.

    Raises:
        PictureError: a picture cannot be read or has a side below 16 px, or the folder has none.
        StyleError: a style file is missing, damaged, or of a later version.
    """
    if isinstance(source, (PictureStyle, LearntStyle, KeptStyle)):
        return source
    if isinstance(source, (str, os.PathLike)):
        if is_folder(source):
            pictures = read_pictures([source], within)
            digest = joint_digest(picture.sha256 for picture in pictures)
            reading = max(picture.reading for picture in pictures)
            return PictureStyle(
                tuple(picture.pixels for picture in pictures), os.fspath(source), digest, reading=reading
            )
        if Path(source).suffix == SUFFIX:
            return read_learnt(source)
    (picture,) = read_pictures([source], within)
    return PictureStyle((picture.pixels,), picture.name, picture.sha256, reading=picture.reading, size=picture.size)


def read_pictures(sources: Iterable[Any], within: Within | None = None) -> list[Picture]:
    """Read style pictures.

    Args:
        sources: as of `read_style`; a folder stands for the pictures in it.
        within: as of `read_style`.

    Returns:
        The pictures.

    Raises:
        PictureError: as of `read_style`.
    """
    each = (path for source in sources for path in expanded(source))
    return [read_picture(source, name="style", least=SHORTEST, within=within) for source in each]
