"""Pictures changed so that they continue over their border: what a tiled canvas is painted from."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .periodic import is_wrapped

__all__ = ["seamless"]


def seamless(picture: Tensor, wrap: str) -> Tensor:
    """The picture without the jump between its opposite borders, clamped to [0, 1]; itself where nothing is tiled.

    Moisan 2011, "Periodic plus smooth image decomposition", equation 11: what is taken away has the jumps of the border and is as
    smooth as can be inside, so that objects stay where they are and only their colours change, least in the middle.
    Departure: an axis that is not tiled is mirrored first, and so has no jump.

    Args:
        picture: ``(B, C, H, W)`` in [0, 1].
        wrap: the axes along which it is to continue, see `periodic`.
    """
    if wrap == "none":
        return picture
    height, width = picture.shape[2:]
    x = picture.double()
    for axis in (-2, -1):
        x = x if is_wrapped(axis, wrap) else torch.cat([x, x.flip(axis)], axis)
    jumps = torch.zeros_like(x)
    for axis in (-2, -1):
        jump = x.narrow(axis, x.shape[axis] - 1, 1) - x.narrow(axis, 0, 1)
        jumps.narrow(axis, 0, 1).add_(jump)
        jumps.narrow(axis, x.shape[axis] - 1, 1).sub_(jump)
    smooth = torch.fft.irfft2(torch.fft.rfft2(jumps) / _laplacian(x), s=x.shape[2:])
    joined: Tensor = (x - smooth)[..., :height, :width]
    return joined.clamp(0, 1).to(picture.dtype)


def _laplacian(x: Tensor) -> Tensor:
    """The discrete Laplacian of a torus at the frequencies of ``rfft2``; infinite where it is 0, for the mean is to stay."""
    rows, columns = x.shape[2:]
    down = 2 * torch.cos(2 * math.pi * torch.arange(rows, dtype=x.dtype, device=x.device) / rows) - 2
    right = 2 * torch.cos(2 * math.pi * torch.arange(columns // 2 + 1, dtype=x.dtype, device=x.device) / columns) - 2
    laplacian = down[:, None] + right
    laplacian[0, 0] = math.inf
    return laplacian
