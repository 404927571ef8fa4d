"""Nearest-neighbour losses: the cosine distance between features and their nearest style features.

Kolkin, Kucera, Sykora, Shechtman 2022, "Neural Neighbor Style Transfer", arXiv 2203.13215. The search for the nearest
features is in `impasto.matching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..matching import nearest
from ..numerics import row_dots, wide_type

__all__ = ["cosine_loss", "split_loss"]

_SPLIT_CANDIDATES = 8  # one layer has fewer channels than a hypercolumn, so that more rows have close cosines


def cosine_loss(
    columns: Sequence[Tensor], wanted: Tensor, weight: Tensor | None = None, factors: Sequence[float] | None = None
) -> Tensor:
    """Mean cosine distance between feature vectors and given unit vectors, as a scalar.

    With a_i the feature vector of position i, w_i its wanted direction and s_i its weight divided by the mean weight:
    loss = 1/n sum_i s_i (1 - a_i . w_i / |a_i|).

    The parts are never concatenated, which saves a copy of the size of all features. Of parts in a short number format,
    products and gradients are computed in it, as a network does, and every sum in float32.

    Args:
        columns: the feature vectors, in parts: ``(n, C_l)`` for each layer l.
        wanted: the directions, ``(n, sum of C_l)``, each row of unit length. It receives no gradient.
        weight: ``(n,)``, 0 or more, the weight of each position; None weighs all positions alike.
        factors: a number for each part, by which it is multiplied to give its share of a_i; None is 1 for all.

    Returns:
        A scalar ``()`` in [0, 2], in float32 or wider.

    Examples:
        >>> import torch
        >>> features = [torch.tensor([[3.0, 0.0], [0.0, 2.0]])]
        >>> wanted = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
        >>> cosine_loss(features, wanted).item()  # the first row is parallel, the second one orthogonal
        0.5
    """
    share = None if weight is None else weight / weight.mean().clamp_min(1e-12)  # (n,)
    scales = tuple(factors) if factors else (1.0,) * len(columns)
    loss: Tensor = _CosineLoss.apply(wanted.to(columns[0].dtype), share, scales, *columns)  # type: ignore[no-untyped-call]
    return loss


def split_loss(ours: Tensor, bank: Tensor) -> Tensor:
    """Mean cosine distance between centred features of one layer and their nearest centred style features, as a scalar.

    This is the "feature splitting" of Kolkin et al. 2022: each layer is matched separately, and the matches are found
    anew at every evaluation. Both the search and the loss subtract the mean from each side.

    Args:
        ours: features ``(n, C)`` of the canvas.
        bank: features ``(m, C)`` of the style. They receive no gradient.

    Returns:
        A scalar ``()`` in [0, 2].

    Examples:
        >>> import torch
        >>> style = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> abs(round(split_loss(2 * style, style).item(), 5))  # scaling leaves the centred directions as they are
        0.0
    """
    matches = bank[nearest(ours.detach(), bank, candidates=_SPLIT_CANDIDATES)]  # (n, C)
    return cosine_loss([ours - ours.mean(0)], F.normalize(matches - bank.mean(0), dim=1))


class _CosineLoss(torch.autograd.Function):
    """Mean of 1 - u q^-1/2 with u = w . a and q = |a|^2, with its gradient written out.

    The gradient of -u q^-1/2 with respect to a is (u/q a - w) q^-1/2. Autograd would keep more copies of the features.
    """

    @staticmethod
    def forward(
        ctx: Any, wanted: Tensor, weight: Tensor | None, factors: tuple[float, ...], *columns: Tensor
    ) -> Tensor:
        directions = torch.split(wanted, [c.shape[1] for c in columns], dim=1)
        each = list(zip(columns, directions, factors, strict=True))
        dots = torch.stack([factor * row_dots(c, w) for c, w, factor in each]).sum(0)  # (n,)
        squares = torch.stack([factor**2 * _squares(c) for c, _, factor in each]).sum(0).clamp_min(1e-16)  # (n,)
        ctx.save_for_backward(wanted, weight, dots, squares, *columns)
        ctx.factors = factors
        apart = 1 - dots * squares.rsqrt()
        return (apart if weight is None else apart * weight).mean()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        wanted, weight, dots, squares, *columns = ctx.saved_tensors
        scale = gradients[0] * squares.rsqrt() / len(wanted)  # (n,)
        scale = scale if weight is None else scale * weight
        along, across = (scale * dots / squares)[:, None], -scale[:, None]  # (n, 1), (n, 1)
        directions = torch.split(wanted, [c.shape[1] for c in columns], dim=1)

        def slope(c: Tensor, w: Tensor, factor: float) -> Tensor:
            pull: Tensor = (c * (factor**2 * along).to(c.dtype)).addcmul_(w, (factor * across).to(c.dtype))
            return pull

        return None, None, None, *map(slope, columns, directions, ctx.factors)


def _squares(rows: Tensor) -> Tensor:
    """Squared length of each row ``(n, C)``, ``(n,)`` in float32 or wider."""
    length: Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=wide_type(rows))
    return length.square()
