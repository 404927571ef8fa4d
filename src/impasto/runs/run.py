"""A run in progress: reads its inputs, iterates over a painter, and makes the result with its record."""

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
from ..devices import keep_freed_memory, on_threads, release_freed_memory
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
from .threads import with_threads
from .trials import Trials

__all__ = ["Begin", "Loaded", "Run"]


@dataclass(frozen=True, eq=False)
class Begin:
    """The start of a run, beside its inputs.

    Attributes:
        since: the checkpoint of an unfinished run, which is continued; None for a new run.
        steers: changes of options that are known beforehand.
        parent: ``run`` and ``step`` that a branch comes from; None for other runs.
        carry: canvas, matches and solver state of another run, used instead of the option ``init``.
        guests: factories of additional terms of the loss. A record cannot describe them, so that such a run cannot be
            written to a checkpoint.
        colors: colour maps that were fitted to an earlier content; None fits them to this content.
        finest: number of scales that are painted, the finest ones; None paints all.
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
        """What neither a record nor a checkpoint can describe, in words; empty if there is nothing."""
        given: dict[str, object] = {
            "terms of a caller's own": self.guests,
            "a carried canvas": self.carry,
            "given colours": self.colors,
            "some of the scales alone": self.finest,
        }
        return " and ".join(words for words, value in given.items() if value)

    @classmethod
    def again(cls, since: Checkpoint) -> Begin:
        """The start of a run that continues a checkpoint.

        Args:
            since: the checkpoint.

        Returns:
            The `Begin`, with the changes of options in the checkpoint's record.

        Raises:
            PictureError: a mask of such a change cannot be read.
        """
        return cls(since, recorded_steers(since.record.get("events") or ()), since.record.get("parent"))


class Loaded(Protocol):
    """Resolved options with their network: the part of `impasto.Stylizer` that a run uses.

    Attributes:
        config: resolved.
        preset: name of the preset that the config was made from, or None.
        backbone: the network.
        weights: ``id`` and ``sha256`` of its weights.
    """

    config: StylizeConfig
    preset: str | None
    backbone: Backbone
    weights: dict[str, str]


class Run(Iterator[Progress]):
    """A run in progress: an iterator of `Progress` with a `result` at any time.

    All inputs are checked by the constructor, before the first iteration.

    Args:
        content: as of `impasto.iterate`; None for a texture.
        styles: styles, or one `Region` for each part of the picture.
        stylizer: options and network.
        begin: where the run starts; None for a new run.

    Raises:
        ConfigError, PictureError, StyleError, CapacityError, CheckpointError: see `impasto.iterate` and `Begin`.

    Attributes:
        config: resolved, with the ``tile_size`` that is used.
        preset: name of the preset, or None.
        size: (height, width) of the finished picture in px.
        scales: plans of the scales, coarse to fine.
        last: progress of the last iteration, or None.
    """

    def __init__(self, content: Any, styles: Sequence[Any], stylizer: Loaded, begin: Begin | None = None) -> None:
        self._begun = begin = begin or Begin()
        self._given, self._loaded, self._backbone = (content, styles), stylizer, stylizer.backbone
        self.preset, self._weights = stylizer.preset, stylizer.weights
        self._inputs = read_inputs(content, styles, stylizer.config)
        shape = self._inputs.shape(stylizer.config)
        self.size = finished_size(stylizer.config, shape)
        every = with_threads(plan_scales(stylizer.config, shape), stylizer.config.threads)
        plans = every[-begin.finest if begin.finest else 0 :]
        self._inputs.check(stylizer.config, self._weights, plans)
        config = fitted(stylizer.config, self._backbone, plans[-1].size, len(self._inputs.styles))
        self.config = config.overlay({"threads": [plan.threads for plan in every]})
        self._threads = plans[-1].threads  # of what is no scale's own
        read = (self._inputs.content, self._inputs.styles, self._inputs.zones)
        task = Task(*read, self.config, self._backbone, plans, self.size, begin.carry, begin.guests, begin.colors)
        with on_threads(self._threads):
            self._painter = create_painter(task)
        self.scales = self._painter.plans
        self._steering = Steering(begin.steers, _size(self._painter.ground))
        self._state = self._state_of(begin.since)
        self._painting = self._painter.paint(self._state, self._steering.events())
        self._stopping = False
        self.last: Progress | None = None
        self._outcome: Outcome | None = None
        if self._state:
            next(self)  # repeats the progress of the last iteration

    def _state_of(self, since: Checkpoint | None) -> dict[str, Any]:
        """The state in a checkpoint, on the device of the network; empty without a checkpoint."""
        return state_of(since, make_record(self.config, **self._entries()), self._backbone.device) if since else {}

    def __next__(self) -> Progress:
        if self._outcome is not None or self._stopping:
            raise StopIteration
        keep_freed_memory()
        try:
            with on_threads(self._threads):
                progress = self._painting.send(self._steering.sent() if self.last else None)
        except StopIteration as end:
            self._outcome = end.value
            release_freed_memory()
            raise StopIteration from None
        self.last = replace(progress, preview=lambda: self._painter.shown(progress.preview()))
        return self.last

    def steer(self, *, mask: Any = None, **options: Any) -> None:
        """Change options before the next iteration. The change becomes an event in the record.

        Args:
            mask: weight of each pixel in the loss from now on, a mask as of `impasto.Region`; None keeps the present
                one.
            options: of `engine.steering.STEERED`, by name.

        Raises:
            ConfigError: an option is unknown, cannot be changed during a run, or does not accept the value.
            PictureError: the mask cannot be read, or has another aspect ratio than the content.
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
        if self.last is None:  # the generator has not started, so it cannot accept a change yet
            self._steering.sent()
            self._painting = self._painter.paint(self._state, self._steering.events())

    def branch(self) -> Run:
        """Make a second run from the present state. Both can be continued and steered independently.

        Network and styles are shared. Nothing is copied, because tensors of a state are never changed in place.

        Returns:
            The new `Run`, whose record names this one as its parent.

        Raises:
            ConfigError: no iteration has been done yet.
        """
        if self.last is None:
            raise ConfigError("nothing has been painted yet", "begin a second run instead")
        record, step = make_record(self.config, **self._entries()), self.last.step
        parent, since = {"run": run_id(record), "step": step}, Checkpoint(record, self.last.saved())
        begin = replace(self._begun, since=since, steers=self._steering.before(step), parent=parent)
        styles = self._given[1] if self._inputs.zones else self._inputs.styles
        return Run(self._inputs.content, styles, self._loaded, begin)

    def carry(self) -> Carry | None:
        """Canvas, matches and solver state at the end, from which a run of a similar content can start.

        Returns:
            The `Carry` for `Begin`; None before the end of the run, and for pictures with regions.
        """
        return self._outcome.carry if self._outcome else None

    def forecast(self) -> Forecast:
        """Estimate the time and memory of the run.

        Returns:
            The `Forecast`. The time is extrapolated from a trial of about a second, whose result is stored in the cache
            folder.
        """
        trials = Trials(default_cache(os.environ))
        told = forecast(self.config, self._backbone, self._painter.parts, len(self._inputs.styles), trials)
        memory = max(told.memory, reading_bytes(self._backbone, self._inputs.reading))
        beyond = self.config.memory_bytes is None and self._backbone.device.type == "cpu" and memory > COMFORT
        return replace(told, memory=memory, least=beyond)

    def stop(self) -> None:
        """End the run after the present iteration; `result` then returns the picture so far."""
        self._stopping = True

    def checkpoint(
        self, path: str | os.PathLike[str], output: str | os.PathLike[str] = "", settings: OutputConfig | None = None
    ) -> None:
        """Write a checkpoint, from which `impasto.resume` continues this run without any difference.

        Args:
            path: the file, written atomically.
            output: the picture that ``impasto resume`` will write; empty for none. Paths are stored as absolute ones.
            settings: how it will be written.

        Raises:
            OutputError: the file cannot be written, or the run has parts that a checkpoint cannot describe.
        """
        if beyond := self._begun.unrecorded:
            raise OutputError(f"a run that has {beyond} cannot be kept in a checkpoint", "let it end")
        state = self.last.saved() if self.last else {}
        there = {name: value.cpu() if isinstance(value, Tensor) else value for name, value in state.items()}
        written = _output_entry(output, settings or OutputConfig()) if output else {}
        write_checkpoint(path, Checkpoint(located(make_record(self.config, **self._entries())), there, written))

    def result(self) -> Result:
        """The present picture, resized to the finished size, with its record.

        Returns:
            The `Result`.
        """
        with on_threads(self._threads):
            outcome = self._outcome or self._unfinished()
            pixels = self._painter.shown(self._finished(outcome.pixels.detach().float().cpu()))
            alpha = self._inputs.content.alpha if self._inputs.content else None
            alpha = None if alpha is None else self._finished(alpha)
        return Result(pixels, alpha, self._record(pixels, outcome), outcome.reason, outcome.message)

    def _finished(self, plane: Tensor) -> Tensor:
        """Resize ``(1, C, H, W)`` to the finished size."""
        return resize(plane, self.size, self.config.resample, self.config.wrap)

    def _unfinished(self) -> Outcome:
        """The outcome if the run stopped now."""
        if self.last is None:
            begin = self._painter.ground if self._painter.canvas is None else self._painter.canvas
            return Outcome(begin.clamp(0, 1), "stopped", "stopped before the first iteration")
        at = f"iteration {self.last.step} of {self.last.steps}, scale {self.last.scale} of {self.last.scales}"
        return Outcome(self.last.preview(), "stopped", f"stopped at {at}")

    def _record(self, pixels: Tensor, outcome: Outcome) -> RunRecord:
        """The record of the finished picture ``(1, 3, H, W)``."""
        last = self.last
        losses = {"total": last.loss, **last.terms} if last else {}
        return make_record(
            self.config,
            **self._entries(),
            size=list(_size(pixels)),
            iterations=last.step if last else 0,
            evaluations=last.evaluations if last else 0,
            losses={name: loss for name, loss in losses.items() if math.isfinite(loss)},  # JSON has no other numbers
            reason=outcome.reason,
            message=outcome.message,
            seconds=round(last.seconds, 3) if last else 0.0,
            peak_memory=last.peak_memory if last else 0,
            pixels_sha256=pixels_sha256(pixels),
        )

    def _entries(self) -> dict[str, Any]:
        """The entries of the record on the inputs, without the config."""
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


def _output_entry(output: str | os.PathLike[str], settings: OutputConfig) -> dict[str, Any]:
    """The entry of a checkpoint on the picture: its path, and how it is written."""
    written = settings.to_dict()
    files = {name: str(Path(written[name]).absolute()) for name in ("record", "checkpoint_file") if written[name]}
    return {"path": str(Path(output).absolute()), "settings": {**written, **files}}


def _size(pixels: Tensor) -> tuple[int, int]:
    return pixels.shape[2], pixels.shape[3]
