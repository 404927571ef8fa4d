"""Losses: pure functions on tensors, one family a file; nothing here knows a network."""

from .content import content_loss
from .moments import Sums, blend, gram_distance, mean_std_distance, moments_distance, sums, wasserstein_distance
from .neighbours import cosine_loss, grid_columns, hypercolumns, nearest
from .variation import total_variation

__all__ = [
    "Sums",
    "blend",
    "content_loss",
    "cosine_loss",
    "gram_distance",
    "grid_columns",
    "hypercolumns",
    "mean_std_distance",
    "moments_distance",
    "nearest",
    "sums",
    "total_variation",
    "wasserstein_distance",
]
