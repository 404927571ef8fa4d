"""Networks that see. `BACKBONES` is the registry: each entry makes a `Backbone` from weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..config import choices
from ..errors import ConfigError, nearest_name
from ..weights.network import NetworkWeights
from .backbone import PIXELS, Backbone, LayerSpec, Pullback, features_of, with_pullback
from .compact import as_large_as_oxfords, compact
from .names import not_held, own_layer, own_layers, weighing
from .vgg import VGG, VGG_LAYERS, vgg16, vgg19

__all__ = [
    "BACKBONES",
    "KNOWN_LAYERS",
    "PIXELS",
    "VGG",
    "Backbone",
    "LayerSpec",
    "Pullback",
    "as_large_as_oxfords",
    "build_backbone",
    "features_of",
    "not_held",
    "own_layer",
    "own_layers",
    "weighing",
    "with_pullback",
]

BACKBONES: dict[str, Callable[..., Backbone]] = choices.registered(
    choices.BACKBONES, {"compact": compact, "vgg19": vgg19, "vgg16": vgg16}
)

KNOWN_LAYERS: dict[str, Mapping[str, LayerSpec]] = choices.registered(
    choices.BACKBONES, {"compact": VGG_LAYERS, "vgg19": VGG_LAYERS, "vgg16": VGG_LAYERS}
)
"""Layers that each network may have, before its weights are looked for: names, blocks, strides and radii. ``channels``
and ``weights`` are those of the published VGG-19, and weights may hold the first layers only."""


def build_backbone(name: str, weights: NetworkWeights, **options: Any) -> Backbone:
    """A frozen network by the name of its entry in `BACKBONES`.

    Args:
        name: ``"compact"``, ``"vgg19"`` or ``"vgg16"``; compact has another pooling and padding as its default.
        weights: its convolutions.
        options: ``pooling``, ``padding``, ``device``, ``dtype`` and ``mixed``, as in `VGG`.

    Raises:
        ConfigError: an unknown backbone, pooling or padding.
        WeightsError: the weights are of another network.
    """
    if name not in BACKBONES:
        raise ConfigError(f"unknown backbone {name!r}", nearest_name(name, BACKBONES))
    return BACKBONES[name](weights, **options)
