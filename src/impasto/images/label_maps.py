"""Maps of regions: pictures whose colours say which region a pixel belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import PictureError
from .files.io import read_picture
from .masks import Mask
from .resample import Within

__all__ = ["Color", "RegionMap", "color_of", "hex_of", "read_map"]

_ALIKE = 40  # levels of 255, in the channel that differs most: the same colour, painted or compressed in another way
_LEAST = 0.01  # of the map's pixels: less of a colour is part of the soft edge between two others
_PLAIN = 0.75  # of the map's pixels, that have such a colour at least: a photograph has fewer

_WITHIN = Within(4096, filter="nearest")  # which makes no colours that are not there

Color = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class RegionMap:
    """A picture of plain colours, each of which stands for a region; what is transparent belongs to none.

    Attributes:
        pixels: ``(H, W, 3)`` of whole numbers, 0 to 255.
        opaque: ``(1, 1, H, W)`` in [0, 1].
        colors: the map's own, the most frequent first: those of at least a hundredth of its pixels.
        name, sha256: as of a `Mask`.
    """

    pixels: Tensor
    opaque: Tensor
    colors: tuple[Color, ...]
    name: str
    sha256: str

    def mask(self, color: Color) -> Mask | None:
        """The pixels whose colour is nearest to the map's own that is like ``color``; None where it has none like it."""
        nearest = [_apart(torch.tensor(own), color) for own in self.colors]
        number = int(torch.stack(nearest).argmin())
        if nearest[number] >= _ALIKE:
            return None
        here = torch.stack([_apart(self.pixels, own) for own in self.colors]).argmin(0) == number
        return Mask(here.float()[None, None] * self.opaque, self.name, self.sha256, hex_of(color))


def hex_of(color: Color) -> str:
    """``#rrggbb``."""
    return f"#{bytes(color).hex()}"


def color_of(text: str) -> Color:
    """The colour of `hex_of`."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def read_map(source: Any) -> RegionMap:
    """A map from whatever `read_picture` takes.

    Raises:
        PictureError: it cannot be read, is transparent everywhere, or is not in plain colours.
    """
    picture = read_picture(source, name="map", within=_WITHIN)
    pixels = (picture.pixels[0] * 255).round().int().permute(1, 2, 0)
    opaque = torch.ones_like(picture.pixels[:, :1]) if picture.alpha is None else picture.alpha
    seen = pixels[opaque[0, 0] > 0.5]
    colors, plain = _colors(seen)
    if plain <= _PLAIN * len(seen):
        wrong = "is not in plain colours" if len(seen) else "is transparent everywhere"
        raise PictureError(f"the map {picture.name!r} {wrong}", "paint each region in a colour of its own")
    return RegionMap(pixels, opaque, colors, picture.name, picture.sha256)


def _colors(seen: Tensor) -> tuple[tuple[Color, ...], int]:
    """The frequent colours of pixels ``(n, 3)``, nearly alike ones as the most frequent of them, and how many have one."""
    codes, counts = torch.unique(seen[:, 0] << 16 | seen[:, 1] << 8 | seen[:, 2], return_counts=True)
    order = counts.argsort(descending=True, stable=True)
    codes, counts = codes[order], counts[order]
    found = torch.stack([codes >> 16, codes >> 8 & 255, codes & 255], dim=1)
    colors, plain = list[Color](), 0
    while len(found):
        alike = _apart(found, _color(found[0])) < _ALIKE
        if (count := int(counts[alike].sum())) < _LEAST * len(seen):
            break
        colors.append(_color(found[0]))
        plain += count
        found, counts = found[~alike], counts[~alike]
    return tuple(colors), plain


def _color(values: Tensor) -> Color:
    red, green, blue = values.tolist()
    return red, green, blue


def _apart(pixels: Tensor, color: Color) -> Tensor:
    """How far colours ``(..., 3)`` are from one, in the channel that differs most."""
    return (pixels - pixels.new_tensor(color)).abs().amax(-1)
