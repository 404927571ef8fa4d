"""The documented Python surface: `stylize`, `iterate` and what they are made of."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor

from . import patchwork, targets
from .canvases import joined, started
from .capacity import fitted
from .checkpoint import Checkpoint, read_checkpoint, state_of, write_checkpoint
from .config import OutputConfig, StylizeConfig
from .devices import choose_device, choose_dtype, keep_freed_memory, release_freed_memory
from .engine import Outcome, Progress, run
from .errors import ConfigError
from .features import Backbone, as_large_as_oxfords, build_backbone, canonical_layer
from .forecast import Forecast, forecast
from .images import io
from .images.palette import painted_from, shown_colors, style_colors
from .images.resample import resize, side_of
from .objective import Objective
from .option import options_of
from .patchwork import plan_patches
from .presets import load_preset
from .pyramid import Scale, finished_size, plan_scales
from .regions import Region, Zone, read_regions, recorded_regions
from .result import Result
from .runs import Input, RunRecord, config_of, make_record, pixels_sha256
from .styles import SHORTEST, Style, learn, parts_of, read_style
from .weights.manifest import NORMALIZATIONS
from .weights.store import Store, default_cache

__all__ = [
    "Result",
    "Run",
    "Stylizer",
    "build_objective",
    "create_backbone",
    "iterate",
    "load_preset",
    "make_config",
    "resume",
    "stylize",
]


class Run(Iterator[Progress]):
    """A run in progress: iterate over it to paint, `stop` it, and take its `result` at any time.

    Everything that can be wrong with the inputs is found when it is made, before the first iteration.
    """

    def __init__(self, content: Any, styles: Sequence[Any], stylizer: Stylizer, since: Checkpoint | None = None) -> None:
        self.config, self.preset, self._weights = stylizer.config, stylizer.preset, stylizer.weights
        self._content = _content(content, self.config)
        self._zones = _zones(styles, self._content, self.config)
        regional = [style for zone in self._zones for style in zone.styles]
        self._styles = regional if self._zones else [read_style(style) for style in styles]
        self._start_input: Input | None = None
        shape = _size(self._content.pixels) if self._content else (self.config.texture[0], self.config.texture[-1])
        self.size = finished_size(self.config, shape)
        self.scales = plan_scales(self.config, shape)
        for style, part in zip(self._styles, parts_of(self.config, len(self._styles)), strict=True):
            style.check(self.config, self._weights, [side_of(s.size, self.config.side) * part.scale for s in self.scales])
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
        """About what it will take; a trial of some tenths of a second tells the time."""
        return forecast(self.config, self._backbone, self._parts or self.scales, len(self._styles))

    def stop(self) -> None:
        """End after the iteration that is running; `result` then holds the picture painted so far."""
        self._stopping = True

    def checkpoint(
        self, path: str | os.PathLike[str], output: str | os.PathLike[str] = "", settings: OutputConfig | None = None
    ) -> None:
        """Write all that `impasto.resume` needs to go on with this run as if it had never been stopped.

        Args:
            path: the file; it is written whole, or the one that was there is left.
            output, settings: the picture that ``impasto resume`` is to write, and how.

        Raises:
            OutputError: it cannot be written.
        """
        state = self.last.saved() if self.last else {}
        there = {name: value.cpu() if isinstance(value, Tensor) else value for name, value in state.items()}
        told = {"path": os.fspath(output), "settings": (settings or OutputConfig()).to_dict()} if output else {}
        write_checkpoint(path, Checkpoint(make_record(self.config, **self._inputs()), there, told))

    def result(self) -> Result:
        """The picture as it is now, at the size of the finished one, with its record."""
        outcome = self._outcome or self._unfinished()
        pixels = self._show(self._finished(outcome.pixels.detach().float().cpu()))
        alpha = self._content.alpha if self._content else None
        alpha = None if alpha is None else self._finished(alpha)
        return Result(pixels, alpha, self._record(pixels, outcome), outcome.reason, outcome.message)

    def _finished(self, plane: Tensor) -> Tensor:
        return resize(plane, self.size, self.config.resample, self.config.tile)

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


class Stylizer:
    """A network that is loaded, and options: it paints any number of pictures, in any styles.

    Args:
        config, preset, options: as of `iterate`.
        others: stylizers whose network is taken, where one of them has the same.

    Raises:
        ConfigError, WeightsError, DeviceError: as of `iterate`.

    Attributes:
        config: resolved, device and precision included.
        backbone: the network.
        weights: ``id`` and ``sha256`` of its weights.
    """

    def __init__(
        self,
        *,
        config: StylizeConfig | None = None,
        preset: str | None = None,
        others: Iterable[Stylizer] = (),
        **options: Any,
    ) -> None:
        resolved = _with_known_layers(make_config(config, preset, options).resolve())
        device = choose_device(resolved.device)
        dtype = choose_dtype(resolved.precision, device, resolved.optimizer)
        self.config = resolved.overlay({"device": device.type, "precision": str(dtype).removeprefix("torch.")})
        self.preset = preset
        known = ((other.backbone, other.weights) for other in others if _network(other.config) == _network(self.config))
        self.backbone: Backbone
        self.weights: dict[str, str]
        self.backbone, self.weights = next(known, None) or _backbone(self.config, device, dtype)

    def iterate(self, content: Any, styles: Any, since: Checkpoint | None = None) -> Run:
        """As `impasto.iterate`; with a checkpoint ``since`` of the same run, as it goes on from there.

        Raises:
            CheckpointError: the checkpoint is of another run.
        """
        return Run(content, styles if isinstance(styles, (list, tuple)) else [styles], self, since)

    def stylize(self, content: Any, style: Any, callback: Callable[[Progress], None] | None = None) -> Result:
        """As `impasto.stylize`."""
        painting = self.iterate(content, style)
        for progress in painting:
            if callback is not None:
                callback(progress)
        return painting.result()


def iterate(content: Any, styles: Any, *, config: StylizeConfig | None = None, preset: str | None = None, **options: Any) -> Run:
    """Paint step by step: an iterator of `Progress`, one an iteration, with `Run.stop` and `Run.result`.

    Args:
        content: a path, a PIL image, an ``(H, W, 3)`` uint8, uint16 or float array, or a ``(3, H, W)`` or
            ``(1, 3, H, W)`` float tensor in [0, 1].
        styles: one style or a list of them: pictures like it, folders of pictures, whose statistics are pooled, and learnt
            styles or their files; or a `Region` for each part of the picture.
        config: all options; by default those of ``preset``, or the defaults.
        preset: a name of `preset_names`.
        options: single options of `StylizeConfig`, on top.

    Raises:
        ConfigError, PictureError, WeightsError, DeviceError, CapacityError: before anything is painted.
    """
    return Stylizer(config=config, preset=preset, **options).iterate(content, styles)


def resume(source: str | os.PathLike[str] | Checkpoint, content: Any = None, styles: Any = None) -> Run:
    """Go on with the run of a checkpoint, as if it had never been stopped: with the same versions, on the same machine with as
    many threads, the picture is the same to the bit.

    Args:
        source: what `Run.checkpoint` or the command line wrote.
        content, styles: as of `iterate`, where they are no files, or lie elsewhere now; their bytes have to be the same.

    Raises:
        CheckpointError: the file is no checkpoint, or a picture, a style or the weights are not what they were.
        PictureError, WeightsError, DeviceError, CapacityError: as of `iterate`.
    """
    since = source if isinstance(source, Checkpoint) else read_checkpoint(source)
    record = since.record
    stylizer = Stylizer(config=config_of(record), preset=record.get("preset"))
    given = [style["name"] for style in record["styles"]] if styles is None else styles
    given = list(given) if isinstance(given, (list, tuple)) else [given]
    if (regions := record.get("regions")) and not any(isinstance(each, Region) for each in given):
        given = recorded_regions(regions, given)
    recorded = record["content"]
    return stylizer.iterate(recorded["name"] if content is None and recorded else content, given, since)


def stylize(
    content: Any,
    style: Any,
    *,
    config: StylizeConfig | None = None,
    preset: str | None = None,
    callback: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Result:
    """Paint ``content`` in the style of ``style`` (one or a list of them) and return the `Result`.

    Arguments and errors are those of `iterate`; ``callback`` is called after each iteration.
    """
    return Stylizer(config=config, preset=preset, **options).stylize(content, style, callback)


def make_config(config: StylizeConfig | None, preset: str | None, options: dict[str, Any]) -> StylizeConfig:
    """Defaults, or ``config``, or ``preset``, with single ``options`` on top."""
    base = load_preset(preset) if preset else StylizeConfig()
    return (config or base).overlay(options)


def create_backbone(
    name: str = "compact",
    *,
    weights: str | os.PathLike[str] | None = None,
    pooling: str = "avg",
    padding: str | None = None,
    network_input: str = "own",
    activations: str = "own",
    device: str = "auto",
    precision: str = "float32",
) -> Backbone:
    """The network ``name`` with its weights, frozen: ``backbone(image, layers)`` gives features by name.

    Args:
        weights: an id of ``impasto weights list``, or a file; by default the backbone's own.
        pooling: ``avg`` or ``max``.
        padding: ``zeros``, ``replicate`` (first convolution) or ``replicate-all``; by default the backbone's own.
        network_input, activations, device, precision: as the options of `StylizeConfig`.

    Raises:
        WeightsError: the weights are not there, damaged, or of another network.
    """
    given: dict[str, Any] = {"backbone": name, "weights": weights, "pooling": pooling, "padding": padding}
    given.update(network_input=network_input, activations=activations, device=device, precision=precision)
    config = StylizeConfig(**given).resolve()
    chosen = choose_device(config.device)
    return _backbone(config, chosen, choose_dtype(config.precision, chosen))[0]


def build_objective(content: Any, style: Any, config: StylizeConfig, backbone: Backbone) -> Objective:
    """The objective of one scale; the pictures are taken as they are, nothing is resized.

    ``content`` and ``style`` are pictures as in `iterate` (``style`` one or a list). The result's
    ``value_and_grad(canvas)`` gives ``(report, gradient)``; the canvas is ``(1, 3, H, W)`` in [0, 1], of the content's size.
    """
    pictures = style if isinstance(style, (list, tuple)) else [style]
    read = [io.read_picture(picture).pixels.to(backbone.device) for picture in (content, *pictures)]
    return targets.build_objective(read[0], [learn(picture, config, backbone) for picture in read[1:]], config, backbone)


def _zones(given: Sequence[Any], content: io.Picture | None, config: StylizeConfig) -> tuple[Zone, ...]:
    """The regions among what is painted in; none where it is styles."""
    regions = [each for each in given if isinstance(each, Region)]
    if regions and len(regions) < len(given):
        raise ConfigError("some styles are of regions and some of the whole picture", "give each style its Region")
    if regions and content is None:
        raise ConfigError("masks are of a content picture, and a texture has none", "give styles without masks")
    return read_regions(regions, content, config) if content else ()


def _with_known_layers(config: StylizeConfig) -> StylizeConfig:
    """The resolved ``config`` with every layer under the papers' name; one that is unknown is refused, whatever its weight."""
    options = ("content_layers", "style_layers", "neighbour_layers")
    return config.overlay({option: [canonical_layer(name) for name in getattr(config, option)] for option in options})


def _network(config: StylizeConfig) -> dict[str, Any]:
    """All that decides what the network of a resolved ``config`` is."""
    of_it = [name for name, (_, _, option) in options_of(config).items() if option.group == "network"]
    return {name: getattr(config, name) for name in (*of_it, "device", "precision")}


def _backbone(config: StylizeConfig, device: torch.device, dtype: torch.dtype) -> tuple[Backbone, dict[str, str]]:
    weights = Store(default_cache(os.environ)).load(config.weights or "")
    if config.network_input != "own":
        weights = replace(weights, normalization=NORMALIZATIONS[config.network_input])
    if config.backbone == "compact" and config.activations == "oxford":
        weights = as_large_as_oxfords(weights)
    backbone = build_backbone(
        config.backbone, weights, pooling=config.pooling, padding=config.padding or "zeros", device=device, dtype=dtype
    )
    return backbone, {"id": config.weights or "", "sha256": weights.sha256}


def _content(source: Any, config: StylizeConfig) -> io.Picture | None:
    """The content picture; None for a texture, whose start stands in for it, and of which no option lets anything through."""
    if not config.texture:
        return io.read_picture(source, name="content", least=SHORTEST)
    if source is not None or config.init == "content":
        raise ConfigError("a texture has no content", "give styles alone, and another init")
    return None


def _size(pixels: Tensor) -> tuple[int, int]:
    return pixels.shape[2], pixels.shape[3]
