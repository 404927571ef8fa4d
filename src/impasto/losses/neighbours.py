"""Neighbour matching: each position's features should point where its nearest style features point.

Kolkin, Kucera, Sykora, Shechtman 2022, "Neural Neighbor Style Transfer", arXiv 2203.13215. Features of several layers,
resized to one grid and stacked, make a hypercolumn a position; the nearest one of the style by centred cosine is the target.
Departures: features of a wider span are stacked, and the query's mean is taken away from the query only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .content import widened

__all__ = ["cosine_loss", "hypercolumns", "nearest"]


def hypercolumns(features: Mapping[str, Tensor], layers: Sequence[str], size: tuple[int, int]) -> Tensor:
    """Stacked features ``(h * w, sum of C)`` on a grid of ``size`` (h, w), each layer divided by its channels.

    Layers finer than the grid are averaged (antialiased), coarser ones interpolated bilinearly.
    """
    maps = [_on_grid(features[name], size) / features[name].shape[1] for name in layers]
    stacked = torch.cat([m.permute(0, 2, 3, 1) for m in maps], dim=3)
    return stacked.reshape(-1, stacked.shape[3])


def _on_grid(features: Tensor, size: tuple[int, int]) -> Tensor:
    height, width = features.shape[2:]
    features = widened(features)
    if (height, width) == size:
        return features
    if height % size[0] == 0 and width % size[1] == 0:
        return F.avg_pool2d(features, (height // size[0], width // size[1]))
    shrinks = height > size[0] or width > size[1]
    return F.interpolate(features, size=size, mode="bilinear", antialias=shrinks, align_corners=False)


def nearest(query: Tensor, bank: Tensor, *, block: int = 1024) -> Tensor:
    """For each row of ``query`` ``(n, C)`` the index of the row of ``bank`` ``(m, C)`` with the largest centred cosine.

    Each side's mean is taken away first. Works block by block, so the distance matrix never exists as a whole: memory is
    ``block x m``. Returns ``(n,)`` int64; the first of equals.
    """
    ours, theirs = F.normalize(query - query.mean(0), dim=1), F.normalize(bank - bank.mean(0), dim=1)
    return torch.cat([(part @ theirs.T).argmax(1) for part in ours.split(block)])


def cosine_loss(columns: Tensor, wanted: Tensor) -> Tensor:
    """Mean over positions of 1 - cosine between ``columns`` and ``wanted``, both ``(n, C)``, as a scalar."""
    return (1 - F.cosine_similarity(columns, wanted, dim=1)).mean()
