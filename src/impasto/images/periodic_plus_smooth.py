"""Periodic-plus-smooth decomposition: pictures made to wrap around without a seam."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .periodic import is_wrapped

__all__ = ["seamless"]


def seamless(picture: Tensor, wrap: str) -> Tensor:
    """The periodic component of a picture: without the jump between opposite borders, clamped to [0, 1].

    Moisan 2011, "Periodic plus smooth image decomposition", equation 11. The smooth component that is subtracted has
    the jumps at the border and is as smooth as possible inside: objects keep their places, and colours change, least in
    the middle. Its Fourier transform is s(q, r) = v(q, r) / (2 cos(2 pi q / H) + 2 cos(2 pi r / W) - 4), s(0, 0) = 0,
    with v that of the jumps at the border. Departure: an axis that does not wrap is mirrored first, and so has no jump.

    Args:
        picture: ``(B, C, H, W)`` in [0, 1].
        wrap: the axes along which it is to wrap around, see `periodic`.

    Returns:
        ``(B, C, H, W)`` in [0, 1]; with ``none`` the picture itself.

    Examples:
        >>> import torch
        >>> ramp = torch.linspace(0.2, 0.8, 16).expand(1, 1, 4, 16)
        >>> smooth = seamless(ramp, "x")
        >>> jump = lambda x: round((x[..., 0] - x[..., -1]).abs().max().item(), 2)
        >>> jump(ramp), jump(smooth) < 0.1
        (0.6, True)
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
    smooth = torch.fft.irfft2(torch.fft.rfft2(jumps) * _inverse_laplacian(x), s=x.shape[2:])  # (B, C, H, W)
    joined: Tensor = (x - smooth)[..., :height, :width]
    return joined.clamp(0, 1).to(picture.dtype)


def _inverse_laplacian(x: Tensor) -> Tensor:
    """Inverse eigenvalues of the discrete Laplacian of a torus, at the frequencies of ``rfft2``: ``(H, W // 2 + 1)``.

    At frequency 0, where the eigenvalue is 0, it is 0, so that the mean is not changed.
    """
    rows, columns = x.shape[2:]
    down = 2 * torch.cos(2 * math.pi * torch.arange(rows, dtype=x.dtype, device=x.device) / rows) - 2
    right = 2 * torch.cos(2 * math.pi * torch.arange(columns // 2 + 1, dtype=x.dtype, device=x.device) / columns) - 2
    inverse = (down[:, None] + right).reciprocal_()
    inverse[0, 0] = 0  # not infinity in the divisor: PyTorch 2.6 makes a complex number divided by it nan
    return inverse
