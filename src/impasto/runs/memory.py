"""How much memory a run will take, and the tiles in which it fits into what is there."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence

import torch

from ..backbones import Backbone, LayerSpec
from ..config import WHOLE, StylizeConfig
from ..engine.schedule import ScalePlan, plan_scales
from ..errors import CapacityError, ConfigError, PictureError
from ..images.periodic import is_wrapped
from ..images.resample import side_of
from ..machine import free_memory
from ..matching import CELL
from ..objective.build import refining
from ..objective.costs import Situation, costs_of
from ..styles import parts_of, style_length
from ..types import Size

__all__ = ["COMFORT", "available_memory", "fitted", "peak_bytes", "reading_bytes", "style_rows"]

_BASE = 350 * 10**6  # interpreter, PyTorch and the other libraries
_SHORT = 100 * 10**6  # what oneDNN and PyTorch keep beside that to compute in a short number format
_WEIGHT = 4  # bytes of each weight of the network as it was read
COMFORT = 4 * 10**9
"""Bytes that a run takes of a computer's memory where tiles can do with less than the whole picture."""
_TILES = (1024, 768, 512, 384, 256, 192, 128)  # px
_PAIRS = (50, 20, 10, 5)  # of L-BFGS, where memory is short: with fewer it is hardly more than steps down the gradient
_FRIEZE = 4  # times as long as wide, beyond which a style of usual proportions has far more pixels than the canvas
_SMALLEST = 64  # px: a hint below would be of no use

_FLOWING = 4  # gradients of the size of the largest layer on the way back through a block
_FRAGMENTS = 1.1  # of what tiles take: memory that tiles of different sizes leave between them, and scratch of oneDNN
_COLLECTED = 2  # gradients of each layer in tiles: of a term, and of all terms
_PICTURES = 22  # float32 pictures of the finest size: content, canvas, gradient, Adam's moments, and what comes between


def peak_bytes(config: StylizeConfig, backbone: Backbone, size: Size, styles: int = 1) -> int:
    """An estimate of the peak, in bytes, of painting at ``size`` (height, width) in so many ``styles``.

    The largest scale that is painted in full, or the finest one, whichever takes more. benchmarks/memory.py
    measures it beside the real peak. The ``config`` is resolved; a ``tile_size`` of 0
    stands for the whole picture.

    Raises:
        ConfigError: an option says something of another number of styles.
    """
    area = sum(part.scale**2 for part in parts_of(config, styles))
    plans = _plans(config, size)
    full = max((plan.size for plan in plans if not plan.refines), key=math.prod)
    painted = _scale_bytes(config, backbone, full, area, searches=True)
    if not any(plan.refines for plan in plans):
        return painted
    return max(painted, _scale_bytes(refining(config, backbone), backbone, size, area, searches=False))


def _plans(config: StylizeConfig, size: Size) -> Sequence[ScalePlan]:
    """The scales of a picture of ``size``, coarse to fine; one of its own size where it is too narrow to be painted."""
    try:
        return plan_scales(config.overlay({"size": side_of(size, config.side), "enlarge": True}), size)
    except (ConfigError, PictureError):
        return [ScalePlan(size, 1)]


def reading_bytes(backbone: Backbone, reading: Iterable[int]) -> int:
    """The peak while pictures are read one after the other, which take so many bytes each; the network is there
    already."""
    return int(_BASE + _WEIGHT * _weights(backbone) + max(reading, default=0))


def _scale_bytes(config: StylizeConfig, backbone: Backbone, size: Size, area: float, *, searches: bool) -> int:
    """The peak of a scale: what is kept of each pixel, and what is computed of the whole picture, or of one tile with
    its surroundings.

    In an evaluation all features up to the deepest layer are there, and the gradients of those that a term needs; on
    the way back, a few more gradients of the largest layers. In tiles the gradients of all terms are collected first.
    """
    pixels, tiled = size[0] * size[1], 0 < config.tile_size < max(size)
    number = 2 if config.precision == "bfloat16" else 4
    rows = style_rows(config, size, area) / max(1, pixels / CELL**2)
    costs = costs_of(config, backbone, Situation(number, rows, tiled, searches))
    layers = {spec for cost in costs for spec in cost.layers}
    deepest = max((spec.radius for spec in layers), default=0)
    features = [spec for spec in backbone.layers.values() if spec.radius <= deepest]
    needed = [spec for cost in costs for spec in cost.layers] if tiled else list(layers)
    flowing = _FLOWING * max((_cells([spec]) for spec in features), default=0)
    working = number * (_cells(features) + _cells(needed) * (_COLLECTED if tiled else 1) + flowing)
    working += sum(cost.working for cost in costs)
    kept = 12.0 * _PICTURES + _pairs_bytes(config) + sum(cost.kept for cost in costs)
    held = number + (_WEIGHT if config.precision == "mixed" else 0)  # mixed goes over to the weights as they were read
    fixed: float = _BASE + (_SHORT if number == 2 else 0) + held * _weights(backbone)
    fixed += sum(cost.fixed for cost in costs)
    seen = pixels
    if tiled:
        halo = 2 * max((spec.halo for spec in layers), default=0) + 16
        tiles = (math.ceil(side / math.ceil(side / config.tile_size)) for side in size)  # about equal
        seen = math.prod(
            tile + halo
            if is_wrapped(axis, config.wrap)
            else min(side, tile + halo)  # what wraps is surrounded all over
            for axis, side, tile in zip((-2, -1), size, tiles, strict=True)
        )
    searching = pixels * sum(cost.searching for cost in costs)
    return int(fixed + pixels * kept + max(seen * working * (_FRAGMENTS if tiled else 1), searching))


def style_rows(config: StylizeConfig, size: Size, area: float = 1.0) -> float:
    """The positions of the styles beside a canvas of ``size``, in every turn; ``area`` is theirs as a ratio of the
    canvas's."""
    long = max(size) > _FRIEZE * min(size)
    pixels = max(size[0] * size[1], style_length(size, config.side) ** 2) if long else size[0] * size[1]
    return (config.neighbour_rotations or 0) * pixels * area / CELL**2


def _pairs_bytes(config: StylizeConfig) -> float:
    """Bytes a pixel that L-BFGS remembers."""
    if config.optimizer != "lbfgs":
        return 0.0
    pairs = min(config.history, max(config.iterations or (0,)))
    return 2 * pairs * 3 * 4 * (4 / 3 if config.variable == "laplacian" else 1)


def _weights(backbone: Backbone) -> int:
    """Numbers that it has learnt."""
    return max(spec.weights for spec in backbone.layers.values())


def _cells(specs: Sequence[LayerSpec]) -> float:
    """Numbers for each pixel."""
    return sum(spec.channels / spec.stride**2 for spec in specs)


def available_memory(device: torch.device) -> int:
    """Bytes that can be taken now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return free_memory()


def fitted(config: StylizeConfig, backbone: Backbone, size: Size, styles: int = 1) -> StylizeConfig:
    """The config with the tiles in which a run fits into memory, chosen before anything is computed.

    Whole pictures are faster, and large tiles than small ones. So a run takes the memory it is given, or, with
    ``memory`` auto, 4 GB of a computer's where that will do, all that is free where not. Where no tile will do, L-BFGS
    remembers less.

    Args:
        config: resolved; a ``tile_size`` other than 0 is kept.
        backbone: on the device that will compute.
        size: (height, width) of the finished picture.
        styles: how many are mixed.

    Raises:
        CapacityError: more is needed than there is; the hint gives a size that fits.
        ConfigError: see `peak_bytes`.
    """
    there = config.memory_bytes or available_memory(backbone.device)
    comfort = there if config.memory_bytes or backbone.device.type == "cuda" else min(there, COMFORT)
    tiles = [config.tile_size] if config.tile_size else [WHOLE, *_TILES]
    choices = [config.overlay({"tile_size": tile_size}) for tile_size in tiles]
    shorter = [
        choices[-1].overlay({"history": pairs})
        for pairs in _PAIRS
        if config.optimizer == "lbfgs" and pairs < config.history
    ]
    others = [*(choices[1:] or choices), *shorter]  # what is more than comfortable is not made worse
    for most, choice in [*((comfort, each) for each in choices), *((there, each) for each in others)]:
        if peak_bytes(choice, backbone, size, styles) <= most:
            return choice
    raise _too_large(others[-1], backbone, size, styles, there)


def _too_large(config: StylizeConfig, backbone: Backbone, size: Size, styles: int, there: int) -> CapacityError:
    length = side_of(size, config.side)

    def needed(side: int) -> int:
        height, width = (math.ceil(pixels * side / length) for pixels in size)
        return peak_bytes(config, backbone, (height, width), styles)

    fits = bisect.bisect_right(range(length), there, key=needed) - 1
    needs = needed(length)
    told = f"a picture of {size[1]} x {size[0]} px needs about {needs / 1e9:.1f} GB"
    if config.memory_bytes:
        smaller = f"try --size {fits}, or " if fits >= _SMALLEST else ""
        allowed = f"{told}, and --memory allows {config.memory_bytes / 1e9:.2g} GB"
        return CapacityError(allowed, f"{smaller}give it --memory {math.ceil(needs / 1e8) / 10:.1f}GB")
    smaller = f"try --size {fits}" if fits >= _SMALLEST else "end other programs, or use a machine with more memory"
    return CapacityError(f"{told}, and {there / 1e9:.1f} GB are free", smaller)
