"""Comparisons: one pair painted in several ways. Read `cells` (what is varied), `compare` (painting), `sheet`."""

from __future__ import annotations

from .cells import DEFAULT, Cell, Tried, plan_cells
from .compare import Comparison, compare

__all__ = ["DEFAULT", "Cell", "Comparison", "Tried", "compare", "plan_cells"]
