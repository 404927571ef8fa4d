"""The colours of a PNG without a profile: its chunks cICP, gAMA and cHRM as an ICC profile (W3C, PNG third edition)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from ...errors import PictureError
from ..arrays import Array
from .png_strips import chunk_headers

__all__ = ["profile_of_png"]

_SRGB_GAMMA, _ALIKE = 1 / 2.2, 0.01  # written by programs that mean sRGB; libpng takes it for that as well
_D65 = (0.3127, 0.3290)
_BT709 = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_PRIMARIES = {  # of cICP, ITU-T H.273 table 2
    1: (_D65, *_BT709),
    5: (_D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: (_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    9: (_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: ((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: (_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_BT709_CURVE = (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
_CURVES: dict[int, tuple[float, ...]] = {  # table 3, as ICC's parametric curves: a power, or five numbers
    1: _BT709_CURVE,
    4: (2.2,),
    5: (2.8,),
    6: _BT709_CURVE,
    8: (1.0,),
    13: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    14: _BT709_CURVE,
    15: _BT709_CURVE,
}
_HDR = {16: "PQ", 18: "HLG"}
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])

Chromaticities = tuple[tuple[float, float], ...]
"""``(x, y)`` of white, red, green and blue."""


def profile_of_png(file: BinaryIO, *, grey: bool) -> bytes | None:
    """The profile that the chunks of a PNG stand for; None where they mean sRGB, say nothing, or the file has one of
    its own.

    Of several the most telling counts: cICP, then a profile (iCCP), then sRGB, then gAMA with cHRM.

    Args:
        file: at any place, at which it is left.
        grey: whether the picture has one channel.

    Raises:
        PictureError: the values are those of a high dynamic range, PQ or HLG.
    """
    place = file.tell()
    chunks = dict(_chunks(file))
    file.seek(place)
    if len(chunks.get(b"cICP", b"")) == 4:
        primaries, transfer = chunks[b"cICP"][:2]
        if transfer in _HDR:
            raise PictureError(f"is of high dynamic range ({_HDR[transfer]})", "save it with 8 bits in sRGB first")
        if primaries in _PRIMARIES and transfer in _CURVES:
            return (
                None
                if (primaries, transfer) == (1, 13)
                else _profile(_PRIMARIES[primaries], _CURVES[transfer], grey=grey)
            )
    if b"iCCP" in chunks or b"sRGB" in chunks:
        return None
    gamma = _numbers(chunks.get(b"gAMA", b""), 1)
    white = _numbers(chunks.get(b"cHRM", b""), 8)
    if not (gamma and gamma[0] > 0) and not white:
        return None
    power = gamma[0] if gamma and gamma[0] > 0 else _SRGB_GAMMA
    points: Chromaticities = tuple(zip(white[::2], white[1::2], strict=True)) if white else (_D65, *_BT709)
    usual = grey or np.allclose(points, (_D65, *_BT709), atol=1e-3)
    if usual and abs(power / _SRGB_GAMMA - 1) < _ALIKE:
        return None
    return _profile(points, (1 / power,), grey=grey)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Those before the pixels; of long ones, which say nothing of colours here, without their data."""
    for kind, length in chunk_headers(file):
        if kind == b"IDAT":
            return
        yield kind, file.read(length) if length < 1 << 16 else b""


def _numbers(chunk: bytes, count: int) -> tuple[float, ...]:
    """Whole numbers of 100,000ths; none where the chunk has another length."""
    return tuple(number / 100_000 for number in struct.unpack(f">{count}I", chunk)) if len(chunk) == 4 * count else ()


def _profile(points: Chromaticities, curve: tuple[float, ...], *, grey: bool) -> bytes | None:
    """A matrix profile, ICC.1:2022; None where the chromaticities span no colours."""
    try:
        matrix = _to_d50(points)
    except (ArithmeticError, np.linalg.LinAlgError):
        return None
    kind = 0 if len(curve) == 1 else 3
    trc = struct.pack(f">4s4xHxx{len(curve)}i", b"para", kind, *(round(each * 65536) for each in curve))
    tags = {b"wtpt": _xyz(_D50)}
    if grey:
        tags[b"kTRC"] = trc
    else:
        tags |= {band + b"XYZ": _xyz(matrix[:, place]) for place, band in enumerate((b"r", b"g", b"b"))}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), trc)
    offset, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    space = b"GRAY" if grey else b"RGB "
    head = struct.pack(
        ">I4sI4s4s4s6H4s", offset + len(body), b"", 0x04200000, b"mntr", space, b"XYZ ", 2026, 1, 1, 0, 0, 0, b"acsp"
    )
    return (head + b"\0" * 28 + _xyz(_D50)[8:]).ljust(128, b"\0") + table + body


def _to_d50(points: Chromaticities) -> Array:
    """XYZ of red, green and blue in columns, adapted to D50 as profiles have it, by Bradford's transform."""
    white, *primaries = ([x / y, 1.0, (1 - x - y) / y] for x, y in points)
    columns = np.array(primaries).T
    scaled = columns * np.linalg.solve(columns, np.array(white))
    gains = (_BRADFORD @ _D50) / (_BRADFORD @ np.array(white))
    adapted: Array = np.linalg.inv(_BRADFORD) @ (gains[:, None] * _BRADFORD) @ scaled
    if not np.isfinite(adapted).all() or np.abs(adapted).max() > 100:
        raise ArithmeticError
    return adapted


def _xyz(values: Array) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *(round(float(value) * 65536) for value in values))
