"""The documented Python surface: `stylize`, `iterate` and what they are made of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import torch

from .backbones import KNOWN_LAYERS, Backbone, as_large_as_oxfords, build_backbone, not_held, own_layers, weighing
from .config import StylizeConfig
from .config.fields import options_of
from .config.presets import load_preset
from .devices import NUMBER_FORMATS, choose_device, choose_precision, on_threads
from .engine.color_modes import FittedColors, fit_colors
from .engine.progress import Progress
from .engine.schedule import finished_size, plan_scales
from .images.files import io
from .images.resample import resize
from .objective import build as targets
from .objective.objective import Objective
from .regions.region import Region, recorded_regions
from .runs.checkpoint import Checkpoint, read_checkpoint
from .runs.record import config_of
from .runs.result import Result
from .runs.run import Begin, Run
from .runs.threads import with_threads
from .runs.trials import Trials
from .styles import KeptStyle, learn, needed, needed_of_styles, read_style
from .weights.manifest import NORMALIZATIONS
from .weights.store import Store, default_cache

__all__ = [
    "Begin",
    "Result",
    "Run",
    "Session",
    "Stylizer",
    "build_objective",
    "create_backbone",
    "iterate",
    "load_preset",
    "make_config",
    "resume",
    "stylize",
]


class Stylizer:
    """A network that is loaded, and options: it paints any number of pictures, in any styles.

    Args:
        config, preset, options: as of `iterate`.
        others: stylizers whose network is taken, where one of them has the same.
        exact: fetch the weights asked for, where otherwise a coarser form of them that is on this machine would stand
            in.

    Raises:
        ConfigError, WeightsError, DeviceError: as of `iterate`.

    Attributes:
        config: resolved, device, precision and the weights that are used included; layers go by their own names.
        backbone: the network.
        weights: ``id`` and ``sha256`` of its weights; ``asked``, the id of those they stand in for, if they do.
    """

    def __init__(
        self,
        *,
        config: StylizeConfig | None = None,
        preset: str | None = None,
        others: Iterable[Stylizer] = (),
        exact: bool = False,
        **options: Any,
    ) -> None:
        asked = make_config(config, preset, options).resolve()
        asked = own_layers(asked, KNOWN_LAYERS[asked.backbone])  # before its weights are looked for, perhaps fetched
        resolved = asked if exact else _with_weights_at_hand(asked)
        device = choose_device(resolved.device)
        gain = _trials().bfloat16_gain
        precision = choose_precision(resolved.precision, device, resolved.optimizer, resolved.line_search, gain)
        self.config = resolved.overlay({"device": device.type, "precision": precision})
        self.preset = preset
        known = ((other.backbone, other.weights) for other in others if _network(other.config) == _network(self.config))
        self.backbone: Backbone
        self.weights: dict[str, str]
        self.backbone, found = next(known, None) or _backbone(self.config, device)
        _check_held(self.config, self.backbone)
        self.weights = {"id": found["id"], "sha256": found["sha256"]}
        if asked.weights != resolved.weights:
            self.weights["asked"] = str(asked.weights)

    def iterate(self, content: Any, styles: Any, begin: Begin | None = None) -> Run:
        """As `impasto.iterate`; with what it begins with beside its inputs, see `Begin`.

        Raises:
            CheckpointError: the checkpoint that it begins from is of another run.
        """
        return Run(content, styles if isinstance(styles, (list, tuple)) else [styles], self, begin)

    def session(self, styles: Any) -> Session:
        """These styles kept in memory, for any number of contents: previews, frames of a film.

        Args:
            styles: as of `impasto.iterate`, without regions.
        """
        return Session(self, styles)

    def stylize(self, content: Any, style: Any, callback: Callable[[Progress], None] | None = None) -> Result:
        """As `impasto.stylize`."""
        painting = self.iterate(content, style)
        for progress in painting:
            if callback is not None:
                callback(progress)
        return painting.result()


class Session:
    """A network and styles that stay in memory: what is known of the styles at a size is worked out once, whatever is
    painted.

    Made by `Stylizer.session`. Its runs have records of their own, and may follow each other or take turns.
    """

    def __init__(self, stylizer: Stylizer, styles: Any) -> None:
        given = styles if isinstance(styles, (list, tuple)) else [styles]
        self.stylizer = stylizer
        self._styles = [KeptStyle(read_style(style, needed_of_styles(stylizer.config))) for style in given]

    def colors(self, content: Any) -> FittedColors:
        """Colours fitted to one content, for `Begin.colors` of those that follow it: fitted to each they would
        flicker."""
        config = self.stylizer.config
        picture = io.read_picture(content, name="content", within=needed(config))
        finest = with_threads(plan_scales(config, picture.size), config.threads)[-1]
        with on_threads(finest.threads):
            shown = resize(picture.pixels, finished_size(config, picture.size), config.resample, config.wrap)
            return fit_colors(shown, self._styles, config)

    def iterate(self, content: Any, begin: Begin | None = None) -> Run:
        """Paint a content step by step, as `impasto.iterate`.

        Args:
            content: as of `impasto.iterate`.
            begin: what it begins with, as the canvas, matches and solver of the frame before (`Run.carry`).
        """
        return self.stylizer.iterate(content, self._styles, begin)


def iterate(
    content: Any, styles: Any, *, config: StylizeConfig | None = None, preset: str | None = None, **options: Any
) -> Run:
    """Paint step by step: an iterator of `Progress`, one an iteration, with `Run.stop` and `Run.result`.

    Args:
        content: a path, a PIL image, an ``(H, W, 3)`` uint8, uint16 or float array, or a ``(3, H, W)`` or
            ``(1, 3, H, W)`` float tensor in [0, 1].
        styles: one style or a list of them: pictures like it, folders of pictures, whose statistics are pooled, and
            learnt styles or their files; or a `Region` for each part of the picture.
        config: all options; by default those of ``preset``, or the defaults.
        preset: a name of `preset_names`.
        options: single options of `StylizeConfig`, on top.

    Raises:
        ConfigError, PictureError, WeightsError, DeviceError, CapacityError: before anything is painted.
    """
    return Stylizer(config=config, preset=preset, **options).iterate(content, styles)


def resume(source: str | os.PathLike[str] | Checkpoint, content: Any = None, styles: Any = None) -> Run:
    """Go on with the run of a checkpoint, as if it had never been stopped: with the same versions, on the same
    machine, the picture is the same to the bit; the checkpoint says on how many threads.

    Args:
        source: what `Run.checkpoint` or the command line wrote.
        content, styles: as of `iterate`, where they are no files, or lie elsewhere now; their bytes have to be the
            same.

    Raises:
        CheckpointError: the file is no checkpoint, or a picture, a style or the weights are not what they were.
        PictureError, WeightsError, DeviceError, CapacityError: as of `iterate`.
    """
    since = source if isinstance(source, Checkpoint) else read_checkpoint(source)
    record = since.record
    stylizer = Stylizer(config=config_of(record), preset=record.get("preset"), exact=True)
    stylizer.weights = {**(record.get("weights") or {}), **stylizer.weights}  # what was asked for then stays told
    given = [style["name"] for style in record["styles"]] if styles is None else styles
    given = list(given) if isinstance(given, (list, tuple)) else [given]
    if (regions := record.get("regions")) and not any(isinstance(each, Region) for each in given):
        given = recorded_regions(regions, given)
    recorded = record["content"]
    return stylizer.iterate(recorded["name"] if content is None and recorded else content, given, Begin.again(since))


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
    name: str = "vgg19",
    *,
    weights: str | os.PathLike[str] | None = None,
    pooling: str | None = None,
    padding: str | None = None,
    network_input: str = "own",
    activations: str = "own",
    device: str = "auto",
    precision: str = "float32",
) -> Backbone:
    """The network ``name`` with its weights, frozen: ``backbone(image, layers)`` gives features by name.

    Args:
        weights: an id of ``impasto weights list``, or a file; by default the backbone's own. As in a run,
            ``vgg19.oxford8`` stands in for ``vgg19.oxford`` where only that one is on this machine.
        pooling: ``avg`` or ``max``; by default the backbone's own.
        padding: ``zeros``, ``replicate`` (first convolution) or ``replicate-all``; by default the backbone's own.
        network_input, activations, device, precision: as the options of `StylizeConfig`.

    Raises:
        WeightsError: the weights are not there, damaged, or of another network.
    """
    given: dict[str, Any] = {"backbone": name, "weights": weights, "pooling": pooling, "padding": padding}
    given.update(network_input=network_input, activations=activations, device=device, precision=precision)
    config = _with_weights_at_hand(StylizeConfig(**given).resolve())
    chosen = choose_device(config.device)
    precision = choose_precision(config.precision, chosen, gain=_trials().bfloat16_gain)
    return _backbone(config.overlay({"precision": precision}), chosen)[0]


def build_objective(content: Any, style: Any, config: StylizeConfig, backbone: Backbone) -> Objective:
    """The objective of one scale; the pictures are taken as they are, nothing is resized.

    ``content`` and ``style`` are pictures as in `iterate` (``style`` one or a list). The result's
    ``value_and_grad(canvas)`` gives ``(report, gradient)``; the canvas is ``(1, 3, H, W)`` in [0, 1], of the content's
    size. The ``backbone`` may be any that keeps the promises of `Backbone`.

    Raises:
        ConfigError: the backbone has no such layer; those of losses that weigh nothing are not looked at.
        PictureError: a picture cannot be read.
    """
    config = config.resolve()
    config = own_layers(config, backbone.layers, weighing(config))
    pictures = style if isinstance(style, (list, tuple)) else [style]
    read = [io.read_picture(picture).pixels.to(backbone.device) for picture in (content, *pictures)]
    return targets.build_objective(
        read[0], [learn(picture, config, backbone) for picture in read[1:]], config, backbone
    )


def _check_held(config: StylizeConfig, backbone: Backbone) -> None:
    """Refuse layers that weigh something and are not among these weights: the first ones of VGG-19 only, or those of
    VGG-16."""
    for name in (name for names in weighing(config).values() for name in names):
        if name not in backbone.layers:
            raise not_held(name, backbone.layers)


def _with_weights_at_hand(config: StylizeConfig) -> StylizeConfig:
    """The resolved ``config`` with the weights that are used: see `Store.at_hand`."""
    return config.overlay({"weights": _store().at_hand(str(config.weights))})


def _trials() -> Trials:
    return Trials(default_cache(os.environ))


def _store() -> Store:
    return Store(default_cache(os.environ))


def _network(config: StylizeConfig) -> dict[str, Any]:
    """All that decides what the network of a resolved ``config`` is."""
    of_it = [name for name, (_, _, option) in options_of(config).items() if option.group == "network"]
    return {name: getattr(config, name) for name in (*of_it, "device", "precision")}


def _backbone(config: StylizeConfig, device: torch.device) -> tuple[Backbone, dict[str, str]]:
    weights = _store().load(config.weights or "")
    if config.network_input != "own":
        weights = replace(weights, normalization=NORMALIZATIONS[config.network_input])
    if config.backbone == "compact" and config.activations == "oxford":
        weights = as_large_as_oxfords(weights)
    asked = {"pooling": config.pooling or "max", "padding": config.padding or "zeros", "device": device}
    backbone = build_backbone(
        config.backbone, weights, **asked, dtype=NUMBER_FORMATS[config.precision], mixed=config.precision == "mixed"
    )
    return backbone, {"id": config.weights or "", "sha256": weights.sha256}
