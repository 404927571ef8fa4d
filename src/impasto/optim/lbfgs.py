"""L-BFGS, without a line search as neural-style uses it, or with one."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .line_search import Trial, strong_wolfe
from .method import Evaluate, Fit, Memory, Method, R

__all__ = ["LBFGS"]

_FLAT = 1e-10  # a pair whose cosine is below says nothing that can be told from rounding, whatever the loss's scale


@dataclass(frozen=True)
class LBFGS(Method):
    """L-BFGS (Nocedal and Wright 2006, algorithms 7.4 and 7.5).

    Without a line search every step costs one evaluation, and the iterates are those of ``torch.optim.LBFGS`` with tolerances
    of 0. With one, a step costs an evaluation for each length that is tried, mostly one: what was measured where a step ends
    is kept for the next. The first step has a length of ``step_size`` at most, in the sum of absolute values.

    Its memory: ``pairs`` found, and for each of the last ``history`` of them, at slot k, ``step.k`` and ``change.k`` ``(N,)``
    (of the vector and of its gradient) and ``curvature.k``, their product; separate tensors, so that nothing is copied
    when one comes or goes. Beside them the last ``gradient`` ``(N,)``, with ``last`` ``(N,)``, the move made from there, or, with
    a line search, ``total``, the loss there.

    Args:
        step_size: factor of every step, or with a line search, of the first length tried.
        history: pairs remembered.
        line_search: look along each direction for a point that fulfils the strong Wolfe conditions.
    """

    step_size: float = 1.0
    history: int = 100
    line_search: bool = False

    def move(self, evaluate: Evaluate[R], memory: Memory) -> tuple[Tensor, Memory, R]:
        """See `Method.move`."""
        return self._search(evaluate, memory) if self.line_search else self._stride(evaluate, memory)

    def resize(self, memory: Memory, fit: Fit) -> Memory:
        """See `Method.resize`. Pairs of another size are of no use."""
        return {}

    def remeasure(self, memory: Memory) -> Memory:
        """See `Method.remeasure`. The pairs stay; a loss or gradient in one format is no start for a step in another."""
        return {name: value for name, value in memory.items() if name not in ("gradient", "last", "total")}

    def refresh(self, memory: Memory) -> Memory:
        """See `Method.refresh`. Differences between gradients of two objectives are no curvature."""
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
        # Where no length gives a lower loss, the pairs have led astray: the next step goes down the gradient.
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
        """Minus the inverse Hessian times ``gradient``: the two loops of algorithm 7.4, newest pair first, then back."""
        pairs = memory.get("pairs", 0)
        slots = [k % self.history for k in range(max(0, pairs - self.history), pairs)]
        direction = -gradient
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
