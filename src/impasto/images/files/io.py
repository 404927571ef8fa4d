"""Pictures in and out: everything a user may hand in becomes the one image tensor, and tensors become files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from torch import Tensor

from ...errors import OutputError, PictureError
from ...files import check_replaced, check_writable, is_folder, write_bytes, write_text
from ..arrays import array_of_tensor, check_range, check_shape, peak_of, quantize, tensors_of_array
from ..resample import Within, shrunk
from .decode import Decoded, decode_file, decode_image
from .encode import check_size, encode, format_of
from .icc import srgb_profile
from .opening import decoding, is_picture, opened, read_record

__all__ = [
    "Picture",
    "Source",
    "Within",
    "check_output",
    "check_size",
    "check_writable",
    "read_picture",
    "read_record",
    "save_picture",
    "to_pil",
    "write_text",
]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as everything above this room knows it."""

    pixels: Tensor
    """RGB, sRGB-encoded, float32 in [0, 1], ``(1, 3, H, W)``; not multiplied by alpha."""
    alpha: Tensor | None
    """Float32 in [0, 1], ``(1, 1, H, W)``; None where there is no transparency."""
    name: str
    """The path it was read from, or ``"array"``."""
    sha256: str
    """Of the bytes of the file, or of the array ``(H, W, C)``."""
    size: tuple[int, int] = (0, 0)
    """Height and width before it was made smaller; by default those of ``pixels``."""
    reading: int = 0
    """About the bytes that reading it took at its highest."""

    def __post_init__(self) -> None:
        if self.size == (0, 0):
            object.__setattr__(self, "size", (self.pixels.shape[2], self.pixels.shape[3]))


Source = str | os.PathLike[str] | Image.Image | np.ndarray[Any, Any] | Tensor | Picture


def read_picture(source: Source, *, name: str = "picture", least: int = 1, within: Within | None = None) -> Picture:
    """Read a file, or take an image, array or tensor, as the picture it is: upright, sRGB, alpha kept.

    Args:
        source: a path; a PIL image; an array ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)`` of uint8, uint16 or floats in
            [0, 1]; a tensor ``(3, H, W)`` or ``(1, 3, H, W)`` of the same types; or a `Picture`, which is returned.
            A uint8 value v becomes v / 255, a uint16 value v / 65535. Of several frames or pages the first is read.
        name: what messages call a source that has no path.
        least: px that a side has at least.
        within: how large it is needed at most. A larger one is made smaller, on the way out of its decoder where that
            can (JPEG), before anything is computed of it; a `Picture` stays as it is.

    Raises:
        PictureError: the source is missing, empty, damaged, too large, too small, or no picture. The hint says what to
            do.
    """
    picture = _read(source, name, within)
    height, width = picture.size
    if min(height, width) < least:
        raise PictureError(f"{picture.name} is {width} x {height} px", f"give a picture of at least {least} px a side")
    return picture


def _read(source: Source, name: str, within: Within | None) -> Picture:
    if isinstance(source, Picture):
        return source
    if isinstance(source, (str, os.PathLike)):
        return _read_file(os.fspath(source), within)
    if isinstance(source, Image.Image):
        with decoding(name):
            decoded = decode_image(source)  # whole, as it is in memory: its hash is that of all its pixels
    elif isinstance(source, (Tensor, np.ndarray)):
        array = array_of_tensor(source, name) if isinstance(source, Tensor) else source
        check_shape(array, name)
        decoded = Decoded(array, (array.shape[0], array.shape[1]), 0)
    else:
        raise PictureError(
            f"{name} is of type {type(source).__name__}", "give a path, a PIL image, an array or a tensor"
        )
    digest = hashlib.sha256(np.ascontiguousarray(decoded.array).data).hexdigest()
    return _picture(decoded, name, "array", digest, within)


def save_picture(
    pixels: Tensor,
    path: str | os.PathLike[str],
    *,
    alpha: Tensor | None = None,
    quality: int = 95,
    bits: int = 8,
    record: str | None = None,
) -> None:
    """Write a picture whole or not at all; the suffix decides the format, and equal arguments give equal bytes.

    Args:
        pixels: ``(1, 3, H, W)``, sRGB-encoded; clamped to [0, 1] and rounded.
        path: ``.png .jpg .jpeg .webp .tif .tiff .bmp .gif``. JPEG and BMP show transparency on white.
        alpha: ``(1, 1, H, W)`` or None.
        quality: of JPEG and WebP, 1 to 100.
        bits: 8, or 16 for PNG and TIFF.
        record: a text that `read_record` gives back; left out of BMP and GIF, and of JPEG beyond 64 kB.

    Raises:
        OutputError: the pixels hold NaN or infinity, or the file cannot be written; what was there before is untouched.
    """
    format = format_of(os.fspath(path), bits)
    write_bytes(path, encode(quantize(pixels, alpha, bits), format, quality, record))


def check_output(path: str | os.PathLike[str], *, bits: int = 8) -> None:
    """Refuse a path that `save_picture` could not write, before a run starts.

    Raises:
        OutputError: the suffix is unknown or has no such depth, the folder is missing, read-only or full, or the file
            that is there is no picture.
    """
    name = os.fspath(path)
    if name.endswith(("/", os.sep)) or is_folder(path):
        raise OutputError(f"{name!r} is a folder", f"give a file in it, as {str(Path(path) / 'painted.png')!r}")
    format_of(name, bits)
    check_writable(path)
    check_replaced(path, is_picture, "picture")


def to_pil(pixels: Tensor, alpha: Tensor | None = None) -> Image.Image:
    """Pixels ``(1, 3, H, W)`` as a PIL image of 8 bits, RGB or RGBA, with the sRGB profile that its `save` embeds.

    Raises:
        OutputError: the pixels hold NaN or infinity, or a shape is another one.
    """
    image = Image.fromarray(quantize(pixels, alpha, 8))
    image.info["icc_profile"] = srgb_profile()
    return image


def _read_file(path: str, within: Within | None) -> Picture:
    with opened(path) as file, decoding(repr(path)):
        digest = _digest(file)
        decoded = decode_file(file, within)
    return _picture(decoded, repr(path), path, digest, within)


def _digest(file: BinaryIO) -> str:
    """SHA-256 of a file, which is then at its beginning again."""
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def _picture(decoded: Decoded, label: str, name: str, digest: str, within: Within | None) -> Picture:
    array, size = decoded.array, decoded.size
    target = within.fit(size) if within else None
    if within and target:
        check_range(array, label)
        array = shrunk(array if array.ndim == 3 else array[..., None], peak_of(array), target, within.filter)
    pixels, alpha = tensors_of_array(array, label)
    return Picture(pixels=pixels, alpha=alpha, name=name, sha256=digest, size=size, reading=decoded.reading)
