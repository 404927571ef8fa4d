"""A term that the caller may add: the squared difference from a given picture, with a weight for each pixel.

The temporal loss of video style transfer has this form: the target is the last frame, warped by the optical flow, and
the weight is 0 where it is disoccluded (Ruder, Dosovitskiy, Brox 2016, "Artistic style transfer for videos", arXiv
1604.08610, equation 7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ..backbones import PIXELS, Backbone
from ..images.resample import resize
from ..tiling import Cells, Tile
from ..types import Size

__all__ = ["PixelTerm", "pixel_target"]


@dataclass(frozen=True, eq=False)
class PixelTerm:
    """Weighted mean squared difference from a picture: weight x sum of m (x - t)^2 / (3 sum of m). Additive over tiles.

    Attributes:
        weight: the coefficient.
        target: t, ``(1, 3, H, W)`` in [0, 1], of the canvas's size.
        mask: m, ``(1, 1, H, W)`` in [0, 1], the weight of each pixel; where all are 0, the loss is 0.

    Examples:
        >>> import torch
        >>> term = PixelTerm(2.0, torch.zeros(1, 3, 2, 2), torch.ones(1, 1, 2, 2))
        >>> term({"pixels": torch.full((1, 3, 2, 2), 0.5)}).item()
        0.5
    """

    name: ClassVar[str] = "pixels"
    layers: ClassVar[tuple[str, ...]] = (PIXELS,)
    weight: float
    target: Tensor
    mask: Tensor

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss, a scalar ``()``."""
        return self._of(features[PIXELS], self.target, self.mask)

    def seen(self, tile: Tile) -> dict[str, Cells]:
        """See `tiling.Local`: the tile's own pixels."""
        return {PIXELS: tile.own(PIXELS)}

    def share(self, features: Mapping[str, Tensor], tile: Tile) -> Tensor:
        """See `tiling.Local`."""
        return self._of(features[PIXELS], tile.of(self.target, PIXELS), tile.of(self.mask, PIXELS))

    def _of(self, pixels: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        counted = (3 * self.mask.sum()).clamp_min(1e-12)  # over the whole picture, so that tiles add up
        return self.weight * (mask * (pixels - target).square()).sum() / counted


def pixel_target(target: Tensor, mask: Tensor, weight: float) -> Callable[[Size, Backbone], PixelTerm]:
    """A factory of a `PixelTerm` for each scale (see `engine.inputs.Guest`); the picture is resized to the scale.

    Args:
        target: ``(1, 3, H, W)`` in [0, 1], of any size.
        mask: ``(1, 1, H, W)`` in [0, 1], of any size, the weight of each pixel.
        weight: the coefficient.

    Returns:
        A function from a size (height, width) and a network to the term.
    """

    def guest(size: Size, backbone: Backbone) -> PixelTerm:
        shown, counted = resize(target, size, wrap=backbone.wrap), resize(mask, size, "bilinear", backbone.wrap)
        return PixelTerm(weight, shown.to(backbone.device), counted.to(backbone.device))

    return guest
