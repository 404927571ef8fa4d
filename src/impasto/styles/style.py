"""What a scale wants of a style, as a value, and what can give it."""

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
from .patch_bank import Bank, joined, kept

__all__ = ["KeptStyle", "Style", "StyleTargets"]

_MOST_KEPT = 8  # sizes of a style: more than a run has scales


@dataclass(frozen=True)
class StyleTargets:
    """What is known of a style at one size. Adding two pools them: one style that was seen in both.

    Attributes:
        stats: the statistics of each style layer.
        bank: hypercolumns of the neighbour layers, ``(n, sum of C)``; no rows where nothing is matched.
        pictures: what the rows were taken from, one after the other, ``(1, 3, H, W)`` in [0, 1] each.
        split: where each layer is matched by itself, the features of each, ``(n, C)``, in place of the bank.
        inside: ``(n,)`` bool, the rows of the bank that may be matched, where a part of the picture is the style; None
            for all.
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

    def kept(self, tile_size: int) -> StyleTargets:
        """Itself with its bank as a tensor, for runs that follow each other; not where tiles are to save memory."""
        return self if tile_size else replace(self, bank=kept(self.bank))

    def __add__(self, other: StyleTargets) -> StyleTargets:
        stats = {name: known + other.stats[name] for name, known in self.stats.items()}
        split = {
            n: torch.cat([known, other.split[n]]) if n in other.split else known for n, known in self.split.items()
        }
        return StyleTargets(stats, joined([self.bank, other.bank]), self.pictures + other.pictures, split)


class Style(Protocol):
    """Something a picture can be painted in the style of."""

    @property
    def name(self) -> str:
        """The path it was read from, or ``array``."""
        ...

    @property
    def sha256(self) -> str:
        """Of what it was read from."""
        ...

    @property
    def reading(self) -> int:
        """About the bytes that reading it took at its highest."""
        ...

    @property
    def colors(self) -> Tensor:
        """Its colours, as a picture ``(1, 3, h, w)`` of any size whose order of pixels says nothing."""
        ...

    def picture(self) -> Tensor:
        """A picture of it ``(1, 3, h, w)``, for a canvas to begin with.

        Raises:
            StyleError: it has none.
        """
        ...

    def check(self, config: StylizeConfig, weights: Mapping[str, str], lengths: Sequence[float]) -> None:
        """See that it can serve a run, before it starts.

        Args:
            config: resolved.
            weights: ``id`` and ``sha256`` of the network's.
            lengths: those that `at` will be asked for.

        Raises:
            StyleError: it was learnt with another network, or for other layers or sizes.
        """
        ...

    def recolored(self, change: Callable[[Tensor], Tensor]) -> Style:
        """The same style with every picture changed, at the size it is seen in: ``(1, 3, h, w)`` in [0, 1] to another.

        Raises:
            StyleError: it has statistics of which no picture is kept.
        """
        ...

    def at(self, length: float, config: StylizeConfig, backbone: Backbone) -> StyleTargets:
        """What it asks for where it has so many px along ``config.side``, on the backbone's device.

        Args:
            length: of the style, in px.
            config: resolved; which layers are wanted, and how they are taken.
            backbone: the network that sees.
        """
        ...


class KeptStyle:
    """A style that works out once what it is asked for again and again, for runs that follow each other."""

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
        """See `Style.recolored`; not kept, because the next content may change it in another way."""
        return self._style.recolored(change)

    def at(self, length: float, config: StylizeConfig, backbone: Backbone) -> StyleTargets:
        """See `Style.at`."""
        asked = length, config, backbone
        known = self._known.pop(asked, None) or self._style.at(*asked).kept(config.tile_size)
        self._known[asked] = known  # the latest stand last
        if len(self._known) > _MOST_KEPT:
            del self._known[next(iter(self._known))]
        return known
