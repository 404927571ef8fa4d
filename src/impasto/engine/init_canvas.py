"""The canvas that a run begins with: noise, a style, pieces of the styles, or a picture."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..config import StylizeConfig
from ..images.files import io
from ..images.periodic_plus_smooth import seamless
from ..images.resample import resize
from ..styles import SHORTEST, Style, needed, parts_of, resized, style_length
from ..types import Size
from .quilting import pieced

__all__ = ["joined", "started"]

_MEAN_COLOUR = (0.485, 0.456, 0.406)  # of ImageNet's photographs, which networks see as 0


def started(
    config: StylizeConfig, styles: Sequence[Style], coarsest: Size, finest: Size
) -> tuple[Tensor | None, io.Picture | None]:
    """The first canvas, of the ``coarsest`` size or larger, and the picture it was read from, if it was.

    The canvas is None for the content, as the engine shows it.

    Raises:
        PictureError, StyleError: the picture cannot be read, or a style has none.
    """
    init = config.init
    if init == "content":
        return None, None
    if init == "style":
        return joined(styles[0].picture(), finest, config), None
    if init == "noise":
        generator = torch.Generator().manual_seed(config.seed)
        mean = torch.tensor(_MEAN_COLOUR)[:, None, None]
        return mean + config.noise * torch.randn((1, 3, *coarsest), generator=generator), None
    if init == "pieces":
        parts, long = parts_of(config, len(styles)), style_length(coarsest, config.side)
        pictures = [resized(style.picture(), long * part.scale, config) for style, part in zip(styles, parts, strict=True)]
        return pieced(pictures, [part.share for part in parts], coarsest, config.seed, config.wrap), None
    picture = io.read_picture(init, name="start", least=SHORTEST, within=needed(config))
    return joined(picture.pixels, finest, config), picture


def joined(picture: Tensor, finest: Size, config: StylizeConfig) -> Tensor:
    """A picture that a canvas begins with or keeps to: where the canvas is tiled, it continues over its border as well."""
    if config.wrap == "none":
        return picture
    return seamless(resize(picture, finest, config.resample), config.wrap)
