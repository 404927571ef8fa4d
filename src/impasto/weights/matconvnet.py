"""Reads imagenet-vgg-verydeep-19.mat and -16.mat of MatConvNet, in each of the layouts they have been published in."""

from __future__ import annotations

from pathlib import Path

from .manifest import NORMALIZATIONS
from .network import NetworkWeights, from_hwio

__all__ = ["read_matconvnet"]


def read_matconvnet(path: Path) -> NetworkWeights:
    """The convolutions of a MatConvNet file; fully connected layers, stored as wider kernels, are left out.

    ``layers`` is a cell of structures whose fields have changed order over the releases, and in the first one the pair
    ``weights`` was two fields, ``filters`` and ``biases``: so they are taken by name. Kernels are (height, width, in,
        out):
    the importer transposed Caffe's on purpose, and turned the first ones from BGR to RGB.
    What scipy raises passes through.
    """
    from scipy.io import loadmat

    layers = loadmat(path, variable_names=["layers"], squeeze_me=True, struct_as_record=False)["layers"]
    found = {}
    for layer in layers:
        if layer.type == "conv" and not layer.name.startswith("fc"):
            kernel, bias = (layer.filters, layer.biases) if hasattr(layer, "filters") else layer.weights
            found[str(layer.name)] = from_hwio(kernel, bias)
    return NetworkWeights(found, NORMALIZATIONS["matconvnet"], "matconvnet")
