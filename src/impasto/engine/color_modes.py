"""Colour modes: whose colours a painting gets, by changes to the content and styles before, and to the painting after.

Maps that depend on statistics of the content can be fitted to one frame of a video and reused for the others: fitted to
each frame, colours would flicker. See `fit_colors`.
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
from ..images.color.transfer import ColorTransfer, fit_moments, fit_transfer, recolor
from ..images.resample import resize
from ..styles import Style, parts_of

__all__ = ["FittedColors", "fit_colors", "painted_from", "recolored", "shown_colors", "style_colors"]

_FINEST = 1  # the block of the network that the pixels belong to
_ROUNDS = 10  # clamping changes the moments; ten rounds bring them to 1e-4, unless a third of the colours clip


@dataclass(frozen=True, eq=False)
class FittedColors:
    """Colour maps that `fit_colors` fitted to one content, for this content and for others.

    Attributes:
        config: the options ``color`` and those that belong to it.
        change: map of a style picture ``(1, 3, h, w)`` before it is used, see `style_colors`; None for no change.
        transfer: map that gives a content the palette of the styles, see `recolored`; None for no change.
    """

    config: StylizeConfig
    change: Callable[[Tensor], Tensor] | None
    transfer: ColorTransfer | None

    def painted_in(self, styles: Sequence[Style]) -> list[Style]:
        """The styles with the colours that are used in the optimisation."""
        return [style.recolored(self.change) for style in styles] if self.change else list(styles)

    def recolored(self, content: Tensor) -> Tensor:
        """The content ``(1, 3, H, W)`` in [0, 1] in the palette of the styles; equal colours stay equal."""
        return content if self.transfer is None else _lerped(content, self.transfer, self.config)

    def shown(self, painting: Tensor, content: Tensor) -> Tensor:
        """The painting in its final colours, see `shown_colors`. The chroma is that of ``content``; nothing is fitted.

        Args:
            painting: ``(1, 3, H, W)`` in [0, 1].
            content: ``(1, 3, H', W')`` in [0, 1].

        Returns:
            ``(1, 3, H, W)`` in [0, 1].
        """
        return shown_colors(painting, content, self.config)


def fit_colors(
    content: Tensor,
    styles: Sequence[Style],
    config: StylizeConfig,
    mask: Tensor | None = None,
) -> FittedColors:
    """Fit all colour maps of a run that depend on statistics of its content.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1], before `painted_from`. A run fits ``match``, ``histogram`` and
            ``luminance`` to it at the size of the finished picture, and ``recolor`` at the size of the file.
        styles: before `FittedColors.painted_in`.
        config: resolved.
        mask: ``(1, 1, H, W)``, of the content's size: pixels where it is 0 are not measured; None for all.

    Returns:
        The `FittedColors`.
    """
    seen = content if mask is None else content[..., mask[0, 0] > 0][:, :, None]  # (1, 3, 1, n)
    return FittedColors(config, style_colors(seen, config), _fit_palette(content, styles, config, mask))


def painted_from(pixels: Tensor, config: StylizeConfig) -> Tensor:
    """The content or initial canvas that is optimised: grey in the mode ``luminance``, else unchanged.

    Args:
        pixels: ``(1, 3, H, W)`` in [0, 1].
        config: its ``color``.

    Returns:
        ``(1, 3, H, W)`` in [0, 1].
    """
    return _grey(pixels) if config.color == "luminance" else pixels


def style_colors(content: Tensor, config: StylizeConfig) -> Callable[[Tensor], Tensor] | None:
    """The change of the style pictures' colours that a colour mode makes before the optimisation.

    ``match`` gives them the mean and covariance of the content's colours, ``histogram`` the content's distribution of
    colours, and ``luminance`` makes them grey with the mean and standard deviation of the content's luma (Gatys et al.
    2016, "Preserving Color in Neural Artistic Style Transfer", equation 7). Colours outside [0, 1] are clamped.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1]; it is measured once, and not kept.
        config: its ``color``, ``color_method`` and ``color_space``.

    Returns:
        A function from a style picture ``(1, 3, h, w)`` in [0, 1] to the changed one; None for no change.
    """
    return _CHANGES[config.color](content, config)


_Change = Callable[[Tensor], Tensor]


def _matching(content: Tensor, config: StylizeConfig) -> _Change:
    target = fit_moments([content], space=config.color_space)
    return partial(recolor, target=target, method=config.color_method, rounds=_ROUNDS)


def _histogram(content: Tensor, config: StylizeConfig) -> _Change:
    return partial(shaded_as, target=fit_shades(content))


def _luminance(content: Tensor, config: StylizeConfig) -> _Change:
    luma = fit_moments([_grey(content)])
    return lambda style: recolor(_grey(style), luma)


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
    """The content in the palette of the styles, mixed with the content by min(1, 2 ``strength``).

    The palette is the mean and covariance of the colours of all styles whose share of the first block is above 0
    (see `styles.parts_of`), or of all styles if there is none.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1].
        styles: all of the run.
        config: resolved; nothing is changed unless its ``recolor`` is set.
        mask: ``(1, 1, H, W)``: only pixels where it is above 0 are measured; None for all.

    Returns:
        ``(1, 3, H, W)`` in [0, 1].
    """
    transfer = _fit_palette(content, styles, config, mask)
    return content if transfer is None else _lerped(content, transfer, config)


def shown_colors(painting: Tensor, content: Tensor, config: StylizeConfig) -> Tensor:
    """The finished picture: in the modes ``content`` and ``luminance`` the painting's luma with the content's chroma.

    Luma is the Y' of YIQ (see `style_colors`), chroma the colour minus its luma. Where the sum leaves [0, 1], the
    chroma is scaled down until it does not; luma and hue are kept. The operation is idempotent.

    Args:
        painting: ``(1, 3, H, W)`` in [0, 1].
        content: ``(1, 3, H', W')`` in [0, 1], of any size; resized to the painting's.
        config: its ``color``, ``resample`` and ``wrap``.

    Returns:
        ``(1, 3, H, W)`` in [0, 1]; in other modes the painting itself.
    """
    if config.color not in ("content", "luminance"):
        return painting
    content = resize(content, (painting.shape[2], painting.shape[3]), config.resample, config.wrap).to(painting)
    luma, chroma = luma_of(painting), content - luma_of(content)  # (1, 1, H, W), (1, 3, H, W)
    room = torch.where(chroma > 0, 1 - luma, luma) / chroma.abs().clamp_min(1e-6)  # (1, 3, H, W)
    return (luma + room.amin(1, keepdim=True).clamp(0, 1) * chroma).clamp(0, 1)


def _fit_palette(
    content: Tensor,
    styles: Sequence[Style],
    config: StylizeConfig,
    mask: Tensor | None,
) -> ColorTransfer | None:
    """The map of `recolored` at full strength; None if the colours of the content are not to be changed."""
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
