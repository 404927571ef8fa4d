"""What an objective has found, as a value: with it, one that is built anew becomes the one that was saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from ..matching import Field
from .objective import Objective
from .terms import NeighbourTerm, SplitTerm, Term

__all__ = ["field_of", "restored", "saved"]


def saved(objective: Objective) -> dict[str, Any]:
    """The matches and the turn of an objective's searches, where it has any, and its tiles: a flat dict of tensors and numbers.

    ``matches`` are the rows of a `Field`, and ``grids`` ``(1 + n, 2)`` its grid and those of the bank. All else that an objective
    holds follows from its pictures, its options and the seed.
    """
    found: dict[str, Any] = {"tile_size": objective.tile_size}
    for term in objective.terms:
        if isinstance(term, SplitTerm):
            found["turn"] = term.turn
        if isinstance(term, NeighbourTerm):
            found |= {"matches": term.field.rows, "grids": torch.tensor([term.field.grid, *term.field.grids])}
    return found


@torch.no_grad()
def restored(objective: Objective, found: Mapping[str, Any]) -> Objective:
    """The objective as it was when it was `saved`; one that does not search has been built with its matches."""

    def restore(term: Term) -> Term:
        if isinstance(term, SplitTerm):
            return replace(term, turn=found["turn"])
        return term.matched(replace(term.field, rows=found["matches"])) if isinstance(term, NeighbourTerm) else term

    return replace(objective, terms=tuple(map(restore, objective.terms)), tile_size=found["tile_size"])


def field_of(found: Mapping[str, Any], wrap: str) -> Field:
    """The matches of an objective that was `saved`, of a canvas that is tiled along the axes of ``wrap``."""
    grid, *grids = ((height, width) for height, width in found["grids"].tolist())
    return Field(found["matches"], grid, tuple(grids), wrap)
