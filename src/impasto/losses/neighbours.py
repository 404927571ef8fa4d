"""Neighbour matching: each position's features should point where its nearest style features point.

Kolkin, Kucera, Sykora, Shechtman 2022, "Neural Neighbor Style Transfer", arXiv 2203.13215. Features of several layers,
brought to one grid and stacked, make a hypercolumn a position; the nearest one of the style by centred cosine is its target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .content import widened

__all__ = ["centred", "cosine_loss", "grid_columns", "hypercolumns", "nearest"]

_CANDIDATES = 4  # of each position, found in bfloat16 and compared again in float32


def grid_columns(features: Tensor, size: tuple[int, int]) -> Tensor:
    """One layer's features ``(1, C, H, W)`` on a grid of ``size`` (h, w), as ``(h * w, C)`` divided by C.

    A layer finer than the grid is averaged, a coarser one interpolated bilinearly.
    """
    on_grid = _resized(widened(features), size) / features.shape[1]
    return on_grid.permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def _resized(features: Tensor, size: tuple[int, int]) -> Tensor:
    height, width = features.shape[2:]
    if (height, width) == size:
        return features
    if height % size[0] == 0 and width % size[1] == 0:
        return F.avg_pool2d(features, (height // size[0], width // size[1]))
    shrinks = height > size[0] or width > size[1]
    return F.interpolate(features, size=size, mode="bilinear", antialias=shrinks, align_corners=False)


def hypercolumns(features: Mapping[str, Tensor], layers: Sequence[str], size: tuple[int, int]) -> Tensor:
    """The `grid_columns` of several layers side by side, ``(h * w, sum of C)``."""
    return torch.cat([grid_columns(features[name], size) for name in layers], dim=1)


def centred(rows: Tensor, among: Tensor | None = None) -> Tensor:
    """Rows ``(n, C)`` without their mean, each of unit length: the product of two is the centred cosine.

    The mean is that of the rows ``among`` names, where not all are searched.
    """
    return F.normalize(rows - (rows if among is None else rows[among]).mean(0), dim=1)


def nearest(query: Tensor, bank: Tensor, *, block: int = 1024) -> Tensor:
    """For each row of ``query`` ``(n, C)`` the index of the row of ``bank`` ``(m, C)`` with the largest centred cosine.

    Each side's mean is taken away first. Works block by block, so the matrix of distances never exists as a whole: memory
    is ``block x m``. Candidates are found with bfloat16 products, several times faster where the processor has them, and the
    best few of each position compared again at full precision. Returns ``(n,)`` int64.
    """
    ours, theirs = centred(query), centred(bank)
    coarse = theirs.bfloat16().T
    return torch.cat([_best(part, theirs, coarse) for part in torch.split(ours, block)])


def _best(ours: Tensor, theirs: Tensor, coarse: Tensor) -> Tensor:
    candidates = (ours.bfloat16() @ coarse).topk(min(_CANDIDATES, len(theirs)), dim=1).indices
    cosines = torch.einsum("nc,nkc->nk", ours, theirs[candidates])
    return candidates.gather(1, cosines.argmax(1, keepdim=True)).squeeze(1)


def cosine_loss(columns: Sequence[Tensor], wanted: Tensor) -> Tensor:
    """Mean over positions of 1 - cosine, as a scalar.

    Args:
        columns: parts of the hypercolumns, ``(n, C_l)`` for each layer; they are never copied side by side.
        wanted: the directions, ``(n, sum of C_l)``, each row of unit length. No gradient goes to them.
    """
    loss: Tensor = _CosineLoss.apply(wanted, *columns)  # type: ignore[no-untyped-call]
    return loss


class _CosineLoss(torch.autograd.Function):
    """With u = w . a and q = |a|^2 the gradient of -u q^-1/2 is (u/q a - w) q^-1/2: two passes over what is large."""

    @staticmethod
    def forward(ctx: Any, wanted: Tensor, *columns: Tensor) -> Tensor:
        parts = torch.split(wanted, [c.shape[1] for c in columns], dim=1)
        dots = torch.stack([torch.linalg.vecdot(c, w) for c, w in zip(columns, parts, strict=True)]).sum(0)
        squares = torch.stack([torch.linalg.vecdot(c, c) for c in columns]).sum(0).clamp_min(1e-16)
        ctx.save_for_backward(wanted, dots, squares, *columns)
        return (1 - dots * squares.rsqrt()).mean()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        wanted, dots, squares, *columns = ctx.saved_tensors
        scale = gradients[0] * squares.rsqrt() / len(wanted)
        along, across = (scale * dots / squares)[:, None], -scale[:, None]
        parts = torch.split(wanted, [c.shape[1] for c in columns], dim=1)
        return None, *((c * along).addcmul_(w, across) for c, w in zip(columns, parts, strict=True))
