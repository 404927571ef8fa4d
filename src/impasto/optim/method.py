"""What a solver asks of a method: to turn evaluations at the canvas, or a move away from it, into the next move."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from torch import Tensor

__all__ = ["Evaluate", "Fit", "Memory", "Method", "R", "Report"]

# A flat dict of tensors and numbers; ``Any`` because each key knows which of them it holds.
Memory = dict[str, Any]

# A vector resized to the new canvas, by the interpolation named.
Fit = Callable[[Tensor, str], Tensor]


class Report(Protocol):
    """What an evaluation tells; a solver reads ``total`` alone."""

    @property
    def total(self) -> float:
        """The loss."""
        ...


R = TypeVar("R", bound=Report)

# The report and gradient ``(N,)`` at the canvas (None) or a move ``(N,)`` away from it.
Evaluate = Callable[[Tensor | None], tuple[R, Tensor]]


@dataclass(frozen=True)
class Method(ABC):
    """A rule of descent on vectors. All that it keeps is its memory, and it changes none that it is given.

    Args:
        step_size: in units of the variable.
    """

    step_size: float

    @abstractmethod
    def move(self, evaluate: Evaluate[R], memory: Memory) -> tuple[Tensor, Memory, R]:
        """The next move ``(N,)``, the memory for the step after, and a report (see `Solver.step`)."""

    @abstractmethod
    def resize(self, memory: Memory, fit: Fit) -> Memory:
        """What of the memory serves a canvas of another size."""

    def remeasure(self, memory: Memory) -> Memory:
        """What of the memory serves the same objective in another number format: by default all."""
        return memory

    @abstractmethod
    def refresh(self, memory: Memory) -> Memory:
        """What of the memory serves an objective that has changed."""
