"""What an option may be one of: each tuple of names is born here, and what they stand for is checked against it.

Nothing here knows what the names stand for; the modules that do lie above, and hold a registry made by `registered`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

__all__ = [
    "BACKBONES",
    "COLORS",
    "COLOR_METHODS",
    "COLOR_SPACES",
    "CONTENT_LOSSES",
    "DEVICES",
    "EFFORTS",
    "FILTERS",
    "GRAM_DISTANCES",
    "GRAM_NORMALIZATIONS",
    "INPUTS",
    "NUMBER_FORMATS",
    "OBJECTIVES",
    "OPTIMIZERS",
    "PADDINGS",
    "POOLINGS",
    "SIDES",
    "STYLE_DISTANCES",
    "TV_LOSSES",
    "VARIABLES",
    "WRAPS",
    "registered",
]

Entry = TypeVar("Entry")

# In the order in which help and documents show them
EFFORTS = ("draft", "standard", "fine")
SIDES = ("long", "short", "height", "width", "area")
FILTERS = ("lanczos", "bicubic", "bilinear", "area")
WRAPS = ("none", "x", "y", "xy")
COLORS = ("style", "content", "luminance", "match", "histogram")
COLOR_METHODS = ("pca", "cholesky", "symmetric")
COLOR_SPACES = ("linear", "oklab", "srgb")
BACKBONES = ("vgg19", "vgg16", "compact")
INPUTS = ("torchvision", "torchvision255", "caffe", "matconvnet")
POOLINGS = ("max", "avg")
PADDINGS = ("zeros", "replicate", "replicate-all")
OBJECTIVES = ("blend", "neighbours", "gram", "wasserstein", "meanstd")
CONTENT_LOSSES = ("mean", "sum", "half-sum", "sqrt", "relative")
GRAM_NORMALIZATIONS = ("positions", "elements", "none")
GRAM_DISTANCES = ("gatys", "mean-c2")  # of Gram matrices only
STYLE_DISTANCES = ("mean", "sum", *GRAM_DISTANCES, "relative")
TV_LOSSES = ("l1-sum", "l1-mean", "l2-sum", "l2-mean", "nine-point")
OPTIMIZERS = ("adam", "lbfgs")
VARIABLES = ("pixels", "pixels255", "laplacian")
DEVICES = ("cpu", "cuda", "mps")
NUMBER_FORMATS = ("float32", "mixed", "bfloat16")


def registered(choices: tuple[str, ...], registry: Mapping[str, Entry]) -> dict[str, Entry]:
    """The ``registry`` of what each of the ``choices`` stands for, checked to hold all of them and nothing else.

    Raises:
        ValueError: a choice has no entry, or an entry is no choice; so the module with the registry cannot be imported.
    """
    if odd := set(choices) ^ set(registry):
        raise ValueError(f"{', '.join(sorted(odd))}: either a choice without an entry or an entry without a choice")
    return dict(registry)
