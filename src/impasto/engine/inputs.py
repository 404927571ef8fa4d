"""The inputs of a run, in one value."""

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
"""Factory of a user-defined term of the loss, called for each scale with its size (height, width) and the network.

It returns an `objective.terms.Term`; to be evaluated in tiles, the term must also be a `tiling.Local` or a
`tiling.Additive`. `objective.pixel_term.pixel_target` makes such a factory."""


@dataclass(frozen=True, eq=False)
class PaintInputs:
    """Pictures, options and network: everything that determines the result, except for where the run starts.

    Attributes:
        content: ``(1, 3, H, W)`` in [0, 1] of any size; it is resized to each scale.
        styles: at each scale, their long side is ``style_scale`` times that of the canvas.
        config: resolved.
        backbone: the network, on the content's device.
        mask: ``(1, 1, H, W)`` in [0, 1], of the content's size: weight of each pixel in the loss; None is 1 everywhere.
        guests: factories of additional terms of the loss.
        colors: colour maps fitted to an earlier content, as the first frame of a video; None fits them to this one.
        build: makes the objective of a scale, as `objective.build.build_objective` does.
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
        """The inputs after a change of options or mask."""
        config = self.config.overlay(change.options)
        return replace(self, config=config, mask=self.mask if change.mask is None else change.mask.to(self.content))
