"""Narrow networks of seeded random numbers, in the shape of VGG-19."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from impasto.weights.manifest import NORMALIZATIONS, Normalization
from impasto.weights.network import BLOCKS, CONVOLUTIONS, NetworkWeights

Build = Callable[..., NetworkWeights]


@pytest.fixture
def random_weights() -> Build:
    def build(
        widths: tuple[int, ...] = (4, 5, 6, 7, 8),
        *,
        count: int = 16,
        normalization: Normalization = NORMALIZATIONS["torchvision"],
        positive: bool = False,
    ) -> NetworkWeights:
        generator = torch.Generator().manual_seed(3)
        outs = [width for width, length in zip(widths, BLOCKS, strict=True) for _ in range(length)]
        convolutions = {}
        for name, channels, width in list(zip(CONVOLUTIONS, [3, *outs], outs, strict=False))[:count]:
            weight = torch.randn(width, channels, 3, 3, generator=generator) * (2 / (9 * channels)) ** 0.5
            bias = torch.randn(width, generator=generator) * 0.1
            # Positive kernels and a bias that keeps every ReLU open: then each pixel that can matter does.
            convolutions[name] = (weight.abs() + 0.01, bias.abs() + 30) if positive else (weight, bias)
        return NetworkWeights(convolutions, normalization)

    return build
