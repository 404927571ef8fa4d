"""The documented Python surface: `stylize`, `iterate` and what they are made of."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from . import targets
from .capacity import check_capacity
from .config import OutputConfig, StylizeConfig
from .devices import choose_device, choose_dtype, keep_freed_memory, release_freed_memory
from .engine import Outcome, Progress, run
from .errors import PictureError
from .features import Backbone, build_backbone, canonical_layer
from .images import io
from .images.resample import resize
from .objective import Objective
from .presets import load_preset
from .pyramid import plan_scales
from .runs import Input, RunRecord, make_record, pixels_sha256, record_text
from .styles import PictureStyle, learn
from .weights.manifest import NORMALIZATIONS
from .weights.store import Store, default_cache

if TYPE_CHECKING:
    import PIL.Image

__all__ = ["Result", "Run", "build_objective", "create_backbone", "iterate", "load_preset", "make_config", "stylize"]

_SMALLEST = 16  # px a side: the networks halve a picture four times
_MEAN_COLOUR = (0.485, 0.456, 0.406)  # of ImageNet's photographs, which networks see as 0


@dataclass(frozen=True)
class Result:
    """A painted picture and how it came to be.

    Attributes:
        pixels: ``(1, 3, H, W)`` float32 in [0, 1], sRGB, on the CPU.
        alpha: ``(1, 1, H, W)`` in [0, 1], kept from the content picture, or None.
        record: what `save` embeds: resolved options, inputs, weights, versions, losses, seconds.
        reason: ``finished``, ``plateau``, ``stopped`` or ``diverged``.
        message: the reason as a sentence, with what to try.
    """

    pixels: Tensor
    alpha: Tensor | None
    record: RunRecord
    reason: str
    message: str

    @property
    def image(self) -> PIL.Image.Image:
        """The picture for Pillow, 8 bits a channel, RGB or RGBA."""
        return io.to_pil(self.pixels, self.alpha)

    def save(self, path: str | os.PathLike[str], output: OutputConfig | None = None) -> None:
        """Write the picture with its record; the suffix decides the format.

        Raises:
            OutputError: the suffix is unknown, or the file cannot be written; nothing half-written is left.
        """
        output = output or OutputConfig()
        text = record_text(self.record)
        io.save_picture(self.pixels, Path(path), alpha=self.alpha, quality=output.quality, bits=output.bits, record=text)
        if output.record:
            io.write_text(Path(output.record), text + "\n")


class Run(Iterator[Progress]):
    """A run in progress: iterate over it to paint, `stop` it, and take its `result` at any time.

    Everything that can be wrong with the inputs is found when it is made, before the first iteration.
    """

    def __init__(self, content: Any, styles: Sequence[Any], config: StylizeConfig, preset: str | None = None) -> None:
        config = _with_known_layers(config.resolve())
        self._content = _usable(io.read_picture(content, name="content"))
        self._styles = [_usable(io.read_picture(style, name="style")) for style in styles]
        self._start_input: Input | None = None
        targets.style_shares(config, len(self._styles))
        device = choose_device(config.device)
        dtype = choose_dtype(config.precision, device)
        self.config = config.overlay({"device": device.type, "precision": str(dtype).removeprefix("torch.")})
        self.preset = preset
        self.scales = plan_scales(self.config, _size(self._content.pixels))
        self._backbone, self._weights = _backbone(self.config, device, dtype)
        check_capacity(self.config, self._backbone, self.scales[-1].size)
        self._begin = self._start()
        start = None if self._begin is None else self._begin.to(device)
        content, *rest = (picture.pixels.to(device) for picture in (self._content, *self._styles))
        self._run = run(content, [PictureStyle((picture,)) for picture in rest], self.config, self._backbone, self.scales, start)
        self._stopping = False
        self.last: Progress | None = None
        self._outcome: Outcome | None = None

    def __next__(self) -> Progress:
        if self._outcome is not None or self._stopping:
            raise StopIteration
        keep_freed_memory()
        try:
            self.last = next(self._run)
        except StopIteration as end:
            self._outcome = end.value
            release_freed_memory()
            raise StopIteration from None
        return self.last

    def stop(self) -> None:
        """End after the iteration that is running; `result` then holds the picture painted so far."""
        self._stopping = True

    def result(self) -> Result:
        """The picture as it is now, at the size of the finished one, with its record."""
        outcome = self._outcome or self._unfinished()
        pixels = resize(outcome.pixels.detach().float().cpu(), self.scales[-1].size, self.config.resample)
        alpha = self._content.alpha
        if alpha is not None:
            alpha = resize(alpha, self.scales[-1].size, self.config.resample)
        return Result(pixels, alpha, self._record(pixels, outcome), outcome.reason, outcome.message)

    def _unfinished(self) -> Outcome:
        if self.last is None:
            begin = self._content.pixels if self._begin is None else self._begin.clamp(0, 1)
            return Outcome(begin, "stopped", "stopped before the first iteration")
        at = f"iteration {self.last.step} of {self.last.steps}, scale {self.last.scale} of {self.last.scales}"
        return Outcome(self.last.preview(), "stopped", f"stopped at {at}")

    def _record(self, pixels: Tensor, outcome: Outcome) -> RunRecord:
        last, styles = self.last, [Input(name=style.name, sha256=style.sha256) for style in self._styles]
        losses = {"total": last.loss, **last.terms} if last else {}
        return make_record(
            self.config,
            Input(name=self._content.name, sha256=self._content.sha256),
            styles,
            preset=self.preset,
            start=self._start_input,
            weights=self._weights,
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

    def _start(self) -> Tensor | None:
        """The first canvas, at the coarsest size or larger; None for the content, as the engine shows it."""
        init, size = self.config.init, self.scales[0].size
        if init == "content":
            return None
        if init == "style":
            return self._styles[0].pixels
        if init == "noise":
            generator = torch.Generator().manual_seed(self.config.seed)
            mean = torch.tensor(_MEAN_COLOUR)[:, None, None]
            return mean + self.config.noise * torch.randn((1, 3, *size), generator=generator)
        picture = _usable(io.read_picture(init, name="start"))
        self._start_input = Input(name=picture.name, sha256=picture.sha256)
        return picture.pixels


def iterate(content: Any, styles: Any, *, config: StylizeConfig | None = None, preset: str | None = None, **options: Any) -> Run:
    """Paint step by step: an iterator of `Progress`, one an iteration, with `Run.stop` and `Run.result`.

    Args:
        content: a path, a PIL image, an ``(H, W, 3)`` uint8, uint16 or float array, or a ``(3, H, W)`` or
            ``(1, 3, H, W)`` float tensor in [0, 1].
        styles: one picture like it, or a list of them.
        config: all options; by default those of ``preset``, or the defaults.
        preset: a name of `preset_names`.
        options: single options of `StylizeConfig`, on top.

    Raises:
        ConfigError, PictureError, WeightsError, DeviceError, CapacityError: before anything is painted.
    """
    pictures = styles if isinstance(styles, (list, tuple)) else [styles]
    return Run(content, pictures, make_config(config, preset, options), preset)


def stylize(
    content: Any,
    style: Any,
    *,
    config: StylizeConfig | None = None,
    preset: str | None = None,
    callback: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Result:
    """Paint ``content`` in the style of ``style`` (a picture or a list of them) and return the `Result`.

    Arguments and errors are those of `iterate`; ``callback`` is called after each iteration.
    """
    painting = iterate(content, style, config=config, preset=preset, **options)
    for progress in painting:
        if callback is not None:
            callback(progress)
    return painting.result()


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
    device: str = "auto",
    precision: str = "float32",
) -> Backbone:
    """The network ``name`` with its weights, frozen: ``backbone(image, layers)`` gives features by name.

    Args:
        weights: an id of ``impasto weights list``, or a file; by default the backbone's own.
        pooling: ``avg`` or ``max``.
        padding: ``zeros``, ``replicate`` (first convolution) or ``replicate-all``; by default the backbone's own.
        network_input: ``own``, what the weights want, or another of the options of `StylizeConfig`.
        device, precision: as the options of `StylizeConfig`.

    Raises:
        WeightsError: the weights are not there, damaged, or of another network.
    """
    file = None if weights is None else os.fspath(weights)
    given: dict[str, Any] = {
        "pooling": pooling,
        "padding": padding,
        "network_input": network_input,
        "device": device,
        "precision": precision,
    }
    config = StylizeConfig(backbone=name, weights=file, **given).resolve()
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


def _with_known_layers(config: StylizeConfig) -> StylizeConfig:
    """The resolved ``config`` with every layer under the papers' name; one that is unknown is refused, whatever its weight."""
    options = ("content_layers", "style_layers", "neighbour_layers")
    return config.overlay({option: [canonical_layer(name) for name in getattr(config, option)] for option in options})


def _backbone(config: StylizeConfig, device: torch.device, dtype: torch.dtype) -> tuple[Backbone, dict[str, str]]:
    weights = Store(default_cache(os.environ)).load(config.weights or "")
    if config.network_input != "own":
        weights = replace(weights, normalization=NORMALIZATIONS[config.network_input])
    backbone = build_backbone(
        config.backbone, weights, pooling=config.pooling, padding=config.padding or "zeros", device=device, dtype=dtype
    )
    return backbone, {"id": config.weights or "", "sha256": weights.sha256}


def _usable(picture: io.Picture) -> io.Picture:
    height, width = _size(picture.pixels)
    if min(height, width) < _SMALLEST:
        raise PictureError(f"{picture.name} is {width} x {height} px", f"give a picture of at least {_SMALLEST} px a side")
    return picture


def _size(pixels: Tensor) -> tuple[int, int]:
    return pixels.shape[2], pixels.shape[3]
