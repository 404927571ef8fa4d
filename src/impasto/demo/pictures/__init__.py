"""Style pictures painted by our own code: every mark is placed by arithmetic and a seed, nothing is copied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from ...errors import ConfigError, nearest_name
from ..origins import Origin
from . import birches, flow, glass, mosaic, waves

__all__ = ["PAINTINGS", "Painting", "find_painting"]


@dataclass(frozen=True)
class Painting:
    """A style picture.

    Attributes:
        origin: title, author and licence.
        paint: makes the picture, RGB, 1.28 times as wide as high. ``paint(width, seed)`` takes the width in px (768 by
            default); equal arguments give the same picture, and other widths the same one larger or smaller.
    """

    origin: Origin
    paint: Callable[..., Image.Image]


def _painting(title: str, paint: Callable[..., Image.Image]) -> Painting:
    return Painting(Origin(title, "the authors of Impasto", "Apache-2.0", f"painted by {paint.__module__}"), paint)


PAINTINGS = {
    "flow": _painting("Three suns", flow.paint),
    "mosaic": _painting("The golden tree", mosaic.paint),
    "waves": _painting("Breakers at dawn", waves.paint),
    "glass": _painting("River of light", glass.paint),
    "birches": _painting("Birches in October", birches.paint),
}


def find_painting(name: str) -> Painting:
    """The painting ``name`` of `PAINTINGS`.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in PAINTINGS:
        raise ConfigError(f"unknown painting {name!r}", nearest_name(name, PAINTINGS))
    return PAINTINGS[name]
