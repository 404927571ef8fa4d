"""Neighbour losses: each position's features should point where its nearest style features point.

Kolkin, Kucera, Sykora, Shechtman 2022, "Neural Neighbor Style Transfer", arXiv 2203.13215. What is matched to what is found in
`impasto.matching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..matching import nearest

__all__ = ["cosine_loss", "split_loss"]

_SPLIT_CANDIDATES = 8  # a layer has fewer channels than a hypercolumn, so that more places look alike


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
