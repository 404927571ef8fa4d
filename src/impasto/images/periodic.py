"""Pictures that go on over their border: along a wrapped axis the last pixel and the first one are neighbours.

``wrap`` names these axes as in `StylizeConfig`: ``none``, ``x`` (left and right meet), ``y`` (top and bottom) or
``xy``. Everything that looks at neighbours of a pixel goes through these functions, and with ``none`` each of them is what it
would be without this module, to the bit.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..config.choices import WRAPS, registered

__all__ = ["bordered", "differences", "folded", "interpolated", "is_wrapped", "wrapped"]

_WRAPPED: dict[str, tuple[int, ...]] = registered(WRAPS, {"none": (), "x": (-1,), "y": (-2,), "xy": (-2, -1)})  # axes
_REACH = {"bilinear": 1, "bicubic": 2}  # px on each side that an interpolated value is made of


def is_wrapped(axis: int, wrap: str) -> bool:
    """Whether ``wrap`` names this axis of a tensor ``(..., H, W)``, given as -2 or -1."""
    return axis in _WRAPPED[wrap]


def wrapped(x: Tensor, axis: int, margin: int) -> Tensor:
    """``x`` with ``margin`` more px at both ends of an axis, those of the other end. The margin is no longer than the axis."""
    if not margin:
        return x
    length = x.shape[axis]
    return torch.cat([x.narrow(axis, length - margin, margin), x, x.narrow(axis, 0, margin)], axis)


def bordered(x: Tensor, margin: int, wrap: str, border: str = "replicate") -> Tensor:
    """``x`` ``(B, C, H, W)`` with a margin on each side: wrapped along tiled axes, along others as ``border`` says.

    Args:
        border: ``replicate`` or ``zeros``.
    """
    rows, columns = (is_wrapped(axis, wrap) for axis in (-2, -1))
    for axis, tiled in ((-2, rows), (-1, columns)):
        x = wrapped(x, axis, margin if tiled else 0)
    down, right = 0 if rows else margin, 0 if columns else margin
    mode = "constant" if border == "zeros" else border
    return F.pad(x, (right, right, down, down), mode=mode) if down or right else x


def folded(x: Tensor, margin: int, wrap: str, border: str = "zeros") -> Tensor:
    """The transpose of `bordered`, in place: the margins are added where they were taken from, and cut off."""
    for axis in (-2, -1):
        length = x.shape[axis] - 2 * margin
        inner, before, after = (
            x.narrow(axis, start, n) for start, n in ((margin, length), (0, margin), (margin + length, margin))
        )
        if is_wrapped(axis, wrap):
            inner.narrow(axis, 0, margin).add_(after)
            inner.narrow(axis, length - margin, margin).add_(before)
        elif border == "replicate":
            inner.narrow(axis, 0, 1).add_(before.sum(axis, keepdim=True))
            inner.narrow(axis, length - 1, 1).add_(after.sum(axis, keepdim=True))
        x = inner
    return x


def differences(x: Tensor, axis: int, wrap: str) -> Tensor:
    """The next pixel minus this one along an axis, -2 or -1; along a tiled axis the first one follows the last."""
    if is_wrapped(axis, wrap):
        return x.roll(-1, axis) - x
    length = x.shape[axis] - 1
    return x.narrow(axis, 1, length) - x.narrow(axis, 0, length)


def interpolated(x: Tensor, size: tuple[int, int], wrap: str, mode: str = "bilinear", *, antialias: bool = False) -> Tensor:
    """``F.interpolate`` of ``(B, C, H, W)`` to ``size`` (height, width), corners not aligned.

    Along a tiled axis so many px are wrapped around that they become whole px of the result, which are cut off again.
    """
    grown: list[int] = []
    for axis, new in zip((-2, -1), size, strict=True):
        old = x.shape[axis]
        margin = _margin(old, new, _REACH[mode]) if is_wrapped(axis, wrap) else 0
        x = wrapped(x, axis, margin)
        grown.append(margin * new // old)
    down, right = grown
    wide = F.interpolate(x, (size[0] + 2 * down, size[1] + 2 * right), mode=mode, antialias=antialias, align_corners=False)
    return wide[..., down : down + size[0], right : right + size[1]]


def _margin(old: int, new: int, reach: int) -> int:
    """Px that reach as far as a filter, and become whole px."""
    step = old // math.gcd(old, new)
    needed = math.ceil(reach * max(1.0, old / new))
    return -(-needed // step) * step
