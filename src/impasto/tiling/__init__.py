"""Tiled evaluation: features, statistics, and the loss with its gradient, equal to those of the whole picture.

Only the activations of one tile are in memory at a time. Read `tiles` (geometry), then `features`, `gradient` (two
passes), `lazy_features` and `out_of_memory`. `impasto.styles` and the packages above it may import this one.
"""

from .features import (
    Wanted,
    grid_share,
    hypercolumn_parts,
    picture_features,
    picture_hypercolumns,
    picture_rows,
    picture_sums,
    sources_of,
)
from .gradient import Additive, Local, value_and_grad
from .lazy_features import Anew
from .out_of_memory import SMALLEST, within_memory
from .tiles import Cells, Tile, Window, is_tiled, tiles_of

__all__ = [
    "SMALLEST",
    "Additive",
    "Anew",
    "Cells",
    "Local",
    "Tile",
    "Wanted",
    "Window",
    "grid_share",
    "hypercolumn_parts",
    "is_tiled",
    "picture_features",
    "picture_hypercolumns",
    "picture_rows",
    "picture_sums",
    "sources_of",
    "tiles_of",
    "value_and_grad",
    "within_memory",
]
