"""Solvers: what moves the canvas. ``init``, ``step`` and ``resize`` over a state that is a flat dict of tensors and numbers."""

from __future__ import annotations

from .adam import Adam
from .lbfgs import LBFGS
from .method import Method
from .parameterization import Bands, Grey, Pixels
from .solver import Solver, State, create_solver

__all__ = ["LBFGS", "Adam", "Bands", "Grey", "Method", "Pixels", "Solver", "State", "create_solver"]
