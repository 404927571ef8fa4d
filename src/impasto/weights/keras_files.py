"""Reading of HDF5 files of Keras: the legacy layout of keras.applications, and ``.weights.h5`` of Keras 3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .manifest import NORMALIZATIONS
from .network import Convolutions, NetworkWeights, from_hwio

__all__ = ["read_keras"]


def read_keras(path: Path) -> NetworkWeights:
    """Read the convolutions of a Keras file; other layers are left out.

    Args:
        path: an HDF5 file.

    Returns:
        The `NetworkWeights`.

    Raises:
        Exception: whatever h5py raises for a damaged file.
    """
    import h5py

    with h5py.File(path, "r") as file:
        if "layers" in file:
            return NetworkWeights(_convolutions(_keras3_layers(file["layers"])), NORMALIZATIONS["caffe"], "keras-3")
        root = file.get("model_weights", file)
        return NetworkWeights(_convolutions(_legacy_layers(root)), NORMALIZATIONS["caffe"], "keras")


def _legacy_layers(root: Any) -> Iterator[tuple[str, list[Any]]]:
    """Names and arrays of the layers, in the order of the attributes: names of data sets depend on the writer."""
    for layer in _texts(root.attrs["layer_names"]):
        yield layer, [root[layer][name][()] for name in _texts(root[layer].attrs["weight_names"])]


def _keras3_layers(groups: Any) -> Iterator[tuple[str, list[Any]]]:
    """Names and arrays of the layers."""
    for key, group in groups.items():
        if "vars" in group:
            yield _text(group["vars"].attrs.get("name", key)), [array[()] for array in group["vars"].values()]


def _convolutions(layers: Iterable[tuple[str, list[Any]]]) -> Convolutions:
    """The layers with four-dimensional kernels, renamed from ``block1_conv1`` to ``conv1_1``."""
    found = {}
    for layer, arrays in layers:
        kernels = [array for array in arrays if array.ndim == 4]
        biases = [array for array in arrays if array.ndim == 1]
        if kernels:
            found[re.sub(r"^block(\d)_conv(\d)$", r"conv\1_\2", layer)] = from_hwio(kernels[0], biases[0])
    return found


def _texts(values: Any) -> list[str]:
    return [_text(value) for value in values]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
