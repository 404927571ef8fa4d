"""Colour spaces of tensors: sRGB as encoded, linear light, OkLab; there and back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ...config.choices import COLOR_SPACES, registered
from ..arrays import Array

__all__ = ["columns_in", "encode_srgb", "from_space", "luma_of", "to_space"]

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601

# Bjorn Ottosson 2020, "A perceptual color space for image processing": linear sRGB to cones, their cube roots to lightness, a, b.
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
    """The colours of ``(1, 3, H, W)`` in ``space``, as float64 ``(3, H W)``, and so on the CPU: not every device has float64."""
    return to_space(picture.to("cpu", torch.float64), space).flatten(2)[0]


def to_space(pixels: Tensor, space: str) -> Tensor:
    """sRGB-encoded ``(B, 3, H, W)``, on the CPU, in ``space``: srgb, linear or oklab.

    All of them are odd below 0, so nothing gives NaN.
    """
    return _SPACES[space][0](pixels)


def from_space(values: Tensor, space: str) -> Tensor:
    """The inverse of `to_space`; colours that sRGB does not have lie outside [0, 1]."""
    return _SPACES[space][1](values)


def _to_oklab(encoded: Tensor) -> Tensor:
    return _mix(_LAB, _power(_mix(_CONES, _decode(encoded)), 1 / 3))


def _from_oklab(values: Tensor) -> Tensor:
    return _encode(_mix(_CONES, _mix(_LAB, values, inverse=True) ** 3, inverse=True))


def _decode(encoded: Tensor) -> Tensor:
    """IEC 61966-2-1, encoded values to linear light."""
    size = encoded.abs()
    return torch.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4).copysign(encoded)


def encode_srgb(linear: Array) -> Array:
    """IEC 61966-2-1, linear light of any shape, 0 or more, to encoded values."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _encode(linear: Tensor) -> Tensor:
    return torch.from_numpy(encode_srgb(linear.abs().numpy())).copysign(linear)


def luma_of(pixels: Tensor) -> Tensor:
    """The Y' of YIQ of encoded ``(B, 3, H, W)``, as ``(B, 1, H, W)``."""
    return (pixels * pixels.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)


def _power(values: Tensor, exponent: float) -> Tensor:
    return (values.abs() ** exponent).copysign(values)


def _mix(matrix: tuple[tuple[float, ...], ...], values: Tensor, *, inverse: bool = False) -> Tensor:
    weights = torch.tensor(matrix, dtype=torch.float64)
    return torch.einsum("dc,bchw->bdhw", (weights.inverse() if inverse else weights).to(values), values)


_Map = Callable[[Tensor], Tensor]

_SPACES: dict[str, tuple[_Map, _Map]] = registered(  # there and back
    COLOR_SPACES,
    {"srgb": (lambda pixels: pixels, lambda values: values), "linear": (_decode, _encode), "oklab": (_to_oklab, _from_oklab)},
)
