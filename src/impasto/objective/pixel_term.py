"""A guest among the terms: pixels that should be those of another picture, each as far as it counts.

What a film asks of a frame is of this form: the last frame, moved, where nothing came into view (Ruder, Dosovitskiy, Brox 2016,
"Artistic style transfer for videos", arXiv 1604.08610, equation 7).
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
    """The mean squared difference of the counted pixels from those of a target, times a weight; additive over pixels.

    Attributes:
        weight: the coefficient.
        target: ``(1, 3, H, W)`` in [0, 1], of the canvas's size.
        mask: ``(1, 1, H, W)`` in [0, 1], what each pixel counts; where all are 0, the loss is 0.
    """

    name: ClassVar[str] = "pixels"
    layers: ClassVar[tuple[str, ...]] = (PIXELS,)
    weight: float
    target: Tensor
    mask: Tensor

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss, a scalar."""
        return self._of(features[PIXELS], self.target, self.mask)

    def seen(self, tile: Tile) -> dict[str, Cells]:
        """See `tiling.Local`: the tile's own pixels."""
        return {PIXELS: tile.own(PIXELS)}

    def share(self, features: Mapping[str, Tensor], tile: Tile) -> Tensor:
        """See `tiling.Local`."""
        return self._of(features[PIXELS], tile.of(self.target, PIXELS), tile.of(self.mask, PIXELS))

    def _of(self, pixels: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        counted = (3 * self.mask.sum()).clamp_min(1e-12)  # of the whole picture: shares of tiles then add to its loss
        return self.weight * (mask * (pixels - target).square()).sum() / counted


def pixel_target(target: Tensor, mask: Tensor, weight: float) -> Callable[[Size, Backbone], PixelTerm]:
    """A guest (see `engine.inputs.Guest`) that holds the canvas to a picture, resized to each scale.

    Args:
        target: ``(1, 3, H, W)`` in [0, 1], of any size.
        mask: ``(1, 1, H, W)`` in [0, 1], of any size, what each pixel counts.
        weight: the coefficient.
    """

    def guest(size: Size, backbone: Backbone) -> PixelTerm:
        shown, counted = resize(target, size, wrap=backbone.wrap), resize(mask, size, "bilinear", backbone.wrap)
        return PixelTerm(weight, shown.to(backbone.device), counted.to(backbone.device))

    return guest
