"""Pictures looked at in tiles: what is seen, and values and gradients, as of the whole picture, in the memory of one
tile."""

from .features import (
    Wanted,
    grid_share,
    hypercolumn_parts,
    picture_features,
    picture_hypercolumns,
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
    "picture_sums",
    "sources_of",
    "tiles_of",
    "value_and_grad",
    "within_memory",
]
