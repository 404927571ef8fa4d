"""Conversion of users' arrays and tensors to tensors ``(1, 3, H, W)``, and back to integers for saving."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import OutputError, PictureError

__all__ = [
    "Array",
    "array_of_tensor",
    "check_range",
    "check_shape",
    "peak_of",
    "quantize",
    "rounded",
    "split_alpha",
    "tensors_of_array",
]

Array = NDArray[Any]

# Resizing or halving the precision makes floats overshoot by no more than this; beyond it the range is a wrong one.
_TOLERANCE = 1e-3


def array_of_tensor(tensor: Tensor, name: str) -> Array:
    """A picture tensor as an array with the channels last; values are not changed.

    Args:
        tensor: ``(C, H, W)`` or ``(1, C, H, W)`` with C 1, 3 or 4.
        name: what error messages call it.

    Returns:
        ``(H, W, C)``, on the CPU; bfloat16 becomes float32.

    Raises:
        PictureError: the tensor has another shape.

    Examples:
        >>> import torch
        >>> array_of_tensor(torch.zeros(1, 3, 4, 6), "content").shape
        (4, 6, 3)
    """
    planes = tensor.detach().cpu()
    if planes.ndim == 4 and planes.shape[0] == 1:
        planes = planes[0]
    if planes.ndim != 3 or planes.shape[0] not in (1, 3, 4):
        raise PictureError(f"{name} is a tensor of shape {tuple(tensor.shape)}", "give (3, H, W) or (1, 3, H, W)")
    if planes.dtype == torch.bfloat16:  # numpy has no such type
        planes = planes.float()
    return planes.permute(1, 2, 0).numpy()


def split_alpha(array: Array) -> tuple[Array, Array]:
    """Split an array ``(H, W, 1 to 4)`` into colours ``(H, W, 1 or 3)`` and alpha ``(H, W, 1 or 0)``.

    Examples:
        >>> import numpy as np
        >>> [part.shape for part in split_alpha(np.zeros((2, 5, 4)))]
        [(2, 5, 3), (2, 5, 1)]
    """
    count = (array.shape[2] - 1) | 1  # of 1, 2, 3, 4 channels 1, 1, 3, 3 are colours
    return array[..., :count], array[..., count:]


def tensors_of_array(array: Array, name: str) -> tuple[Tensor, Tensor | None]:
    """Convert an array that holds a picture to pixels and alpha.

    Args:
        array: ``(H, W)`` or ``(H, W, C)`` with C 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGB and alpha). uint8 and
            uint16 are divided by 255 and 65535; floats are taken as they are. The array is copied.
        name: what error messages call it.

    Returns:
        Pixels ``(1, 3, H, W)``, and alpha ``(1, 1, H, W)`` or None, float32 in [0, 1].

    Raises:
        PictureError: the shape, type or range is wrong, a value is not finite, or there is no pixel.

    Examples:
        >>> import numpy as np
        >>> pixels, alpha = tensors_of_array(np.full((2, 2, 3), 51, np.uint8), "content")
        >>> tuple(pixels.shape), round(pixels.mean().item(), 4), alpha
        ((1, 3, 2, 2), 0.2, None)
    """
    check_shape(array, name)
    check_range(array, name)
    colors, alpha = split_alpha(array[..., None] if array.ndim == 2 else array)
    pixels = _unit_range(colors)
    if pixels.shape[1] == 1:
        pixels = pixels.repeat(1, 3, 1, 1)
    return pixels, (_unit_range(alpha) if alpha.shape[2] else None)


def quantize(pixels: Tensor, alpha: Tensor | None, bits: int) -> Array:
    """Round pixels and alpha to integers. Values outside [0, 1] are clamped.

    Args:
        pixels: ``(1, 3, H, W)``.
        alpha: ``(1, 1, H, W)`` or None.
        bits: 8 or 16.

    Returns:
        ``(H, W, 3)``, or ``(H, W, 4)`` with alpha, in uint8 or uint16.

    Raises:
        OutputError: a shape is wrong, the sizes differ, or a value is not finite.

    Examples:
        >>> import torch
        >>> quantize(torch.full((1, 3, 1, 1), 0.5), None, 8).tolist()
        [[[128, 128, 128]]]
    """
    if pixels.ndim != 4 or pixels.shape[:2] != (1, 3) or pixels.numel() == 0:
        raise OutputError(f"the pixels to be saved have the shape {tuple(pixels.shape)}", "give (1, 3, H, W)")
    if alpha is not None and alpha.shape != (1, 1, *pixels.shape[2:]):
        raise OutputError(
            f"the alpha to be saved has the shape {tuple(alpha.shape)}",
            f"give (1, 1, {pixels.shape[2]}, {pixels.shape[3]})",
        )
    planes = [plane.detach().to("cpu", torch.float32) for plane in (pixels, alpha) if plane is not None]
    values = torch.cat(planes, dim=1)  # (1, 3 or 4, H, W)
    if not torch.isfinite(values).all():
        raise OutputError(
            "the picture to be saved holds values that are not numbers",
            "the run diverged: lower the step size",
        )
    return rounded(values, bits)


def rounded(pixels: Tensor, bits: int) -> Array:
    """Round pixels to integers: the only place where this is done. Nothing is checked.

    Args:
        pixels: ``(1, C, H, W)``; values outside [0, 1] are clamped.
        bits: 8 or 16.

    Returns:
        ``(H, W, C)`` in uint8 or uint16, contiguous.
    """
    values = pixels.detach()[0].to("cpu", torch.float32).permute(1, 2, 0)  # (H, W, C)
    levels = values.clamp(0, 1).mul_((1 << bits) - 1).round_().contiguous().numpy()
    return levels.astype(np.uint8 if bits == 8 else np.uint16)


def check_shape(array: Array, name: str) -> None:
    """Check that an array is a picture: ``(H, W)`` or ``(H, W, 1 to 4)`` with at least one pixel.

    Args:
        array: anything of numpy.
        name: what error messages call it.

    Raises:
        PictureError: the shape is another one.
    """
    planes, shape = array[..., None] if array.ndim == 2 else array, array.shape
    wrong = f"{name} is an array of shape {shape}"
    if planes.ndim != 3:
        raise PictureError(wrong, "give (H, W, 3), (H, W, 4) or (H, W)")
    if planes.size == 0:
        raise PictureError(f"{wrong} and has no pixels", "give at least one pixel")
    if planes.shape[2] > 4:
        channels_first = planes.shape[0] in (1, 3, 4)
        hint = "move the channels to the end" if channels_first else "give 3 channels, 4 with alpha, or 1"
        raise PictureError(wrong, hint)


def peak_of(array: Array) -> float:
    """The value that stands for 1: 255 for uint8, 65535 for uint16, 1 for floats.

    Examples:
        >>> import numpy as np
        >>> peak_of(np.zeros(1, np.uint16))
        65535.0
    """
    return 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)


def check_range(array: Array, name: str) -> None:
    """Check that an array holds uint8, uint16, or floats in [0, 1] (up to an overshoot of 0.001).

    Args:
        array: of any shape.
        name: what error messages call it.

    Raises:
        PictureError: the type or the range is another one, or a value is not finite.
    """
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:
        return
    if array.dtype.kind != "f":
        raise PictureError(f"{name} holds {array.dtype} values", "give uint8, uint16, or floats in [0, 1]")
    if not np.isfinite(array).all():
        raise PictureError(f"{name} holds NaN or infinite values", "replace them, for example with numpy.nan_to_num")
    low, high = float(array.min()), float(array.max())
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        in_bytes = low >= 0 and 2 < high <= 256
        hint = "they look like 0..255: divide them by 255" if in_bytes else "floats have to lie in [0, 1]"
        raise PictureError(f"{name} holds values from {low:g} to {high:g}", hint)


def _unit_range(planes: Array) -> Tensor:
    """An array ``(H, W, C)`` of a supported type as float32 ``(1, C, H, W)`` in [0, 1]."""
    values = np.empty((1, planes.shape[2], *planes.shape[:2]), np.float32)
    channels_first, peak = planes.transpose(2, 0, 1)[None], np.float32(peak_of(planes))  # (1, C, H, W)
    np.divide(channels_first, peak, out=values, dtype=np.float32, casting="same_kind")
    return torch.from_numpy(values.clip(0, 1, out=values) if planes.dtype.kind == "f" else values)
