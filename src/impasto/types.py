"""Words for tuples of numbers that many rooms pass on."""

from __future__ import annotations

__all__ = ["Size", "Span"]

Size = tuple[int, int]
"""(height, width), of pixels or of cells."""

Span = tuple[int, int]
"""(start, stop) along one axis."""
