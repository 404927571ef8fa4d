"""Styles from pictures: their statistics and hypercolumns at a size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..backbones import Backbone, own_layers, weighing
from ..config import StylizeConfig
from ..images.masks import HALF, Mask, reduced
from ..images.resample import fit_size, resize, side_of
from ..matching import CELL, grid_of
from ..numerics import widened
from ..tiling import picture_rows, picture_sums
from ..types import Size
from .patch_bank import LazyBank
from .style import StyleTargets
from .views import MOST_TURNED, View, views

__all__ = ["SHORTEST", "PictureStyle", "drawn", "layer_bank", "learn", "resized"]

SHORTEST = 16
"""Least short side of a picture in px: the networks halve it four times."""

_MOST_OF_A_LAYER = 16_384  # positions of a layer that are matched by itself


@dataclass(frozen=True, eq=False)
class PictureStyle:
    """The style of one picture, or of several pooled into one.

    Attributes:
        pictures: ``(1, 3, H, W)`` in [0, 1], of any sizes.
        name: the path that was read, or ``array``.
        sha256: of the bytes that were read.
        change: map of a picture ``(1, 3, h, w)`` in [0, 1] to another one, applied after resizing; see `recolored`.
        mask: the part of a single picture that is used; None for all of it.
        reading: peak memory of reading the pictures, in bytes, about.
        size: (height, width) of a single picture before it was reduced while it was read.
    """

    pictures: tuple[Tensor, ...]
    name: str = "array"
    sha256: str = ""
    change: Callable[[Tensor], Tensor] = lambda picture: picture
    mask: Mask | None = None
    reading: int = 0
    size: Size | None = None

    def masked(self, mask: Mask) -> PictureStyle:
        """This style, limited to a part of its picture.

        Args:
            mask: of the picture.

        Returns:
            The `PictureStyle`.
        """
        return replace(self, mask=mask)

    @property
    def colors(self) -> Tensor:
        """See `Style.colors`: all pixels."""
        if (part := self._part(self.pictures[0])) is not None:
            return self.change(_pixels(self.pictures[0], part))
        return torch.cat([self.change(picture).flatten(2)[:, :, None] for picture in self.pictures], dim=3)

    def picture(self) -> Tensor:
        """See `Style.picture`: the first picture."""
        return self.change(self.pictures[0])

    def recolored(self, change: Callable[[Tensor], Tensor]) -> PictureStyle:
        """See `Style.recolored`."""
        before = self.change
        return replace(self, change=lambda picture: change(before(picture)))

    def check(self, config: StylizeConfig, weights: Mapping[str, str], lengths: Sequence[float]) -> None:
        """See `Style.check`: pictures can be used by any run."""

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each picture in the bank of hypercolumns. They sum to 1.

        Of more than `views.MOST_TURNED` pictures, that many, evenly spaced, get equal shares. The others get 0 and are
        not matched.
        """
        count = len(self.pictures)
        matched = (
            {round(k * (count - 1) / (MOST_TURNED - 1)) for k in range(MOST_TURNED)}
            if count > MOST_TURNED
            else range(count)
        )
        return tuple(1 / len(matched) if k in matched else 0.0 for k in range(count))

    def resized(self, length: float, config: StylizeConfig) -> Iterator[Tensor]:
        """The pictures, resized and in their changed colours.

        Args:
            length: px along ``config.side``; a short side keeps at least 16 px, see `resized`.
            config: ``side`` and ``resample``.

        Yields:
            ``(1, 3, h, w)`` in [0, 1].
        """
        return (self._changed(resized(picture, length, config)) for picture in self.pictures)

    def _changed(self, picture: Tensor) -> Tensor:
        part = self._part(picture)
        return (
            self.change(picture)
            if part is None
            else picture.masked_scatter(part > 0, self.change(_pixels(picture, part)))
        )

    def _part(self, picture: Tensor) -> Tensor | None:
        """The mask at the size of a picture, ``(1, 1, H, W)``; None without a mask."""
        return None if self.mask is None else self.mask.at((picture.shape[2], picture.shape[3])).to(picture.device)

    def at(self, length: float, config: StylizeConfig, backbone: Backbone) -> StyleTargets:
        """See `Style.at`. Statistics are summed over the pictures, and their hypercolumns are one bank."""
        pictures = (picture.to(backbone.device) for picture in self.resized(length, config))
        each = zip(pictures, self.shares, strict=True)
        first, *rest = (learn(picture, config, backbone, share, self._part(picture)) for picture, share in each)
        return sum(rest, first)


def _pixels(picture: Tensor, part: Tensor) -> Tensor:
    """The pixels of a picture where the mask ``part`` ``(1, 1, H, W)`` is above 0, as ``(1, 3, 1, n)``."""
    return picture[..., part[0, 0] > 0][:, :, None]


@torch.no_grad()
def learn(
    picture: Tensor, config: StylizeConfig, backbone: Backbone, share: float = 1.0, mask: Tensor | None = None
) -> StyleTargets:
    """Compute the statistics and the hypercolumns of a style picture, without resizing it.

    Args:
        picture: ``(1, 3, h, w)`` in [0, 1].
        config: layers, rotations and tiles; resolved here if it is not yet. Parts with a weight of 0 are not computed.
        backbone: the network, on the picture's device.
        share: share of this picture in the bank; fewer rotations are used if it is small, and nothing is matched if
            it is 0.
        mask: ``(1, 1, h, w)`` in [0, 1], the part of the picture that is used, see `images.masks.reduced`; None for
            all.

    Returns:
        The `StyleTargets`.

    Raises:
        ConfigError: the backbone has no such layer.
    """
    config = config.resolve()
    config = own_layers(config, backbone.layers, weighing(config).keys() & {"style", "neighbour"})
    layers, matched = _layers(config, share)
    if matched and config.neighbour_match == "layers":
        return _learn_layers(picture, config, backbone, share, mask)
    weights = {name: weight for name in layers if (weight := _weight(mask, name, backbone)) is not None}
    stats = picture_sums(backbone, picture, layers, config.tile_size, weights)
    if not matched:
        return StyleTargets(stats, picture.new_zeros(0, 0))
    seen = tuple(views(picture, config, share))
    bank = LazyBank(seen, matched, backbone, config.tile_size)
    return StyleTargets(stats, bank, tuple(view.inner for view in seen), inside=_inside(seen, mask, matched, backbone))


def _learn_layers(
    picture: Tensor, config: StylizeConfig, backbone: Backbone, share: float, mask: Tensor | None
) -> StyleTargets:
    """`learn`, where each layer is matched by itself."""
    layers, matched = _layers(config, share)
    weights = {name: weight for name in layers if (weight := _weight(mask, name, backbone)) is not None}
    stats = picture_sums(backbone, picture, layers, config.tile_size, weights)
    seen = views(picture, config, share)
    most = layer_bank(config) * share / len(seen)

    def rows(view: View, part: Tensor | None) -> dict[str, Tensor]:
        places = {name: _places(view.picture, part, name, backbone, most, config) for name in matched}
        return picture_rows(backbone, view.picture, places, config.tile_size)

    found = [rows(view, part) for view, part in zip(seen, _turned(mask, len(seen)), strict=True)]
    split = {name: widened(torch.cat([each[name] for each in found])) for name in matched}
    return StyleTargets(stats, picture.new_zeros(0, 0), split=split)


def _layers(config: StylizeConfig, share: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The layers whose statistics are used, and those that are matched; empty if their weight or ``share`` is 0."""
    layers = (config.style_layers or ()) if config.style_weight else ()
    return layers, (config.neighbour_layers or ()) if config.neighbour_weight and share else ()


def _turned(mask: Tensor | None, count: int) -> list[Tensor | None]:
    """The mask of each view: the mask itself and its quarter turns."""
    return [None if mask is None else mask.rot90(turns, (2, 3)) for turns in range(count)]


def _weight(mask: Tensor | None, name: str, backbone: Backbone) -> Tensor | None:
    """The mask at the resolution of a layer, ``(1, 1, h, w)``: weight of each of its cells; None without a mask."""
    layer = backbone.layers[name]
    return None if mask is None else reduced(mask, layer.stride, layer.radius)


def _inside(seen: Sequence[View], mask: Tensor | None, matched: Sequence[str], backbone: Backbone) -> Tensor | None:
    """The rows of the bank that lie in the masked part of the pictures, as bool ``(n,)``; None without a mask.

    The mask is eroded, because the patches that are voted with reach beyond their cell, but at most to half its area.
    """
    farthest = max(backbone.layers[name].radius for name in matched)

    def rows(view: View, part: Tensor) -> Tensor:
        (top, left), (height, width) = view.margin, grid_of(view.picture)
        weight = reduced(part, CELL, max(farthest, CELL), HALF)
        return _counted(weight[..., top : height - top, left : width - left])

    each = zip(seen, _turned(mask, len(seen)), strict=True)
    return None if mask is None else torch.cat([rows(view, part) for view, part in each if part is not None])


def _counted(weight: Tensor) -> Tensor:
    """Flat bool: weights of 1/2 or more, or of the maximum if all are smaller."""
    return weight.flatten() >= weight.max().clamp_max(HALF)


def _places(
    picture: Tensor, mask: Tensor | None, name: str, backbone: Backbone, most: float, config: StylizeConfig
) -> Tensor:
    """At most ``most`` positions of one layer, without the border, and only where ``mask`` is high.

    Args:
        picture: ``(1, 3, h, w)``.
        mask: ``(1, 1, h, w)``, see `learn`; None for all positions.
        name: of the layer.
        backbone: the network.
        most: limit of positions.
        config: ``neighbour_border`` and ``seed``.

    Returns:
        ``(n,)`` int64, as `tiling.picture_rows` takes them.
    """
    stride = backbone.layers[name].stride
    height, width = picture.shape[2] // stride, picture.shape[3] // stride
    cells = math.ceil(config.neighbour_border * max(height, width))
    top, left = min(cells, height // 3), min(cells, width // 3)
    inner = (..., slice(top, height - top), slice(left, width - left))
    places = torch.arange(height * width, device=picture.device).reshape(height, width)[inner].flatten()
    weight = _weight(mask, name, backbone)
    return drawn(places if weight is None else places[_counted(weight[inner])], most, config.seed)


def layer_bank(config: StylizeConfig) -> int:
    """Number of positions of a layer that are searched if each layer is matched by itself.

    The search is repeated at every step, so the number is limited to 16,384.
    """
    return min(config.neighbour_bank, _MOST_OF_A_LAYER)


def drawn(rows: Tensor, most: float, seed: int) -> Tensor:
    """Draw rows at random, without replacement, if there are more than ``most``.

    Args:
        rows: ``(n, ...)``.
        most: limit; at least one row is drawn.
        seed: of the random numbers.

    Returns:
        ``(m, ...)``.
    """
    if len(rows) <= most:
        return rows
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    return rows[order[: max(1, round(most))].to(rows.device)]


def resized(picture: Tensor, length: float, config: StylizeConfig) -> Tensor:
    """Resize a style picture.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1].
        length: px along ``config.side``; more if the short side would have less than 16 px.
        config: ``side`` and ``resample``.

    Returns:
        ``(1, 3, h, w)`` in [0, 1].
    """
    size = picture.shape[2], picture.shape[3]
    least = math.ceil(SHORTEST * side_of(size, config.side) / min(size))
    return resize(picture, fit_size(size, max(round(length), least), config.side), config.resample)
