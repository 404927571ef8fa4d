"""Losses: pure functions on tensors, one family a file; nothing here knows a network."""

from .content import content_divisor, content_loss, content_size, content_squares, widened
from .fields import CELL, Field, Size, coherent, enlarged, grid_of, voted
from .grids import Regrid
from .moments import Sums, blend, gram_distance, mean_std_distance, moments_distance, pulled, sums, wasserstein_distance
from .neighbours import columns, cosine_loss, grid_columns, hypercolumns, nearest, sparse, split_loss
from .search import Search, directions
from .variation import tile_variation, total_variation

__all__ = [
    "CELL",
    "Field",
    "Regrid",
    "Search",
    "Size",
    "Sums",
    "blend",
    "coherent",
    "columns",
    "content_divisor",
    "content_loss",
    "content_size",
    "content_squares",
    "cosine_loss",
    "directions",
    "enlarged",
    "gram_distance",
    "grid_columns",
    "grid_of",
    "hypercolumns",
    "mean_std_distance",
    "moments_distance",
    "nearest",
    "pulled",
    "sparse",
    "split_loss",
    "sums",
    "tile_variation",
    "total_variation",
    "voted",
    "wasserstein_distance",
    "widened",
]
