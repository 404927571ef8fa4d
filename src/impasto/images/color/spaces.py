"""Colour spaces: encoded sRGB, linear sRGB and OkLab, with their inverses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ...config.choices import COLOR_SPACES, registered
from ..arrays import Array

__all__ = ["columns_in", "encode_srgb", "from_space", "luma_of", "to_space"]

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601

# Bjorn Ottosson 2020, "A perceptual color space for image processing": linear sRGB to cone responses, and their cube
# roots to L, a, b.
_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def columns_in(space: str, picture: Tensor) -> Tensor:
    """The colours of a picture in a given space, one column per pixel.

    Args:
        space: srgb, linear or oklab.
        picture: ``(1, 3, H, W)``, sRGB encoded.

    Returns:
        ``(3, H W)`` float64, on the CPU, because not every device has float64.

    Examples:
        >>> import torch
        >>> columns_in("srgb", torch.tensor([0.0, 0.5, 1.0]).reshape(1, 3, 1, 1)).tolist()
        [[0.0], [0.5], [1.0]]
    """
    return to_space(picture.to("cpu", torch.float64), space).flatten(2)[0]


def to_space(pixels: Tensor, space: str) -> Tensor:
    """Convert encoded sRGB to another space.

    The functions are continued below 0 as odd functions, so that no value gives NaN.

    Args:
        pixels: ``(B, 3, H, W)``, sRGB encoded, on the CPU.
        space: srgb, linear or oklab.

    Returns:
        ``(B, 3, H, W)`` in the space.

    Examples:
        >>> import torch
        >>> white = torch.ones(1, 3, 1, 1, dtype=torch.float64)
        >>> [round(abs(x), 3) for x in to_space(white, "oklab").flatten().tolist()]
        [1.0, 0.0, 0.0]
    """
    return _SPACES[space][0](pixels)


def from_space(values: Tensor, space: str) -> Tensor:
    """Convert from a space to encoded sRGB: the inverse of `to_space`.

    Args:
        values: ``(B, 3, H, W)`` in the space.
        space: srgb, linear or oklab.

    Returns:
        ``(B, 3, H, W)``, sRGB encoded; colours outside of sRGB's gamut lie outside [0, 1].

    Examples:
        >>> import torch
        >>> color = torch.tensor([0.2, 0.4, 0.6], dtype=torch.float64).reshape(1, 3, 1, 1)
        >>> [round(x, 4) for x in from_space(to_space(color, "oklab"), "oklab").flatten().tolist()]
        [0.2, 0.4, 0.6]
    """
    return _SPACES[space][1](values)


def _to_oklab(encoded: Tensor) -> Tensor:
    return _mix(_LAB, _power(_mix(_CONES, _decode(encoded)), 1 / 3))


def _from_oklab(values: Tensor) -> Tensor:
    return _encode(_mix(_CONES, _mix(_LAB, values, inverse=True) ** 3, inverse=True))


def _decode(encoded: Tensor) -> Tensor:
    """Encoded sRGB to linear light (IEC 61966-2-1)."""
    size = encoded.abs()
    return torch.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4).copysign(encoded)


def encode_srgb(linear: Array) -> Array:
    """Linear light to encoded sRGB (IEC 61966-2-1).

    Args:
        linear: of any shape, 0 or more.

    Returns:
        An array of the same shape.

    Examples:
        >>> import numpy as np
        >>> encode_srgb(np.array([0.0, 0.2140, 1.0])).round(3).tolist()
        [0.0, 0.5, 1.0]
    """
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _encode(linear: Tensor) -> Tensor:
    return torch.from_numpy(encode_srgb(linear.abs().numpy())).copysign(linear)


def luma_of(pixels: Tensor) -> Tensor:
    """Luma, the Y' of YIQ: 0.299 R' + 0.587 G' + 0.114 B' of encoded colours (ITU-R BT.601).

    Args:
        pixels: ``(B, 3, H, W)``, sRGB encoded.

    Returns:
        ``(B, 1, H, W)``.

    Examples:
        >>> import torch
        >>> round(luma_of(torch.tensor([0.0, 1.0, 0.0]).reshape(1, 3, 1, 1)).item(), 3)
        0.587
    """
    return (pixels * pixels.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)


def _power(values: Tensor, exponent: float) -> Tensor:
    return (values.abs() ** exponent).copysign(values)


def _mix(matrix: tuple[tuple[float, ...], ...], values: Tensor, *, inverse: bool = False) -> Tensor:
    weights = torch.tensor(matrix, dtype=torch.float64)
    return torch.einsum("dc,bchw->bdhw", (weights.inverse() if inverse else weights).to(values), values)


_Map = Callable[[Tensor], Tensor]

_SPACES: dict[str, tuple[_Map, _Map]] = registered(  # (from encoded sRGB, to encoded sRGB)
    COLOR_SPACES,
    {
        "srgb": (lambda pixels: pixels, lambda values: values),
        "linear": (_decode, _encode),
        "oklab": (_to_oklab, _from_oklab),
    },
)
