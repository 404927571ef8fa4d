"""The painter of pictures with several regions, one after another, by `regions.painter.paint_patches`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from ..engine.loop import Painting
from ..engine.schedule import ScalePlan
from ..engine.steering import Event
from ..errors import ConfigError
from ..images.files.io import Picture
from ..images.resample import resize
from ..regions.painter import paint_patches, plan_patches
from .painter import Task

__all__ = ["Regional"]


@dataclass(eq=False)
class Regional:
    """Paints regions one after another, see `Painter`. ``plans`` are the scales of all patches in this order.

    Args:
        task: with regions.

    Raises:
        ConfigError: the task has a carried canvas, guest terms or fitted colours, which regions cannot use.
    """

    task: Task
    plans: tuple[ScalePlan, ...] = field(init=False)
    parts: tuple[ScalePlan, ...] = field(init=False)
    ground: Tensor = field(init=False)
    canvas: Tensor | None = field(init=False)
    start: Picture | None = field(init=False)

    def __post_init__(self) -> None:
        task = self.task
        if task.carry or task.guests or task.colors:
            told = "regions are painted one by one, with nothing carried, no guests and colours of their own"
            raise ConfigError(told, "leave out the masks")
        self.canvas, self.start = task.start(task.styles)
        self.ground = task.ground(None)
        zones = [replace(zone, config=zone.config.overlay({"tile_size": task.config.tile_size})) for zone in task.zones]
        self._patches = plan_patches(zones, task.plans)
        self.parts = tuple(plan for patch in self._patches for plan in patch.scales) or task.plans[-1:]
        self.plans = tuple(plan for patch in self._patches for plan in patch.whole) or task.plans[-1:]

    def paint(self, since: Mapping[str, Any], events: Sequence[Event]) -> Painting:
        """See `Painter`."""
        size, device = self.task.plans[-1].size, self.task.backbone.device
        resample = self._patches[0].config.resample if self._patches else "lanczos"
        ground = resize(self.ground.to(device), size, resample)
        start = None if self.canvas is None else resize(self.canvas.to(device), size, resample)
        return paint_patches(ground, self._patches, self.task.backbone, start, since, events)

    def shown(self, picture: Tensor) -> Tensor:
        """See `Painter`."""
        return picture
