"""Values of the options that are one of several names. Each tuple is defined here only.

The modules that implement the names are above this package. Each of them holds a registry by these names, which
`registered` checks.
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
    """Check that a registry has an entry for each choice, and no other ones.

    Args:
        choices: the names.
        registry: what each name stands for.

    Returns:
        The registry.

    Raises:
        ValueError: a choice has no entry, or an entry is no choice. The module with the registry then fails to import.
    """
    if odd := set(choices) ^ set(registry):
        raise ValueError(f"{', '.join(sorted(odd))}: either a choice without an entry or an entry without a choice")
    return dict(registry)
