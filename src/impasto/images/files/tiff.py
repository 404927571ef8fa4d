"""The main picture of a TIFF file, and of the camera files that are TIFF: the first one is often a thumbnail."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import tifffile

from ...errors import PictureError

__all__ = ["Main", "main_picture"]

_REDUCED = 1  # bit of NewSubfileType
_CAMERA = (tifffile.PHOTOMETRIC.CFA, tifffile.PHOTOMETRIC.LINEAR_RAW)
_ORIENTATION, _JPEG_START, _JPEG_LENGTH = 274, 513, 514
_THUMBNAIL = (
    512  # px: a first picture as small as this, beside one that is far larger, is one though it does not say so
)
_FAR = 3  # times as long
_PREVIEW = 0.5  # of the raw picture's long side: a preview that is as large as this will do


@dataclass(frozen=True)
class Main:
    """Where the main picture lies: in ``file``, whose first picture it is, turned by the EXIF ``orientation`` if it is
    not 0."""

    file: BinaryIO
    orientation: int = 0


@dataclass(frozen=True)
class _Candidate:
    pixels: int
    long: int
    offset: int  # of its directory
    oriented: bool = False  # says itself how it is to be turned
    jpeg: tuple[int, int] | None = None  # start and length of a whole JPEG file


def main_picture(file: BinaryIO) -> Main | None:
    """The largest picture that is no camera's raw data, where the first one is a thumbnail; None where it is not.

    Raises:
        PictureError: the file is a camera's, and holds nothing larger than a thumbnail beside the raw data.
    """
    file.seek(0)
    try:
        with tifffile.TiffFile(file) as tiff:
            first: Any = tiff.pages.first
            pages = list(_pages(tiff))
            raw = max(
                (max(page.imagewidth, page.imagelength) for page in pages if page.photometric in _CAMERA), default=0
            )
            others = [*map(_candidate, (page for page in pages if page.photometric not in _CAMERA)), *_jpegs(pages)]
            orientation = int(first.tags.valueof(_ORIENTATION, 1))
            long, photometric = max(first.imagewidth, first.imagelength), first.photometric
            small = bool(first.subfiletype & _REDUCED) or long <= _THUMBNAIL
            order, big = tiff.byteorder, tiff.is_bigtiff
    except Exception:  # a damaged file, of which the decoder will say what is wrong
        return None
    best = max((each for each in others if each), key=lambda each: each.pixels, default=None)
    if raw:
        if best is None or best.long < _PREVIEW * raw:
            size = f", with a preview of {best.long} px only" if best else ""
            raise PictureError(
                f"is a camera's raw file{size}", "develop it first, or give the JPEG that the camera wrote"
            )
    elif not (small and best and best.long >= _FAR * long):
        return None
    if best is None or (best.offset == first.offset and not best.jpeg and photometric not in _CAMERA):
        return None
    if best.jpeg:
        file.seek(best.jpeg[0])
        return Main(io.BytesIO(file.read(best.jpeg[1])), orientation)
    return Main(_beginning_with(file, best.offset, order, big=big), 0 if best.oriented else orientation)


def _pages(tiff: Any) -> Iterator[Any]:
    for page in tiff.pages:
        yield page
        yield from page.pages or ()


def _candidate(page: Any) -> _Candidate | None:
    """A page as what may be shown; None for one without pixels of its own."""
    pixels = page.imagewidth * page.imagelength
    if not (pixels and page.dataoffsets) or _JPEG_START in page.tags:
        return None
    return _Candidate(pixels, max(page.imagewidth, page.imagelength), page.offset, oriented=_ORIENTATION in page.tags)


def _jpegs(pages: list[Any]) -> Iterator[_Candidate]:
    """Whole JPEG files that directories point to: the previews of many cameras."""
    for page in pages:
        for start, length in zip(
            *map(_numbers, (page.tags.valueof(_JPEG_START), page.tags.valueof(_JPEG_LENGTH))), strict=False
        ):
            if size := _jpeg_size(page.parent.filehandle, start, length):
                yield _Candidate(size[0] * size[1], max(size), page.offset, jpeg=(start, length))


def _numbers(value: Any) -> tuple[int, ...]:
    """A tag's value, which may be missing, a number or several."""
    return value if isinstance(value, tuple) else () if value is None else (int(value),)


def _jpeg_size(handle: Any, start: int, length: int) -> tuple[int, int] | None:
    from PIL import Image

    handle.seek(start)
    try:
        return Image.open(io.BytesIO(handle.read(length))).size
    except Exception:  # no JPEG after all
        return None


def _beginning_with(file: BinaryIO, offset: int, order: str, *, big: bool) -> BinaryIO:
    """The file with another first directory: its header points to the one at ``offset``."""
    file.seek(0)
    data = bytearray(file.read())
    struct.pack_into(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4, offset)
    return io.BytesIO(data)
