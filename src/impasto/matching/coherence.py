"""Coherent matches: adjacent positions matched to adjacent ones (Ashikhmin 2001, "Synthesizing natural textures")."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..images.periodic import bordered
from ..numerics import row_dots
from .field import Field

__all__ = ["coherent"]

_ROUNDS = 8  # half sweeps
_BESIDE = ((0, 1), (0, -1), (1, 0), (-1, 0))


def coherent(
    field: Field, ours: Tensor, theirs: Tensor, bonus: float, inside: Tensor | None = None, rounds: int = _ROUNDS
) -> Field:
    """Refine a nearest-neighbour field so that adjacent positions are matched to adjacent style positions.

    Each of the four positions adjacent to p proposes a candidate for p: the style position with the same offset from
    its own match (Ashikhmin 2001, "Synthesizing natural textures"). Position p takes the candidate, or keeps its
    present match, with the largest score = cosine + ``bonus`` x number of adjacent positions that propose it. Positions
    are updated in checkerboard order (red-black Gauss-Seidel), so that no two adjacent positions change at once.
    Strokes of the style that are longer than one position stay contiguous this way.

    Args:
        field: the matches to refine, h x w.
        ours: ``(h * w, C)``, features of the canvas, `nearest.centred`.
        theirs: ``(n, C)``, features of the style, `nearest.centred`.
        bonus: in units of the cosine; with 0 the field is returned as it is.
        inside: ``(n,)`` bool, the rows of the bank that may be matched; None: all rows.
        rounds: number of half sweeps; each updates one of the two colours of the checkerboard.

    Returns:
        A new `Field` on the same grids.

    Examples:
        >>> import torch
        >>> bank = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> query = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.9, -0.1], [0.0, -1.0]])
        >>> matches = Field(torch.tensor([0, 1, 0, 3]), grid=(1, 4), grids=((1, 4),))
        >>> coherent(matches, query, bank, bonus=0.0).rows.tolist()
        [0, 1, 0, 3]
        >>> coherent(matches, query, bank, bonus=2.0).rows.tolist()  # a large bonus outweighs the cosine
        [0, 1, 2, 3]
    """
    if not bonus:
        return field
    height, width = field.grid
    parity = (torch.arange(height)[:, None] + torch.arange(width)).flatten().to(field.rows.device) % 2  # (h * w,)
    sweeps = [(parity == number).nonzero().flatten() for number in (0, 1)]  # positions of one colour, (k,)
    queries = [ours[choosing] for choosing in sweeps]  # (k, C)
    for turn in range(rounds):
        choosing, query = sweeps[turn % 2], queries[turn % 2]
        proposed = _proposals(field)[:, choosing]  # (4, k)
        candidates = torch.cat([field.rows[None, choosing], proposed])  # (5, k)
        votes = (candidates[:, None] == proposed[None]).sum(1)  # (5, 4, k) -> (5, k)
        cosines = torch.stack([row_dots(query, theirs[rows.clamp_min(0)]) for rows in candidates])  # (5, k)
        score = (cosines + bonus * votes).masked_fill(candidates < 0, -torch.inf)
        if inside is not None:
            score = score.masked_fill(~inside[candidates.clamp_min(0)], -torch.inf)
        chosen = candidates.gather(0, score.argmax(0, keepdim=True))[0]  # (k,)
        field = replace(field, rows=field.rows.index_copy(0, choosing, chosen))
    return field


def _proposals(field: Field) -> Tensor:
    """Candidates ``(4, h * w)``: rows that continue the matches of the four adjacent positions; -1 for none."""
    number, y, x = (part.reshape(field.grid) for part in field.places())
    proposed = []
    for down, right in _BESIDE:
        beside = [_shifted(part, down, right, field.wrap) for part in (number, y, x)]
        rows = field.rows_at(beside[0].clamp_min(0), beside[1] - down, beside[2] - right)
        proposed.append(torch.where(beside[0] < 0, -1, rows).flatten())
    return torch.stack(proposed)


def _shifted(values: Tensor, down: int, right: int, wrap: str) -> Tensor:
    """``values[y + down, x + right]`` at (y, x), ``(h, w)``; -1 beyond a border that does not wrap."""
    height, width = values.shape
    padded = bordered(values + 1, 1, wrap, "zeros") - 1
    return padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]
