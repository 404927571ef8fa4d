"""Arrays and tensors of users to the one tensor contract, and from it to whole numbers to be saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import OutputError, PictureError

__all__ = ["Array", "array_of_tensor", "check_range", "check_shape", "peak_of", "quantize", "split_alpha", "tensors_of_array"]

Array = NDArray[Any]

# A float picture that was resized or halved in precision can overshoot by this much; more is a wrong range.
_TOLERANCE = 1e-3


def array_of_tensor(tensor: Tensor, name: str) -> Array:
    """A tensor ``(C, H, W)`` or ``(1, C, H, W)`` with 1, 3 or 4 channels as an array ``(H, W, C)``; values untouched.

    Raises:
        PictureError: the tensor has another shape.
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
    """``(H, W, 1 to 4)`` as its colours ``(H, W, 1 or 3)`` and its alpha ``(H, W, 1 or 0)``."""
    count = (array.shape[2] - 1) | 1  # 1, 1, 3, 3 colours of 1, 2, 3, 4 channels
    return array[..., :count], array[..., count:]


def tensors_of_array(array: Array, name: str) -> tuple[Tensor, Tensor | None]:
    """Pixels ``(1, 3, H, W)`` and alpha ``(1, 1, H, W)`` or None, float32 in [0, 1], of an array that holds a picture.

    Args:
        array: ``(H, W)`` or ``(H, W, C)`` with C 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGB and alpha); uint8 and
            uint16 are divided by 255 and 65535 exactly, floats are taken as they are. It is copied.
        name: what messages call it.

    Raises:
        PictureError: the shape, type or range is another one, a value is not finite, or there is no pixel.
    """
    check_shape(array, name)
    check_range(array, name)
    colors, alpha = split_alpha(array[..., None] if array.ndim == 2 else array)
    pixels = _unit_range(colors)
    if pixels.shape[1] == 1:
        pixels = pixels.repeat(1, 3, 1, 1)
    return pixels, (_unit_range(alpha) if alpha.shape[2] else None)


def quantize(pixels: Tensor, alpha: Tensor | None, bits: int) -> Array:
    """Round pixels ``(1, 3, H, W)`` and alpha ``(1, 1, H, W)`` to an array ``(H, W, 3 or 4)`` of uint8 or uint16.

    Values outside [0, 1] are clamped.

    Raises:
        OutputError: a shape is another one, the sizes differ, or a value is not finite.
    """
    if pixels.ndim != 4 or pixels.shape[:2] != (1, 3) or pixels.numel() == 0:
        raise OutputError(f"the pixels to be saved have the shape {tuple(pixels.shape)}", "give (1, 3, H, W)")
    if alpha is not None and alpha.shape != (1, 1, *pixels.shape[2:]):
        raise OutputError(
            f"the alpha to be saved has the shape {tuple(alpha.shape)}", f"give (1, 1, {pixels.shape[2]}, {pixels.shape[3]})"
        )
    planes = [plane.detach().to("cpu", torch.float32) for plane in (pixels, alpha) if plane is not None]
    values = torch.cat(planes, dim=1)[0].permute(1, 2, 0)
    if not torch.isfinite(values).all():
        raise OutputError("the picture to be saved holds values that are not numbers", "the run diverged: lower the step size")
    peak = (1 << bits) - 1
    rounded = values.clamp(0, 1).mul_(peak).round_().contiguous().numpy()
    return rounded.astype(np.uint8 if bits == 8 else np.uint16)


def check_shape(array: Array, name: str) -> None:
    """Refuse an array that is no picture ``(H, W)`` or ``(H, W, 1 to 4)`` of at least a pixel, with a `PictureError`."""
    planes, shape = array[..., None] if array.ndim == 2 else array, array.shape
    wrong = f"{name} is an array of shape {shape}"
    if planes.ndim != 3:
        raise PictureError(wrong, "give (H, W, 3), (H, W, 4) or (H, W)")
    if planes.size == 0:
        raise PictureError(f"{wrong} and has no pixels", "give at least one pixel")
    if planes.shape[2] > 4:
        channels_first = planes.shape[0] in (1, 3, 4)
        raise PictureError(wrong, "move the channels to the end" if channels_first else "give 3 channels, 4 with alpha, or 1")


def peak_of(array: Array) -> float:
    """The number that stands for 1 in it."""
    return 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)


def check_range(array: Array, name: str) -> None:
    """Refuse numbers that are neither uint8, uint16 nor floats in [0, 1], with a `PictureError`."""
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:
        return
    if array.dtype.kind != "f":
        raise PictureError(f"{name} holds {array.dtype} values", "give uint8, uint16, or floats in [0, 1]")
    if not np.isfinite(array).all():
        raise PictureError(f"{name} holds NaN or infinite values", "replace them, for example with numpy.nan_to_num")
    low, high = float(array.min()), float(array.max())
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        hint = "they look like 0..255: divide them by 255" if low >= 0 and 2 < high <= 256 else "floats have to lie in [0, 1]"
        raise PictureError(f"{name} holds values from {low:g} to {high:g}", hint)


def _unit_range(planes: Array) -> Tensor:
    """``(H, W, C)`` of a known type as float32 ``(1, C, H, W)`` in [0, 1]."""
    values = np.empty((1, planes.shape[2], *planes.shape[:2]), np.float32)
    np.divide(planes.transpose(2, 0, 1)[None], np.float32(peak_of(planes)), out=values, dtype=np.float32, casting="same_kind")
    return torch.from_numpy(values.clip(0, 1, out=values) if planes.dtype.kind == "f" else values)
