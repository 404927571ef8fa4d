"""The protocol of a style, the value that it gives to a scale, and a cache of these values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from ..backbones import Backbone
from ..config import StylizeConfig
from ..losses import Sums
from ..matching import grid_of
from ..types import Size
from .patch_bank import Bank, all_rows, joined

__all__ = ["KeptStyle", "Style", "StyleTargets"]

_MOST_KEPT = 8  # entries of the cache: more than a run has scales


@dataclass(frozen=True)
class StyleTargets:
    """Targets of a style at one size. The sum of two targets pools them into one style.

    Attributes:
        stats: statistics of each style layer, by name.
        bank: hypercolumns of the neighbour layers, ``(n, sum of C)``; without rows if nothing is matched.
        pictures: the pictures that the rows of the bank come from, ``(1, 3, H, W)`` in [0, 1], in the same order.
        split: features ``(n, C)`` of each layer by name, instead of the bank, if each layer is matched by itself.
        inside: ``(n,)`` bool, the rows of the bank that may be matched, if only a part of the picture is the style;
            None for all.
    """

    stats: Mapping[str, Sums]
    bank: Bank
    pictures: tuple[Tensor, ...] = ()
    split: Mapping[str, Tensor] = field(default_factory=dict)
    inside: Tensor | None = None

    @property
    def grids(self) -> tuple[Size, ...]:
        """(height, width) of the grid of each picture."""
        return tuple(grid_of(picture) for picture in self.pictures)

    def with_rows(self, tile_size: int) -> StyleTargets:
        """Itself with its bank as a tensor, for runs that follow each other; not where tiles are to save memory."""
        return self if tile_size else replace(self, bank=all_rows(self.bank))

    def __add__(self, other: StyleTargets) -> StyleTargets:
        stats = {name: known + other.stats[name] for name, known in self.stats.items()}
        split = {
            n: torch.cat([known, other.split[n]]) if n in other.split else known for n, known in self.split.items()
        }
        return StyleTargets(stats, joined([self.bank, other.bank]), self.pictures + other.pictures, split)


class Style(Protocol):
    """A style: gives its targets at any size."""

    @property
    def name(self) -> str:
        """The path that was read, or ``array``."""
        ...

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes that were read, as hex digits."""
        ...

    @property
    def reading(self) -> int:
        """Peak memory of reading it, in bytes, about."""
        ...

    @property
    def colors(self) -> Tensor:
        """Its colours, ``(1, 3, h, w)`` in [0, 1]; the order of the pixels has no meaning."""
        ...

    def picture(self) -> Tensor:
        """A picture of the style ``(1, 3, h, w)`` in [0, 1], for an initial canvas.

        Raises:
            StyleError: the style has no picture.
        """
        ...

    def check(self, config: StylizeConfig, weights: Mapping[str, str], lengths: Sequence[float]) -> None:
        """Check before a run starts that it can use this style.

        Args:
            config: resolved.
            weights: ``id`` and ``sha256`` of the network's weights.
            lengths: all lengths in px that `at` will be called with.

        Raises:
            StyleError: the style was learnt with another network, or for other layers or sizes.
        """
        ...

    def recolored(self, change: Callable[[Tensor], Tensor]) -> Style:
        """The style with the colours of its pictures changed.

        Args:
            change: map of a picture ``(1, 3, h, w)`` in [0, 1] to another one, applied after resizing.

        Returns:
            The `Style`.

        Raises:
            StyleError: the style consists of statistics, whose colours cannot be changed.
        """
        ...

    def at(self, length: float, config: StylizeConfig, backbone: Backbone) -> StyleTargets:
        """The targets of the style at one size.

        Args:
            length: of the style, in px along ``config.side``.
            config: resolved; layers, rotations and tiles.
            backbone: the network.

        Returns:
            The `StyleTargets`, on the backbone's device.
        """
        ...


class KeptStyle:
    """A style that caches its targets, for several runs with the same options.

    Args:
        style: whose targets are cached.
    """

    def __init__(self, style: Style) -> None:
        self._style, self._known = style, dict[tuple[float, StylizeConfig, Backbone], StyleTargets]()

    @property
    def name(self) -> str:
        """See `Style.name`."""
        return self._style.name

    @property
    def sha256(self) -> str:
        """See `Style.sha256`."""
        return self._style.sha256

    @property
    def reading(self) -> int:
        """See `Style.reading`."""
        return self._style.reading

    @cached_property
    def colors(self) -> Tensor:
        """See `Style.colors`."""
        return self._style.colors

    def picture(self) -> Tensor:
        """See `Style.picture`."""
        return self._style.picture()

    def check(self, config: StylizeConfig, weights: Mapping[str, str], lengths: Sequence[float]) -> None:
        """See `Style.check`."""
        self._style.check(config, weights, lengths)

    def recolored(self, change: Callable[[Tensor], Tensor]) -> Style:
        """See `Style.recolored`; not cached, because the change may depend on the content."""
        return self._style.recolored(change)

    def at(self, length: float, config: StylizeConfig, backbone: Backbone) -> StyleTargets:
        """See `Style.at`."""
        asked = length, config, backbone
        known = self._known.pop(asked, None) or self._style.at(*asked).with_rows(config.tile_size)
        self._known[asked] = known  # most recently used last
        if len(self._known) > _MOST_KEPT:
            del self._known[next(iter(self._known))]
        return known
