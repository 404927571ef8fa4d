"""One pair painted in several ways, side by side: what is varied, the painting of it, and the sheet."""

from __future__ import annotations

from .cells import DEFAULT, Cell, Tried, plan_cells
from .compare import Comparison, compare

__all__ = ["DEFAULT", "Cell", "Comparison", "Tried", "compare", "plan_cells"]
