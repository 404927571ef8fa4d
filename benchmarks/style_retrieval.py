"""Which painting is this a piece of? Nearest neighbours by the style statistic, and by a colour histogram."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.random import Generator
from pictures import batches, stacked
from torch import Tensor

from impasto.backbones import Backbone
from impasto.losses import sums

SIDE = 64  # px; the paintings are 128 px wide
BINS = 8  # of each colour
FLOOR = 1e-2  # of the mean energy of a channel; keeps the logarithm of what never happens finite


def two_crops(picture: np.ndarray, rng: Generator, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Two squares at native resolution that share no pixel: side by side along the longer side, anywhere along the
    other."""
    turned = picture.shape[0] > picture.shape[1]
    wide = picture.swapaxes(0, 1) if turned else picture
    left = rng.integers(wide.shape[1] - 2 * side + 1)
    right = rng.integers(left + side, wide.shape[1] - side + 1)
    tops = rng.integers(wide.shape[0] - side + 1, size=2)
    crops = [wide[top : top + side, x : x + side] for top, x in zip(tops, (left, right), strict=True)]
    first, second = (crop.swapaxes(0, 1) if turned else crop for crop in crops)
    return first, second


def all_crops(pictures: Sequence[np.ndarray], seed: int = 0) -> Tensor:
    """``(2 N, 3, S, S)`` uint8: the first crop of every picture, then the second of every picture."""
    rng = np.random.default_rng(seed)
    pairs = [two_crops(picture, rng) for picture in pictures]
    return stacked([first for first, _ in pairs] + [second for _, second in pairs])


def mean_average_precision(distances: Tensor) -> float:
    """Of ``(2 N, 2 N)`` distances, where every crop i is asked for its twin i + N among all other crops.

    With one relevant crop for each query, its average precision is one over the twin's rank. Crops just as near as the
    twin come before it.
    """
    count = len(distances)
    query = torch.arange(count)
    twins = distances[query, (query + count // 2) % count]
    ranked = distances <= twins[:, None]
    ranked[query, query] = False
    return float((1.0 / ranked.sum(1)).mean())


def histograms(crops: Tensor) -> Tensor:
    """``(N, 3, S, S)`` uint8 to shares ``(N, BINS^3)`` of all pixels."""
    red, green, blue = (crops.long() * BINS // 256).flatten(2).unbind(1)
    places = (red * BINS + green) * BINS + blue
    return torch.stack([torch.bincount(row, minlength=BINS**3) for row in places]) / places.shape[1]


def hellinger(shares: Tensor) -> Tensor:
    """``(N, N)`` Hellinger distances of distributions; histograms find more by it than by chi-square or absolute
    differences."""
    return torch.cdist(shares.sqrt(), shares.sqrt()) / 2**0.5


def second_moment(features: Tensor) -> Tensor:
    """``(1, C, H, W)`` features to ``(C + 1, C + 1)``: mean and second moment in one, as the second moment of (f,
    1)."""
    stats = sums(features.float())
    one = features.new_ones(1, dtype=torch.float32)
    return torch.cat([torch.cat([stats.moment, stats.mean[:, None]], 1), torch.cat([stats.mean, one])[None]])


def log_euclidean(moments: Tensor) -> Tensor:
    """``(N, N)`` distances of `second_moment` matrices ``(N, C + 1, C + 1)``, as norms of differences of their
    logarithms.

    Arsigny et al. 2006, "Log-Euclidean metrics". Features are first divided by the root of their mean energy over all
    crops, and ``FLOOR`` is added to the diagonal. Of the distances tried (Euclidean, relative and Hellinger's of mean
    and deviation or mean and second moment, with and without whitening) this one finds most, for trained and random
    networks alike.
    """
    energy = moments[:, :-1, :-1].diagonal(dim1=1, dim2=2).mean().double()
    scale = torch.cat([energy.rsqrt().expand(moments.shape[1] - 1), energy.new_ones(1)])
    scaled = moments * scale[:, None] * scale + FLOOR * torch.eye(len(scale), dtype=scale.dtype)
    values, vectors = torch.linalg.eigh(scaled)
    logs = (vectors * values.clamp_min(FLOOR).log()[:, None]) @ vectors.transpose(1, 2)
    rows = logs.flatten(1).float()
    return torch.cdist(rows, rows)


@torch.no_grad()
def retrieve(network: Backbone, crops: Tensor, layers: Sequence[str]) -> dict[str, object]:
    """Mean average precision by the mean of the layers' distances, each over its own mean, and by each layer alone."""
    moments: dict[str, list[Tensor]] = {name: [] for name in layers}
    for part in batches(crops):
        for name, features in network(part, layers).items():
            moments[name] += [second_moment(one[None]) for one in features]
    distances = {name: log_euclidean(torch.stack(found)) for name, found in moments.items()}
    together = torch.stack([distance / distance.mean() for distance in distances.values()]).mean(0)
    each = {name: mean_average_precision(distance) for name, distance in distances.items()}
    return {"map": mean_average_precision(together), "layers": each}
