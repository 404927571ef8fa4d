"""Shapes of VGG-19 and VGG-16: names of their convolutions, and the check of a set of weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import WeightsError
from .manifest import Normalization

__all__ = [
    "BLOCKS",
    "CONVOLUTIONS",
    "SHAPES",
    "Convolutions",
    "NetworkWeights",
    "check_convolutions",
    "convolution_names",
    "from_hwio",
]

SHAPES = {"VGG-19": (2, 2, 4, 4, 4), "VGG-16": (2, 2, 3, 3, 3)}
"""Number of convolutions in each block; a pooling follows each block (Simonyan and Zisserman 2014, table 1, columns E
and D)."""

BLOCKS = SHAPES["VGG-19"]


def convolution_names(blocks: Iterable[int]) -> tuple[str, ...]:
    """Names of the convolutions of a network, in order, as in the papers.

    Args:
        blocks: number of convolutions in each block.

    Returns:
        The names.

    Examples:
        >>> convolution_names((2, 1))
        ('conv1_1', 'conv1_2', 'conv2_1')
    """
    return tuple(f"conv{block}_{n}" for block, count in enumerate(blocks, 1) for n in range(1, count + 1))


CONVOLUTIONS = convolution_names(BLOCKS)
"""The sixteen convolutions of VGG-19; those of VGG-16 are among them."""

Convolutions = dict[str, tuple[Tensor, Tensor]]

_WANTED = "give weights of VGG-19 or VGG-16"


@dataclass(frozen=True)
class NetworkWeights:
    """The convolutions of a VGG-19 or VGG-16 of any width, or the first ones of them.

    Attributes:
        convolutions: ``{"conv1_1": (weight (out, in, 3, 3), bias (out,)), ...}`` in order, float32.
        normalization: input of the network.
        format: layout of the file that was read, or ``memory``.
        sha256: of this file, as hex digits.
        metadata: of this file (origin, licence, hash of the file that it was converted from).
    """

    convolutions: Convolutions
    normalization: Normalization
    format: str = "memory"
    sha256: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def check_convolutions(found: Convolutions) -> Convolutions:
    """Check convolutions and sort them.

    Args:
        found: by name, in any order.

    Returns:
        The same, in the order of the network.

    Raises:
        WeightsError: they are not the first convolutions of a VGG-19 or VGG-16, or hold a number that is not finite.
    """
    firsts = (convolution_names(blocks)[: len(found)] for blocks in SHAPES.values())
    names = next((first for first in firsts if first and set(first) == set(found)), None)
    if names is None:
        listed = ", ".join(sorted(found)[:20]) or "none"
        raise WeightsError(f"its convolutions are not those of VGG-19 or VGG-16: {listed}", _WANTED)
    for problem in _problems({name: found[name] for name in names}):
        raise WeightsError(problem, _WANTED)
    return {name: found[name] for name in names}


def _problems(convolutions: Convolutions) -> Iterator[str]:
    """Sentences on wrong shapes and on numbers that are not finite."""
    channels = 3
    for name, (weight, bias) in convolutions.items():
        width = weight.shape[0]
        if weight.shape != (width, channels, 3, 3) or bias.shape != (width,):
            shapes = f"{tuple(weight.shape)} and bias {tuple(bias.shape)}"
            yield f"{name} has kernels {shapes}, where VGG has (n, {channels}, 3, 3) and (n,)"
        if not (torch.isfinite(weight).all() and torch.isfinite(bias).all()):
            yield f"{name} holds numbers that are not finite"
        channels = width


def from_hwio(kernel: Any, bias: Any) -> tuple[Tensor, Tensor]:
    """Convert a kernel of Keras or MatConvNet to the layout of PyTorch.

    Args:
        kernel: ``(height, width, in, out)``.
        bias: of any shape with ``out`` numbers.

    Returns:
        Weight ``(out, in, height, width)`` and bias ``(out,)``, float32.
    """
    weight = np.ascontiguousarray(np.asarray(kernel, np.float32).transpose(3, 2, 0, 1))
    return torch.from_numpy(weight), torch.from_numpy(np.asarray(bias, np.float32).reshape(-1))
