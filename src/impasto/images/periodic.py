"""Operations on pictures that wrap around: along a wrapped axis the last pixel is adjacent to the first one.

``wrap`` names these axes, as in `StylizeConfig`: ``none``, ``x`` (left and right meet), ``y`` (top and bottom) or
``xy`` (a torus). All functions that read adjacent pixels use this module. With ``none`` each of them gives exactly what
the ordinary operation gives.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..config.choices import WRAPS, registered

__all__ = ["bordered", "differences", "folded", "interpolated", "is_wrapped", "wrapped"]

_WRAPPED: dict[str, tuple[int, ...]] = registered(WRAPS, {"none": (), "x": (-1,), "y": (-2,), "xy": (-2, -1)})  # axes
_REACH = {"bilinear": 1, "bicubic": 2}  # px on each side that an interpolated value depends on


def is_wrapped(axis: int, wrap: str) -> bool:
    """Whether ``wrap`` names this axis of a tensor ``(..., H, W)``, given as -2 or -1.

    Examples:
        >>> is_wrapped(-1, "x"), is_wrapped(-2, "x")
        (True, False)
    """
    return axis in _WRAPPED[wrap]


def wrapped(x: Tensor, axis: int, margin: int) -> Tensor:
    """Circular padding along one axis.

    Args:
        x: any tensor.
        axis: -2 or -1.
        margin: number of px added at both ends, at most the length of the axis.

    Returns:
        ``x``, longer by 2 ``margin`` along the axis.

    Examples:
        >>> import torch
        >>> wrapped(torch.tensor([[1, 2, 3]]), -1, 1).tolist()
        [[3, 1, 2, 3, 1]]
    """
    if not margin:
        return x
    length = x.shape[axis]
    return torch.cat([x.narrow(axis, length - margin, margin), x, x.narrow(axis, 0, margin)], axis)


def bordered(x: Tensor, margin: int, wrap: str, border: str = "replicate") -> Tensor:
    """Padding on all sides: circular along wrapped axes, along others as ``border`` says.

    Args:
        x: ``(B, C, H, W)``, or ``(H, W)``.
        margin: number of px added on each side.
        wrap: the wrapped axes.
        border: ``replicate`` or ``zeros``.

    Returns:
        ``(B, C, H + 2 margin, W + 2 margin)``.
    """
    rows, columns = (is_wrapped(axis, wrap) for axis in (-2, -1))
    for axis, wraps in ((-2, rows), (-1, columns)):
        x = wrapped(x, axis, margin if wraps else 0)
    down, right = 0 if rows else margin, 0 if columns else margin
    mode = "constant" if border == "zeros" else border
    return F.pad(x, (right, right, down, down), mode=mode) if down or right else x


def folded(x: Tensor, margin: int, wrap: str, border: str = "zeros") -> Tensor:
    """The transpose of `bordered`: each margin is added to the pixels it was copied from, and cut off.

    Args:
        x: ``(B, C, H + 2 margin, W + 2 margin)``; it is changed in place.
        margin: see `bordered`.
        wrap: see `bordered`.
        border: see `bordered`.

    Returns:
        ``(B, C, H, W)``, a view.

    Examples:
        >>> import torch
        >>> folded(torch.ones(1, 1, 3, 5), 1, "x").tolist()
        [[[[2.0, 1.0, 2.0]]]]
    """
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
    """Forward differences along an axis: the next pixel minus this one.

    Args:
        x: ``(..., H, W)``.
        axis: -2 or -1.
        wrap: the wrapped axes; along them the last pixel is followed by the first one.

    Returns:
        ``x`` in shape, or one shorter along an axis that does not wrap.

    Examples:
        >>> import torch
        >>> ramp = torch.tensor([[1.0, 3.0, 6.0]])
        >>> differences(ramp, -1, "none").tolist(), differences(ramp, -1, "x").tolist()
        ([[2.0, 3.0]], [[2.0, 3.0, -5.0]])
    """
    if is_wrapped(axis, wrap):
        return x.roll(-1, axis) - x
    length = x.shape[axis] - 1
    return x.narrow(axis, 1, length) - x.narrow(axis, 0, length)


def interpolated(
    x: Tensor,
    size: tuple[int, int],
    wrap: str,
    mode: str = "bilinear",
    *,
    antialias: bool = False,
) -> Tensor:
    """``F.interpolate`` with ``align_corners=False``, with wrapped axes.

    Before the interpolation a wrapped axis is padded circularly, by as many px as give a whole number of px of the
    result; these are cut off afterwards.

    Args:
        x: ``(B, C, H, W)``.
        size: (height, width) of the result.
        wrap: the wrapped axes.
        mode: ``bilinear`` or ``bicubic``.
        antialias: widen the filter when shrinking.

    Returns:
        ``(B, C, *size)``.

    Examples:
        >>> import torch
        >>> interpolated(torch.tensor([[[[0.0, 1.0]]]]), (1, 4), "x").flatten().tolist()
        [0.25, 0.25, 0.75, 0.75]
    """
    grown: list[int] = []
    for axis, new in zip((-2, -1), size, strict=True):
        old = x.shape[axis]
        margin = _margin(old, new, _REACH[mode]) if is_wrapped(axis, wrap) else 0
        x = wrapped(x, axis, margin)
        grown.append(margin * new // old)
    down, right = grown
    padded = size[0] + 2 * down, size[1] + 2 * right
    wide = F.interpolate(x, padded, mode=mode, antialias=antialias, align_corners=False)
    return wide[..., down : down + size[0], right : right + size[1]]


def _margin(old: int, new: int, reach: int) -> int:
    """Smallest margin in px that covers the filter and gives a whole number of px of the result."""
    step = old // math.gcd(old, new)
    needed = math.ceil(reach * max(1.0, old / new))
    return -(-needed // step) * step
