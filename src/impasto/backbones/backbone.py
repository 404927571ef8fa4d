"""What every network that sees looks like to the rest: layers by name, and features from a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["PIXELS", "Backbone", "LayerSpec", "Pullback", "features_of", "with_pullback"]

PIXELS = "pixels"
"""The name of the picture itself as a layer, which every network has."""

Pullback = Callable[[Mapping[str, Tensor]], Tensor]
"""Gradients with respect to features, by layer, to that with respect to the picture ``(B, 3, H, W)``, in its number
format."""


@dataclass(frozen=True)
class LayerSpec:
    """What is known of a layer before it is computed.

    Cell ``i`` of the layer stands for the pixels from ``stride * i`` to ``stride * (i + 1) - 1`` and depends on those
    up to ``radius`` pixels further, on each side.

    Attributes:
        channels: of the features.
        stride: pixels between two cells.
        radius: pixels beyond its own that a cell sees, on the worse side.
        block: of the network, from 1, the finest; ``style_blocks`` names them.
        aliases: other names it goes by, which nothing else in the network has.
        weights: how many numbers the network has learnt of all that is computed for this layer; memory is estimated by
            it.
    """

    channels: int
    stride: int
    radius: int
    block: int = 1
    aliases: tuple[str, ...] = ()
    weights: int = 0

    @property
    def halo(self) -> int:
        """Pixels of surroundings that make a tile's cells exact: the radius, rounded up to whole cells."""
        return -(-self.radius // self.stride) * self.stride


class Backbone(Protocol):
    """A frozen network. One contract test walks `impasto.backbones.BACKBONES` and measures what is said here.

    Any network will do whose layers are grids of cells over the picture, ``H // stride`` by ``W // stride`` of them;
    cells that its own padding or rounding adds at the lower and right border are cut off. ``layers`` is the only source
    of names, order, blocks and sizes: nothing is read out of a name.

    Tiles give what the whole picture gives because a network promises this: let a part of a picture begin at a common
        multiple
    of the strides of all layers that are asked for, and end at another one, or with the picture. Each of its cells is
    then the same number as in the whole picture, unless an edge of the part that is no edge of the picture lies within
    the cell's ``radius``. So every stride taken on the way to a layer divides the layer's own, and nothing depends on
    where in the picture a cell lies or on all cells at once. A network with attention over all cells, or a
    normalisation by them, keeps the promise only with a radius as large as the picture, which leaves one tile.
    """

    @property
    def layers(self) -> Mapping[str, LayerSpec]:
        """The layers it has, by their own names, in the order they are computed; ``pixels`` first."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    @property
    def wrap(self) -> str:
        """The axes along which it sees pictures go on over their border (see `images.periodic`): ``none``, as it is
        made."""

    def exact(self) -> Backbone:
        """The same network in float32, where it was made to have it; else itself."""

    def wrapped(self, wrap: str) -> Backbone:
        """The same network with other axes; exact where the sides along them are multiples of the layers' stride."""

    def __call__(self, image: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Features by the names that were asked for, ``(B, channels, H // stride, W // stride)``.

        Args:
            image: RGB pictures ``(B, 3, H, W)`` in [0, 1].
            layers: by their own names; ``pixels`` is the picture as given.

        Raises:
            ConfigError: there is no such layer.
        """


def with_pullback(backbone: Backbone, image: Tensor, layers: Iterable[str]) -> tuple[dict[str, Tensor], Pullback]:
    """Features of a picture, and what turns their gradients into the picture's: for losses that are not one graph.

    Args:
        backbone: the network.
        image: RGB, ``(B, 3, H, W)``, in [0, 1]; it is not changed.
        layers: as the backbone takes them.

    Returns:
        The features, which have no history; not to be changed, for their signs are needed on the way back. And the
        pullback, to be called once: it frees what the way forward kept. It takes gradients of the features' shapes, in
        any number format, and changes none; a layer that is left out counts as zero.
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


def features_of(backbone: Backbone, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Features by name; 'pixels' is the image itself, which the backbone would round to its own precision."""
    deep = [name for name in layers if name != PIXELS]
    return {PIXELS: image, **(backbone(image, deep) if deep else {})}
