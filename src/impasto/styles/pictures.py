"""What pictures say of a style."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..config import StylizeConfig
from ..features import Backbone
from ..images.resample import fit_size, resize, side_of
from ..losses import hypercolumns, sums
from ..objective import features_of
from .style import StyleTargets

__all__ = ["SHORTEST", "PictureStyle", "grid_of", "learn", "sampled"]

SHORTEST = 16
"""Least short side of a picture in px: the networks halve it four times."""

_GRID = 4  # hypercolumns stand on a grid of a quarter of the picture, as published


@dataclass(frozen=True, eq=False)
class PictureStyle:
    """The style of one picture, or of several pooled into one.

    ``pictures`` are ``(1, 3, H, W)`` in [0, 1] of any size; each is brought to the length that is asked for, but its
    short side never to less than 16 px, which the deepest layers need.
    """

    pictures: tuple[Tensor, ...]
    name: str = "array"
    sha256: str = ""

    @property
    def colors(self) -> Tensor:
        """See `Style.colors`: every pixel there is."""
        return torch.cat([picture.flatten(2)[:, :, None] for picture in self.pictures], dim=3)

    def picture(self) -> Tensor:
        """See `Style.picture`: the first one."""
        return self.pictures[0]

    def at(self, length: float, config: StylizeConfig, backbone: Backbone) -> StyleTargets:
        """See `Style.at`. Statistics are added over the pictures, and each gives the same share of the bank."""
        resized = (_resized(picture, length, config).to(backbone.device) for picture in self.pictures)
        first, *rest = (learn(picture, config, backbone, 1 / len(self.pictures)) for picture in resized)
        return sum(rest, first)


@torch.no_grad()
def learn(picture: Tensor, config: StylizeConfig, backbone: Backbone, share: float = 1.0) -> StyleTargets:
    """What is to be known of a style picture, taken as it is: nothing is resized.

    Args:
        picture: ``(1, 3, h, w)`` in [0, 1].
        config: layers, turns and size of the bank; resolved here if it is not yet. What weighs nothing is not computed.
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


def _resized(picture: Tensor, length: float, config: StylizeConfig) -> Tensor:
    """A narrow picture is not shrunk to less than the deepest layers can see."""
    size = picture.shape[2], picture.shape[3]
    least = math.ceil(SHORTEST * side_of(size, config.side) / min(size))
    return resize(picture, fit_size(size, max(round(length), least), config.side), config.resample)
