"""From a trained trunk to the file that is shipped: averaged weights, batch norm folded, every layer at mean activation
1."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from impasto.weights.formats import write_weights
from impasto.weights.manifest import NORMALIZATIONS
from impasto.weights.network import NetworkWeights

from .network import Trunk, calibrate, convolution_names, fold, unit_means
from .pictures import Source, draw

__all__ = ["write_network"]

_BATCHES = 30


def write_network(
    trunk: Trunk,
    average: dict[str, Tensor],
    sources: dict[str, Source],
    seed: int,
    file: Path,
    start: Mapping[str, Tensor],
) -> None:
    """Write the network in float16, with what its reader needs to know in the file's metadata.

    ``start`` is the network that training started from: what did not learn is written as it is there, bit for bit.
    """
    finished = copy.deepcopy(trunk)
    for name, parameter in finished.named_parameters():
        parameter.data.copy_(average[name])
    batches = [draw(sources, seed + 1, step).images for step in range(_BATCHES)]
    calibrate(finished, batches)
    kept = {name: tensor.float() for name, tensor in start.items() if not finished.learns(name.split(".")[0])}
    tensors = unit_means({**fold(finished), **kept}, batches, finished.first)
    convolutions = {name: (tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for _, name in convolution_names()}
    widths = ", ".join(map(str, finished.widths))
    write_weights(
        NetworkWeights(convolutions, NORMALIZATIONS["torchvision"]),
        file,
        {
            "architecture": f"VGG-19 with {widths} channels, batch norm folded, "
            "every layer scaled to mean activation 1",
            "licence": "Apache-2.0",
            "origin": "trained for Impasto by its folder training/; see compact.md",
            "padding": "replicate-all",
            "pooling": "avg",
        },
        dtype=torch.float16,
    )
