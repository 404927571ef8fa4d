"""Pictures turned upright, as EXIF says."""

from __future__ import annotations

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from ..arrays import Array

__all__ = []


def turned_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Height and width, upright."""
    return size[::-1] if orientation in (5, 6, 7, 8) else size


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 where there is none or the metadata are damaged. TIFF files are turned by Pillow."""
    if isinstance(image, TiffImageFile):
        return 1
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # many cameras and editors write broken EXIF; the picture is good all the same
        return 1


def upright(array: Array, orientation: int) -> Array:
    """The array ``(H, W, C)`` turned and mirrored as EXIF orientation 1 to 8 asks."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array[:, ::-1] if orientation in (2, 3, 6, 7) else array
