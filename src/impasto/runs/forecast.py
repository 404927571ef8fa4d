"""What a run will take, told before it starts: memory by an estimate, time by a trial."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from ..backbones import PIXELS, Backbone, weighing
from ..config import StylizeConfig
from ..config.fields import options_of
from ..devices import EXACT_SHARE, on_threads
from ..engine.schedule import ScalePlan
from ..matching import CELL, nearest
from ..objective.build import build_objective, refining
from ..styles import learn, parts_of
from ..tiling import tiles_of
from ..types import Size
from .memory import peak_bytes, style_rows
from .trials import Trials

__all__ = ["Forecast", "Trial", "forecast"]

_TRIAL = 160  # px: large enough for a pixel to cost what it will cost, small enough to be over at once
_TRIES = 2
_ROWS = 1024  # of a trial of a search


@dataclass(frozen=True)
class Forecast:
    """About what a run will take.

    Attributes:
        size: (height, width) of the finished picture.
        memory: at its highest, in bytes, as `peak_bytes` estimates it.
        seconds: of painting, searches included; a solver's evaluations beyond one a step come on top.
        tile_size: side of the tiles in px, 0 where it is painted whole.
        least: whether the memory is more than a run takes by itself, because no smaller tiles would do with less.
    """

    size: Size
    memory: int
    seconds: float
    tile_size: int
    least: bool = False


class Trial:
    """Takes the time of what a run does over and over."""

    def pixel(self, config: StylizeConfig, backbone: Backbone) -> float:
        """Seconds of one evaluation, a pixel; the fastest of several, since the first one still takes memory."""
        noise = torch.rand((1, 3, _TRIAL, _TRIAL), generator=torch.Generator().manual_seed(0)).to(backbone.device)
        small = config.overlay(
            {"neighbour_rotations": 1, "wrap": "none", "style_blend": (), "style_scale": (1.0,), "style_blocks": ()}
        )
        objective = build_objective(noise, [learn(noise, small, backbone)], small, backbone)
        spent = []
        for _ in range(_TRIES):
            began = time.perf_counter()
            objective.value_and_grad(noise)
            spent.append(time.perf_counter() - began)
        return min(spent) / _TRIAL**2

    def exact_pixel(self, config: StylizeConfig, backbone: Backbone) -> float:
        """The same in float32."""
        return self.pixel(config, backbone.exact())

    def pair(self, config: StylizeConfig, backbone: Backbone) -> float:
        """Seconds of comparing one position with another."""
        channels = sum(backbone.layers[name].channels for name in config.neighbour_layers or ())
        noise = torch.rand((_ROWS, channels), generator=torch.Generator().manual_seed(0)).to(backbone.device)
        nearest(noise[:_TRIES], noise).tolist()
        began = time.perf_counter()
        nearest(noise, noise).tolist()  # numbers are there only when a graphics card has done its work
        return (time.perf_counter() - began) / _ROWS**2


def forecast(
    config: StylizeConfig,
    backbone: Backbone,
    scales: Sequence[ScalePlan],
    styles: int = 1,
    trials: Trials | None = None,
    trial: Trial | None = None,
) -> Forecast:
    """Evaluate the losses of a run on small noise, unless that is known of this machine, and count its pixels.

    Args:
        config: resolved, with a tile size (see `fitted`).
        backbone: on the device that will compute.
        scales: from `plan_scales`.
        styles: how many are mixed.
        trials: what is known.
        trial: takes the time of what is not.
    """
    size, trials, trial = scales[-1].size, trials or Trials(), trial or Trial()
    seconds = 0.0
    known: dict[tuple[bool, int], float] = {}
    a_pair = 0.0
    for scale in scales:
        kind = scale.refines, scale.threads
        if kind not in known:
            seen = refining(config, backbone) if scale.refines else config
            with on_threads(scale.threads):
                known[kind] = _a_pixel(seen, backbone, trials, trial)
        seconds += scale.iterations * known[kind] * _pixels_seen(scale.size, config, backbone)
        if config.neighbour_weight and not scale.refines and not scale.split:
            pairs = _pairs_searched(scale.size, config, styles)
            a_pair = a_pair or trials.number("pair", _about(config, backbone), partial(trial.pair, config, backbone))
            seconds += -(-scale.iterations // config.matching.neighbour_refresh) * pairs * a_pair
    tiled = max(size) > config.tile_size > 0
    return Forecast(size, peak_bytes(config, backbone, size, styles), seconds, config.tile_size if tiled else 0)


def _a_pixel(config: StylizeConfig, backbone: Backbone, trials: Trials, trial: Trial) -> float:
    """Seconds of an evaluation, a pixel, in the number formats that a scale is painted in."""
    about = _about(config, backbone)
    spent = trials.number("pixel", about, partial(trial.pixel, config, backbone))
    if config.precision == "mixed":
        slower = trials.number("exact pixel", about, partial(trial.exact_pixel, config, backbone))
        spent += EXACT_SHARE * (slower - spent)
    return spent


def _about(config: StylizeConfig, backbone: Backbone) -> dict[str, Any]:
    """All that the time of an evaluation depends on: what is computed, not how large or how often."""
    groups = {name: option.group for name, (_, _, option) in options_of(StylizeConfig).items()}
    computed = {name: value for name, value in config.to_dict().items() if groups[name] in ("network", "objective")}
    gpu = torch.cuda.get_device_name(backbone.device) if backbone.device.type == "cuda" else ""
    widths = [spec.channels for spec in backbone.layers.values()]
    return {**computed, "precision": config.precision, "device": f"{backbone.device} {gpu}", "widths": widths}


def _pairs_searched(size: Size, config: StylizeConfig, styles: int) -> float:
    """Pairs of a position of the canvas and one of the styles, that a search compares."""
    area = sum(part.scale**2 for part in parts_of(config, styles))
    return size[0] * size[1] / CELL**2 * min(config.neighbour_bank, style_rows(config, size, area))


def _pixels_seen(size: Size, config: StylizeConfig, backbone: Backbone) -> float:
    """Pixels of an evaluation: in tiles with their surroundings, and a third more, for they are looked at once
    before."""
    if not max(size) > config.tile_size > 0:
        return float(size[0] * size[1])
    names = dict.fromkeys((PIXELS, *itertools.chain.from_iterable(weighing(config).values())))
    seen = 0
    for tile in tiles_of(torch.empty((1, 3, *size), device="meta"), backbone, names, config.tile_size):
        (top, bottom), (left, right) = tile.window([{name: tile.own(name) for name in names}]).pixels
        seen += (bottom - top) * (right - left)
    return seen * 4 / 3
