"""Number formats: what is summed, and in what."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["row_dots", "wide_type", "widened"]


def wide_type(features: Tensor) -> torch.dtype:
    """The number format of sums over ``features``: float32 or wider, no loss is ever summed in half precision."""
    return torch.float32 if features.element_size() < 4 else features.dtype


def widened(features: Tensor) -> Tensor:
    """The features in their `wide_type`."""
    return features.to(wide_type(features))


def row_dots(left: Tensor, right: Tensor) -> Tensor:
    """Dot products of rows, ``(..., C)`` with ``(..., C)`` to ``(...)``, in the `wide_type`.

    Products of a short number format are rounded to it, each by less than half a unit in its last place, before they
    are summed.
    """
    if left.element_size() < 4:
        return (left * right).sum(-1, dtype=wide_type(left))
    dots: Tensor = torch.linalg.vecdot(left, right)
    return dots
