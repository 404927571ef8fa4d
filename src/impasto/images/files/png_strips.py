"""PNG files by strips of rows, so that a large picture is never in memory whole (W3C, PNG third edition, sections 7 to
10)."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from PIL import Image

from ..arrays import Array

__all__ = ["chunk_headers", "raw_strips"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a colour type
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # that have so many bytes a pixel, at 8 bits a channel
_AT_ONCE = 1 << 20  # bytes that are read, and inflated


def chunk_headers(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The type and the length of each chunk; the file then stands at its data, and may be moved before the next one."""
    place = len(_SIGNATURE)
    while True:
        file.seek(place)
        if len(header := file.read(8)) < 8:
            return
        length, kind = struct.unpack(">I4s", header)
        yield kind, length
        place += 12 + length


def raw_strips(file: BinaryIO, rows: int) -> Iterator[Array]:
    """The bytes of the pixels, ``(rows, bytes a row)`` of uint8; the last strip may have fewer rows.

    A row is kept as differences to the one above. Pillow undoes that, in C: a strip is given to it as a small file,
    which begins with the last row of the strip before. Differences are taken of bytes, each to the same byte of another
    pixel, so pixels of 6 and 8 bytes become two pictures of 3 and 4.

    Args:
        file: a PNG that is not interlaced; at any place.
        rows: of a strip.

    Raises:
        OSError: the file ends too early.
        zlib.error: its data are damaged.
    """
    file.seek(len(_SIGNATURE) + 8)
    width, height, depth, color_type = struct.unpack(">IIBB", file.read(10))
    bits = depth * _CHANNELS[color_type]
    across, pixel = -(-width * bits // 8), max(1, bits // 8)
    data, above, ready = _inflated(file), np.zeros((1, 1 + across), np.uint8), bytearray()
    for top in range(0, height, rows):
        wanted = min(rows, height - top) * (1 + across)
        while len(ready) < wanted:
            if not (more := next(data, b"")):
                raise OSError("image file is truncated")
            ready += more
        filtered = np.concatenate([above, np.frombuffer(bytes(ready[:wanted]), np.uint8).reshape(-1, 1 + across)])
        del ready[:wanted]
        strip = _unfiltered(filtered, pixel)
        above = np.concatenate([np.zeros((1, 1), np.uint8), strip[-1:]], axis=1)  # 0: a row that is no difference
        yield strip[1:]


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    inflate = zlib.decompressobj()
    for kind, length in chunk_headers(file):
        left = length if kind == b"IDAT" else 0
        while left and (part := file.read(min(left, _AT_ONCE))):
            left -= len(part)
            while part:
                if made := inflate.decompress(part, _AT_ONCE):
                    yield made
                part = inflate.unconsumed_tail


def _unfiltered(filtered: Array, pixel: int) -> Array:
    """Rows ``(n, 1 + bytes)`` that begin with the type of their filter, as they were before; without the type."""
    rows, kinds = len(filtered), filtered[:, :1]
    pixels = filtered[:, 1:].reshape(rows, -1, pixel)
    parts = []
    for lanes in np.array_split(np.arange(pixel), -(-pixel // 4)):
        part = np.concatenate([kinds, pixels[..., lanes].reshape(rows, -1)], axis=1)
        small = _png(part, pixels.shape[1], len(lanes))
        with Image.open(small) as image:
            parts.append(np.asarray(image).reshape(rows, -1, len(lanes)))
    return np.concatenate(parts, axis=2).reshape(rows, -1)


def _png(filtered: Array, width: int, pixel: int) -> io.BytesIO:
    header = struct.pack(">IIBBBBB", width, len(filtered), 8, _COLOR_TYPES[pixel], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 0)), (b"IEND", b""))
    return io.BytesIO(
        _SIGNATURE
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
    )
