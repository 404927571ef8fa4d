"""Geometry of tiles: the cells of each layer that a tile owns, and the window that their exact features depend on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..backbones import Backbone, LayerSpec
from ..images.periodic import is_wrapped
from ..matching import CELL
from ..types import Size, Span

__all__ = ["Cells", "Span", "Tile", "Window", "is_tiled", "size_of", "tiles_of"]

Cells = tuple[Span, Span]
"""Spans (start, stop) of rows and of columns of a layer, or of a grid."""


@dataclass(frozen=True)
class Window:
    """The pixels that the features of a tile are computed from: the tile and its surroundings, within the picture; over
    the border of one that wraps around.

    Attributes:
        pixels: spans of rows and columns in px; they start at a cell boundary of every layer. Beyond the border lies
            the other side of the picture.
        layers: specification of each layer, by name.
    """

    pixels: Cells
    layers: Mapping[str, LayerSpec]

    def of(self, picture: Tensor) -> Tensor:
        """The pixels of this window in a picture ``(..., H, W)``, as a view if they lie within it."""
        for axis, (start, stop) in zip((-2, -1), self.pixels, strict=True):
            if _is_within(start, stop, picture.shape[axis]):
                picture = picture.narrow(axis, start, stop - start)
            else:
                picture = picture.index_select(axis, _around_the_border(start, stop, axis, picture))
        return picture

    def add(self, picture: Tensor, part: Tensor) -> None:
        """Add what this window has found, ``(..., h, w)``, to its pixels of a picture ``(..., H, W)``."""
        (top, bottom), (left, right) = self.pixels
        if not _is_within(left, right, picture.shape[-1]):
            whole = part.new_zeros(*part.shape[:-1], picture.shape[-1])
            part = whole.index_add_(-1, _around_the_border(left, right, -1, picture), part)
            left, right = 0, picture.shape[-1]
        columns = picture[..., left:right]
        if _is_within(top, bottom, picture.shape[-2]):
            columns[..., top:bottom, :].add_(part)
        else:
            columns.index_add_(-2, _around_the_border(top, bottom, -2, picture), part)

    def cut(self, features: Tensor, name: str, cells: Cells) -> Tensor:
        """Cut cells out of the features of this window.

        Args:
            features: of the window, ``(1, C, h, w)``.
            name: of the layer.
            cells: numbered over the whole picture, and inside of the window.

        Returns:
            A view ``(1, C, h', w')``.
        """
        stride = self.layers[name].stride
        (top, bottom), (left, right) = cells
        (above, _), (before, _) = self.pixels
        down, across = above // stride, before // stride
        return features[..., top - down : bottom - down, left - across : right - across]


@dataclass(frozen=True)
class Tile:
    """A part of a picture. Tiles do not overlap, and each cell of a layer belongs to exactly one tile.

    Attributes:
        pixels: spans of rows and columns in px. They start at a cell boundary of every layer; pixels at the right and
            lower edge of the picture that pooling drops belong to the last tile.
        size: (height, width) of the picture in px.
        layers: specification of each layer, by name.
        wrap: axes along which the picture wraps around, see `images.periodic`; along them its size is a multiple of the
            stride of every layer.
    """

    pixels: Cells
    size: Size
    layers: Mapping[str, LayerSpec]
    wrap: str = "none"

    @property
    def last(self) -> tuple[bool, bool]:
        """Whether the tile reaches the lower, and the right edge of the picture."""
        (_, bottom), (_, right) = self.pixels
        return bottom == self.size[0], right == self.size[1]

    def around(self, margin: int) -> Cells:
        """The tile's pixels and ``margin`` more on each side, where the picture goes on."""
        rows, columns = (
            (start - margin, stop + margin)
            if is_wrapped(axis, self.wrap)
            else (max(0, start - margin), min(length, stop + margin))
            for axis, (start, stop), length in zip((-2, -1), self.pixels, self.size, strict=True)
        )
        return rows, columns

    def whole(self, name: str) -> Size:
        """(height, width) in cells of a layer of the whole picture."""
        stride = self.layers[name].stride
        return self.size[0] // stride, self.size[1] // stride

    def of(self, whole: Tensor, name: str) -> Tensor:
        """The tile's own cells of a whole layer ``(1, n, h, w)``, as a view."""
        (top, bottom), (left, right) = self.own(name)
        return whole[..., top:bottom, left:right]

    def own(self, name: str) -> Cells:
        """The cells of a layer that this tile owns."""
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
        """The smallest window from which the features of some cells are exact.

        At an edge of the window inside of the picture, convolutions pad, which changes the features near it, up to the
        radius of the layer. So the window includes this radius around the cells.

        Args:
            seen: sets of cells by layer.

        Returns:
            The `Window`.
        """
        step = _step(self.layers)
        wanted = [(self.layers[name], cells) for part in seen for name, cells in part.items()]
        rows, columns = (
            _around(
                [(spec, cells[axis]) for spec, cells in wanted],
                step,
                None if is_wrapped(axis - 2, self.wrap) else self.size[axis],
            )
            for axis in (0, 1)
        )
        return Window((rows, columns), self.layers)


def size_of(picture: Tensor) -> Size:
    """(height, width) in px of a picture ``(1, 3, H, W)``."""
    return picture.shape[2], picture.shape[3]


def is_tiled(picture: Tensor, tile_size: int) -> bool:
    """Whether a picture ``(1, 3, H, W)`` is larger than a tile of ``tile_size`` px; 0 stands for no tiles."""
    return 0 < tile_size < max(size_of(picture))


def tiles_of(picture: Tensor, backbone: Backbone, names: Iterable[str], tile_size: int) -> list[Tile]:
    """Divide a picture into tiles of about equal size.

    Args:
        picture: ``(1, 3, H, W)``.
        backbone: the network.
        names: layers that will be requested.
        tile_size: largest side of a tile in px, rounded down to whole cells of the coarsest layer; the last tile may
            be up to one cell larger. 0 gives one tile.

    Returns:
        The tiles, row by row.
    """
    size = size_of(picture)
    layers = {name: backbone.layers[name] for name in names}
    step = _step(layers)
    rows, columns = (_spans(length, step, max(1, (tile_size or length) // step)) for length in size)
    return [Tile((row, column), size, layers, backbone.wrap) for row in rows for column in columns]


def _step(layers: Mapping[str, LayerSpec]) -> int:
    """Distance in px between positions at which cells of all layers start: the common multiple of the strides."""
    return math.lcm(*(spec.stride for spec in layers.values()))


def _spans(length: int, step: int, most: int) -> list[Span]:
    """Divide ``length`` px into spans of at most ``most`` steps each; the last one includes the remainder."""
    steps = max(1, length // step)
    count = -(-steps // most)
    edges = [*(steps * k // count * step for k in range(count)), length]
    return list(itertools.pairwise(edges))


def _is_within(start: int, stop: int, length: int) -> bool:
    return start >= 0 and stop <= length


def _around_the_border(start: int, stop: int, axis: int, picture: Tensor) -> Tensor:
    """Indices of a span of an axis that goes on at the other side."""
    return torch.arange(start, stop, device=picture.device) % picture.shape[axis]


def _around(wanted: Sequence[tuple[LayerSpec, Span]], step: int, length: int | None) -> Span:
    """The span of px that some cells depend on, extended to whole steps, within the picture; None is without end."""
    start = min(spec.stride * first - spec.radius for spec, (first, _) in wanted)
    stop = max(spec.stride * last + spec.radius for spec, (_, last) in wanted)
    start, stop = start // step * step, -(-stop // step) * step
    return (start, stop) if length is None else (max(0, start), min(length, stop))
