"""Arrays of whole numbers to the bytes of picture files, sRGB profile and run record included."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import PurePath
from typing import Any

import numpy as np
import tifffile
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from ...errors import OutputError
from ..arrays import Array
from .formats import FORMATS, PNG_KEYWORD, SOFTWARE
from .icc import srgb_profile

__all__ = ["check_size", "encode", "flatten", "format_of"]

_LONGEST = {
    "WEBP": 16_383,
    "JPEG": 65_500,
    "GIF": 65_535,
}  # px a side; libjpeg's own bound is a little below the format's
_DEEP_FORMATS = ("PNG", "TIFF")
_OPAQUE_FORMATS = ("JPEG", "BMP")
_FINE_QUALITY = 90  # from here JPEG keeps the colours at full resolution: brush strokes are thin and colourful
_JPEG_SEGMENT = 65_000  # bytes; what a JPEG file can hold of metadata in one piece, and a little room


def format_of(path: str | PurePath, bits: int) -> str:
    """The format that the suffix of ``path`` stands for.

    Raises:
        OutputError: the suffix is not known, or the format has no such depth.
    """
    suffix = PurePath(path).suffix.lower()
    if suffix not in FORMATS:
        problem = f"has the unknown suffix {suffix!r}" if suffix else "has no suffix"
        raise OutputError(f"{str(path)!r} {problem}", f"known: {', '.join(FORMATS)}")
    if bits not in (8, 16):
        raise OutputError(f"{bits} bits a channel are asked for", "give 8 or 16")
    if bits == 16 and FORMATS[suffix] not in _DEEP_FORMATS:
        raise OutputError(f"{suffix} files have no 16 bits a channel", "save as .png or .tiff, or with 8 bits")
    return FORMATS[suffix]


def check_size(path: str | PurePath, size: tuple[int, int]) -> None:
    """Refuse a picture of ``size`` (height, width) that the format of ``path`` cannot hold.

    Raises:
        OutputError: see above.
    """
    format = FORMATS.get(PurePath(path).suffix.lower(), "")
    most = _LONGEST.get(format, max(size))
    if max(size) > most:
        told = f"{format} holds pictures of up to {most} px a side, and this one has {size[1]} x {size[0]} px"
        raise OutputError(told, "save as .png or .tiff")


def flatten(array: Array) -> Array:
    """An array ``(H, W, 3 or 4)`` without its alpha, seen on white paper; ``(H, W, 3)``, same type."""
    if array.shape[2] == 3:
        return array
    peak = np.iinfo(array.dtype).max
    alpha = array[..., 3:] / np.float32(peak)
    return np.rint(array[..., :3] * alpha + peak * (1 - alpha)).astype(array.dtype)


def encode(array: Array, format: str, quality: int, record: str | None) -> bytes:
    """The file of an array ``(H, W, 3 or 4)`` of uint8 or uint16; the same bytes for the same arguments.

    Args:
        format: as `format_of` gave it.
        quality: of JPEG and WebP, 1 to 100; 100 is lossless for WebP.
        record: a text to embed; left out where the format has no place for it (BMP, GIF, and JPEG beyond 64 kB).

    Raises:
        OutputError: the format cannot hold such a picture, for example because it is too large.
    """
    opaque = flatten(array) if format in _OPAQUE_FORMATS else array
    try:
        if format == "TIFF":
            return _encode_tiff(opaque, record)
        if opaque.dtype == np.uint16:
            return _encode_png16(opaque, record)
        file = io.BytesIO()
        Image.fromarray(opaque).save(file, format, **_options(format, quality, record))
    except (OSError, ValueError, struct.error) as error:  # mostly: too many pixels for the format
        size = f"{array.shape[1]} x {array.shape[0]}"
        raise OutputError(
            f"{format} cannot hold this picture of {size} pixels: {error}", "save as .png or .tiff"
        ) from error
    return file.getvalue()


def _options(format: str, quality: int, record: str | None) -> dict[str, Any]:
    profile = {"icc_profile": srgb_profile()}
    if format == "PNG":
        text = PngInfo()
        if record is not None:
            text.add_itxt(PNG_KEYWORD, record)
        return {**profile, "pnginfo": text}
    if format == "JPEG":
        exif = _exif(record)
        subsampling = "4:4:4" if quality >= _FINE_QUALITY else "4:2:0"
        return {
            **profile,
            "quality": quality,
            "subsampling": subsampling,
            "optimize": True,
            "exif": exif if len(exif) < _JPEG_SEGMENT else b"",
        }
    if format == "WEBP":
        return {**profile, "quality": quality, "lossless": quality == 100, "exact": True, "exif": _exif(record)}
    return {}


def _exif(record: str | None) -> bytes:
    """The record as EXIF image description, in UTF-8 as most readers expect, though the standard says ASCII."""
    if record is None:
        return b""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = record.encode("utf-8")
    exif[ExifTags.Base.Software] = SOFTWARE
    return exif.tobytes()


def _encode_tiff(array: Array, record: str | None) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        array,
        photometric="rgb",
        extrasamples=["unassalpha"] if array.shape[2] == 4 else None,
        compression="zlib",
        predictor=True,
        description=None if record is None else record.encode("utf-8"),
        software=SOFTWARE if record is not None else False,
        iccprofile=srgb_profile(),
        metadata=None,
    )
    return file.getvalue()


def _encode_png16(array: Array, record: str | None) -> bytes:
    """PNG (ISO/IEC 15948) with 16 bits a channel, which Pillow cannot write. Every row is filtered by the one above
    it."""
    height, width, channels = array.shape
    rows = array.astype(">u2").view(np.uint8).reshape(height, -1)
    filtered = np.full((height, 1 + rows.shape[1]), 2, np.uint8)  # 2: the filter "up", modulo 256
    filtered[:, 1:] = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))
    header = struct.pack(">2I5B", width, height, 16, 6 if channels == 4 else 2, 0, 0, 0)
    profile = b"sRGB\0\0" + zlib.compress(srgb_profile())
    text = b"" if record is None else _chunk(b"iTXt", PNG_KEYWORD.encode() + b"\0\0\0\0\0" + record.encode("utf-8"))
    pixels = zlib.compress(filtered.tobytes())
    head = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"iCCP", profile) + text
    return head + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
