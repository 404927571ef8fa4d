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
from .grids import regridded

__all__ = ["centred", "columns", "cosine_loss", "grid_columns", "hypercolumns", "nearest", "sparse", "split_loss"]

_CANDIDATES = 4  # of each position, found in bfloat16 and compared again in float32
_SPLIT_CANDIDATES = 8  # a layer has fewer channels than a hypercolumn, so that more places look alike
_SPARSE = 64  # positions along the long side of a layer, of which no more are matched at once


def grid_columns(features: Tensor, size: tuple[int, int], tile: str = "none") -> Tensor:
    """One layer's features ``(1, C, H, W)`` on a grid of ``size`` (h, w), as ``(h * w, C)`` divided by C.

    A layer finer than the grid is averaged, a coarser one interpolated bilinearly, over the border along the axes of ``tile``.
    """
    return columns(regridded(widened(features), size, tile)) / features.shape[1]


def columns(features: Tensor) -> Tensor:
    """One layer's features ``(1, C, H, W)`` as ``(H * W, C)``, in float32 or wider."""
    return widened(features).permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def hypercolumns(features: Mapping[str, Tensor], layers: Sequence[str], size: tuple[int, int], tile: str = "none") -> Tensor:
    """The `grid_columns` of several layers side by side, ``(h * w, sum of C)``."""
    return torch.cat([grid_columns(features[name], size, tile) for name in layers], dim=1)


def centred(rows: Tensor, among: Tensor | None = None) -> Tensor:
    """Rows ``(n, C)`` without their mean, each of unit length: the product of two is the centred cosine.

    The mean is that of the rows ``among`` names, where not all are searched.
    """
    return F.normalize(rows - (rows if among is None else rows[among]).mean(0), dim=1)


def nearest(query: Tensor, bank: Tensor, *, block: int = 1024, candidates: int = _CANDIDATES) -> Tensor:
    """For each row of ``query`` ``(n, C)`` the index of the row of ``bank`` ``(m, C)`` with the largest centred cosine.

    Each side's mean is taken away first. Works block by block, so the matrix of distances never exists as a whole: memory
    is ``block x m``. Candidates are found with bfloat16 products, several times faster where the processor has them, and the
    best ``candidates`` of each position compared again at full precision. Returns ``(n,)`` int64.
    """
    ours, theirs = centred(query), centred(bank)
    coarse = theirs.bfloat16().T
    return torch.cat([_best(part, theirs, coarse, candidates) for part in torch.split(ours, block)])


def _best(ours: Tensor, theirs: Tensor, coarse: Tensor, candidates: int) -> Tensor:
    found = (ours.bfloat16() @ coarse).topk(min(candidates, len(theirs)), dim=1).indices
    cosines = torch.einsum("nc,nkc->nk", ours, theirs[found])
    return found.gather(1, cosines.argmax(1, keepdim=True)).squeeze(1)


def cosine_loss(columns: Sequence[Tensor], wanted: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean over positions of 1 - cosine, as a scalar.

    Args:
        columns: parts of the hypercolumns, ``(n, C_l)`` for each layer; they are never copied side by side.
        wanted: the directions, ``(n, sum of C_l)``, each row of unit length. No gradient goes to them.
        weight: ``(n,)``, what each position counts in the mean; None counts every one once.
    """
    share = None if weight is None else weight / weight.mean().clamp_min(1e-12)
    loss: Tensor = _CosineLoss.apply(wanted, share, *columns)  # type: ignore[no-untyped-call]
    return loss


def split_loss(ours: Tensor, bank: Tensor) -> Tensor:
    """Mean over positions of 1 - centred cosine to the nearest row of the style's features, looked for here, as a scalar.

    The "feature splitting" of Kolkin et al. 2022 for one layer: here the two means are taken away in the loss, too.

    Args:
        ours: features ``(n, C)`` of the canvas.
        bank: features ``(m, C)`` of the style. No gradient goes to them.
    """
    matches = bank[nearest(ours.detach(), bank, candidates=_SPLIT_CANDIDATES)]
    return cosine_loss([ours - ours.mean(0)], F.normalize(matches - bank.mean(0), dim=1))


def sparse(features: Tensor, turn: int) -> Tensor:
    """A part of a layer's positions, ``(1, C, h, w)``, every so many along both sides so that the long one has some 64.

    Parts of successive ``turn`` are disjoint until all positions have been taken.
    """
    height, width = features.shape[2:]
    step = max(1, max(height, width) // _SPARSE)
    down, right = divmod(turn * (step + 1) % step**2, step)
    return features[:, :, down % height :: step, right % width :: step]


class _CosineLoss(torch.autograd.Function):
    """With u = w . a and q = |a|^2 the gradient of -u q^-1/2 is (u/q a - w) q^-1/2: two passes over what is large."""

    @staticmethod
    def forward(ctx: Any, wanted: Tensor, weight: Tensor | None, *columns: Tensor) -> Tensor:
        parts = torch.split(wanted, [c.shape[1] for c in columns], dim=1)
        dots = torch.stack([torch.linalg.vecdot(c, w) for c, w in zip(columns, parts, strict=True)]).sum(0)
        squares = torch.stack([torch.linalg.vecdot(c, c) for c in columns]).sum(0).clamp_min(1e-16)
        ctx.save_for_backward(wanted, weight, dots, squares, *columns)
        apart = 1 - dots * squares.rsqrt()
        return (apart if weight is None else apart * weight).mean()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        wanted, weight, dots, squares, *columns = ctx.saved_tensors
        scale = gradients[0] * squares.rsqrt() / len(wanted)
        scale = scale if weight is None else scale * weight
        along, across = (scale * dots / squares)[:, None], -scale[:, None]
        parts = torch.split(wanted, [c.shape[1] for c in columns], dim=1)
        return None, None, *((c * along).addcmul_(w, across) for c, w in zip(columns, parts, strict=True))
