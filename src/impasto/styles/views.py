"""Views of a style picture that are matched: the picture and its quarter turns, without their borders."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from ..config import StylizeConfig
from ..matching import CELL, grid_of
from ..types import Size

__all__ = ["MOST_TURNED", "View", "views"]

MOST_TURNED = 16
"""Most views in a bank. A folder of many pictures has a match for every place without all of them and their turns."""


@dataclass(frozen=True)
class View:
    """A view of a style picture.

    Attributes:
        picture: ``(1, 3, h, w)`` in [0, 1], turned.
        margin: (height, width) in cells, the border on each side that is not matched.
    """

    picture: Tensor
    margin: Size

    @property
    def inner(self) -> Tensor:
        """The picture without its border, ``(1, 3, h', w')``."""
        (top, left), (rows, sides) = self.margin, self.picture.shape[2:]
        return self.picture[..., CELL * top : rows - CELL * top, CELL * left : sides - CELL * left]

    @property
    def rows(self) -> int:
        """Number of hypercolumns of ``inner``."""
        return math.prod(grid_of(self.inner))


def views(picture: Tensor, config: StylizeConfig, share: float = 1.0) -> list[View]:
    """The views of a style picture: the picture and its quarter turns, without a border.

    Args:
        picture: ``(1, 3, h, w)`` in [0, 1].
        config: ``neighbour_rotations`` and ``neighbour_border``; at least a third of each side is kept.
        share: share of the picture in the bank; of `MOST_TURNED` views it gets so many, at least one; none if 0.

    Returns:
        At most four views.
    """
    turned = [picture.rot90(turns, (2, 3)) for turns in range(_turns(config, share))]
    cells = math.ceil(config.neighbour_border * max(grid_of(picture)))
    return [View(each, (min(cells, grid_of(each)[0] // 3), min(cells, grid_of(each)[1] // 3))) for each in turned]


def _turns(config: StylizeConfig, share: float) -> int:
    return max(1, min(config.neighbour_rotations or 1, round(MOST_TURNED * share))) if share else 0
