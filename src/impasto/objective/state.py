"""What an objective has found, as a value: with it, one that is built anew becomes the one that was saved."""

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
    """What the terms of an objective have found, and its tiles: a flat dict of tensors and numbers.

    All else that an objective holds follows from its pictures, its options and the seed.
    """
    found: dict[str, Any] = {"tile_size": objective.tile_size}
    for term in objective.terms:
        found |= term.found() if isinstance(term, Searching) else {}
    return found


@torch.no_grad()
def restored(objective: Objective, found: Mapping[str, Any]) -> Objective:
    """The objective as it was when it was `saved`."""
    terms = tuple(term.with_found(found) if isinstance(term, Searching) else term for term in objective.terms)
    return replace(objective, terms=terms, tile_size=found["tile_size"])


def field_of(found: Mapping[str, Any], wrap: str) -> Field | None:
    """The matches of an objective that was `saved`, of a canvas that goes on over its border along the axes of ``wrap``.

    None where it had none.
    """
    if "matches" not in found:
        return None
    grid, *grids = ((height, width) for height, width in found["grids"].tolist())
    return Field(found["matches"], grid, tuple(grids), wrap)
