"""The pictures and networks of the check: nothing is fetched; what is read are the weights that are installed."""

from __future__ import annotations

import os
from typing import Any

import torch
from random_network import he_normal
from torch import Tensor

from impasto.backbones import VGG
from impasto.config import StylizeConfig
from impasto.images.resample import resize
from impasto.objective.build import build_objective
from impasto.objective.objective import Objective
from impasto.objective.state import restored, saved
from impasto.styles import learn
from impasto.weights.manifest import NORMALIZATIONS
from impasto.weights.network import BLOCKS, CONVOLUTIONS, NetworkWeights
from impasto.weights.store import Store, default_cache

TINY = {"backbone": "compact", "scale_count": 1, "iterations": (2,)}
"""Options of runs that a processor does at once."""


def shapes(height: int, width: int, seed: int) -> Tensor:
    """Soft coloured shapes under fine grain, ``(1, 3, height, width)`` in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    soft = torch.rand(1, 3, 6, 8, generator=generator)
    grain = torch.rand(1, 3, height, width, generator=generator)
    return (0.8 * resize(soft, (height, width), "bicubic") + 0.2 * grain).clamp(0, 1)


def weights(tiny: bool) -> NetworkWeights:
    """VGG-19's, or random ones of a narrow network of its shape."""
    if not tiny:
        return Store(default_cache(os.environ)).load("vgg19.oxford8")
    outs = [width for width, length in zip((4, 5, 6, 7, 8), BLOCKS, strict=True) for _ in range(length)]
    return NetworkWeights(he_normal(dict(zip(CONVOLUTIONS, outs, strict=True))), NORMALIZATIONS["torchvision"])


class Scene:
    """A content, a style and a canvas, and their objectives on any device and in any number format, whose matches are
    those that were found on the processor in float32."""

    def __init__(self, given: NetworkWeights, size: int, options: dict[str, Any]) -> None:
        self.weights, self.config = given, StylizeConfig(**options).resolve()
        self.content, self.style, self.canvas = (shapes(size * 3 // 4, size, seed) for seed in (1, 2, 3))
        self.reference = self._built("cpu", torch.float32)

    def at(self, device: str, dtype: torch.dtype) -> Objective:
        found = {
            name: value.to(device) if isinstance(value, Tensor) else value
            for name, value in saved(self.reference).items()
        }
        return restored(self._built(device, dtype), found)

    def _built(self, device: str, dtype: torch.dtype) -> Objective:
        network = VGG(self.weights, pooling="max", padding="zeros", device=device, dtype=dtype)
        style = learn(self.style.to(device), self.config, network)
        return build_objective(self.content.to(device), [style], self.config, network)
