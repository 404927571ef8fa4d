"""A run in progress: what is painted, from which inputs, and what has come of it so far."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from ..backbones import Backbone
from ..config import OutputConfig, StylizeConfig
from ..devices import keep_freed_memory, release_freed_memory
from ..engine.color_modes import FittedColors
from ..engine.inputs import Guest
from ..engine.progress import Carry, Outcome, Progress
from ..engine.schedule import finished_size, plan_scales
from ..errors import ConfigError, OutputError
from ..images.masks import read_mask
from ..images.resample import resize
from ..painters import Task, create_painter
from ..styles import parts_of
from ..weights.store import default_cache
from .checkpoint import Checkpoint, state_of, write_checkpoint
from .forecast import Forecast, forecast
from .inputs import read_inputs
from .memory import COMFORT, fitted, reading_bytes
from .record import Input, RunRecord, make_record, pixels_sha256, run_id
from .record_files import located
from .result import Result
from .steer import Steer, Steering, recorded_steers
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
        colors: what an earlier content was recolored by, and this one as well.
        finest: how many of the finest scales are painted; None paints all.
    """

    since: Checkpoint | None = None
    steers: tuple[Steer, ...] = ()
    parent: Mapping[str, Any] | None = None
    carry: Carry | None = None
    guests: tuple[Guest, ...] = ()
    colors: FittedColors | None = None
    finest: int | None = None

    @property
    def unrecorded(self) -> str:
        """What it has that neither a record nor a checkpoint can hold, in words; empty where there is nothing."""
        given: dict[str, object] = {
            "terms of a caller's own": self.guests,
            "a carried canvas": self.carry,
            "given colours": self.colors,
            "some of the scales alone": self.finest,
        }
        return " and ".join(words for words, value in given.items() if value)

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
        self._given, self._loaded, self._backbone = (content, styles), stylizer, stylizer.backbone
        self.preset, self._weights = stylizer.preset, stylizer.weights
        self._inputs = read_inputs(content, styles, stylizer.config)
        shape = self._inputs.shape(stylizer.config)
        self.size = finished_size(stylizer.config, shape)
        plans = plan_scales(stylizer.config, shape)[-begin.finest if begin.finest else 0 :]
        self._inputs.check(stylizer.config, self._weights, plans)
        self.config = fitted(stylizer.config, self._backbone, plans[-1].size, len(self._inputs.styles))
        read = (self._inputs.content, self._inputs.styles, self._inputs.zones)
        task = Task(*read, self.config, self._backbone, plans, self.size, begin.carry, begin.guests, begin.colors)
        self._painter = create_painter(task)
        self.scales = self._painter.plans
        self._steering = Steering(begin.steers, _size(self._painter.ground))
        self._state = self._state_of(begin.since)
        self._painting = self._painter.paint(self._state, self._steering.events())
        self._stopping = False
        self.last: Progress | None = None
        self._outcome: Outcome | None = None
        if self._state:
            next(self)  # tells of the iteration that was the last

    def _state_of(self, since: Checkpoint | None) -> dict[str, Any]:
        """What a checkpoint goes on from; nothing without one."""
        return state_of(since, make_record(self.config, **self._entries()), self._backbone.device) if since else {}

    def __next__(self) -> Progress:
        if self._outcome is not None or self._stopping:
            raise StopIteration
        keep_freed_memory()
        try:
            progress = self._painting.send(self._steering.sent() if self.last else None)
        except StopIteration as end:
            self._outcome = end.value
            release_freed_memory()
            raise StopIteration from None
        self.last = replace(progress, preview=lambda: self._painter.shown(progress.preview()))
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
        content = self._inputs.content
        if mask is not None and (self._inputs.zones or content is None):
            raise ConfigError("a mask was given while regions or a texture are painted", "steer options alone")
        steer = Steer(self.last.step if self.last else 0, options, None if mask is None else read_mask(mask))
        if steer.mask is not None and content is not None:
            steer.mask.fit(content.size, content.name)
        if "style_blend" in options and self._inputs.zones:
            raise ConfigError("style_blend was given while regions are painted", "steer other options")
        parts_of(self.config.overlay(options), len(self._inputs.styles))
        self._steering.add(steer, self.config)
        if self.last is None:  # a painter that has not begun is told beforehand
            self._steering.sent()
            self._painting = self._painter.paint(self._state, self._steering.events())

    def branch(self) -> Run:
        """A second run from where this one stands, which goes its own way: steer it, and let both paint. Its record
        names this run as its parent. Network and styles are shared, and nothing is copied, for no tensor of a state is
        ever changed.

        Raises:
            ConfigError: nothing has been painted yet.
        """
        if self.last is None:
            raise ConfigError("nothing has been painted yet", "begin a second run instead")
        record, step = make_record(self.config, **self._entries()), self.last.step
        parent, since = {"run": run_id(record), "step": step}, Checkpoint(record, self.last.saved())
        begin = replace(self._begun, since=since, steers=self._steering.before(step), parent=parent)
        styles = self._given[1] if self._inputs.zones else self._inputs.styles
        return Run(self._inputs.content, styles, self._loaded, begin)

    def carry(self) -> Carry | None:
        """What the next run of nearly the same content may begin with; None before the end, and of regions."""
        return self._outcome.carry if self._outcome else None

    def forecast(self) -> Forecast:
        """About what it will take; a trial of a second tells the time, once: the cache folder keeps what it found."""
        trials = Trials(default_cache(os.environ))
        told = forecast(self.config, self._backbone, self._painter.parts, len(self._inputs.styles), trials)
        memory = max(told.memory, reading_bytes(self._backbone, self._inputs.reading))
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
            output, settings: the picture that ``impasto resume`` is to write, and how. All paths are kept as absolute
                ones, so that it may be called from any folder.

        Raises:
            OutputError: it cannot be written.
        """
        if beyond := self._begun.unrecorded:
            raise OutputError(f"a run that has {beyond} cannot be kept in a checkpoint", "let it end")
        state = self.last.saved() if self.last else {}
        there = {name: value.cpu() if isinstance(value, Tensor) else value for name, value in state.items()}
        told = _told(output, settings or OutputConfig()) if output else {}
        write_checkpoint(path, Checkpoint(located(make_record(self.config, **self._entries())), there, told))

    def result(self) -> Result:
        """The picture as it is now, at the size of the finished one, with its record."""
        outcome = self._outcome or self._unfinished()
        pixels = self._painter.shown(self._finished(outcome.pixels.detach().float().cpu()))
        alpha = self._inputs.content.alpha if self._inputs.content else None
        alpha = None if alpha is None else self._finished(alpha)
        return Result(pixels, alpha, self._record(pixels, outcome), outcome.reason, outcome.message)

    def _finished(self, plane: Tensor) -> Tensor:
        return resize(plane, self.size, self.config.resample, self.config.wrap)

    def _unfinished(self) -> Outcome:
        if self.last is None:
            begin = self._painter.ground if self._painter.canvas is None else self._painter.canvas
            return Outcome(begin.clamp(0, 1), "stopped", "stopped before the first iteration")
        at = f"iteration {self.last.step} of {self.last.steps}, scale {self.last.scale} of {self.last.scales}"
        return Outcome(self.last.preview(), "stopped", f"stopped at {at}")

    def _record(self, pixels: Tensor, outcome: Outcome) -> RunRecord:
        last = self.last
        losses = {"total": last.loss, **last.terms} if last else {}
        return make_record(
            self.config,
            **self._entries(),
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

    def _entries(self) -> dict[str, Any]:
        """What went in beside the config, as the record tells it."""
        content, start, events = self._inputs.content, self._painter.start, self._steering.entries()
        return {
            "content": Input(name=content.name, sha256=content.sha256) if content else None,
            "styles": [Input(name=style.name, sha256=style.sha256) for style in self._inputs.styles],
            "preset": self.preset,
            "start": Input(name=start.name, sha256=start.sha256) if start else None,
            "regions": [zone.record() for zone in self._inputs.zones],
            "weights": self._weights,
            **({"events": events} if events else {}),
            **({"parent": dict(self._begun.parent)} if self._begun.parent else {}),
        }


def _told(output: str | os.PathLike[str], settings: OutputConfig) -> dict[str, Any]:
    """Where and how the picture of a checkpoint is written."""
    written = settings.to_dict()
    files = {name: str(Path(written[name]).absolute()) for name in ("record", "checkpoint_file") if written[name]}
    return {"path": str(Path(output).absolute()), "settings": {**written, **files}}


def _size(pixels: Tensor) -> tuple[int, int]:
    return pixels.shape[2], pixels.shape[3]
