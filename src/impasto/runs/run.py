"""A run in progress: what is painted, from which inputs, and what has come of it so far."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor

from ..backbones import Backbone
from ..config import OutputConfig, StylizeConfig
from ..devices import keep_freed_memory, release_freed_memory
from ..engine.color_modes import painted_from, shown_colors, style_colors
from ..engine.init_canvas import joined, started
from ..engine.loop import Outcome, Progress, run
from ..engine.schedule import Scale, finished_size, plan_scales
from ..errors import ConfigError
from ..images.files import io
from ..images.resample import resize
from ..regions import painter as patchwork
from ..regions.painter import plan_patches
from ..regions.region import Region, Zone, read_regions
from ..styles import SHORTEST, Style, needed, needed_of_styles, parts_of, read_style, style_length
from ..weights.store import default_cache
from .checkpoint import Checkpoint, state_of, write_checkpoint
from .forecast import Forecast, forecast
from .memory import COMFORT, fitted, reading_bytes
from .record import Input, RunRecord, located, make_record, pixels_sha256
from .result import Result
from .trials import Trials

__all__ = ["Loaded", "Run"]


class Loaded(Protocol):
    """Options, resolved, and the network that they name: `impasto.Stylizer`."""

    config: StylizeConfig
    preset: str | None
    backbone: Backbone
    weights: dict[str, str]


class Run(Iterator[Progress]):
    """A run in progress: iterate over it to paint, `stop` it, and take its `result` at any time.

    Everything that can be wrong with the inputs is found when it is made, before the first iteration.
    """

    def __init__(self, content: Any, styles: Sequence[Any], stylizer: Loaded, since: Checkpoint | None = None) -> None:
        self.config, self.preset, self._weights = stylizer.config, stylizer.preset, stylizer.weights
        self._content = _content(content, self.config)
        self._zones = _zones(styles, self._content, self.config)
        regional = [style for zone in self._zones for style in zone.styles]
        self._styles = regional if self._zones else [read_style(style, needed_of_styles(self.config)) for style in styles]
        self._reading = [self._content.reading if self._content else 0, *(style.reading for style in self._styles)]
        self._start_input: Input | None = None
        shape = self._content.size if self._content else (self.config.texture[0], self.config.texture[-1])
        self.size = finished_size(self.config, shape)
        self.scales = plan_scales(self.config, shape)
        for style, part in zip(self._styles, parts_of(self.config, len(self._styles)), strict=True):
            style.check(self.config, self._weights, [style_length(s.size, self.config.side) * part.scale for s in self.scales])
        self._backbone, size = stylizer.backbone, self.scales[-1].size
        self.config = fitted(self.config, stylizer.backbone, size, len(self._styles))
        self._pixels = self._ground()
        self._show: Callable[[Tensor], Tensor]
        self._parts: tuple[Scale, ...] = ()
        begins = self._in_regions if self._zones else self._as_one
        self._run, state = begins(stylizer.backbone, since)
        self._stopping = False
        self.last: Progress | None = None
        self._outcome: Outcome | None = None
        if state:
            next(self)  # tells of the iteration that was the last

    def _as_one(self, backbone: Backbone, since: Checkpoint | None) -> tuple[Iterator[Progress], dict[str, Any]]:
        colors = self._finished(self._pixels)
        self._show = partial(shown_colors, content=colors, config=self.config)
        change = style_colors(colors, self.config)
        styles = [style.recolored(change) for style in self._styles] if change else self._styles
        begin = self._start(styles) if self._content else None
        self._begin = None if begin is None else painted_from(begin, self.config)
        start = None if self._begin is None else self._begin.to(backbone.device)
        state = self._state(since, backbone.device)
        ground = painted_from(self._pixels.to(backbone.device), self.config)
        return run(ground, styles, self.config, backbone, self.scales, start, state), state

    def _in_regions(self, backbone: Backbone, since: Checkpoint | None) -> tuple[Iterator[Progress], dict[str, Any]]:
        """Patches see to their colours themselves; ``scales`` are those of all patches, one after the other."""
        self._show = lambda picture: picture
        self._begin = self._start(self._styles)
        start = None if self._begin is None else self._begin.to(backbone.device)
        zones = [replace(zone, config=zone.config.overlay({"tile_size": self.config.tile_size})) for zone in self._zones]
        size, patches = self.scales[-1].size, plan_patches(zones, self.scales)
        self._parts = tuple(scale for patch in patches for scale in patch.scales) or self.scales[-1:]
        self.scales = tuple(scale for patch in patches for scale in patch.whole) or self.scales[-1:]
        state = self._state(since, backbone.device)
        return patchwork.run(self._pixels.to(backbone.device), patches, backbone, size, start, state), state

    def _state(self, since: Checkpoint | None, device: torch.device) -> dict[str, Any]:
        """What a checkpoint goes on from; nothing without one."""
        return state_of(since, make_record(self.config, **self._inputs()), device) if since else {}

    def __next__(self) -> Progress:
        if self._outcome is not None or self._stopping:
            raise StopIteration
        keep_freed_memory()
        try:
            progress = next(self._run)
        except StopIteration as end:
            self._outcome = end.value
            release_freed_memory()
            raise StopIteration from None
        self.last = replace(progress, preview=lambda: self._show(progress.preview()))
        return self.last

    def forecast(self) -> Forecast:
        """About what it will take; a trial of a second tells the time, once: the cache folder keeps what it found."""
        trials = Trials(default_cache(os.environ))
        told = forecast(self.config, self._backbone, self._parts or self.scales, len(self._styles), trials)
        memory = max(told.memory, reading_bytes(self._backbone, self._reading))
        beyond = self.config.memory_bytes is None and self._backbone.device.type == "cpu" and memory > COMFORT
        return replace(told, memory=memory, least=beyond)

    def stop(self) -> None:
        """End after the iteration that is running; `result` then holds the picture painted so far."""
        self._stopping = True

    def checkpoint(
        self, path: str | os.PathLike[str], output: str | os.PathLike[str] = "", settings: OutputConfig | None = None
    ) -> None:
        """Write all that `impasto.resume` needs to go on with this run as if it had never been stopped.

        Args:
            path: the file; it is written whole, or the one that was there is left.
            output, settings: the picture that ``impasto resume`` is to write, and how. All paths are kept as absolute ones, so
                that it may be called from any folder.

        Raises:
            OutputError: it cannot be written.
        """
        state = self.last.saved() if self.last else {}
        there = {name: value.cpu() if isinstance(value, Tensor) else value for name, value in state.items()}
        told = _told(output, settings or OutputConfig()) if output else {}
        write_checkpoint(path, Checkpoint(located(make_record(self.config, **self._inputs())), there, told))

    def result(self) -> Result:
        """The picture as it is now, at the size of the finished one, with its record."""
        outcome = self._outcome or self._unfinished()
        pixels = self._show(self._finished(outcome.pixels.detach().float().cpu()))
        alpha = self._content.alpha if self._content else None
        alpha = None if alpha is None else self._finished(alpha)
        return Result(pixels, alpha, self._record(pixels, outcome), outcome.reason, outcome.message)

    def _finished(self, plane: Tensor) -> Tensor:
        return resize(plane, self.size, self.config.resample, self.config.wrap)

    def _unfinished(self) -> Outcome:
        if self.last is None:
            begin = self._pixels if self._begin is None else self._begin
            return Outcome(begin.clamp(0, 1), "stopped", "stopped before the first iteration")
        at = f"iteration {self.last.step} of {self.last.steps}, scale {self.last.scale} of {self.last.scales}"
        return Outcome(self.last.preview(), "stopped", f"stopped at {at}")

    def _record(self, pixels: Tensor, outcome: Outcome) -> RunRecord:
        last = self.last
        losses = {"total": last.loss, **last.terms} if last else {}
        return make_record(
            self.config,
            **self._inputs(),
            size=list(_size(pixels)),
            iterations=last.step if last else 0,
            evaluations=last.evaluations if last else 0,
            losses={name: loss for name, loss in losses.items() if math.isfinite(loss)},  # JSON knows no others
            reason=outcome.reason,
            message=outcome.message,
            seconds=round(last.seconds, 3) if last else 0.0,
            peak_memory=last.peak_memory if last else 0,
            pixels_sha256=pixels_sha256(pixels),
        )

    def _inputs(self) -> dict[str, Any]:
        """What went in beside the config, as the record tells it."""
        return {
            "content": Input(name=self._content.name, sha256=self._content.sha256) if self._content else None,
            "styles": [Input(name=style.name, sha256=style.sha256) for style in self._styles],
            "preset": self.preset,
            "start": self._start_input,
            "regions": [zone.record() for zone in self._zones],
            "weights": self._weights,
        }

    def _ground(self) -> Tensor:
        """What is shown to every scale as the content; for a texture its start."""
        if self._content:
            return joined(self._content.pixels, self.scales[-1].size, self.config)
        return cast(Tensor, self._start(self._styles))

    def _start(self, styles: Sequence[Style]) -> Tensor | None:
        """See `started`."""
        begin, picture = started(self.config, styles, self.scales[0].size, self.scales[-1].size)
        self._start_input = Input(name=picture.name, sha256=picture.sha256) if picture else None
        return begin


def _zones(given: Sequence[Any], content: io.Picture | None, config: StylizeConfig) -> tuple[Zone, ...]:
    """The regions among what is painted in; none where it is styles."""
    regions = [each for each in given if isinstance(each, Region)]
    if regions and len(regions) < len(given):
        raise ConfigError("some styles are of regions and some of the whole picture", "give each style its Region")
    if regions and content is None:
        raise ConfigError("masks are of a content picture, and a texture has none", "give styles without masks")
    return read_regions(regions, content, config) if content else ()


def _content(source: Any, config: StylizeConfig) -> io.Picture | None:
    """The content picture; None for a texture, whose start stands in for it, and of which no option lets anything through."""
    if not config.texture:
        return io.read_picture(source, name="content", least=SHORTEST, within=needed(config))
    if source is not None or config.init == "content":
        raise ConfigError("a texture has no content", "give styles alone, and another init")
    return None


def _told(output: str | os.PathLike[str], settings: OutputConfig) -> dict[str, Any]:
    """Where and how the picture of a checkpoint is written."""
    written = settings.to_dict()
    files = {name: str(Path(written[name]).absolute()) for name in ("record", "checkpoint_file") if written[name]}
    return {"path": str(Path(output).absolute()), "settings": {**written, **files}}


def _size(pixels: Tensor) -> tuple[int, int]:
    return pixels.shape[2], pixels.shape[3]
