"""Tiled feature extraction: features, statistics and hypercolumns, equal to those of the whole picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from ..backbones import Backbone, features_of
from ..losses import Sums, sums
from ..matching import Regrid, columns, grid_of, hypercolumns
from ..types import Size
from .tiles import Cells, Tile, Window, is_tiled, tiles_of

__all__ = [
    "Wanted",
    "cut_features",
    "grid_share",
    "hypercolumn_parts",
    "picture_features",
    "picture_hypercolumns",
    "picture_rows",
    "picture_sums",
    "sources_of",
    "unwrapped",
]

Wanted = Mapping[str, Cells]
"""Cells that are needed of each layer, by name; numbered over the whole picture."""


def cut_features(
    backbone: Backbone, image: Tensor, window: Window, wanted: Sequence[Wanted]
) -> list[dict[str, Tensor]]:
    """Features of several sets of cells, in one pass of the network over a window.

    Args:
        backbone: the network.
        image: ``(1, 3, h, w)`` in [0, 1], the pixels of the window.
        window: large enough for all cells, see `Tile.window`.
        wanted: sets of cells.

    Returns:
        For each set the features of its cells, ``(1, C, h, w)`` by layer.
    """
    names = list(dict.fromkeys(name for part in wanted for name in part))
    features = features_of(unwrapped(backbone), image, names)
    return [{name: window.cut(features[name], name, cells) for name, cells in part.items()} for part in wanted]


def unwrapped(backbone: Backbone) -> Backbone:
    """The network as it looks at a window, in which the surroundings are, those beyond a border that wraps too."""
    return backbone if backbone.wrap == "none" else backbone.wrapped("none")


def picture_features(backbone: Backbone, picture: Tensor, layers: Sequence[str], tile_size: int) -> dict[str, Tensor]:
    """Features of whole layers. No tensor shares memory with another one.

    Args:
        backbone: the network.
        picture: ``(1, 3, H, W)`` in [0, 1].
        layers: names of layers.
        tile_size: side of the tiles in px; 0 evaluates the whole picture at once.

    Returns:
        ``(1, C, h, w)`` by layer.
    """
    if not is_tiled(picture, tile_size):
        return {
            name: features.clone()
            for name, features in features_of(backbone, picture, layers).items()
            if name in layers
        }
    whole: dict[str, Tensor] = {}
    for tile, features in _tiles(backbone, picture, layers, tile_size):
        for name, part in features.items():
            if name not in whole:
                whole[name] = part.new_empty(*part.shape[:2], *tile.whole(name))
            (top, bottom), (left, right) = tile.own(name)
            whole[name][..., top:bottom, left:right] = part
    return whole


def picture_sums(
    backbone: Backbone,
    picture: Tensor,
    layers: Sequence[str],
    tile_size: int,
    weights: Mapping[str, Tensor] | None = None,
) -> dict[str, Sums]:
    """Statistics of layers.

    Args:
        backbone: as of `picture_features`.
        picture: as of `picture_features`.
        layers: as of `picture_features`.
        tile_size: as of `picture_features`.
        weights: mask ``(1, 1, h, w)`` of each layer, see `losses.sums`; None weighs all positions alike.

    Returns:
        The `Sums` by layer.
    """
    found: dict[str, Sums] = {}
    for tile, features in _tiles(backbone, picture, layers, tile_size):
        stats = {name: sums(part, tile.of(weights[name], name) if weights else None) for name, part in features.items()}
        found = {name: found[name] + more for name, more in stats.items()} if found else stats
    return found


def picture_rows(
    backbone: Backbone, picture: Tensor, places: Mapping[str, Tensor], tile_size: int
) -> dict[str, Tensor]:
    """Features at some positions of layers.

    Args:
        backbone: as of `picture_features`.
        picture: as of `picture_features`.
        places: ``(n,)`` int64 by layer: row times width of the layer, plus column.
        tile_size: as of `picture_features`.

    Returns:
        ``(n, C)`` by layer.
    """
    if not is_tiled(picture, tile_size):
        features = features_of(backbone, picture, tuple(places))
        return {name: columns(features[name])[rows] for name, rows in places.items()}
    found: dict[str, Tensor] = {}
    for tile, features in _tiles(backbone, picture, tuple(places), tile_size):
        for name, part in features.items():
            (top, bottom), (left, right) = tile.own(name)
            y, x = places[name] // tile.whole(name)[1], places[name] % tile.whole(name)[1]
            here = ((y >= top) & (y < bottom) & (x >= left) & (x < right)).nonzero().flatten()
            if name not in found:
                found[name] = part.new_empty(len(y), part.shape[1])
            found[name][here] = columns(part)[(y[here] - top) * (right - left) + x[here] - left]
    return found


def picture_hypercolumns(backbone: Backbone, picture: Tensor, layers: Sequence[str], tile_size: int) -> Tensor:
    """Hypercolumns on the grid of a picture.

    Args:
        backbone: as of `picture_features`.
        picture: as of `picture_features`.
        layers: stacked, in this order.
        tile_size: as of `picture_features`.

    Returns:
        ``(h * w, sum of C)``.
    """
    grid = grid_of(picture)
    if not is_tiled(picture, tile_size):
        strides = {name: backbone.layers[name].stride for name in layers}
        return hypercolumns(features_of(backbone, picture, layers), strides, grid, backbone.wrap)
    channels = sum(backbone.layers[name].channels for name in layers)
    whole = picture.new_empty(0)
    for ((top, bottom), (left, right)), parts in hypercolumn_parts(backbone, picture, layers, tile_size):
        whole = whole if whole.numel() else parts[0].new_empty(*grid, channels)
        rows = torch.cat([part / part.shape[1] for part in parts], dim=1)
        whole[top:bottom, left:right] = rows.reshape(bottom - top, right - left, channels)
    return whole.flatten(0, 1)


def hypercolumn_parts(
    backbone: Backbone, picture: Tensor, layers: Sequence[str], tile_size: int
) -> Iterator[tuple[Cells, list[Tensor]]]:
    """Hypercolumns of a picture, tile by tile.

    Args:
        backbone: as of `picture_features`.
        picture: as of `picture_features`.
        layers: stacked, in this order.
        tile_size: as of `picture_features`.

    Yields:
        The cells of the picture's grid in one tile, and the features of each layer there, ``(n, C)``; divided by C and
        concatenated they are hypercolumns.
    """
    grid = grid_of(picture)
    for tile in tiles_of(picture, backbone, layers, tile_size):
        wanted = sources_of(tile, layers, grid)
        window = tile.window([wanted])
        features = cut_features(backbone, window.of(picture), window, [wanted])[0]
        yield tile.own_of(grid), grid_share(features, tile, layers, grid)


def sources_of(tile: Tile, layers: Sequence[str], grid: Size) -> dict[str, Cells]:
    """The cells of layers from which a tile's cells of a grid are interpolated.

    Args:
        tile: part of a picture.
        layers: names of layers.
        grid: (h, w) of a grid over the whole picture.

    Returns:
        Cells by layer.
    """
    return {name: _regrid(tile, name, grid).sources(tile.own_of(grid)) for name in layers}


def grid_share(features: Mapping[str, Tensor], tile: Tile, layers: Sequence[str], grid: Size) -> list[Tensor]:
    """Interpolate the features of a tile at its cells of a grid, as `matching.hypercolumns` does for a whole picture.

    Args:
        features: of the cells that `sources_of` returns, ``(1, C, h, w)`` by layer.
        tile: part of a picture.
        layers: names of layers.
        grid: (h, w) of a grid over the whole picture.

    Returns:
        ``(n, C)`` for each layer.
    """
    cells = tile.own_of(grid)
    return [columns(_regrid(tile, name, grid).part(features[name], cells)) for name in layers]


def _regrid(tile: Tile, name: str, grid: Size) -> Regrid:
    return Regrid(tile.layers[name].stride, tile.whole(name), grid, tile.wrap)


def _tiles(
    backbone: Backbone, picture: Tensor, layers: Sequence[str], tile_size: int
) -> Iterator[tuple[Tile, dict[str, Tensor]]]:
    """Each tile of a picture, with the features of its own cells."""
    for tile in tiles_of(picture, backbone, layers, tile_size) if layers else ():
        wanted = {name: tile.own(name) for name in layers}
        window = tile.window([wanted])
        yield tile, cut_features(backbone, window.of(picture), window, [wanted])[0]
