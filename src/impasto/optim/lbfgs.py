"""L-BFGS, with a line search or without one, as neural-style uses it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .line_search import Trial, strong_wolfe
from .method import Evaluate, Fit, Memory, Method, R

__all__ = ["LBFGS"]

_FLAT = 1e-10  # pairs with a smaller cosine between s and y are skipped: their curvature is lost in rounding


@dataclass(frozen=True)
class LBFGS(Method):
    """L-BFGS (Nocedal and Wright 2006, algorithm 7.4, the two-loop recursion, and algorithm 7.5, the method).

    With steps s_k, changes of the gradient y_k, and H the implicit inverse Hessian of the last ``history`` pairs, the
    direction is -H g, where H starts from gamma I with gamma = s^T y / y^T y of the newest pair (equation 7.20). A pair
    is skipped where its curvature s^T y is not positive beyond rounding.

    Without a line search every step costs one evaluation, and the iterates are those of ``torch.optim.LBFGS`` with
    tolerances of 0. With one, a step costs one evaluation for each length that is tried, mostly one: the loss and
    gradient at the end of a step are kept for the next one. The first step is normalised: its sum of absolute values is
    at most ``step_size``.

    The memory holds the number of ``pairs`` found so far, and for each of the last ``history`` of them, in slot k of a
    ring buffer, ``step.k`` ``(N,)``, ``change.k`` ``(N,)`` and ``curvature.k``, their dot product. They are separate
    tensors, so that nothing is copied when a pair is added or replaced. It also holds the last ``gradient`` ``(N,)``,
    and ``last`` ``(N,)``, the step taken from there, or, with a line search, ``total``, the loss there.

    Args:
        step_size: factor of every step, or with a line search, of the first length tried.
        history: number of pairs kept.
        line_search: search along each direction for a point that fulfils the strong Wolfe conditions.

    Examples:
        >>> import torch
        >>> from types import SimpleNamespace
        >>> x, memory, lbfgs = torch.tensor([3.0, -2.0]), {}, LBFGS(line_search=True)
        >>> def evaluate(move):  # x_0^2 + 10 x_1^2
        ...     at = x if move is None else x + move
        ...     scale = torch.tensor([1.0, 10.0])
        ...     return SimpleNamespace(total=float((scale * at**2).sum())), 2 * scale * at
        >>> for _ in range(10):
        ...     move, memory, report = lbfgs.move(evaluate, memory)
        ...     x = x + move
        >>> round(report.total, 6)
        0.0
    """

    step_size: float = 1.0
    history: int = 100
    line_search: bool = False

    def move(self, evaluate: Evaluate[R], memory: Memory) -> tuple[Tensor, Memory, R]:
        """See `Method.move`."""
        return self._search(evaluate, memory) if self.line_search else self._stride(evaluate, memory)

    def resize(self, memory: Memory, fit: Fit) -> Memory:
        """See `Method.resize`. Keeps nothing: pairs of vectors of another size cannot be used."""
        return {}

    def remeasure(self, memory: Memory) -> Memory:
        """See `Method.remeasure`. Keeps the pairs; drops the last loss and gradient, measured in the other format."""
        return {name: value for name, value in memory.items() if name not in ("gradient", "last", "total")}

    def refresh(self, memory: Memory) -> Memory:
        """See `Method.refresh`. Keeps nothing: the difference between gradients of two objectives is not curvature."""
        return {}

    def _stride(self, evaluate: Evaluate[R], memory: Memory) -> tuple[Tensor, Memory, R]:
        report, gradient = evaluate(None)
        if "gradient" in memory:
            memory = self._remember(memory, memory["last"], gradient - memory["gradient"])
        move = self._direction(memory, gradient) * self._length(memory, gradient)
        return move, {**memory, "gradient": gradient, "last": move}, report

    def _search(self, evaluate: Evaluate[R], memory: Memory) -> tuple[Tensor, Memory, R]:
        report: R | None = None
        if "gradient" in memory:
            total, gradient = memory["total"], memory["gradient"]
        else:
            report, gradient = evaluate(None)
            total = report.total
        direction = self._direction(memory, gradient)

        def at(length: float) -> Trial[R]:
            report, gradient = evaluate(direction * length)
            return Trial(length, report.total, float(gradient.dot(direction)), gradient, report)

        start = Trial(0.0, total, float(gradient.dot(direction)), gradient, report)
        end = strong_wolfe(at, start, self._length(memory, gradient))
        move = direction * end.length
        # If no length gave a lower loss, the pairs are dropped: the next direction is steepest descent.
        memory = self._remember(memory, move, end.gradient - gradient) if end is not start else {}
        memory = {**memory, "gradient": end.gradient, "total": end.total}
        return move, memory, evaluate(None)[0] if end.report is None else end.report

    def _length(self, memory: Memory, gradient: Tensor) -> float:
        if memory.get("pairs"):
            return self.step_size
        return self.step_size / max(1.0, float(gradient.abs().sum()))

    def _remember(self, memory: Memory, step: Tensor, change: Tensor) -> Memory:
        curvature = float(change.dot(step))
        if not curvature > _FLAT * float(change.norm() * step.norm()):
            return memory
        pairs = memory.get("pairs", 0)
        slot = pairs % self.history
        pair = {f"step.{slot}": step, f"change.{slot}": change, f"curvature.{slot}": curvature}
        return {**memory, **pair, "pairs": pairs + 1}

    def _direction(self, memory: Memory, gradient: Tensor) -> Tensor:
        """Minus the inverse Hessian times ``gradient``, ``(N,)``: the two-loop recursion (algorithm 7.4)."""
        pairs = memory.get("pairs", 0)
        slots = [k % self.history for k in range(max(0, pairs - self.history), pairs)]
        direction = -gradient  # (N,)
        shares: dict[int, Tensor] = {}
        for k in reversed(slots):
            shares[k] = memory[f"step.{k}"].dot(direction) / memory[f"curvature.{k}"]
            direction.addcmul_(memory[f"change.{k}"], shares[k], value=-1)
        if slots:
            newest = memory[f"change.{slots[-1]}"]
            direction *= memory[f"curvature.{slots[-1]}"] / newest.dot(newest)
        for k in slots:
            excess = shares[k] - memory[f"change.{k}"].dot(direction) / memory[f"curvature.{k}"]
            direction.addcmul_(memory[f"step.{k}"], excess)
        return direction
