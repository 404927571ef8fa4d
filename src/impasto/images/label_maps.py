"""Label maps: pictures in which the colour of a pixel says which region it belongs to."""

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

_ALIKE = 40  # largest difference over the channels, of 255: colours closer than this are the same one
_LEAST = 0.01  # share of the pixels: rarer colours are blends at the edges between two others
_PLAIN = 0.75  # least share of the pixels in frequent colours: photographs have fewer

_WITHIN = Within(4096, filter="nearest")  # a filter that does not blend colours

Color = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class RegionMap:
    """A label map: a picture in a few plain colours, one for each region. Transparent pixels have no region.

    Attributes:
        pixels: ``(H, W, 3)`` int32, 0 to 255.
        opaque: ``(1, 1, H, W)`` in [0, 1].
        colors: the colours of the regions, the most frequent first: those of at least a hundredth of the pixels.
        name: path of the file, or ``array``.
        sha256: of the file's bytes, or of the array.
    """

    pixels: Tensor
    opaque: Tensor
    colors: tuple[Color, ...]
    name: str
    sha256: str

    def mask(self, color: Color) -> Mask | None:
        """The mask of one region.

        Args:
            color: (red, green, blue), 0 to 255; it selects the most similar of the map's own ``colors``.

        Returns:
            A `Mask` of the pixels nearest to that colour; None if no colour of the map is within 40 levels in each
            channel.
        """
        nearest = [_apart(torch.tensor(own), color) for own in self.colors]
        number = int(torch.stack(nearest).argmin())
        if nearest[number] >= _ALIKE:
            return None
        here = torch.stack([_apart(self.pixels, own) for own in self.colors]).argmin(0) == number  # (H, W)
        return Mask(here.float()[None, None] * self.opaque, self.name, self.sha256, hex_of(color))


def hex_of(color: Color) -> str:
    """A colour as ``#rrggbb``.

    Examples:
        >>> hex_of((255, 128, 0))
        '#ff8000'
    """
    return f"#{bytes(color).hex()}"


def color_of(text: str) -> Color:
    """The colour written as ``#rrggbb``: the inverse of `hex_of`.

    Examples:
        >>> color_of("#ff8000")
        (255, 128, 0)
    """
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def read_map(source: Any) -> RegionMap:
    """Read a label map.

    Args:
        source: whatever `read_picture` accepts.

    Returns:
        The `RegionMap`, at most 4096 px long.

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
    """Find the frequent colours of pixels ``(n, 3)``, and the number of pixels that have one of them.

    Similar colours are merged into the most frequent one.
    """
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
    """Distance between colours ``(..., 3)`` and one colour: the largest difference over the channels, ``(...)``."""
    return (pixels - pixels.new_tensor(color)).abs().amax(-1)
