"""Number formats: what is summed, and in what."""

from __future__ import annotations

from torch import Tensor

__all__ = ["widened"]


def widened(features: Tensor) -> Tensor:
    """Float32 or wider: no loss is ever summed in half precision."""
    return features.float() if features.element_size() < 4 else features
