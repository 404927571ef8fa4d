"""Hypercolumns: the features of several layers resampled to one grid and concatenated, one row per position.

Hariharan et al. 2015, "Hypercolumns for object segmentation and fine-grained localization", arXiv 1411.5752; used for
style transfer by Kolkin et al. 2022, "Neural Neighbor Style Transfer", arXiv 2203.13215.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..types import Size
from .regrid import Regrid

__all__ = ["columns", "grid_columns", "hypercolumns", "lattice", "sparse"]

_SPARSE = 64  # about how many positions along the long side of a layer are matched at a time


def grid_columns(features: Tensor, stride: int, grid: Size, wrap: str = "none") -> Tensor:
    """Features of one layer on the grid of cells of 4 px, one row per cell, see `regrid.Regrid`.

    Args:
        features: ``(1, C, H, W)``.
        stride: px between two cells of the layer.
        grid: (h, w), not larger than the picture has whole cells.
        wrap: axes along which the interpolation wraps around, see `images.periodic`.

    Returns:
        ``(h * w, C)``, in the number format of the features; in ``channels_last`` memory format nothing is copied.

    Examples:
        >>> import torch
        >>> features = torch.arange(8.0).reshape(1, 2, 2, 2)
        >>> grid_columns(features, 2, (1, 1)).tolist()  # the means of both channels
        [[1.5, 5.5]]
    """
    return columns(Regrid(stride, (features.shape[2], features.shape[3]), grid, wrap).of(features))


def columns(features: Tensor) -> Tensor:
    """Features of one layer ``(1, C, H, W)`` as rows ``(H * W, C)``.

    Examples:
        >>> import torch
        >>> columns(torch.arange(4.0).reshape(1, 2, 1, 2)).tolist()
        [[0.0, 2.0], [1.0, 3.0]]
    """
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])  # (1, C, H, W) -> (H * W, C)


def hypercolumns(features: Mapping[str, Tensor], strides: Mapping[str, int], grid: Size, wrap: str = "none") -> Tensor:
    """Hypercolumns of a picture: the `grid_columns` of several layers, each divided by its number of channels.

    The division gives layers of different widths a comparable influence on the cosine of two hypercolumns.

    Args:
        features: ``(1, C_l, H_l, W_l)`` for each layer l, by its name.
        strides: in px, of each layer, by its name, in the order of the channels.
        grid: (h, w) of the grid.
        wrap: see `grid_columns`.

    Returns:
        ``(h * w, sum of C_l)``, in the number format of the features.

    Examples:
        >>> import torch
        >>> features = {"fine": torch.ones(1, 2, 4, 4), "coarse": torch.ones(1, 4, 1, 1)}
        >>> hypercolumns(features, {"fine": 4, "coarse": 16}, (4, 4))[0].tolist()
        [0.5, 0.5, 0.25, 0.25, 0.25, 0.25]
    """
    parts = ((features[name], stride) for name, stride in strides.items())
    return torch.cat([grid_columns(part, stride, grid, wrap) / part.shape[1] for part, stride in parts], dim=1)


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
    down, right, step = lattice((features.shape[2], features.shape[3]), turn)
    return features[:, :, down::step, right::step]


def lattice(size: Size, turn: int) -> tuple[int, int, int]:
    """Where the positions of `sparse` lie in a layer of (height, width): the first row, the first column, and the
    step from one to the next."""
    height, width = size
    step = max(1, max(height, width) // _SPARSE)
    down, right = divmod(turn * (step + 1) % step**2, step)
    return down % height, right % width, step
