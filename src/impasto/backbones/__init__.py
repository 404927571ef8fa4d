"""Networks that see. `BACKBONES` is the registry: each entry makes a `Backbone` from weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..config import choices
from ..errors import ConfigError, nearest_name
from ..weights.network import NetworkWeights
from .backbone import LAYERS, PIXELS, Backbone, LayerSpec, Pullback, canonical_layer, features_of, held_layer, with_pullback
from .compact import as_large_as_oxfords, compact
from .vgg import VGG, vgg16, vgg19

__all__ = [
    "BACKBONES",
    "LAYERS",
    "PIXELS",
    "VGG",
    "Backbone",
    "LayerSpec",
    "Pullback",
    "as_large_as_oxfords",
    "build_backbone",
    "canonical_layer",
    "features_of",
    "held_layer",
    "with_pullback",
]

BACKBONES: dict[str, Callable[..., Backbone]] = choices.registered(
    choices.BACKBONES, {"compact": compact, "vgg19": vgg19, "vgg16": vgg16}
)


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
