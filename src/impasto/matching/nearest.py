"""Nearest neighbours by centred cosine (Kolkin et al. 2022, arXiv 2203.13215, section 3.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["centred", "nearest"]

_CANDIDATES = 4  # of each position, found in bfloat16 and compared again in float32


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
