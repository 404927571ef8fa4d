"""Losses to descend, with a count of how often they are evaluated and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor


@dataclass(frozen=True)
class Report:
    total: float


class Evaluator:
    """The value and gradient of a scalar function, remembering the canvases it saw."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.function, self.seen = function, []

    def __call__(self, canvas: Tensor) -> tuple[Report, Tensor]:
        self.seen.append(canvas.clone())
        leaf = canvas.detach().clone().requires_grad_(True)
        value = self.function(leaf)
        return Report(value.item()), torch.autograd.grad(value, leaf)[0]


@pytest.fixture
def evaluator() -> type[Evaluator]:
    return Evaluator


@pytest.fixture
def canvas() -> Tensor:
    """A float64 canvas whose pyramid has one band and a residual, of odd sizes."""
    return torch.rand(1, 3, 17, 19, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def bowl(canvas: Tensor) -> Callable[[Tensor], Tensor]:
    """A convex loss that is not quadratic, lowest at 0.6, with a curvature of its own for every pixel."""
    curvature = torch.linspace(0.5, 8, canvas.numel(), dtype=torch.float64)

    def loss(x: Tensor) -> Tensor:
        away = (x - 0.6).flatten()
        return (curvature * (away**2 + away**4)).sum()

    return loss


@pytest.fixture
def rosenbrock() -> Callable[[Tensor], Tensor]:
    def loss(x: Tensor) -> Tensor:
        a, b = x.flatten()
        return 100 * (b - a**2) ** 2 + (1 - a) ** 2

    return loss
