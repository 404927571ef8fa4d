"""Nearest-neighbour search by centred cosine similarity (Kolkin et al. 2022, arXiv 2203.13215, section 3.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["centred", "nearest"]

_CANDIDATES = 4  # for each position: found in bfloat16, compared again in float32


def centred(rows: Tensor, among: Tensor | None = None) -> Tensor:
    """Subtract the mean row and normalise each row to unit length; dot products are then centred cosines.

    Args:
        rows: ``(n, C)``.
        among: indices of the rows whose mean is subtracted; None: all rows.

    Returns:
        ``(n, C)``; a row equal to the mean becomes 0.

    Examples:
        >>> import torch
        >>> centred(torch.tensor([[1.0, 0.0], [5.0, 0.0]])).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    return F.normalize(rows - (rows if among is None else rows[among]).mean(0), dim=1)


def nearest(query: Tensor, bank: Tensor, *, block: int = 1024, candidates: int = _CANDIDATES) -> Tensor:
    """Index of the nearest row of a bank for each query row, by centred cosine similarity.

    For a query row q_i with the mean q of all queries, and bank rows b_j with their mean b, the result is
    argmax over j of (q_i - q) . (b_j - b) / (|q_i - q| |b_j - b|). Candidates are found with bfloat16 products, which
    is several times faster on processors that support them, and the best ``candidates`` of each query are compared
    again at full precision. The matrix of similarities is computed in blocks, so that memory is ``block x m``, not ``n
    x m``.

    Args:
        query: ``(n, C)``.
        bank: ``(m, C)``.
        block: number of queries that are compared at a time.
        candidates: number of candidates of each query that are compared at full precision.

    Returns:
        ``(n,)`` int64, indices into the bank.

    Examples:
        >>> import torch
        >>> bank = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-2.0, -2.0]])
        >>> nearest(torch.tensor([[0.1, 0.9], [0.9, 0.1], [-1.0, -1.0]]), bank).tolist()
        [1, 0, 2]
    """
    ours, theirs = centred(query), centred(bank)
    coarse = theirs.bfloat16().T  # (C, m)
    return torch.cat([_best(part, theirs, coarse, candidates) for part in torch.split(ours, block)])


def _best(ours: Tensor, theirs: Tensor, coarse: Tensor, candidates: int) -> Tensor:
    found = (ours.bfloat16() @ coarse).topk(min(candidates, len(theirs)), dim=1).indices  # (b, k)
    cosines = torch.einsum("nc,nkc->nk", ours, theirs[found])  # (b, k)
    return found.gather(1, cosines.argmax(1, keepdim=True)).squeeze(1)
