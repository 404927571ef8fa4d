"""The contract between a run and its painter: the task that the run gives, and the protocol of the painter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from ..backbones import Backbone
from ..config import StylizeConfig
from ..engine.color_modes import FittedColors
from ..engine.init_canvas import seamless_ground, started
from ..engine.inputs import Guest
from ..engine.loop import Painting
from ..engine.progress import Carry
from ..engine.schedule import ScalePlan
from ..engine.steering import Event
from ..images.files.io import Picture
from ..regions.region import Zone
from ..styles import Style
from ..types import Size

__all__ = ["Painter", "Task"]


@dataclass(frozen=True, eq=False)
class Task:
    """The task of a painter: its inputs and the plan.

    Attributes:
        content: None for a texture.
        styles: all styles; if there are regions, those of the first one come first, and so on.
        zones: the regions; empty if the whole picture is painted in the same styles.
        config: resolved, with a ``tile_size``.
        backbone: the network.
        plans: the scales, coarse to fine.
        size: (height, width) of the finished picture in px.
        carry: see `runs.run.Begin`.
        guests: see `runs.run.Begin`.
        colors: see `runs.run.Begin`.
    """

    content: Picture | None
    styles: Sequence[Style]
    zones: Sequence[Zone]
    config: StylizeConfig
    backbone: Backbone
    plans: tuple[ScalePlan, ...]
    size: Size
    carry: Carry | None = None
    guests: tuple[Guest, ...] = ()
    colors: FittedColors | None = None

    def start(self, styles: Sequence[Style]) -> tuple[Tensor | None, Picture | None]:
        """The initial canvas that the options ask for, and the picture it was read from; see `started`.

        Args:
            styles: with the colours that are used in the optimisation.

        Returns:
            The canvas ``(1, 3, H, W)`` and the picture, or None for each.
        """
        return started(self.config, styles, self.plans[0].size, self.plans[-1].size)

    def ground(self, start: Tensor | None) -> Tensor:
        """The content of all scales.

        Args:
            start: the initial canvas, which stands in for the content of a texture.

        Returns:
            ``(1, 3, H, W)`` in [0, 1], on the CPU.
        """
        if self.content:
            return seamless_ground(self.content.pixels, self.plans[-1].size, self.config)
        if start is None:  # the options of a texture always ask for an initial canvas
            raise ValueError("a texture begins with something")
        return start


class Painter(Protocol):
    """One way of painting. A painter is made for one `Task` and painted with once.

    Attributes:
        plans: the scales that its `Progress` counts, with the size of the whole picture.
        parts: the same scales, with the sizes that are optimised; memory and time are forecast from them.
        ground: the content, ``(1, 3, H, W)`` in [0, 1], on the CPU.
        canvas: the initial canvas, ``(1, 3, H, W)``; None for the content.
        start: the picture that the initial canvas was read from, or None.
    """

    plans: tuple[ScalePlan, ...]
    parts: tuple[ScalePlan, ...]
    ground: Tensor
    canvas: Tensor | None
    start: Picture | None

    def paint(self, since: Mapping[str, Any], events: Sequence[Event]) -> Painting:
        """Start or continue painting.

        Args:
            since: the state of an unfinished run, from `Progress.saved`; empty for a new run.
            events: changes of options that are known beforehand.

        Returns:
            A generator that yields a `Progress` after each iteration and accepts a `Change`, see `engine.loop.paint`.
        """
        ...

    def shown(self, picture: Tensor) -> Tensor:
        """Give a painting its final colours.

        Args:
            picture: ``(1, 3, H, W)`` in [0, 1], of any size.

        Returns:
            ``(1, 3, H, W)`` in [0, 1].
        """
        ...
