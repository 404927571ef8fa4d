"""What every network that sees looks like to the rest: layers by the papers' names, and features from a picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..errors import ConfigError, nearest_name
from ..weights.network import CONVOLUTIONS

__all__ = [
    "LAYERS",
    "PIXELS",
    "Backbone",
    "LayerSpec",
    "Pullback",
    "canonical_layer",
    "features_of",
    "held_layer",
    "with_pullback",
]

PIXELS = "pixels"

LAYERS = (PIXELS, *(name.replace("conv", "relu") for name in CONVOLUTIONS))
"""``pixels``, the picture itself, then ``relu1_1`` to ``relu5_4``: the convolutions of VGG-19 after their ReLU, in order."""


Pullback = Callable[[Mapping[str, Tensor]], Tensor]
"""Gradients with respect to features, by layer, to that with respect to the picture ``(B, 3, H, W)``, in its number format."""


@dataclass(frozen=True)
class LayerSpec:
    """What is known of a layer before it is computed.

    Cell ``i`` of the layer stands for the pixels from ``stride * i`` to ``stride * (i + 1) - 1`` and depends on those up
    to ``radius`` pixels further, on each side.

    Attributes:
        channels: of the features.
        stride: pixels between two cells.
        radius: pixels beyond its own that a cell sees, on the worse side.
        block: of the network, from 1, the finest; ``style_blocks`` names them.
        aliases: other names it goes by.
    """

    channels: int
    stride: int
    radius: int
    block: int = 1
    aliases: tuple[str, ...] = ()

    @property
    def halo(self) -> int:
        """Pixels of surroundings that make a tile's cells exact: the radius, rounded up to whole cells."""
        return -(-self.radius // self.stride) * self.stride


class Backbone(Protocol):
    """A frozen network. One contract test walks `impasto.backbones.BACKBONES` and measures what is said here.

    Any network will do whose layers are grids of cells over the picture, ``H // stride`` by ``W // stride`` of them, that depend
    on no more than their ``radius``, and that pads at the picture's border alone: then tiles that begin on a cell of every layer
    give what the whole picture gives.
    """

    @property
    def layers(self) -> Mapping[str, LayerSpec]:
        """The layers it has, by their own names, in the order they are computed; ``pixels`` first."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    @property
    def wrap(self) -> str:
        """The axes along which it sees pictures go on over their border (see `images.periodic`): ``none``, as it is made."""

    def exact(self) -> Backbone:
        """The same network in float32, where it was made to have it; else itself."""

    def wrapped(self, wrap: str) -> Backbone:
        """The same network with other axes; exact where the sides along them are multiples of the layers' stride."""

    def __call__(self, image: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Features ``(B, channels, about H / stride, about W / stride)`` of RGB pictures ``(B, 3, H, W)`` in [0, 1]."""


def with_pullback(backbone: Backbone, image: Tensor, layers: Iterable[str]) -> tuple[dict[str, Tensor], Pullback]:
    """Features of a picture, and what turns their gradients into the picture's: for losses that are not one graph.

    Args:
        backbone: the network.
        image: RGB, ``(B, 3, H, W)``, in [0, 1]; it is not changed.
        layers: as the backbone takes them.

    Returns:
        The features, which have no history; not to be changed, for their signs are needed on the way back. And the pullback,
        to be called once: it frees what the way forward kept. It takes gradients of the features' shapes, in any number
        format, and changes none; a layer that is left out counts as zero.
    """
    leaf = image.detach().requires_grad_()
    with torch.enable_grad():
        seen = backbone(leaf, layers)

    def pullback(gradients: Mapping[str, Tensor]) -> Tensor:
        if not gradients:
            return torch.zeros_like(leaf)
        tapped = [gradient.to(seen[name].dtype) for name, gradient in gradients.items()]
        return torch.autograd.grad([seen[name] for name in gradients], leaf, tapped)[0]

    return {name: features.detach() for name, features in seen.items()}, pullback


def canonical_layer(name: str, layers: Mapping[str, LayerSpec] | None = None) -> str:
    """A layer's own name, of whatever it is called: ``relu4_1`` for Keras' ``block4_conv1``, which includes the ReLU.

    Args:
        name: as somebody called it.
        layers: of the network that is used; names of VGG-19 are known beside them, as weights may hold its first ones only.

    Raises:
        ConfigError: neither has such a layer; the hint gives the nearest name.
    """
    if layers and name in layers:
        return name
    for own, spec in (layers or {}).items():
        if name in spec.aliases:
            return own
    canonical = re.sub(r"^block(\d)_conv(\d)$", r"relu\1_\2", name)
    if canonical not in LAYERS:
        raise ConfigError(f"unknown layer {name!r}", nearest_name(canonical, layers or LAYERS))
    return canonical


def held_layer(name: str, layers: Mapping[str, LayerSpec]) -> str:
    """A layer's own name, of a network that has ``layers``.

    Raises:
        ConfigError: it has no such layer: weights may be the first ones of VGG-19 only, or those of VGG-16.
    """
    layer = canonical_layer(name, layers)
    if layer not in layers:
        raise ConfigError(f"these weights do not hold layer {name!r}", f"available: {', '.join(layers)}")
    return layer


def features_of(backbone: Backbone, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Features by name; 'pixels' is the image itself, which the backbone would round to its own precision."""
    deep = [name for name in layers if name != PIXELS]
    return {PIXELS: image, **(backbone(image, deep) if deep else {})}
