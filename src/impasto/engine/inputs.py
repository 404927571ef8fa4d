"""What a picture is painted from, together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from ..backbones import Backbone
from ..config import StylizeConfig
from ..objective.build import build_objective
from ..objective.objective import Objective
from ..objective.terms import Term
from ..styles import Style
from ..types import Size
from .color_modes import FittedColors, recolored
from .steering import Change

__all__ = ["Guest", "PaintInputs"]

Guest = Callable[[Size, Backbone], Term]
"""Makes a term of the caller's own for a scale of that size, see `objective.terms.Term`; one that is to be evaluated in tiles is
`tiling.Local` or `tiling.Additive`. `objective.pixel_term.pixel_target` makes one."""


@dataclass(frozen=True, eq=False)
class PaintInputs:
    """Pictures, options and network: all that decides what is painted, beside where it starts.

    Attributes:
        content: ``(1, 3, H, W)`` in [0, 1] of any size, resized to each scale.
        styles: seen with a long side of their ``style_scale`` times the canvas's.
        config: resolved.
        backbone: on the content's device.
        mask: ``(1, 1, H, W)`` in [0, 1], of the content's size: what each of its pixels counts for; None for 1.
        guests: make further terms of the loss.
        colors: what an earlier content, as the first frame of a film, is recolored by, and this one as well; None fits them.
        build: makes the loss of a scale, as `objective.build.build_objective` does.
    """

    content: Tensor
    styles: Sequence[Style]
    config: StylizeConfig
    backbone: Backbone
    mask: Tensor | None = None
    guests: tuple[Guest, ...] = ()
    colors: FittedColors | None = None
    build: Callable[..., Objective] = build_objective

    def recolored(self) -> Tensor:
        """The content in the palette of the styles, ``(1, 3, H, W)``."""
        if self.colors:
            return self.colors.recolored(self.content)
        return recolored(self.content, self.styles, self.config, self.mask)

    def steered(self, change: Change) -> PaintInputs:
        """The same after a change."""
        config = self.config.overlay(change.options)
        return replace(self, config=config, mask=self.mask if change.mask is None else change.mask.to(self.content))
