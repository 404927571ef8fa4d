"""Hypercolumns: the features of several layers resampled to one grid and concatenated, one row per position.

Hariharan et al. 2015, "Hypercolumns for object segmentation and fine-grained localization", arXiv 1411.5752; used for
style transfer by Kolkin et al. 2022, "Neural Neighbor Style Transfer", arXiv 2203.13215.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..numerics import widened
from .regrid import regridded

__all__ = ["columns", "grid_columns", "hypercolumns", "sparse"]

_SPARSE = 64  # about how many positions along the long side of a layer are matched at a time


def grid_columns(features: Tensor, size: tuple[int, int], wrap: str = "none") -> Tensor:
    """Features of one layer resampled to a grid, as rows divided by the number of channels.

    A layer finer than the grid is averaged, a coarser one is interpolated bilinearly. The division by C gives layers of
    different widths a comparable influence on the cosine of a hypercolumn.

    Args:
        features: ``(1, C, H, W)``.
        size: (h, w) of the grid.
        wrap: axes along which the interpolation wraps around, see `images.periodic`.

    Returns:
        ``(h * w, C)``, in float32 or wider.

    Examples:
        >>> import torch
        >>> features = torch.arange(8.0).reshape(1, 2, 2, 2)
        >>> grid_columns(features, (1, 1)).tolist()  # means 1.5 and 5.5, divided by 2 channels
        [[0.75, 2.75]]
    """
    return columns(regridded(widened(features), size, wrap)) / features.shape[1]  # (1, C, H, W) -> (h * w, C)


def columns(features: Tensor) -> Tensor:
    """Features of one layer ``(1, C, H, W)`` as rows ``(H * W, C)``, in float32 or wider.

    Examples:
        >>> import torch
        >>> columns(torch.arange(4.0).reshape(1, 2, 1, 2)).tolist()
        [[0.0, 2.0], [1.0, 3.0]]
    """
    return widened(features).permute(0, 2, 3, 1).reshape(-1, features.shape[1])  # (1, C, H, W) -> (H * W, C)


def hypercolumns(
    features: Mapping[str, Tensor],
    layers: Sequence[str],
    size: tuple[int, int],
    wrap: str = "none",
) -> Tensor:
    """Hypercolumns of a picture: the `grid_columns` of several layers, concatenated.

    Args:
        features: ``(1, C_l, H_l, W_l)`` for each layer l, by its name.
        layers: names of the layers, in the order of the channels.
        size: (h, w) of the grid.
        wrap: see `grid_columns`.

    Returns:
        ``(h * w, sum of C_l)``, in float32 or wider.

    Examples:
        >>> import torch
        >>> features = {"fine": torch.ones(1, 2, 4, 4), "coarse": torch.ones(1, 3, 1, 1)}
        >>> tuple(hypercolumns(features, ["fine", "coarse"], (2, 2)).shape)
        (4, 5)
    """
    return torch.cat([grid_columns(features[name], size, wrap) for name in layers], dim=1)


def sparse(features: Tensor, turn: int) -> Tensor:
    """A regular subsample of a layer's positions, about 64 along the long side.

    With a step k, the subsamples of k^2 successive values of ``turn`` are disjoint and together cover all positions.

    Args:
        features: ``(1, C, H, W)``.
        turn: number of the subsample, from 0.

    Returns:
        ``(1, C, h, w)``, a view.

    Examples:
        >>> import torch
        >>> sparse(torch.zeros(1, 1, 128, 100), turn=0).shape
        torch.Size([1, 1, 64, 50])
    """
    height, width = features.shape[2:]
    step = max(1, max(height, width) // _SPARSE)
    down, right = divmod(turn * (step + 1) % step**2, step)
    return features[:, :, down % height :: step, right % width :: step]
