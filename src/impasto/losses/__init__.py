"""Losses: pure functions on tensors, one family a file; nothing here knows a network."""

from .content import content_loss
from .fields import CELL, Field, Size, coherent, enlarged, grid_of, voted
from .moments import Sums, blend, gram_distance, mean_std_distance, moments_distance, sums, wasserstein_distance
from .neighbours import columns, cosine_loss, grid_columns, hypercolumns, nearest, sparse, split_loss
from .variation import total_variation

__all__ = [
    "CELL",
    "Field",
    "Size",
    "Sums",
    "blend",
    "coherent",
    "columns",
    "content_loss",
    "cosine_loss",
    "enlarged",
    "gram_distance",
    "grid_columns",
    "grid_of",
    "hypercolumns",
    "mean_std_distance",
    "moments_distance",
    "nearest",
    "sparse",
    "split_loss",
    "sums",
    "total_variation",
    "voted",
    "wasserstein_distance",
]
