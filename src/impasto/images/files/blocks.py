"""Pictures divided by a whole number, each pixel the mean of a block."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..arrays import Array

__all__ = []


def reduced(image: Image.Image, factor: int) -> Image.Image:
    """The picture divided by a whole number, each pixel the mean of a block.

    Palettes, bits and transparent colours become what has a mean: colours, greys and alpha.
    """
    if factor == 1:
        return image
    mode = {"1": "L", "P": "RGB"}.get(image.mode, "I" if image.mode.startswith("I;16") else image.mode)
    if image.has_transparency_data and mode in ("L", "RGB", "PA"):
        mode = "LA" if mode == "L" else "RGBA"
    return (image if image.mode == mode else image.convert(mode)).reduce(factor)


def block_means(array: Array, factor: int) -> Array:
    """The same of an array ``(H, W, C)``, block row by block row, so that no other copy is made."""
    if factor == 1:
        return array
    columns = np.arange(0, array.shape[1], factor)
    widths = np.diff([*columns, array.shape[1]])[:, None]
    rows = []
    for top in range(0, array.shape[0], factor):
        band = array[top : top + factor].astype(np.float32).mean(0)
        mean = np.add.reduceat(band, columns, axis=0) / widths
        rows.append(mean if array.dtype.kind == "f" else np.rint(mean))
    return np.stack(rows).astype(array.dtype)
