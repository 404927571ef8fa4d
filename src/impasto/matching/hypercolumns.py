"""Features as rows: a layer's positions, or those of several layers on one grid, stacked to hypercolumns.

Hariharan et al. 2015, "Hypercolumns for object segmentation and fine-grained localization", arXiv 1411.5752; as Kolkin et al.
2022, "Neural Neighbor Style Transfer", arXiv 2203.13215, use them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..numerics import widened
from .regrid import regridded

__all__ = ["columns", "grid_columns", "hypercolumns", "sparse"]

_SPARSE = 64  # positions along the long side of a layer, of which no more are matched at once


def grid_columns(features: Tensor, size: tuple[int, int], wrap: str = "none") -> Tensor:
    """One layer's features ``(1, C, H, W)`` on a grid of ``size`` (h, w), as ``(h * w, C)`` divided by C.

    A layer finer than the grid is averaged, a coarser one interpolated bilinearly, over the border along the axes of ``wrap``.
    """
    return columns(regridded(widened(features), size, wrap)) / features.shape[1]


def columns(features: Tensor) -> Tensor:
    """One layer's features ``(1, C, H, W)`` as ``(H * W, C)``, in float32 or wider."""
    return widened(features).permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def hypercolumns(features: Mapping[str, Tensor], layers: Sequence[str], size: tuple[int, int], wrap: str = "none") -> Tensor:
    """The `grid_columns` of several layers side by side, ``(h * w, sum of C)``."""
    return torch.cat([grid_columns(features[name], size, wrap) for name in layers], dim=1)


def sparse(features: Tensor, turn: int) -> Tensor:
    """A part of a layer's positions, ``(1, C, h, w)``, every so many along both sides so that the long one has some 64.

    Parts of successive ``turn`` are disjoint until all positions have been taken.
    """
    height, width = features.shape[2:]
    step = max(1, max(height, width) // _SPARSE)
    down, right = divmod(turn * (step + 1) % step**2, step)
    return features[:, :, down % height :: step, right % width :: step]
