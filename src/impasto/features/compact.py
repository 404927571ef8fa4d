"""The embedded backbone: a VGG-19 24 channels wide that comes with the package. See assets/compact.md."""

from __future__ import annotations

import torch

from ..weights.formats import read_weights
from ..weights.manifest import find_record
from ..weights.network import NetworkWeights
from .vgg import VGG

__all__ = ["compact"]


def compact(
    weights: NetworkWeights | None = None,
    *,
    pooling: str = "avg",
    padding: str = "replicate-all",
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
) -> VGG:
    """The embedded network with the pooling and padding it is meant for; everything else as in `VGG`.

    Args:
        weights: by default those in the package.
        pooling: see `VGG`.
        padding: see `VGG`.
        device: see `VGG`.
        dtype: see `VGG`.

    Raises:
        WeightsError: the file in the package is damaged.
        ConfigError: an unknown pooling or padding.
    """
    if weights is None:
        weights = read_weights(find_record("compact").packaged or "compact")
    return VGG(weights, pooling=pooling, padding=padding, device=device, dtype=dtype)
