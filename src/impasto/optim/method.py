"""The interface of an optimisation method: from evaluations of loss and gradient to the next step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from torch import Tensor

__all__ = ["Evaluate", "Fit", "Measured", "Memory", "Method", "R"]

# A flat dict of tensors and numbers; each method documents its keys.
Memory = dict[str, Any]

# Interpolates a vector to the new size of the canvas: (vector, "bilinear" or "bicubic") -> vector.
Fit = Callable[[Tensor, str], Tensor]


class Measured(Protocol):
    """The result of an evaluation; a solver reads only ``total``."""

    @property
    def total(self) -> float:
        """The value of the loss."""
        ...


R = TypeVar("R", bound=Measured)

# Returns the report and the gradient ``(N,)`` at the canvas (for None), or at the canvas plus a vector ``(N,)``.
Evaluate = Callable[[Tensor | None], tuple[R, Tensor]]


@dataclass(frozen=True)
class Method(ABC):
    """An optimisation method on vectors of length N. It is stateless: all it keeps is in the memory that it returns.

    A memory that is given is never changed in place.

    Args:
        step_size: in units of the variable.
    """

    step_size: float

    @abstractmethod
    def move(self, evaluate: Evaluate[R], memory: Memory) -> tuple[Tensor, Memory, R]:
        """Compute the next step.

        Args:
            evaluate: returns the report and the gradient ``(N,)`` at the canvas (for None), or at the canvas plus a
                vector ``(N,)``.
            memory: returned by the previous call; empty before the first one.

        Returns:
            The step ``(N,)``, the memory for the next call, and a report (see `Solver.step`).
        """

    @abstractmethod
    def resize(self, memory: Memory, fit: Fit) -> Memory:
        """The part of the memory that can be used for a canvas of another size.

        Args:
            memory: for the old size.
            fit: interpolates a vector of the old size to the new one, by ``bilinear`` or ``bicubic`` interpolation.

        Returns:
            The memory for the new size.
        """

    def remeasure(self, memory: Memory) -> Memory:
        """The part of the memory that can be used for the same objective in another number format; by default all."""
        return memory

    @abstractmethod
    def refresh(self, memory: Memory) -> Memory:
        """The part of the memory that can be used after the objective has changed."""
