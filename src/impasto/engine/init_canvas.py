"""The initial canvas of a run: noise, a style, a quilt of the styles, or a picture."""

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

__all__ = ["seamless_ground", "started"]

_MEAN_COLOR = (0.485, 0.456, 0.406)  # of ImageNet's photographs, which networks subtract


def started(
    config: StylizeConfig, styles: Sequence[Style], coarsest: Size, finest: Size
) -> tuple[Tensor | None, io.Picture | None]:
    """The initial canvas that ``config.init`` asks for.

    Args:
        config: ``init``, ``noise``, ``seed`` and others; resolved.
        styles: of the run.
        coarsest: (height, width) of the first scale.
        finest: (height, width) of the last scale.

    Returns:
        The canvas ``(1, 3, H, W)``, of the ``coarsest`` size or larger, or None for the content; and the picture it was
        read from, if it was.

    Raises:
        PictureError: the picture cannot be read.
        StyleError: a style has no picture.
    """
    init = config.init
    if init == "content":
        return None, None
    if init == "style":
        return seamless_ground(styles[0].picture(), finest, config), None
    if init == "noise":
        generator = torch.Generator().manual_seed(config.seed)
        mean = torch.tensor(_MEAN_COLOR)[:, None, None]
        return mean + config.noise * torch.randn((1, 3, *coarsest), generator=generator), None
    if init == "pieces":
        parts, long = parts_of(config, len(styles)), style_length(coarsest, config.side)
        pairs = zip(styles, parts, strict=True)
        pictures = [resized(style.picture(), long * part.scale, config) for style, part in pairs]
        return pieced(pictures, [part.share for part in parts], coarsest, config.seed, config.wrap), None
    picture = io.read_picture(init, name="start", least=SHORTEST, within=needed(config))
    return seamless_ground(picture.pixels, finest, config), picture


def seamless_ground(picture: Tensor, finest: Size, config: StylizeConfig) -> Tensor:
    """Prepare a picture for a canvas that wraps around: it is resized and made seamless.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1].
        finest: (height, width) of the last scale.
        config: its ``wrap`` and ``resample``.

    Returns:
        ``(1, 3, *finest)`` in [0, 1]; the picture itself if nothing wraps.
    """
    if config.wrap == "none":
        return picture
    return seamless(resize(picture, finest, config.resample), config.wrap)
