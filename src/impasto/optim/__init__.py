"""Optimisers of the canvas: Adam and L-BFGS, as pure functions of a state.

Read `method`, `adam`, `lbfgs` with `line_search`, then `parameterization` and `solver`, which combines them. A solver
has ``init``, ``step`` and ``resize``; its state is a flat dict of tensors and numbers, which can be saved at any step.
"""

from __future__ import annotations

from .adam import Adam
from .lbfgs import LBFGS
from .method import Method
from .parameterization import Bands, Grey, Pixels
from .solver import Solver, State, create_solver

__all__ = ["LBFGS", "Adam", "Bands", "Grey", "Method", "Pixels", "Solver", "State", "create_solver"]
