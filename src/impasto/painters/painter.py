"""What a painter is, and what it is asked to do."""

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
    """What a run asks of a painter.

    Attributes:
        content: the picture to keep to; None for a texture.
        styles: what is painted in, of all zones one after the other where there are any.
        zones: parts of the picture with styles of their own; none for the whole.
        config: resolved, with the size of its tiles.
        backbone: the network that sees.
        plans: the scales, coarse to fine.
        size: (height, width) of the finished picture.
        carry, guests, colors: see `runs.run.Begin`.
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
        """The first canvas that the options say, in the colours of these styles, and the file it was read from; see
        `started`."""
        return started(self.config, styles, self.plans[0].size, self.plans[-1].size)

    def ground(self, start: Tensor | None) -> Tensor:
        """What is shown to every scale as the content, ``(1, 3, H, W)`` in [0, 1]; for a texture its start."""
        if self.content:
            return seamless_ground(self.content.pixels, self.plans[-1].size, self.config)
        if start is None:  # options of a texture let no content through
            raise ValueError("a texture begins with something")
        return start


class Painter(Protocol):
    """One way of painting; made for a `Task`, and asked once.

    Attributes:
        plans: the scales that its progress counts, with the size of the whole picture.
        parts: the same with the sizes that are painted, for what it will take.
        ground: what it keeps to, ``(1, 3, H, W)`` in [0, 1], on the CPU.
        canvas: what it begins with; None for the ground.
        start: the file that this was read from, if it was.
    """

    plans: tuple[ScalePlan, ...]
    parts: tuple[ScalePlan, ...]
    ground: Tensor
    canvas: Tensor | None
    start: Picture | None

    def paint(self, since: Mapping[str, Any], events: Sequence[Event]) -> Painting:
        """Paint: an iterator of `Progress`, which takes a `Change` at each step; see `engine.loop.paint`."""
        ...

    def shown(self, picture: Tensor) -> Tensor:
        """A picture as it is returned: in the colours that were asked for."""
        ...
