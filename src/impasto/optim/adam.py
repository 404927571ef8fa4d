"""Adam (Kingma and Ba 2015), as a function from one gradient to one step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .method import Evaluate, Fit, Memory, Method, R

__all__ = ["Adam"]


@dataclass(frozen=True)
class Adam(Method):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1), with the same iterates as ``torch.optim.Adam``.

    With g the gradient and t the number of the update, from 1:
    m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; m^ = m / (1 - beta1^t); v^ = v / (1 - beta2^t);
    step = -step_size m^ / (sqrt(v^) + epsilon).

    One evaluation of the loss per step. The memory holds m as ``first`` ``(N,)``, v as ``second`` ``(N,)`` and t as
    ``updates``.

    Args:
        step_size: learning rate, in units of the variable.
        beta1: decay of the first moment, in [0, 1).
        beta2: decay of the second moment, in [0, 1).
        epsilon: added to the denominator.
        epsilon_hat: use sqrt(v) + epsilon before the bias correction of v, as Keras and TensorFlow do (the "epsilon
            hat" at the end of section 2 of the paper). This matters where epsilon is large: 0.1 then acts as 3.2 at the
            first step.
        carry: keep the moments, resized, when the canvas is resized.

    Examples:
        >>> import torch
        >>> from types import SimpleNamespace
        >>> adam = Adam(step_size=0.1)
        >>> step, memory, _ = adam.move(lambda move: (SimpleNamespace(total=1.0), torch.tensor([4.0, -0.5])), {})
        >>> [round(x, 4) for x in step.tolist()], memory["updates"]  # the first step has the size of the learning rate
        ([-0.1, 0.1], 1)
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    epsilon_hat: bool = False
    carry: bool = False

    def move(self, evaluate: Evaluate[R], memory: Memory) -> tuple[Tensor, Memory, R]:
        """See `Method.move`."""
        report, gradient = evaluate(None)
        first, second = memory.get("first"), memory.get("second")
        first = gradient * (1 - self.beta1) if first is None else first.lerp(gradient, 1 - self.beta1)
        second = torch.zeros_like(gradient) if second is None else second * self.beta2
        second.addcmul_(gradient, gradient, value=1 - self.beta2)
        del gradient  # vectors of the size of the canvas: as few as possible are in memory at once
        updates = memory.get("updates", 0) + 1
        unbias = math.sqrt(1 - self.beta2**updates)
        floor = self.epsilon / unbias if self.epsilon_hat else self.epsilon
        step = self.step_size / (1 - self.beta1**updates)
        divisor = second.sqrt().div_(unbias).add_(floor)  # (N,)
        move = torch.div(first, divisor, out=divisor).mul_(-step)
        return move, {"first": first, "second": second, "updates": updates}, report

    def resize(self, memory: Memory, fit: Fit) -> Memory:
        """See `Method.resize`. Interpolates m bicubically and v bilinearly, as style-transfer-pytorch does."""
        if not (self.carry and memory):
            return {}
        return {**memory, "first": fit(memory["first"], "bicubic"), "second": fit(memory["second"], "bilinear")}

    def refresh(self, memory: Memory) -> Memory:
        """See `Method.refresh`. Keeps the moments: they decay by themselves."""
        return memory
