"""What pictures say of a style."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..config import StylizeConfig
from ..features import Backbone
from ..images.resample import fit_size, resize, side_of
from ..losses import CELL, Size, columns, grid_of, hypercolumns, sums
from ..objective import features_of
from ..tiling import is_tiled, picture_sums
from .banks import DistantBank
from .style import StyleTargets

__all__ = ["SHORTEST", "PictureStyle", "View", "drawn", "layer_bank", "learn", "resized", "views"]

SHORTEST = 16
"""Least short side of a picture in px: the networks halve it four times."""

_MOST_TURNED = 16  # turned pictures in a bank: a folder of many has paint for every place without all of them, or their turns
_MOST_OF_A_LAYER = 16_384


@dataclass(frozen=True)
class View:
    """A style picture ``(1, 3, h, w)``, turned, of which ``margin`` (height, width), in cells, is not matched at each border."""

    picture: Tensor
    margin: Size

    @property
    def inner(self) -> Tensor:
        """What is matched of the picture."""
        (top, left), (rows, sides) = self.margin, self.picture.shape[2:]
        return self.picture[..., CELL * top : rows - CELL * top, CELL * left : sides - CELL * left]

    @property
    def rows(self) -> int:
        """How many hypercolumns that has."""
        return math.prod(grid_of(self.inner))

    def columns(self, features: Mapping[str, Tensor], layers: Sequence[str]) -> Tensor:
        """Them, ``(rows, sum of C)``."""
        (top, left), (height, width) = self.margin, grid_of(self.picture)
        columns = hypercolumns(features, layers, (height, width)).reshape(height, width, -1)
        return columns[top : height - top, left : width - left].flatten(0, 1)


@dataclass(frozen=True, eq=False)
class PictureStyle:
    """The style of one picture, or of several pooled into one.

    ``pictures`` are ``(1, 3, H, W)`` in [0, 1] of any size; each is brought to the length that is asked for, but its
    short side never to less than 16 px, which the deepest layers need, and then changed by ``change``.
    """

    pictures: tuple[Tensor, ...]
    name: str = "array"
    sha256: str = ""
    change: Callable[[Tensor], Tensor] = lambda picture: picture

    @property
    def colors(self) -> Tensor:
        """See `Style.colors`: every pixel there is."""
        return torch.cat([self.change(picture).flatten(2)[:, :, None] for picture in self.pictures], dim=3)

    def picture(self) -> Tensor:
        """See `Style.picture`: the first one."""
        return self.change(self.pictures[0])

    def recolored(self, change: Callable[[Tensor], Tensor]) -> PictureStyle:
        """See `Style.recolored`."""
        before = self.change
        return replace(self, change=lambda picture: change(before(picture)))

    def check(self, config: StylizeConfig, weights: Mapping[str, str], lengths: Sequence[float]) -> None:
        """See `Style.check`: pictures serve every run."""

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each picture in the bank: of many, some spread over all of them share it, and the rest are not matched."""
        count = len(self.pictures)
        matched = (
            {round(k * (count - 1) / (_MOST_TURNED - 1)) for k in range(_MOST_TURNED)} if count > _MOST_TURNED else range(count)
        )
        return tuple(1 / len(matched) if k in matched else 0.0 for k in range(count))

    def resized(self, length: float, config: StylizeConfig) -> Iterator[Tensor]:
        """The pictures with ``length`` px along ``config.side``, in their changed colours."""
        return (self.change(resized(picture, length, config)) for picture in self.pictures)

    def at(self, length: float, config: StylizeConfig, backbone: Backbone) -> StyleTargets:
        """See `Style.at`. Statistics are added over the pictures, and their hypercolumns make one bank."""
        pictures = (picture.to(backbone.device) for picture in self.resized(length, config))
        first, *rest = (learn(picture, config, backbone, share) for picture, share in zip(pictures, self.shares, strict=True))
        return sum(rest, first)


@torch.no_grad()
def learn(picture: Tensor, config: StylizeConfig, backbone: Backbone, share: float = 1.0) -> StyleTargets:
    """What is to be known of a style picture, taken as it is: nothing is resized.

    Args:
        picture: ``(1, 3, h, w)`` in [0, 1].
        config: layers and turns; resolved here if it is not yet. What weighs nothing is not computed.
        backbone: the network that sees, on the picture's device.
        share: of all pictures of the style, that this one is: of many pictures few are turned; 0 is not matched.

    Raises:
        ConfigError: a layer is unknown to the backbone.
    """
    config = config.resolve()
    layers = (config.style_layers or ()) if config.style_weight else ()
    matched = (config.neighbour_layers or ()) if config.neighbour_weight and share else ()
    if is_tiled(picture, config.tile_size) and config.neighbour_match == "hypercolumns":
        return _learn_in_tiles(picture, layers, matched, config, backbone, share)
    features = features_of(backbone, picture, (*layers, *matched))
    stats = {name: sums(features[name]) for name in layers}
    if not matched:
        return StyleTargets(stats, picture.new_zeros(0, 0))
    seen = views(picture, config, share)
    found = [features, *(features_of(backbone, view.picture, matched) for view in seen[1:])]
    if config.neighbour_match == "layers":
        most = layer_bank(config) * share / len(seen)
        split = {name: torch.cat([_layer(each[name], most, config) for each in found]) for name in matched}
        return StyleTargets(stats, picture.new_zeros(0, 0), split=split)
    bank = torch.cat([view.columns(each, matched) for view, each in zip(seen, found, strict=True)])
    return StyleTargets(stats, bank, tuple(view.inner for view in seen))


def _learn_in_tiles(
    picture: Tensor, layers: Sequence[str], matched: Sequence[str], config: StylizeConfig, backbone: Backbone, share: float
) -> StyleTargets:
    stats = picture_sums(backbone, picture, layers, config.tile_size)
    if not matched:
        return StyleTargets(stats, picture.new_zeros(0, 0))
    seen = tuple(views(picture, config, share))
    return StyleTargets(stats, DistantBank(seen, tuple(matched), backbone, config.tile_size), tuple(view.inner for view in seen))


def _layer(features: Tensor, most: float, config: StylizeConfig) -> Tensor:
    """At most so many places of one layer, ``(n, C)``, without the border."""
    height, width = features.shape[2:]
    cells = math.ceil(config.neighbour_border * max(height, width))
    top, left = min(cells, height // 3), min(cells, width // 3)
    return drawn(columns(features[..., top : height - top, left : width - left]), most, config.seed)


def layer_bank(config: StylizeConfig) -> int:
    """How many places of a layer are searched where each is matched by itself: at every step, so no more than are published."""
    return min(config.neighbour_bank, _MOST_OF_A_LAYER)


def drawn(rows: Tensor, most: float, seed: int) -> Tensor:
    """The ``rows`` ``(n, C)``, or ``most`` of them, at least one, drawn by the seed."""
    if len(rows) <= most:
        return rows
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    return rows[order[: max(1, round(most))].to(rows.device)]


def views(picture: Tensor, config: StylizeConfig, share: float = 1.0) -> list[View]:
    """What is matched of a style picture: itself and its quarter turns, without a border; a third of each side stays at least."""
    turned = [picture.rot90(turns, (2, 3)) for turns in range(_turns(config, share))]
    cells = math.ceil(config.neighbour_border * max(grid_of(picture)))
    return [View(each, (min(cells, grid_of(each)[0] // 3), min(cells, grid_of(each)[1] // 3))) for each in turned]


def _turns(config: StylizeConfig, share: float) -> int:
    return max(1, min(config.neighbour_rotations, round(_MOST_TURNED * share))) if share else 0


def resized(picture: Tensor, length: float, config: StylizeConfig) -> Tensor:
    """A style picture with so many px along ``config.side``; a narrow one with as many as the deepest layers have to see."""
    size = picture.shape[2], picture.shape[3]
    least = math.ceil(SHORTEST * side_of(size, config.side) / min(size))
    return resize(picture, fit_size(size, max(round(length), least), config.side), config.resample)
