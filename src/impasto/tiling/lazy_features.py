"""Features that are recomputed from the picture for each tile, to save memory."""

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
    """Features of a picture that are recomputed for each tile: this takes more time and less memory than storing them.

    Args:
        backbone: the network.
        picture: ``(1, 3, H, W)`` in [0, 1].
        layers: all layers that will be requested. They are computed together; those of the last tile are cached.
        tile_size: side of the tiles in px in which `size` walks over the picture.
    """

    def __init__(self, backbone: Backbone, picture: Tensor, layers: Sequence[str], tile_size: int) -> None:
        self._backbone, self._picture, self._layers, self._tile_size = backbone, picture, tuple(layers), tile_size
        self._seen: tuple[Cells | None, dict[str, Tensor]] = (None, {})

    @torch.no_grad()
    def of(self, tile: Tile, name: str) -> Tensor:
        """Features of the tile's own cells of a layer, ``(1, C, h, w)``."""
        if self._seen[0] != tile.pixels:
            wanted = {layer: tile.own(layer) for layer in self._layers}
            window = tile.window([wanted])
            self._seen = tile.pixels, cut_features(self._backbone, window.of(self._picture), window, [wanted])[0]
        return self._seen[1][name]

    def size(self, name: str, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """The `losses.content_size` of a whole layer.

        Args:
            name: of the layer.
            mask: ``(1, 1, h, w)`` in [0, 1], weights of the cells of the layer; None weighs all alike.

        Returns:
            Two scalars, see `losses.content_size`.
        """
        tiles = tiles_of(self._picture, self._backbone, self._layers, self._tile_size)
        sizes = [content_size(self.of(tile, name), None if mask is None else tile.of(mask, name)) for tile in tiles]
        energies, counts = zip(*sizes, strict=True)
        return sum(energies[1:], energies[0]), sum(counts[1:], counts[0])

    @torch.no_grad()
    def whole(self, name: str) -> Tensor:
        """Features of a whole layer, ``(1, C, h, w)``, computed at once."""
        return features_of(self._backbone, self._picture, [name])[name]
