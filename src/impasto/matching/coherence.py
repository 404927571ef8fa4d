"""Coherent matches: neighbours matched to neighbours (Ashikhmin 2001, "Synthesizing natural textures")."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..images.periodic import bordered
from .field import Field
from .nearest import centred

__all__ = ["coherent"]

_BESIDE = ((0, 1), (0, -1), (1, 0), (-1, 0))


def coherent(
    field: Field,
    query: Tensor,
    bank: Tensor,
    bonus: float,
    searched: Tensor | None = None,
    *,
    rounds: int = 8,
    inside: Tensor | None = None,
) -> Field:
    """A field in which neighbours are matched to neighbours, where that costs little.

    Each of the four positions beside one proposes what lies beside its own match (Ashikhmin 2001, "Synthesizing natural
    textures"). A position takes the match with the largest cosine plus ``bonus`` for every neighbour that proposes it; the two
    colours of a chessboard take turns, so that nobody moves together with those it follows. Strokes of the style
    that are longer than a cell stay whole this way.

    Args:
        query: ``(h * w, C)`` of the canvas, ``bank`` ``(n, C)`` of the style, as in `nearest`.
        bonus: in units of the cosine; 0 changes nothing.
        searched: the rows of the bank that were searched, from whose mean cosines are taken; None for all.
        rounds: how often each position may choose is half of it.
        inside: ``(n,)`` bool, the rows of the bank that may be matched; None for all.
    """
    if not bonus:
        return field
    ours, theirs = centred(query), centred(bank, searched)
    height, width = field.grid
    colour = (torch.arange(height)[:, None] + torch.arange(width)).flatten().to(field.rows.device) % 2
    colours = [(colour == number).nonzero().flatten() for number in (0, 1)]
    queries = [ours[choosing] for choosing in colours]
    for turn in range(rounds):
        choosing = colours[turn % 2]
        proposed = _proposals(field)[:, choosing]
        candidates = torch.cat([field.rows[None, choosing], proposed])
        votes = (candidates[:, None] == proposed[None]).sum(1)
        cosines = torch.stack([torch.linalg.vecdot(queries[turn % 2], theirs[rows.clamp_min(0)]) for rows in candidates])
        score = (cosines + bonus * votes).masked_fill(candidates < 0, -torch.inf)
        if inside is not None:
            score = score.masked_fill(~inside[candidates.clamp_min(0)], -torch.inf)
        chosen = candidates.gather(0, score.argmax(0, keepdim=True))[0]
        field = replace(field, rows=field.rows.index_copy(0, choosing, chosen))
    return field


def _proposals(field: Field) -> Tensor:
    """``(4, h * w)`` rows that continue the matches of the positions beside; -1 where there is nothing."""
    number, y, x = (part.reshape(field.grid) for part in field.places())
    proposed = []
    for down, right in _BESIDE:
        beside = [_shifted(part, down, right, field.wrap) for part in (number, y, x)]
        rows = field.rows_at(beside[0].clamp_min(0), beside[1] - down, beside[2] - right)
        proposed.append(torch.where(beside[0] < 0, -1, rows).flatten())
    return torch.stack(proposed)


def _shifted(values: Tensor, down: int, right: int, wrap: str) -> Tensor:
    """``values[y + down, x + right]`` at (y, x); -1 beyond a border that is not tiled."""
    height, width = values.shape
    padded = bordered(values + 1, 1, wrap, "zeros") - 1
    return padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]
