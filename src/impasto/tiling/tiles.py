"""Tiles of a picture: the cells that each owns, and how much around them must be seen for those to be exact."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from ..backbones import Backbone, LayerSpec
from ..matching import CELL
from ..types import Size, Span

__all__ = ["Cells", "Span", "Tile", "Window", "is_tiled", "size_of", "tiles_of"]

"""From the first to behind the last."""

Cells = tuple[Span, Span]
"""Rows and columns of a layer, or of a grid."""


@dataclass(frozen=True)
class Window:
    """What is seen of a picture for one tile: the tile and its surroundings, to the picture's border at most.

    Attributes:
        pixels: rows and columns, which begin on a cell of every layer.
        layers: specifications by the names that are asked for.
    """

    pixels: Cells
    layers: Mapping[str, LayerSpec]

    def of(self, picture: Tensor) -> Tensor:
        """The part of a picture ``(1, 3, H, W)``, as a view."""
        (top, bottom), (left, right) = self.pixels
        return picture[..., top:bottom, left:right]

    def cut(self, features: Tensor, name: str, cells: Cells) -> Tensor:
        """Those ``cells`` of the whole layer, out of the ``features`` ``(1, C, h, w)`` of this window, as a view."""
        stride = self.layers[name].stride
        (top, bottom), (left, right) = cells
        (above, _), (before, _) = self.pixels
        down, across = above // stride, before // stride
        return features[..., top - down : bottom - down, left - across : right - across]


@dataclass(frozen=True)
class Tile:
    """A part of a picture. Tiles lie side by side, and each cell of a layer belongs to one of them.

    Attributes:
        pixels: rows and columns. They begin on a cell of every layer; what pooling drops at the picture's right and
            lower edge lies in the last tile.
        size: (height, width) of the picture.
        layers: specifications by the names that are asked for.
    """

    pixels: Cells
    size: Size
    layers: Mapping[str, LayerSpec]

    @property
    def last(self) -> tuple[bool, bool]:
        """Whether it ends with the picture, below and at the right."""
        (_, bottom), (_, right) = self.pixels
        return bottom == self.size[0], right == self.size[1]

    def whole(self, name: str) -> Size:
        """(height, width) of a layer, in cells."""
        stride = self.layers[name].stride
        return self.size[0] // stride, self.size[1] // stride

    def of(self, whole: Tensor, name: str) -> Tensor:
        """This tile's part of what there is for every cell of a layer, ``(1, n, H, W)``."""
        (top, bottom), (left, right) = self.own(name)
        return whole[..., top:bottom, left:right]

    def own(self, name: str) -> Cells:
        """The cells of a layer that are this tile's."""
        stride = self.layers[name].stride
        rows, columns = ((start // stride, stop // stride) for start, stop in self.pixels)
        return rows, columns

    def own_of(self, grid: Size) -> Cells:
        """The cells of a grid of cells of 4 px, of the whole picture, whose centres lie in this tile."""
        rows, columns = (
            (min(count, -(-(start - CELL // 2) // CELL)), min(count, -(-(stop - CELL // 2) // CELL)))
            for (start, stop), count in zip(self.pixels, grid, strict=True)
        )
        return rows, columns

    def window(self, seen: Iterable[Mapping[str, Cells]]) -> Window:
        """The least window in which all ``seen`` cells are what they are in the whole picture.

        A convolution that ends at the edge of a window, and not of the picture, pads it there; a layer's radius is as
        far as this can reach.
        """
        step = _step(self.layers)
        wanted = [(self.layers[name], cells) for part in seen for name, cells in part.items()]
        rows, columns = (
            _around([(spec, cells[axis]) for spec, cells in wanted], step, self.size[axis]) for axis in (0, 1)
        )
        return Window((rows, columns), self.layers)


def size_of(picture: Tensor) -> Size:
    """(height, width) of a picture ``(1, 3, H, W)``."""
    return picture.shape[2], picture.shape[3]


def is_tiled(picture: Tensor, tile_size: int) -> bool:
    """Whether a picture ``(1, 3, H, W)`` is looked at in tiles of so many px; 0 stands for none."""
    return 0 < tile_size < max(size_of(picture))


def tiles_of(picture: Tensor, backbone: Backbone, names: Iterable[str], tile_size: int) -> list[Tile]:
    """The tiles of a picture ``(1, 3, H, W)``, about equal.

    Args:
        picture: to be looked at.
        backbone: the network that sees.
        names: the layers that will be asked for.
        tile_size: longest side of a tile in px; 0 for one tile. It counts in whole cells of the coarsest layer, and the
            last tile has up to one more.
    """
    size = size_of(picture)
    layers = {name: backbone.layers[name] for name in names}
    step = _step(layers)
    rows, columns = (_spans(length, step, max(1, (tile_size or length) // step)) for length in size)
    return [Tile((row, column), size, layers) for row in rows for column in columns]


def _step(layers: Mapping[str, LayerSpec]) -> int:
    """The px after which a cell of every layer begins again."""
    return math.lcm(*(spec.stride for spec in layers.values()))


def _spans(length: int, step: int, most: int) -> list[Span]:
    """A side in pieces of whole steps, at most ``most`` of them each; what is left over goes to the last."""
    steps = max(1, length // step)
    count = -(-steps // most)
    edges = [*(steps * k // count * step for k in range(count)), length]
    return list(itertools.pairwise(edges))


def _around(wanted: Sequence[tuple[LayerSpec, Span]], step: int, length: int) -> Span:
    """The px on which the cells depend, brought to whole steps, inside of the picture."""
    start = min(spec.stride * first - spec.radius for spec, (first, _) in wanted)
    stop = max(spec.stride * last + spec.radius for spec, (_, last) in wanted)
    return max(0, start // step * step), min(length, -(-stop // step) * step)
