"""Styles: what a scale wants of one is a value, `StyleTargets`, whatever it was taken from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from .config import StylizeConfig
from .features import Backbone
from .images.resample import fit_size, resize, side_of
from .losses import Sums, hypercolumns, sums
from .objective import features_of

__all__ = ["PictureStyle", "Style", "StyleTargets", "grid_of", "learn", "sampled"]

_GRID = 4  # hypercolumns stand on a grid of a quarter of the picture, as published
_SHORTEST = 16  # px: the networks halve a picture four times


@dataclass(frozen=True)
class StyleTargets:
    """What is known of a style at one size. Adding two pools them: one style that was seen in both.

    Attributes:
        stats: the statistics of each style layer.
        bank: hypercolumns of the neighbour layers, ``(n, sum of C)``; no rows where nothing is matched.
    """

    stats: Mapping[str, Sums]
    bank: Tensor

    def __add__(self, other: StyleTargets) -> StyleTargets:
        stats = {name: known + other.stats[name] for name, known in self.stats.items()}
        return StyleTargets(stats, torch.cat([self.bank, other.bank]))


class Style(Protocol):
    """Something a picture can be painted in the style of."""

    @property
    def colors(self) -> Tensor:
        """Its colours, as a picture ``(1, 3, h, w)`` of any size whose order of pixels says nothing."""
        ...

    def at(self, length: float, config: StylizeConfig, backbone: Backbone) -> StyleTargets:
        """What it asks for where it has so many px along ``config.side``.

        Args:
            length: of the style, in px.
            config: resolved; which layers are wanted, and how they are taken.
            backbone: the network that sees.
        """
        ...


@dataclass(frozen=True, eq=False)
class PictureStyle:
    """The style of one picture, or of several pooled into one.

    ``pictures`` are ``(1, 3, H, W)`` in [0, 1] of any size; each is brought to the length that is asked for, but its
    short side never to less than 16 px, which the deepest layers need.
    """

    pictures: tuple[Tensor, ...]

    @property
    def colors(self) -> Tensor:
        """See `Style.colors`: every pixel there is."""
        return torch.cat([picture.flatten(2)[:, :, None] for picture in self.pictures], dim=3)

    def at(self, length: float, config: StylizeConfig, backbone: Backbone) -> StyleTargets:
        """See `Style.at`. Statistics are added over the pictures, and each gives the same share of the bank."""
        resized = (resize(p, _style_size((p.shape[2], p.shape[3]), length, config.side), config.resample) for p in self.pictures)
        first, *rest = (learn(picture, config, backbone, 1 / len(self.pictures)) for picture in resized)
        return sum(rest, first)


@torch.no_grad()
def learn(picture: Tensor, config: StylizeConfig, backbone: Backbone, share: float = 1.0) -> StyleTargets:
    """What is to be known of a style picture, taken as it is: nothing is resized.

    Args:
        picture: ``(1, 3, h, w)`` in [0, 1].
        config: layers, turns and the size of the bank; resolved here if it is not yet. What weighs nothing is not computed.
        backbone: the network that sees, on the picture's device.
        share: of the bank, that the hypercolumns may fill.

    Raises:
        ConfigError: a layer is unknown to the backbone.
    """
    config = config.resolve()
    layers = (config.style_layers or ()) if config.style_weight else ()
    matched = (config.neighbour_layers or ()) if config.neighbour_weight else ()
    features = features_of(backbone, picture, (*layers, *matched))
    stats = {name: sums(features[name]) for name in layers}
    if not matched:
        return StyleTargets(stats, picture.new_zeros(0, 0))
    bank = [hypercolumns(features, matched, grid_of(picture))]
    for turns in range(1, config.neighbour_rotations):
        turned = picture.rot90(turns, (2, 3))
        bank.append(hypercolumns(features_of(backbone, turned, matched), matched, grid_of(turned)))
    return StyleTargets(stats, sampled(torch.cat(bank), share, config))


def sampled(bank: Tensor, share: float, config: StylizeConfig) -> Tensor:
    """The rows of ``bank``, or a fair sample that the seed decides where they are more than ``share`` of the whole bank."""
    most = max(1, round(share * config.neighbour_bank))
    if len(bank) <= most:
        return bank
    order = torch.randperm(len(bank), generator=torch.Generator().manual_seed(config.seed))
    return bank[order[:most].to(bank.device)]


def grid_of(picture: Tensor) -> tuple[int, int]:
    """The grid, (height, width), that the hypercolumns of a picture stand on."""
    return max(1, picture.shape[2] // _GRID), max(1, picture.shape[3] // _GRID)


def _style_size(size: tuple[int, int], length: float, side: str) -> tuple[int, int]:
    """The size of a style picture; a narrow one is not shrunk to less than the deepest layers can see."""
    return fit_size(size, max(round(length), math.ceil(_SHORTEST * side_of(size, side) / min(size))), side)
