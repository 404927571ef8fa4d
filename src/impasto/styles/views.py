"""What is matched of a style picture: itself and its quarter turns, without a border."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from ..config import StylizeConfig
from ..matching import CELL, grid_of
from ..types import Size

__all__ = ["MOST_TURNED", "View", "views"]

MOST_TURNED = 16
"""Turned pictures in a bank: a folder of many has paint for every place without all of them, or their turns."""


@dataclass(frozen=True)
class View:
    """A style picture ``(1, 3, h, w)``, turned, of which ``margin`` (height, width), in cells, is not matched at each
    border."""

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


def views(picture: Tensor, config: StylizeConfig, share: float = 1.0) -> list[View]:
    """What is matched of a style picture: itself and its quarter turns, without a border; a third of each side stays at
    least."""
    turned = [picture.rot90(turns, (2, 3)) for turns in range(_turns(config, share))]
    cells = math.ceil(config.neighbour_border * max(grid_of(picture)))
    return [View(each, (min(cells, grid_of(each)[0] // 3), min(cells, grid_of(each)[1] // 3))) for each in turned]


def _turns(config: StylizeConfig, share: float) -> int:
    return max(1, min(config.neighbour_rotations or 1, round(MOST_TURNED * share))) if share else 0
