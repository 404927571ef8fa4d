"""Adam, as a rule that turns one gradient into one move."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .method import Evaluate, Fit, Memory, Method, R

__all__ = ["Adam"]


@dataclass(frozen=True)
class Adam(Method):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1): the iterates of ``torch.optim.Adam``.

    Costs one evaluation a step. Its memory: the moments ``first`` and ``second`` ``(N,)`` and their number of ``updates``.

    Args:
        step_size: learning rate, in units of the variable.
        beta1: decay of the first moment.
        beta2: decay of the second moment.
        epsilon: added to the denominator.
        epsilon_hat: add epsilon before the second moment's bias is corrected, as Keras and TensorFlow do (the paper's
            "epsilon hat", end of section 2). It matters where epsilon is large: 0.1 then acts as 3.2 at the first step.
        carry: keep the moments, resized, when the canvas is resized.
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
        del gradient  # each of these vectors is larger than the canvas: no more of them are there at once than must be
        updates = memory.get("updates", 0) + 1
        unbias = math.sqrt(1 - self.beta2**updates)
        floor = self.epsilon / unbias if self.epsilon_hat else self.epsilon
        step = self.step_size / (1 - self.beta1**updates)
        divisor = second.sqrt().div_(unbias).add_(floor)
        move = torch.div(first, divisor, out=divisor).mul_(-step)
        return move, {"first": first, "second": second, "updates": updates}, report

    def resize(self, memory: Memory, fit: Fit) -> Memory:
        """See `Method.resize`. Bicubic and bilinear, as style-transfer-pytorch carries them."""
        if not (self.carry and memory):
            return {}
        return {**memory, "first": fit(memory["first"], "bicubic"), "second": fit(memory["second"], "bilinear")}

    def refresh(self, memory: Memory) -> Memory:
        """See `Method.refresh`. Moments fade by themselves."""
        return memory
