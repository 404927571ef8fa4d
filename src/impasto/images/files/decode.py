"""The bytes of picture files to upright sRGB arrays, at the depth they were written with."""

from __future__ import annotations

import itertools
import math
import re
import sys
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
import tifffile
from PIL import Image, ImageChops, ImageFile, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from ...errors import PictureError
from ...machine import free_memory
from ..arrays import Array, split_alpha
from ..resample import ELSEWHERE, Within
from .blocks import block_means, reduced
from .formats import NO_PICTURES, TIFF_STARTS
from .icc import array_to_srgb, image_to_srgb
from .kinds import BEGINNING, refusal
from .orientation import orientation_of, turned_size, upright
from .png_colors import profile_of_png
from .png_strips import chunk_headers, raw_strips
from .tiff import main_picture

__all__ = ["Decoded", "decode_file", "decode_image"]

_BYTES_EACH = 24  # of a pixel that is left of a picture: whole numbers in two shapes, and floats
_STORED = {
    "1": 1,
    "L": 1,
    "P": 5,
    "I;16": 2,
    "I;16B": 2,
    "I;16L": 2,
}  # bytes a pixel in Pillow, and of the colours of a palette
_STRIP, _AT_ONCE = 2 * 10**6, 10  # bytes of a PNG that are decoded together, and how often they are there meanwhile
_LARGE = 10**8  # bytes of a PNG that are worth reading strip by strip, which takes 2.5 times as long
_DEPTHS, _PHOTOMETRIC, _PLANES, _ORIENTATION = 258, 262, 284, 274  # TIFF tags


@dataclass(frozen=True)
class Decoded:
    """A picture out of its decoder: ``(H, W, 1 to 4)`` of uint8, uint16 or float32, sRGB, upright, alpha last.

    Attributes:
        array: the numbers, perhaps fewer than there were.
        size: height and width of the whole picture, upright.
        reading: about the bytes that were taken at the highest.
        turned: whether the file itself said how it is to be turned.
    """

    array: Array
    size: tuple[int, int]
    reading: int
    turned: bool = False


def decode_file(file: BinaryIO, within: Within | None = None, large: int = _LARGE) -> Decoded:
    """The first picture of a file, made smaller where ``within`` asks for it; call it inside `decoding`.

    Where the first one is the thumbnail of another, that one is taken. A PNG of ``large`` bytes or more is read strip
    by strip.
    """
    beginning = file.read(BEGINNING)
    if beginning[:4] in TIFF_STARTS and (main := main_picture(file)):
        decoded = decode_file(main.file, within, large)
        if main.orientation < 2 or decoded.turned:
            return decoded
        turned = upright(decoded.array, main.orientation)
        return replace(decoded, array=turned, size=turned_size(decoded.size, main.orientation))
    file.seek(0)
    try:
        image = Image.open(file)
    except UnidentifiedImageError:
        if beginning[:4] in TIFF_STARTS:
            return _decode_tiff(file, within)  # colours in floats, and other layouts that Pillow does not know
        raise PictureError(*refusal(beginning)) from None
    if image.format in NO_PICTURES:
        raise PictureError(*refusal(beginning))
    if isinstance(image, TiffImageFile) and image.tag_v2.get(_PLANES) == 2 and 16 in image.tag_v2.get(_DEPTHS, ()):
        return _decode_tiff(file, within)  # Pillow gets separate planes of 16 bits wrong
    if image.format == "PNG" and (
        icc := profile_of_png(file, grey=image.mode in ("1", "L", "LA") or image.mode.startswith("I"))
    ):
        image.info["icc_profile"] = icc
    if image.format == "PNG" and not image.info.get("interlace") and (small := _by_strips(file, image, within, large)):
        return small
    if image.format in ("PNG", "TIFF") and (layout := _deep_layout(image)):
        raw = (image.height, image.width)
        factor, cost = _afford(raw, 16, within)
        deep = block_means(_decode_deep(file, image, layout), factor)
        orientation = orientation_of(image)
        return Decoded(_finish(deep, image, orientation), turned_size(raw, orientation), cost)
    return decode_image(image, within)


def _factor(size: tuple[int, int], within: Within | None) -> int:
    """By what a picture is divided, however it will be turned."""
    return min(within.factor(size), within.factor(size[::-1])) if within else 1


def _afford(
    size: tuple[int, int], bytes_each: int, within: Within | None, drafted: int = 1, beside: int = 0
) -> tuple[int, int]:
    """By what a picture is divided, and what reading it takes where each of its pixels takes so many bytes.

    Args:
        size: height and width.
        bytes_each: in the decoder.
        within: how large it is needed.
        drafted: by what the decoder divides it before it keeps anything.
        beside: bytes that it takes however large the picture is.

    Raises:
        PictureError: that is not there, or more than is allowed.
    """
    pixels, factor = size[0] * size[1], _factor(size, within)
    cost = pixels // drafted**2 * bytes_each + pixels // factor**2 * _BYTES_EACH + beside
    allowed = within.memory if within else None
    there = free_memory() if allowed is None else allowed
    if cost > there:
        free = f"{max(0, there) / 1e9:.1f} GB are free"
        told = f"has {size[1]} x {size[0]} px: reading it takes {cost / 1e9:.1f} GB, and {free}"
        if allowed is None:
            raise PictureError(told, "shrink it first, or end other programs")
        least = math.ceil((cost + ELSEWHERE) / 1e8) / 10
        raise PictureError(
            f"{told.removesuffix('free')}left of --memory", f"shrink it first, or give it --memory {least:.1f}GB"
        )
    return factor, cost


def decode_image(image: Image.Image, within: Within | None = None) -> Decoded:
    """A picture of any mode, made smaller where ``within`` asks for it, before anything is computed of it.

    Colours deeper than 8 bits a channel are not to be had from a Pillow image; `decode_file` has them.
    """
    icc, format, raw, mode = image.info.get("icc_profile"), image.format, (image.height, image.width), image.mode
    inverted = mode == "CMYK" and format == "JPEG" and "adobe" not in image.info
    white_is_zero = isinstance(image, TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == 0
    factor = _factor(raw, within)
    if factor > 1 and isinstance(image, ImageFile.ImageFile):
        image.draft(None, (-(-image.width // factor), -(-image.height // factor)))  # JPEG decodes to an eighth at once
    drafted = max(1, round(raw[1] / max(1, image.width)))
    coefficients = 3 * drafted**2 if image.info.get("progressive") else 0  # bytes a pixel, of all of them at once
    _, cost = _afford(raw, _STORED.get(mode, 4) + coefficients, within, drafted)
    image.load()
    orientation = orientation_of(image)  # which PNG has at its end
    size = turned_size(raw, orientation)
    if factor > drafted:
        image = reduced(image, factor // drafted)
    if inverted:
        image = ImageChops.invert(image)  # Pillow takes every CMYK JPEG for Adobe's inverted kind
    return Decoded(_in_srgb(image, icc, orientation, white_is_zero=white_is_zero), size, cost, turned=orientation > 1)


def _in_srgb(image: Image.Image, icc: bytes | None, orientation: int, *, white_is_zero: bool = False) -> Array:
    if image.mode[0] in "IF":
        return _finish(_single_channel(image, white_is_zero=white_is_zero), image, orientation)
    return upright(np.asarray(image_to_srgb(image, icc)), orientation)


def _by_strips(file: BinaryIO, image: ImageFile.ImageFile, within: Within | None, large: int) -> Decoded | None:
    """A PNG that is made smaller, strip by strip; None where it is small, or not made smaller."""
    raw, layout = (image.height, image.width), _deep_layout(image)
    factor, across = _factor(raw, within), image.width * (8 if layout else _STORED.get(image.mode, 4))
    rows = max(1, _STRIP // (across * factor)) * factor
    if factor == 1 or across * image.height < large:
        return None
    _, cost = _afford(raw, 0, within, beside=_AT_ONCE * rows * across)
    for kind, length in chunk_headers(file):  # Pillow would look for it by decoding everything
        if kind == b"eXIf":
            image.info["exif"] = b"Exif\0\0" + file.read(length)
    image.info.setdefault("exif", b"")
    orientation = orientation_of(image)
    strips = raw_strips(file, rows)
    if layout:
        pixels = (strip.view(">u2").reshape(len(strip), raw[1], -1) for strip in strips)
        deep = np.concatenate([block_means(strip.astype(np.uint16), factor) for strip in pixels])
        return Decoded(_finish(deep, image, orientation), turned_size(raw, orientation), cost)
    parts = [reduced(_strip(strip, image), factor) for strip in strips]
    small = Image.new(parts[0].mode, (parts[0].width, sum(part.height for part in parts)))
    for part, top in zip(parts, itertools.accumulate((part.height for part in parts), initial=0), strict=False):
        small.paste(part, (0, top))
    small.info = {} if parts[0].mode in ("LA", "RGBA") else {**image.info}  # a transparent colour has become alpha
    array = _in_srgb(small, image.info.get("icc_profile"), orientation)
    return Decoded(array, turned_size(raw, orientation), cost, turned=orientation > 1)


def _strip(raw: Array, image: ImageFile.ImageFile) -> Image.Image:
    """Rows of the bytes of a PNG as a picture of the mode, the palette and the transparency of the whole one."""
    strip = Image.frombytes(image.mode, (image.width, len(raw)), raw.tobytes(), "raw", image.tile[0].args)
    if image.palette:
        strip.palette = image.palette.copy()  # which the strip takes over at its first use
    if "transparency" in image.info:
        strip.info["transparency"] = image.info["transparency"]
    return strip


def _deep_layout(image: ImageFile.ImageFile) -> re.Match[str] | None:
    """How 16-bit colours of a PNG or TIFF are stored; None for any other picture."""
    args = image.tile[0].args if image.tile else None
    rawmode = args[0] if isinstance(args, tuple) else args
    return re.fullmatch(r"(LA|RGB[AaX]?);16([BLN])", str(rawmode))


def _decode_deep(file: BinaryIO, image: ImageFile.ImageFile, layout: re.Match[str]) -> Array:
    """16-bit colours of a PNG or TIFF, which Pillow cuts to their high bytes.

    Pillow's "16B" unpackers keep the first byte of two and its "16L" ones the second: reading the file with each gives
    both halves at the speed of C, whatever its compression, filters and interlacing.
    """
    if layout[1] == "LA":  # two numbers of two bytes fit into one pixel of four
        pairs = _reread(image, "RGBA").astype(np.uint16)
        return pairs[..., 0::2] << 8 | pairs[..., 1::2]
    base, order = layout[1].upper(), layout[2]
    swapped = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}[order]
    joined = _reread(image, f"{base};16{order}").astype(np.uint16) << 8
    file.seek(0)
    joined |= _reread(Image.open(file), f"{base};16{swapped}")
    return _unassociated(joined) if layout[1] == "RGBa" else joined


def _reread(image: ImageFile.ImageFile, rawmode: str) -> Array:
    image.tile = [
        tile._replace(args=rawmode if isinstance(tile.args, str) else (rawmode, *(tile.args or ())[1:]))
        for tile in image.tile
    ]
    return np.asarray(image)


def _decode_tiff(data: BinaryIO, within: Within | None) -> Decoded:
    data.seek(0)
    with tifffile.TiffFile(data) as file:
        page = file.pages.first
        size = (page.imagelength, page.imagewidth)
        if size[0] * size[1] > (Image.MAX_IMAGE_PIXELS or math.inf):
            raise Image.DecompressionBombError
        orientation = page.tags.valueof(_ORIENTATION, 1)
        factor, cost = _afford(size, 2 * max(1, (page.bitspersample or 8) // 8) * (page.samplesperpixel or 1), within)
        if page.photometric not in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB):
            raise ValueError(f"{tifffile.PHOTOMETRIC(page.photometric).name} colours of this depth are not known")
        array = np.moveaxis(page.asarray(), page.axes.find("S"), -1) if "S" in page.axes else page.asarray()[..., None]
    if page.extrasamples:
        array = array[..., : array.shape[2] - len(page.extrasamples) + (page.extrasamples[0] > 0)]
        array = _unassociated(array) if page.extrasamples[0] == tifffile.EXTRASAMPLE.ASSOCALPHA else array
    return Decoded(
        upright(array_to_srgb(block_means(array, factor), page.iccprofile), orientation),
        turned_size(size, orientation),
        cost,
    )


def _unassociated(array: Array) -> Array:
    """Colours that were stored multiplied by their alpha, divided by it again."""
    colors, alpha = (part.astype(np.float32) for part in split_alpha(array))
    peak = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
    straight = np.divide(colors * peak, alpha, out=np.zeros_like(colors), where=alpha > 0).clip(0, peak)
    return np.concatenate([straight if array.dtype.kind == "f" else np.rint(straight), alpha], axis=2).astype(
        array.dtype
    )


def _single_channel(image: Image.Image, *, white_is_zero: bool) -> Array:
    """Grey of 16 bits or in floats; whole numbers of 32 bits count as 16 where they fit, and are refused later where
    not."""
    numbers = np.asarray(image)[..., None]
    if image.mode == "F" or (image.mode == "I" and (numbers.min() < 0 or numbers.max() > 65535)):
        return numbers
    return np.subtract(65535, numbers, dtype=np.int32).astype(np.uint16) if white_is_zero else numbers.astype(np.uint16)


def _finish(array: Array, image: Image.Image, orientation: int) -> Array:
    """What Pillow does for 8 bits: the transparent colour made alpha, the profile, and the orientation."""
    key = image.info.get("transparency")
    if key is not None and array.dtype == np.uint16:
        opaque = np.any(array != np.asarray(key), axis=2, keepdims=True)
        array = np.concatenate([array, opaque * np.uint16(65535)], axis=2)
    return upright(array_to_srgb(array, image.info.get("icc_profile")), orientation)
