"""Loss functions on tensors, one family per file. Nothing here depends on a network or on the options.

Read `content` and `statistics` (Gatys et al. 2016, equations 1 to 5), then `cosine` (Kolkin et al. 2022) and
`total_variation`. `impasto.objective` and the packages above it may import this one.
"""

from .content import content_divisor, content_loss, content_size, content_squares
from .cosine import cosine_loss, split_loss
from .statistics import Sums, blend, sums, sums_gradient
from .style_distance import gram_distance, mean_std_distance, moments_distance, wasserstein_distance
from .total_variation import tile_variation, total_variation

__all__ = [
    "Sums",
    "blend",
    "content_divisor",
    "content_loss",
    "content_size",
    "content_squares",
    "cosine_loss",
    "gram_distance",
    "mean_std_distance",
    "moments_distance",
    "split_loss",
    "sums",
    "sums_gradient",
    "tile_variation",
    "total_variation",
    "wasserstein_distance",
]
