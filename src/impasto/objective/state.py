"""State dict of an objective: the matches of its terms, to be saved and loaded into a rebuilt objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from ..matching import Field
from .objective import Objective
from .terms import Searching

__all__ = ["field_of", "restored", "saved"]


def saved(objective: Objective) -> dict[str, Any]:
    """The state dict of an objective: its matches and the size of its tiles.

    Everything else in an objective can be rebuilt from the pictures, the options and the seed.

    Returns:
        A flat dict of tensors and numbers.
    """
    found: dict[str, Any] = {"tile_size": objective.tile_size}
    for term in objective.terms:
        found |= term.found() if isinstance(term, Searching) else {}
    return found


@torch.no_grad()
def restored(objective: Objective, found: Mapping[str, Any]) -> Objective:
    """Load a state dict into an objective of the same pictures and options.

    Args:
        objective: rebuilt.
        found: from `saved`.

    Returns:
        A new objective, equal to the one that was saved.
    """
    terms = tuple(term.with_found(found) if isinstance(term, Searching) else term for term in objective.terms)
    return replace(objective, terms=terms, tile_size=found["tile_size"])


def field_of(found: Mapping[str, Any], wrap: str) -> Field | None:
    """The matches in a state dict.

    Args:
        found: from `saved`.
        wrap: axes along which the canvas wraps around.

    Returns:
        The `Field`; None if the objective had none.
    """
    if "matches" not in found:
        return None
    grid, *grids = ((height, width) for height, width in found["grids"].tolist())
    return Field(found["matches"], grid, tuple(grids), wrap)
