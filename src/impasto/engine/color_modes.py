"""Whose colours a painting gets: what content and styles are painted from, and what is shown of the painting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ..config import StylizeConfig
from ..config.choices import COLORS, registered
from ..images.color.histogram import match_histogram
from ..images.color.spaces import luma_of
from ..images.color.transfer import recolor
from ..images.resample import resize

__all__ = ["has_style_colors", "painted_from", "shown_colors", "style_colors"]

_ROUNDS = 10  # what is clamped has other moments; so many bring them to 1e-4, unless a third of the colours are clamped


def has_style_colors(config: StylizeConfig) -> bool:
    """Whether the canvas has the styles' colours as they are."""
    return config.color in ("style", "content")


def painted_from(pixels: Tensor, config: StylizeConfig) -> Tensor:
    """The content, or the start of the canvas, ``(1, 3, H, W)``, as it is painted from: grey with ``luminance``."""
    return _grey(pixels) if config.color == "luminance" else pixels


def style_colors(content: Tensor, config: StylizeConfig) -> Callable[[Tensor], Tensor] | None:
    """What is done to a style picture ``(1, 3, h, w)`` before it is painted from; None for nothing.

    With ``match`` it gets the content's mean and covariance, with ``histogram`` all of its shades, with ``luminance`` it
    becomes grey with the mean and deviation of the content's luma (Gatys et al. 2016, "Preserving Color in Neural Artistic
    Style Transfer", equation 7). Colours that would leave [0, 1] are clamped.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1].
        config: its ``color``, ``color_method`` and ``color_space``.
    """
    return _CHANGES[config.color](content, config)


_Change = Callable[[Tensor], Tensor]

_CHANGES: dict[str, Callable[[Tensor, StylizeConfig], _Change | None]] = registered(
    COLORS,
    {
        "style": lambda content, config: None,
        "content": lambda content, config: None,
        "luminance": lambda content, config: lambda style: recolor(_grey(style), [_grey(content)]),
        "match": lambda content, config: partial(
            recolor, models=[content], method=config.color_method, space=config.color_space, rounds=_ROUNDS
        ),
        "histogram": lambda content, config: partial(match_histogram, model=content),
    },
)


def shown_colors(painting: Tensor, content: Tensor, config: StylizeConfig) -> Tensor:
    """What is shown of a painting: with ``content`` and ``luminance`` its luma and the content's chroma, else itself.

    Luma is the Y' of YIQ, as in the source (see `style_colors`), and chroma what a colour has beside it. Where the two together
    leave [0, 1], chroma is reduced until they do not; luma and hue stay. Doing it twice is doing it once.

    Args:
        painting: ``(1, 3, H, W)`` in [0, 1].
        content: likewise, of any size; resized to the painting's.
        config: its ``color``, ``resample`` and ``wrap``.
    """
    if config.color not in ("content", "luminance"):
        return painting
    content = resize(content, (painting.shape[2], painting.shape[3]), config.resample, config.wrap).to(painting)
    luma, chroma = luma_of(painting), content - luma_of(content)
    room = torch.where(chroma > 0, 1 - luma, luma) / chroma.abs().clamp_min(1e-6)
    return (luma + room.amin(1, keepdim=True).clamp(0, 1) * chroma).clamp(0, 1)


def _grey(pixels: Tensor) -> Tensor:
    return luma_of(pixels).repeat(1, 3, 1, 1)
