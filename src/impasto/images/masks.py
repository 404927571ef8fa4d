"""Soft masks: read from files and arrays, brought to a picture's size, and reduced to the cells of a layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from ..errors import PictureError
from ..types import Size
from .files.io import Picture, read_picture
from .resample import Within, resize

__all__ = ["HALF", "Mask", "read_mask", "reduced", "resized_mask"]


HALF = 0.5  # of a mask: where places either count or do not

_LEVELS = 255  # of a mask: resizing leaves no 0.9999999 behind
_GREY = 8 / 255  # between the channels of a grey picture, at most: JPEG is not exact
_LEFT = 1 / 4  # of a part's weight, that is left at least where its edges are taken away


@dataclass(frozen=True, eq=False)
class Mask:
    """How much each pixel of a picture belongs to a region.

    Attributes:
        values: ``(1, 1, H, W)`` float32 in [0, 1], on the CPU.
        name: the path it was read from, or ``array``.
        sha256: of the file's bytes, or of the array.
        size: (height, width) before it was made smaller; None where it was not.
        color: as ``#rrggbb``, which stands for the region in the file where that is a map of several; else empty.
    """

    values: Tensor
    name: str = "array"
    sha256: str = ""
    color: str = ""
    size: Size | None = None

    def __str__(self) -> str:
        return f"{self.name!r} at {self.color}" if self.color else repr(self.name)

    def fit(self, size: Size, picture: str) -> None:
        """See that it has the proportions of a picture of ``size`` (height, width), to a pixel of rounding.

        Raises:
            PictureError: it has others.
        """
        height, width = self.size or (self.values.shape[2], self.values.shape[3])
        if abs(height * size[1] - width * size[0]) > max(height, width, *size):
            raise PictureError(
                f"the mask {self} is {width} x {height} px, and its picture {picture!r} {size[1]} x {size[0]} px",
                "give a mask of the picture's size, or of its proportions",
            )

    def at(self, size: Size, reach: int = 0) -> Tensor:
        """The mask ``(1, 1, *size)``, edges softened over ``reach`` px on both sides; farther off it is exactly 0 or 1."""
        return (_softened(resize(self.values, size, "bilinear"), reach) * _LEVELS).round() / _LEVELS


def read_mask(source: Any, within: Within | None = None) -> Mask:
    """A mask from the transparency of a picture, or, where it has none, from its greys: white and opaque count.

    Args:
        source: whatever `read_picture` takes, an array ``(H, W)`` of bool, or a `Mask`, which is returned.
        within: as of `read_picture`; the filter is always the bilinear one, which keeps edges narrow.

    Raises:
        PictureError: it cannot be read, is coloured, or is nowhere above 0.
    """
    if isinstance(source, Mask):
        return source
    if isinstance(source, np.ndarray) and source.dtype == bool:
        source = source.astype(np.float32)
    picture = read_picture(source, name="mask", within=within and replace(within, filter="bilinear"))
    mask = Mask(_values(picture), picture.name, picture.sha256, size=picture.size)
    smaller = mask.values.shape[2:] != picture.size  # what was seen before may be too faint now, and paints nothing
    if not (mask.values if smaller else (mask.values * _LEVELS).round()).any():
        raise PictureError(f"the mask {mask} is empty", "paint the region white, or opaque")
    return mask


def _values(picture: Picture) -> Tensor:
    if picture.alpha is not None and picture.alpha.min() < 1:
        return picture.alpha
    low, high = picture.pixels.aminmax(dim=1, keepdim=True)
    if (high - low).max() > _GREY:
        raise PictureError(f"the mask {picture.name!r} has colours", "give a grey or transparent picture, or a map of colours")
    return picture.pixels.mean(1, keepdim=True)


def _softened(values: Tensor, reach: int) -> Tensor:
    """Two means, one of the other, that together reach so far."""
    for part in (reach // 2, reach - reach // 2):
        width = 2 * part + 1
        rows = F.avg_pool2d(F.pad(values, (0, 0, part, part), mode="replicate"), (width, 1), stride=1)
        values = F.avg_pool2d(F.pad(rows, (part, part, 0, 0), mode="replicate"), (1, width), stride=1)
    return values


def resized_mask(mask: Tensor, size: Size) -> Tensor:
    """A mask ``(1, 1, H, W)`` on a grid of ``size`` cells, of which each has the mean of its own pixels."""
    return mask if mask.shape[2:] == size else F.adaptive_avg_pool2d(mask, size)


def reduced(mask: Tensor, stride: int, radius: int, least: float = _LEFT) -> Tensor:
    """The mask of a style's part as the weights of a layer's cells: each counts as far as all that it sees lies in the part.

    What a cell sees are its own pixels and those up to ``radius`` beside them; its weight is the least value of the mask among
    these (beyond the picture's border there is none). So nothing of the rest of the picture gets into the statistics. A part that
    is too thin for this, of which less than ``least`` would be left, is looked at as if the layer saw half as far, a quarter, and
    so on; at last each cell has the mean of its own pixels.

    After the guidance channels of Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer", section 4
    (arXiv 1611.07865). Departures: the weight enters a sum of products once, there squared; and thin parts are seen as said.

    Args:
        mask: ``(1, 1, H, W)`` in [0, 1].
        stride: px between two cells.
        radius: px beyond its own that a cell sees.
        least: share of the mask's sum that the weights stand for at least.

    Returns:
        ``(1, 1, H // stride, W // stride)``.
    """
    wanted = least * mask.sum() / stride**2
    while radius:
        weight = -F.max_pool2d(-_eroded(mask, radius), stride)
        if weight.sum() >= wanted:
            return weight
        radius //= 2
    return resized_mask(mask, (mask.shape[2] // stride, mask.shape[3] // stride))


def _eroded(mask: Tensor, radius: int) -> Tensor:
    """The least value within ``radius`` px along both sides; beyond the border there is none."""
    width = 2 * radius + 1
    rows = F.max_pool2d(-mask, (width, 1), stride=1, padding=(radius, 0))
    return -F.max_pool2d(rows, (1, width), stride=1, padding=(0, radius))
