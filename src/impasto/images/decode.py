"""The bytes of picture files to upright sRGB arrays, at the depth they were written with."""

from __future__ import annotations

import contextlib
import io
import math
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import tifffile
from PIL import ExifTags, Image, ImageChops, ImageFile, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from ..errors import PictureError
from .arrays import Array, split_alpha
from .color import array_to_srgb, image_to_srgb

__all__ = ["decode_file", "decode_image", "decoding", "is_picture", "readable_suffixes"]

# Drawings, for which Pillow would start another program; films; and containers of numbers, most of which it cannot read.
_NO_PICTURES = ("EPS", "WMF", "PDF", "MPEG", "FLI", "HDF5", "GRIB", "BUFR", "FITS")
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PILLOWS = 1024**3 // 12  # pixels at which Pillow warns if it is not told otherwise: 89 million
_MOST_PIXELS, _BYTES_EACH = 10**9, 20  # what a picture takes while it is read: whole numbers, and three floats
_DEPTHS, _PHOTOMETRIC, _PLANES, _ORIENTATION = 258, 262, 284, 274  # TIFF tags


@contextlib.contextmanager
def decoding(name: str) -> Iterator[None]:
    """Whatever a decoder raises becomes a `PictureError` about ``name``; its warnings are not shown."""
    limit = _most_pixels()
    bomb = PictureError(
        f"{name} has more than {(limit or 0) / 1e6:.0f} million pixels",
        "shrink it first, or raise PIL.Image.MAX_IMAGE_PIXELS if you trust it",
    )
    with warnings.catch_warnings(), _limited(limit):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise bomb from error
        except UnidentifiedImageError as error:
            raise PictureError(f"{name} is not a picture", "give a JPEG, PNG, WebP, TIFF, BMP or GIF file") from error
        except Exception as error:  # decoders raise nearly everything: OSError, SyntaxError, struct.error, zlib.error ...
            raise PictureError(
                f"{name} cannot be read to its end: {error}", "get a fresh copy, or save it anew as PNG"
            ) from error


def _most_pixels() -> int | None:
    """Pillow's limit where somebody has set one; else what memory is there for: any small file may claim any size."""
    if Image.MAX_IMAGE_PIXELS != _PILLOWS:
        return Image.MAX_IMAGE_PIXELS
    return max(_PILLOWS, min(_MOST_PIXELS, psutil.virtual_memory().available // _BYTES_EACH))


@contextlib.contextmanager
def _limited(limit: int | None) -> Iterator[None]:
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, limit
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def decode_file(data: bytes) -> Array:
    """The first picture of a file as an array ``(H, W, C)``, see `decode_image`; call it inside `decoding`."""
    try:
        image = Image.open(io.BytesIO(data))
    except UnidentifiedImageError:
        if data[:4] not in _TIFF_STARTS:
            raise
        return _decode_tiff(data)  # colours in floats, and other layouts that Pillow does not know
    if image.format in _NO_PICTURES:
        raise UnidentifiedImageError
    if isinstance(image, TiffImageFile) and image.tag_v2.get(_PLANES) == 2 and 16 in image.tag_v2.get(_DEPTHS, ()):
        return _decode_tiff(data)  # Pillow gets separate planes of 16 bits wrong
    deep = _decode_deep(data, image) if image.format in ("PNG", "TIFF") else None
    return decode_image(image) if deep is None else _finish(deep, image)


def readable_suffixes() -> frozenset[str]:
    """The suffixes of the files that are pictures, as ``.png``: those of every format that `decode_file` knows."""
    Image.init()
    return frozenset(suffix for suffix, format in Image.EXTENSION.items() if format in Image.OPEN and format not in _NO_PICTURES)


def is_picture(path: Path) -> bool:
    """Whether the beginning of a file is that of a picture that some decoder knows."""
    try:
        with path.open("rb") as file, decoding(str(path)):
            if file.read(4) in _TIFF_STARTS:
                return True
            file.seek(0)
            Image.open(file).close()
    except PictureError:
        return False
    return True


def decode_image(image: Image.Image) -> Array:
    """A picture of any mode as an array ``(H, W, 1 to 4)`` of uint8, uint16 or float32: sRGB, upright, alpha last.

    Colours deeper than 8 bits a channel are not to be had from a Pillow image; `decode_file` has them.
    """
    image.load()
    if image.mode[0] in "IF":
        return _finish(_single_channel(image), image)
    icc, orientation = image.info.get("icc_profile"), _orientation(image)
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        image = ImageChops.invert(image)  # Pillow takes every CMYK JPEG for Adobe's inverted kind
    return _upright(np.asarray(image_to_srgb(image, icc)), orientation)


def _decode_deep(data: bytes, image: ImageFile.ImageFile) -> Array | None:
    """16-bit colours of a PNG or TIFF, which Pillow cuts to their high bytes; None for any other picture.

    Pillow's "16B" unpackers keep the first byte of two and its "16L" ones the second: reading the file with each gives
    both halves at the speed of C, whatever its compression, filters and interlacing.
    """
    args = image.tile[0].args if image.tile else None
    rawmode = args[0] if isinstance(args, tuple) else args
    layout = re.fullmatch(r"(LA|RGB[AaX]?);16([BLN])", str(rawmode))
    if not layout:
        return None
    if layout[1] == "LA":  # two numbers of two bytes fit into one pixel of four
        pairs = _reread(image, "RGBA").astype(np.uint16)
        return pairs[..., 0::2] << 8 | pairs[..., 1::2]
    base, order = layout[1].upper(), layout[2]
    swapped = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}[order]
    low = _reread(Image.open(io.BytesIO(data)), f"{base};16{swapped}")
    joined = _reread(image, f"{base};16{order}").astype(np.uint16) << 8 | low
    return _unassociated(joined) if layout[1] == "RGBa" else joined


def _reread(image: ImageFile.ImageFile, rawmode: str) -> Array:
    image.tile = [
        tile._replace(args=rawmode if isinstance(tile.args, str) else (rawmode, *(tile.args or ())[1:])) for tile in image.tile
    ]
    return np.asarray(image)


def _decode_tiff(data: bytes) -> Array:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        if page.imagewidth * page.imagelength > (Image.MAX_IMAGE_PIXELS or math.inf):
            raise Image.DecompressionBombError
        if page.photometric not in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB):
            raise ValueError(f"{tifffile.PHOTOMETRIC(page.photometric).name} colours of this depth are not known")
        array = np.moveaxis(page.asarray(), page.axes.find("S"), -1) if "S" in page.axes else page.asarray()[..., None]
    if page.extrasamples:
        array = array[..., : array.shape[2] - len(page.extrasamples) + (page.extrasamples[0] > 0)]
        array = _unassociated(array) if page.extrasamples[0] == tifffile.EXTRASAMPLE.ASSOCALPHA else array
    return _upright(array_to_srgb(array, page.iccprofile), page.tags.valueof(_ORIENTATION, 1))


def _unassociated(array: Array) -> Array:
    """Colours that were stored multiplied by their alpha, divided by it again."""
    colors, alpha = (part.astype(np.float32) for part in split_alpha(array))
    peak = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
    straight = np.divide(colors * peak, alpha, out=np.zeros_like(colors), where=alpha > 0).clip(0, peak)
    return np.concatenate([straight if array.dtype.kind == "f" else np.rint(straight), alpha], axis=2).astype(array.dtype)


def _single_channel(image: Image.Image) -> Array:
    """Grey of 16 bits or in floats; whole numbers of 32 bits count as 16 where they fit, and are refused later where not."""
    numbers = np.asarray(image)[..., None]
    if image.mode == "F" or (image.mode == "I" and (numbers.min() < 0 or numbers.max() > 65535)):
        return numbers
    white_is_zero = isinstance(image, TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == 0
    return np.subtract(65535, numbers, dtype=np.int32).astype(np.uint16) if white_is_zero else numbers.astype(np.uint16)


def _finish(array: Array, image: Image.Image) -> Array:
    """What Pillow does for 8 bits: the transparent colour made alpha, the profile, and the orientation."""
    key = image.info.get("transparency")
    if key is not None and array.dtype == np.uint16:
        opaque = np.any(array != np.asarray(key), axis=2, keepdims=True)
        array = np.concatenate([array, opaque * np.uint16(65535)], axis=2)
    return _upright(array_to_srgb(array, image.info.get("icc_profile")), _orientation(image))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 where there is none or the metadata are damaged. Pillow has already turned TIFF files."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # many cameras and editors write broken EXIF; the picture is good all the same
        return 1


def _upright(array: Array, orientation: int) -> Array:
    """The array ``(H, W, C)`` turned and mirrored as EXIF orientation 1 to 8 asks."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array[:, ::-1] if orientation in (2, 3, 6, 7) else array
