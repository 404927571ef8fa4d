"""ICC profiles made of their bytes, for tests: LittleCMS cannot make any but sRGB from Pillow."""

from __future__ import annotations

import struct
from collections.abc import Sequence

ADOBE_RGB = (
    (0.60974, 0.31111, 0.01947),
    (0.20528, 0.62567, 0.06087),
    (0.14919, 0.06322, 0.74457),
)  # XYZ at D50, ICC's own
D50 = (0.9642, 1.0, 0.8249)


def fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(n * 65536) for n in numbers))


def xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*values)


def gamma(power: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(power * 256))


def table(values: Sequence[float]) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *(round(v * 65535) for v in values))


def parametric(kind: int, *numbers: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + fixed(*numbers)


def grid8(channels: int, corners: Sequence[tuple[int, int, int]]) -> bytes:
    """A lut8 from 2 grid points a channel to 8-bit Lab; the last channel varies fastest."""
    head = b"mft1\0\0\0\0" + bytes([channels, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    ramp = bytes(range(256))
    return head + ramp * channels + bytes(value for corner in corners for value in corner) + ramp * 3


def profile(space: bytes, connection: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    tags = {b"wtpt": xyz(D50), **tags}
    offset, entries, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        data += b"\0" * (-len(data) % 4)
        entries += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"test", 0x04200000, kind, space, connection)
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + fixed(*D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + entries + body


def rgb(curve: bytes, colorants: Sequence[Sequence[float]] = ADOBE_RGB) -> bytes:
    bands = dict(zip((b"r", b"g", b"b"), colorants, strict=True))
    return profile(
        b"RGB ", b"XYZ ", {**{b + b"TRC": curve for b in bands}, **{b + b"XYZ": xyz(v) for b, v in bands.items()}}
    )


def grey(curve: bytes) -> bytes:
    return profile(b"GRAY", b"XYZ ", {b"kTRC": curve})


def lab_cube(space: bytes, kind: bytes, first: int) -> bytes:
    """A profile whose corners are all mid grey, but for the first (all zero), whose lightness is ``first`` of 255."""
    channels = len(space.strip())
    corners = [(first, 128, 128)] + [(128, 128, 128)] * (2**channels - 1)
    return profile(space, b"Lab ", {b"A2B0": grid8(channels, corners)}, kind)
