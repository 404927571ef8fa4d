"""Whose colours a painting gets: what content and styles are painted from, and what is shown of the painting.

Whatever is taken from a content's statistics can be fitted to one content, a frame of a video, and kept for those that follow:
fitted to each by itself, colours would flicker. See `fit_colors`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ..config import StylizeConfig
from ..config.choices import COLORS, registered
from ..images.color.histogram import fit_shades, shaded_as
from ..images.color.spaces import luma_of
from ..images.color.transfer import ColorTransfer, fit_moments, fit_transfer, moved_to
from ..images.resample import resize
from ..styles import Style, parts_of

__all__ = ["FittedColors", "fit_colors", "painted_from", "recolored", "shown_colors", "style_colors"]

_FINEST = 1  # the block of the network that the pixels go with
_ROUNDS = 10  # what is clamped has other moments; so many bring them to 1e-4, unless a third of the colours are clamped


@dataclass(frozen=True, eq=False)
class FittedColors:
    """Colours as `fit_colors` fitted them to one content, for it and for those that follow.

    It keeps a few numbers of that content, no picture.

    Attributes:
        config: its ``color`` and what belongs to it.
        change: what is done to a style picture ``(1, 3, h, w)`` before it is painted from, see `style_colors`; None for nothing.
        transfer: what gives a content the palette of the styles, see `recolored`; None for nothing.
    """

    config: StylizeConfig
    change: Callable[[Tensor], Tensor] | None
    transfer: ColorTransfer | None

    def painted_in(self, styles: Sequence[Style]) -> list[Style]:
        """The styles, in the colours that are painted."""
        return [style.recolored(self.change) for style in styles] if self.change else list(styles)

    def recolored(self, content: Tensor) -> Tensor:
        """A content ``(1, 3, H, W)`` in [0, 1] in the palette of the styles; by one map, so equal colours stay equal."""
        return content if self.transfer is None else _lerped(content, self.transfer, self.config)

    def shown(self, painting: Tensor, content: Tensor) -> Tensor:
        """`shown_colors`: the chroma is that of the content given, pixel by pixel, and nothing of it is fitted."""
        return shown_colors(painting, content, self.config)


def fit_colors(content: Tensor, styles: Sequence[Style], config: StylizeConfig, mask: Tensor | None = None) -> FittedColors:
    """Fit all that a run of this config takes from the statistics of its content.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1], as it is before `painted_from`. A run fits ``match``, ``histogram`` and
            ``luminance`` to it at the size of the finished picture, and ``recolor`` as it was read.
        styles: as they are before `FittedColors.painted_in`.
        config: resolved.
        mask: ``(1, 1, H, W)``, of the content's size: colours where it is 0 are not fitted to; None for all.
    """
    seen = content if mask is None else content[..., mask[0, 0] > 0][:, :, None]
    return FittedColors(config, style_colors(seen, config), _fit_palette(content, styles, config, mask))


def painted_from(pixels: Tensor, config: StylizeConfig) -> Tensor:
    """The content, or the start of the canvas, ``(1, 3, H, W)``, as it is painted from: grey with ``luminance``."""
    return _grey(pixels) if config.color == "luminance" else pixels


def style_colors(content: Tensor, config: StylizeConfig) -> Callable[[Tensor], Tensor] | None:
    """What is done to a style picture ``(1, 3, h, w)`` before it is painted from; None for nothing.

    With ``match`` it gets the content's mean and covariance, with ``histogram`` all of its shades, with ``luminance`` it
    becomes grey with the mean and deviation of the content's luma (Gatys et al. 2016, "Preserving Color in Neural Artistic
    Style Transfer", equation 7). Colours that would leave [0, 1] are clamped.

    The content is looked at once; what is returned keeps no more than its statistics.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1].
        config: its ``color``, ``color_method`` and ``color_space``.
    """
    return _CHANGES[config.color](content, config)


_Change = Callable[[Tensor], Tensor]


def _matching(content: Tensor, config: StylizeConfig) -> _Change:
    target = fit_moments([content], space=config.color_space)
    return partial(moved_to, target=target, method=config.color_method, rounds=_ROUNDS)


def _histogram(content: Tensor, config: StylizeConfig) -> _Change:
    return partial(shaded_as, target=fit_shades(content))


def _luminance(content: Tensor, config: StylizeConfig) -> _Change:
    luma = fit_moments([_grey(content)])
    return lambda style: moved_to(_grey(style), luma)


_CHANGES: dict[str, Callable[[Tensor, StylizeConfig], _Change | None]] = registered(
    COLORS,
    {
        "style": lambda content, config: None,
        "content": lambda content, config: None,
        "luminance": _luminance,
        "match": _matching,
        "histogram": _histogram,
    },
)


def recolored(content: Tensor, styles: Sequence[Style], config: StylizeConfig, mask: Tensor | None = None) -> Tensor:
    """The content in the palette of those styles whose pixels count, or of all where none's do, as far as the strength goes.

    With a ``mask`` ``(1, 1, H, W)`` of the content, the colours that are there are given the palette.
    """
    transfer = _fit_palette(content, styles, config, mask)
    return content if transfer is None else _lerped(content, transfer, config)


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


def _fit_palette(content: Tensor, styles: Sequence[Style], config: StylizeConfig, mask: Tensor | None) -> ColorTransfer | None:
    """The map of `recolored` at full strength; None where the canvas does not have the styles' colours as they are."""
    if not (config.recolor and config.color in ("style", "content")):
        return None
    parts = parts_of(config, len(styles))
    shares = [part.share_of(_FINEST) for part in parts]
    colors = [style.colors.to(content.device) for style in styles]
    seen = None if mask is None else mask[0, 0] > 0
    target = fit_moments(colors, shares if any(shares) else [part.share for part in parts])
    return fit_transfer(content, target, seen=seen)


def _lerped(content: Tensor, transfer: ColorTransfer, config: StylizeConfig) -> Tensor:
    return content.lerp(transfer.apply(content), min(1.0, 2 * config.strength))


def _grey(pixels: Tensor) -> Tensor:
    return luma_of(pixels).repeat(1, 3, 1, 1)
