"""The embedded backbone: a narrow VGG-19 that comes with the package. See assets/compact.md."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from ..weights.formats import read_weights
from ..weights.manifest import find_record
from ..weights.network import CONVOLUTIONS, NetworkWeights
from .vgg import VGG

__all__ = ["as_large_as_oxfords", "compact"]

# How many times larger the features of Oxford's VGG-19 are than ours, whose mean is 1: by the losses that neural-
# style's installation guide prints for its first iteration, from noise, which are 100 mean G'^2 of each style layer and
# 5 mean F'^2 of relu4_2. What lies between is interpolated; conv5_2 goes on as the three before it.
_OXFORD = {"conv1_1": 26, "conv2_1": 81, "conv3_1": 79, "conv4_1": 290, "conv4_2": 260, "conv5_1": 25, "conv5_2": 11}


def compact(
    weights: NetworkWeights | None = None,
    *,
    pooling: str = "avg",
    padding: str = "replicate-all",
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    mixed: bool = False,
) -> VGG:
    """The embedded network with the pooling and padding it is meant for; everything else as in `VGG`.

    Args:
        weights: by default those in the package.
        pooling: see `VGG`.
        padding: see `VGG`.
        device: see `VGG`.
        dtype, mixed: see `VGG`.

    Raises:
        WeightsError: the file in the package is damaged.
        ConfigError: an unknown pooling or padding.
    """
    if weights is None:
        weights = read_weights(find_record("compact").packaged or "compact")
    return VGG(weights, pooling=pooling, padding=padding, device=device, dtype=dtype, mixed=mixed)


def as_large_as_oxfords(weights: NetworkWeights) -> NetworkWeights:
    """The same network with features about as large as those of Oxford's VGG-19 on pictures in 0..255.

    A layer's factor goes into its kernels and biases, and is taken back in the kernels of the next: features are those
    of ``weights``, each layer times a number. Coefficients that were found for Oxford's network then weigh about what
    they did.
    """
    places, factors = [CONVOLUTIONS.index(name) for name in _OXFORD], np.log(list(_OXFORD.values()))
    scaled, before = {}, 1.0
    for name, (kernels, biases) in weights.convolutions.items():
        factor = float(np.exp(np.interp(CONVOLUTIONS.index(name), places, factors)))
        scaled[name] = kernels * (factor / before), biases * factor
        before = factor
    return dataclasses.replace(weights, convolutions=scaled)
