"""Features of a picture that are computed anew for each tile: what is kept of them is the picture."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..backbones import Backbone, features_of
from ..losses import content_size
from .features import cut_features
from .tiles import Cells, Tile, tiles_of

__all__ = ["Anew"]


class Anew:
    """The features of the content, where memory is dearer than time.

    Args:
        backbone: the network that sees.
        picture: ``(1, 3, H, W)`` in [0, 1].
        layers: all that will be asked for; they are computed together, and those of one tile are remembered.
        tile_size: side of the tiles in px, for what is asked of the whole picture.
    """

    def __init__(self, backbone: Backbone, picture: Tensor, layers: Sequence[str], tile_size: int) -> None:
        self._backbone, self._picture, self._layers, self._tile_size = backbone, picture, tuple(layers), tile_size
        self._seen: tuple[Cells | None, dict[str, Tensor]] = (None, {})

    @torch.no_grad()
    def of(self, tile: Tile, name: str) -> Tensor:
        """The tile's own cells of a layer, ``(1, C, h, w)``."""
        if self._seen[0] != tile.pixels:
            wanted = {layer: tile.own(layer) for layer in self._layers}
            window = tile.window([wanted])
            self._seen = tile.pixels, cut_features(self._backbone, window.of(self._picture), window, [wanted])[0]
        return self._seen[1][name]

    def size(self, name: str, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """The `content_size` of a whole layer, by a mask ``(1, 1, H, W)`` of its cells or None."""
        tiles = tiles_of(self._picture, self._backbone, self._layers, self._tile_size)
        sizes = [content_size(self.of(tile, name), None if mask is None else tile.of(mask, name)) for tile in tiles]
        energies, counts = zip(*sizes, strict=True)
        return sum(energies[1:], energies[0]), sum(counts[1:], counts[0])

    @torch.no_grad()
    def whole(self, name: str) -> Tensor:
        """The whole layer, ``(1, C, H, W)``."""
        return features_of(self._backbone, self._picture, [name])[name]
