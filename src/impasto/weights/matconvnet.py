"""Reading of imagenet-vgg-verydeep-19.mat and -16.mat of MatConvNet, in all published layouts."""

from __future__ import annotations

from pathlib import Path

from .manifest import NORMALIZATIONS
from .network import NetworkWeights, from_hwio

__all__ = ["read_matconvnet"]


def read_matconvnet(path: Path) -> NetworkWeights:
    """Read the convolutions of a MatConvNet file; fully connected layers, stored as wider kernels, are left out.

    ``layers`` is a cell of structures. The order of their fields depends on the release, and the first release has two
    fields ``filters`` and ``biases`` instead of the pair ``weights``, so fields are read by name. Kernels are
    ``(height, width, in, out)``: the importer transposed those of Caffe, and reordered the first ones from BGR to RGB.

    Args:
        path: a ``.mat`` file.

    Returns:
        The `NetworkWeights`.

    Raises:
        Exception: whatever scipy raises for a damaged file.
    """
    from scipy.io import loadmat

    layers = loadmat(path, variable_names=["layers"], squeeze_me=True, struct_as_record=False)["layers"]
    found = {}
    for layer in layers:
        if layer.type == "conv" and not layer.name.startswith("fc"):
            kernel, bias = (layer.filters, layer.biases) if hasattr(layer, "filters") else layer.weights
            found[str(layer.name)] = from_hwio(kernel, bias)
    return NetworkWeights(found, NORMALIZATIONS["matconvnet"], "matconvnet")
