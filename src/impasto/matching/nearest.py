"""Nearest-neighbour search by centred cosine similarity (Kolkin et al. 2022, arXiv 2203.13215, section 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..numerics import row_dots, wide_type

__all__ = ["centred", "nearest", "nearest_centred", "normalized_"]

_CANDIDATES = 4  # for each position: found in bfloat16, compared again with sums in float32
_BLOCK = 1024  # queries that are compared at a time
_AT_ONCE = 4096  # rows that are summed at a time
_SHORTEST = 1e-12  # of a row that is normalised


def centred(rows: Tensor, among: Tensor | None = None) -> Tensor:
    """Subtract the mean row and normalise each row to unit length; dot products are then centred cosines.

    Args:
        rows: ``(n, C)``.
        among: indices of the rows whose mean is subtracted; None: all rows.

    Returns:
        ``(n, C)``, in the number format of the rows; a row equal to the mean becomes 0.

    Examples:
        >>> import torch
        >>> centred(torch.tensor([[1.0, 0.0], [5.0, 0.0]])).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    dtype = wide_type(rows)
    counted = rows if among is None else rows[among]
    total = torch.stack([part.sum(0, dtype=dtype) for part in torch.split(counted, _AT_ONCE)]).sum(0)
    apart = rows - (total / len(counted)).to(rows.dtype)
    return normalized_(apart)


def normalized_(rows: Tensor) -> Tensor:
    """Normalise each row ``(n, C)`` to unit length, in place; rows of 0 stay 0."""
    for part in torch.split(rows, _AT_ONCE):  # norms of a short number format widen a copy: one of a few rows
        length = torch.linalg.vector_norm(part, dim=1, keepdim=True, dtype=wide_type(rows))
        part.div_(length.clamp_min_(_SHORTEST).to(rows.dtype))
    return rows


def nearest(query: Tensor, bank: Tensor, *, block: int = _BLOCK, candidates: int = _CANDIDATES) -> Tensor:
    """Index of the nearest row of a bank for each query row, by centred cosine similarity.

    For a query row q_i with the mean q of all queries, and bank rows b_j with their mean b, the result is
    argmax over j of (q_i - q) . (b_j - b) / (|q_i - q| |b_j - b|). Candidates are found with bfloat16 products, which
    is several times faster on processors that support them, and the best ``candidates`` of each query are compared
    again with sums of full precision. The matrix of similarities is computed in blocks, so that memory is ``block x
    m``, not ``n x m``.

    Args:
        query: ``(n, C)``.
        bank: ``(m, C)``.
        block: number of queries that are compared at a time.
        candidates: number of candidates of each query that are compared again.

    Returns:
        ``(n,)`` int64, indices into the bank.

    Examples:
        >>> import torch
        >>> bank = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-2.0, -2.0]])
        >>> nearest(torch.tensor([[0.1, 0.9], [0.9, 0.1], [-1.0, -1.0]]), bank).tolist()
        [1, 0, 2]
    """
    return nearest_centred(centred(query), centred(bank), block=block, candidates=candidates)


def nearest_centred(ours: Tensor, theirs: Tensor, *, block: int = _BLOCK, candidates: int = _CANDIDATES) -> Tensor:
    """`nearest` of rows that are `centred` already.

    Args:
        ours: ``(n, C)``, of the query.
        theirs: ``(m, C)``, of the bank.
        block: see `nearest`.
        candidates: see `nearest`.

    Returns:
        ``(n,)`` int64, indices into ``theirs``.
    """
    coarse = theirs.bfloat16().T  # (C, m)
    return torch.cat([_best(part, theirs, coarse, candidates) for part in torch.split(ours, block)])


def _best(ours: Tensor, theirs: Tensor, coarse: Tensor, candidates: int) -> Tensor:
    found = (ours.bfloat16() @ coarse).topk(min(candidates, len(theirs)), dim=1).indices  # (b, k)
    cosines = torch.stack([row_dots(ours, theirs[rows]) for rows in found.T], dim=1)  # (b, k)
    return found.gather(1, cosines.argmax(1, keepdim=True)).squeeze(1)
