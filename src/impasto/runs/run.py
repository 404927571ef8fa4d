"""A run in progress: what is painted, from which inputs, and what has come of it so far."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

from torch import Tensor

from ..backbones import Backbone
from ..config import OutputConfig, StylizeConfig
from ..devices import keep_freed_memory, release_freed_memory
from ..engine.color_modes import painted_from, shown_colors, style_colors
from ..engine.init_canvas import joined, started
from ..engine.inputs import Guest, PaintInputs
from ..engine.loop import Painting, paint
from ..engine.progress import Carry, Outcome, Progress
from ..engine.schedule import ScalePlan, finished_size, plan_scales
from ..engine.steering import Change, Event
from ..errors import ConfigError, OutputError
from ..images.files import io
from ..images.masks import read_mask
from ..images.resample import resize
from ..regions.painter import paint_patches, plan_patches
from ..regions.region import Region, Zone, read_regions
from ..styles import SHORTEST, Style, needed, needed_of_styles, parts_of, read_style, style_length
from ..weights.store import default_cache
from .checkpoint import Checkpoint, state_of, write_checkpoint
from .forecast import Forecast, forecast
from .memory import COMFORT, fitted, reading_bytes
from .record import Input, RunRecord, located, make_record, pixels_sha256, run_id
from .result import Result
from .steer import Steer, recorded_steers
from .trials import Trials

__all__ = ["Begin", "Loaded", "Run"]


@dataclass(frozen=True, eq=False)
class Begin:
    """What a run begins with, beside its inputs.

    Attributes:
        since: the checkpoint that it goes on from.
        steers: changes that are known beforehand.
        parent: of a branch: the run it comes from, and after which step.
        carry: what another run has handed on, in place of the start that the options say.
        guests: make further terms of the loss; a record cannot hold them, so such a run cannot be kept in a checkpoint.
        finest: how many of the finest scales are painted; None paints all.
    """

    since: Checkpoint | None = None
    steers: tuple[Steer, ...] = ()
    parent: Mapping[str, Any] | None = None
    carry: Carry | None = None
    guests: tuple[Guest, ...] = ()
    finest: int | None = None

    @classmethod
    def again(cls, since: Checkpoint) -> Begin:
        """What a run goes on with that was kept in a checkpoint.

        Raises:
            PictureError: a mask that it was steered with is not there any more.
        """
        return cls(since, recorded_steers(since.record.get("events") or ()), since.record.get("parent"))


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

    def __init__(self, content: Any, styles: Sequence[Any], stylizer: Loaded, begin: Begin | None = None) -> None:
        self._begun = begin = begin or Begin()
        self._given, self._loaded = (content, list(styles)), stylizer
        self.config, self.preset, self._weights = stylizer.config, stylizer.preset, stylizer.weights
        self._content = _content(content, self.config)
        self._zones = _zones(styles, self._content, self.config)
        regional = [style for zone in self._zones for style in zone.styles]
        self._styles = regional if self._zones else [read_style(style, needed_of_styles(self.config)) for style in styles]
        self._reading = [self._content.reading if self._content else 0, *(style.reading for style in self._styles)]
        self._start_input: Input | None = None
        shape = self._content.size if self._content else (self.config.texture[0], self.config.texture[-1])
        self.size = finished_size(self.config, shape)
        self.scales = plan_scales(self.config, shape)[-begin.finest if begin.finest else 0 :]
        for style, part in zip(self._styles, parts_of(self.config, len(self._styles)), strict=True):
            style.check(self.config, self._weights, [style_length(s.size, self.config.side) * part.scale for s in self.scales])
        self._backbone, size = stylizer.backbone, self.scales[-1].size
        self.config = fitted(self.config, stylizer.backbone, size, len(self._styles))
        self._ground = self._shown_ground()
        self._show: Callable[[Tensor], Tensor]
        self._parts: tuple[ScalePlan, ...] = ()
        self._steers = list(begin.steers)
        self._sent: Change | None = None
        self._make = self._in_regions() if self._zones else self._as_one()
        self._state = self._state_of(begin.since)
        self._painting = self._painted()
        self._stopping = False
        self.last: Progress | None = None
        self._outcome: Outcome | None = None
        if self._state:
            next(self)  # tells of the iteration that was the last

    def _painted(self) -> Painting:
        size = (self._ground.shape[2], self._ground.shape[3])
        return self._make(self._state, [steer.event(size) for steer in self._steers])

    def _as_one(self) -> Callable[[dict[str, Any], list[Event]], Painting]:
        colors, device, begin = self._finished(self._ground), self._backbone.device, self._begun
        self._show = partial(shown_colors, content=colors, config=self.config)
        change = style_colors(colors, self.config)
        styles = [style.recolored(change) for style in self._styles] if change else self._styles
        canvas = self._start(styles) if self._content and not begin.carry else None
        self._canvas = None if canvas is None else painted_from(canvas, self.config)
        start = begin.carry or (None if self._canvas is None else Carry(self._canvas.to(device)))
        ground = painted_from(self._ground.to(device), self.config)
        inputs = PaintInputs(ground, styles, self.config, self._backbone, guests=begin.guests)
        return lambda state, events: paint(inputs, self.scales, start, state, events)

    def _in_regions(self) -> Callable[[dict[str, Any], list[Event]], Painting]:
        """Patches see to their colours themselves; ``scales`` are those of all patches, one after the other."""
        if self._begun.carry or self._begun.guests:
            raise ConfigError("regions are painted one by one, with nothing carried and no guests", "leave out the masks")
        self._show = lambda picture: picture
        self._canvas = self._start(self._styles)
        zones = [replace(zone, config=zone.config.overlay({"tile_size": self.config.tile_size})) for zone in self._zones]
        size, patches = self.scales[-1].size, plan_patches(zones, self.scales)
        self._parts = tuple(scale for patch in patches for scale in patch.scales) or self.scales[-1:]
        self.scales = tuple(scale for patch in patches for scale in patch.whole) or self.scales[-1:]
        resample = patches[0].config.resample if patches else "lanczos"
        ground = resize(self._ground.to(self._backbone.device), size, resample)
        start = None if self._canvas is None else resize(self._canvas.to(self._backbone.device), size, resample)
        return lambda state, events: paint_patches(ground, patches, self._backbone, start, state, events)

    def _state_of(self, since: Checkpoint | None) -> dict[str, Any]:
        """What a checkpoint goes on from; nothing without one."""
        return state_of(since, make_record(self.config, **self._inputs()), self._backbone.device) if since else {}

    def __next__(self) -> Progress:
        if self._outcome is not None or self._stopping:
            raise StopIteration
        keep_freed_memory()
        try:
            sent, self._sent = self._sent, None
            progress = self._painting.send(sent)
        except StopIteration as end:
            self._outcome = end.value
            release_freed_memory()
            raise StopIteration from None
        self.last = replace(progress, preview=lambda: self._show(progress.preview()))
        return self.last

    def steer(self, *, mask: Any = None, **options: Any) -> None:
        """Change options before the next iteration. The record tells of it, and repeats it.

        Args:
            mask: what each pixel of the content counts for from now on, as `impasto.Region` takes it; None leaves it.
            options: of `engine.steering.STEERED`.

        Raises:
            ConfigError: an option is unknown, cannot be changed while a run paints, or takes no such value.
            PictureError: the mask cannot be read, or has other proportions than the content.
        """
        if mask is not None and (self._zones or self._content is None):
            raise ConfigError("a mask was given while regions or a texture are painted", "steer options alone")
        steer = Steer(self.last.step if self.last else 0, options, None if mask is None else read_mask(mask))
        if steer.mask is not None and self._content is not None:
            steer.mask.fit(self._content.size, self._content.name)
        event = steer.event((self._ground.shape[2], self._ground.shape[3]))
        steered = self._steered_config()
        event.change.check(steered)
        self._steers.append(replace(steer, options={name: getattr(steered.overlay(options), name) for name in options}))
        if self.last is None:
            self._painting = self._painted()
        else:
            earlier = self._sent or Change()
            mixed = event.change.mask if event.change.mask is not None else earlier.mask
            self._sent = Change({**earlier.options, **event.change.options}, mixed)

    def _steered_config(self) -> StylizeConfig:
        """The options as they are now."""
        step, config = self.last.step if self.last else 0, self.config
        for steer in self._steers:
            config = config.overlay(steer.options) if steer.step <= step else config
        return config

    def branch(self) -> Run:
        """A second run from where this one stands, which goes its own way: steer it, and let both paint. Its record names this
        run as its parent. Network and styles are shared, and nothing is copied, for no tensor of a state is ever changed.

        Raises:
            ConfigError: the run has guests, or nothing has been painted yet.
        """
        if self.last is None:
            raise ConfigError("nothing has been painted yet", "begin a second run instead")
        record, step = make_record(self.config, **self._inputs()), self.last.step
        steers = tuple(steer for steer in self._steers if steer.step < step or not steer.step)
        parent = {"run": run_id(record), "step": step}
        since = Checkpoint(record, self.last.saved())
        content = self._content or self._given[0]
        styles = self._given[1]
        known = [
            style if isinstance(each, (str, os.PathLike)) else each for each, style in zip(styles, self._styles, strict=True)
        ]
        begin = replace(self._begun, since=since, steers=steers, parent=parent)
        return Run(content, styles if self._zones else known, self._loaded, begin)

    def carry(self) -> Carry | None:
        """What the next run of nearly the same content may begin with; None before the end, and of regions."""
        return self._outcome.carry if self._outcome else None

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
        if self._begun.guests:
            raise OutputError("a run with terms of a caller's own cannot be kept in a checkpoint", "let it end")
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
            begin = self._ground if self._canvas is None else self._canvas
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
            **({"events": [steer.entry() for steer in self._steers]} if self._steers else {}),
            **({"parent": dict(self._begun.parent)} if self._begun.parent else {}),
        }

    def _shown_ground(self) -> Tensor:
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
