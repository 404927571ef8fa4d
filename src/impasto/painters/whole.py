"""The painter of whole pictures: `engine.loop.paint`, with the colour mode applied before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ..engine.color_modes import painted_from, shown_colors, style_colors
from ..engine.inputs import PaintInputs
from ..engine.loop import Painting, paint
from ..engine.progress import Carry
from ..engine.schedule import ScalePlan
from ..engine.steering import Event
from ..images.files.io import Picture
from ..images.resample import resize
from .painter import Task

__all__ = ["WholePicture"]


@dataclass(eq=False)
class WholePicture:
    """Paints the whole picture by optimisation, see `Painter`.

    Args:
        task: without regions.
    """

    task: Task
    plans: tuple[ScalePlan, ...] = field(init=False)
    parts: tuple[ScalePlan, ...] = field(init=False)
    ground: Tensor = field(init=False)
    canvas: Tensor | None = field(init=False, default=None)
    start: Picture | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        task, config = self.task, self.task.config
        self.plans = self.parts = task.plans
        begin = None
        if not task.content:
            begin, self.start = task.start(task.styles)
        self.ground = task.ground(begin)
        self._colors = resize(self.ground, task.size, config.resample, config.wrap)
        change = task.colors.change if task.colors else style_colors(self._colors, config)
        self._styles = [style.recolored(change) for style in task.styles] if change else task.styles
        if task.content and not task.carry:
            begin, self.start = task.start(self._styles)
            self.canvas = None if begin is None else painted_from(begin, config)

    def paint(self, since: Mapping[str, Any], events: Sequence[Event]) -> Painting:
        """See `Painter`."""
        task, device = self.task, self.task.backbone.device
        start = task.carry or (None if self.canvas is None else Carry(self.canvas.to(device)))
        ground = painted_from(self.ground.to(device), task.config)
        inputs = PaintInputs(ground, self._styles, task.config, task.backbone, guests=task.guests, colors=task.colors)
        return paint(inputs, self.plans, start, since, events)

    def shown(self, picture: Tensor) -> Tensor:
        """See `Painter`."""
        return shown_colors(picture, self._colors, self.task.config)
