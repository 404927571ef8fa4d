"""How much memory a run will take, and whether that much is there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import psutil
import torch

from .config import StylizeConfig
from .errors import CapacityError
from .features import Backbone, LayerSpec, held_layer
from .images.resample import side_of
from .losses import CELL
from .styles import parts_of
from .targets import refining

__all__ = ["available_memory", "check_capacity", "peak_bytes"]

_BASE = 400 * 2**20  # interpreter, PyTorch and the weights
_SMALLEST = 64  # px: a hint below would be of no use


def peak_bytes(config: StylizeConfig, backbone: Backbone, size: tuple[int, int], styles: int = 1) -> int:
    """An estimate of the peak, in bytes, of painting at ``size`` (height, width) in so many ``styles``.

    The largest scale that is painted in full, or the finest one, whichever takes more. Factors are chosen so that
    benchmarks/capacity.py never measures more. The ``config`` is resolved.

    Raises:
        ConfigError: the config names a layer that the backbone does not have.
    """
    area = sum(part.scale**2 for part in parts_of(config, styles))
    full = config.full_scales if config.neighbour_weight else 0
    finest = round(math.log(max(1.0, side_of(size, config.side) / config.coarsest), config.scale_ratio))
    if not 0 < full <= (config.scale_count or finest + 1) - 1:
        return _scale_bytes(config, backbone, size, area)
    shrunk = config.scale_ratio ** (finest - full + 1)
    largest = (math.ceil(size[0] / shrunk), math.ceil(size[1] / shrunk))
    return max(_scale_bytes(config, backbone, largest, area), _scale_bytes(refining(config, backbone), backbone, size, area))


def _scale_bytes(config: StylizeConfig, backbone: Backbone, size: tuple[int, int], area: float) -> int:
    """Activations are kept for the backward pass, once before and once after each ReLU; ten sets of hypercolumns (of
    canvas, content and matches, their gradients and what comes between) and the bank, twice, stand beside them."""
    pixels = size[0] * size[1]
    matched = _seen(backbone, config.neighbour_weight, config.neighbour_layers)
    compared = _seen(backbone, config.content_weight, config.content_layers)
    compared += _seen(backbone, config.style_weight, config.style_layers)
    deepest = max((spec.radius for spec in matched + compared), default=0)
    specs = [spec for spec in backbone.layers.values() if spec.radius <= deepest]
    activations = sum(spec.channels / spec.stride**2 for spec in specs) * (4 if config.precision == "float32" else 2) * 2.5
    stacked = sum(spec.channels for spec in matched) * 4
    rows = config.neighbour_rotations * pixels * area / CELL**2
    return int(_BASE + pixels * (activations + stacked * 10 / 16 + 3 * 4 * 12) + stacked * rows * 2)


def _seen(backbone: Backbone, weight: float | None, layers: Sequence[str] | None) -> list[LayerSpec]:
    return [backbone.layers[held_layer(name, backbone.layers)] for name in layers or () if weight]


def available_memory(device: torch.device) -> int:
    """Bytes that can be taken now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return int(psutil.virtual_memory().available)


def check_capacity(config: StylizeConfig, backbone: Backbone, size: tuple[int, int], styles: int = 1) -> None:
    """Refuse, before anything is computed, a run that cannot fit.

    Args:
        config: resolved.
        backbone: on the device that will compute.
        size: (height, width) of the finished picture.
        styles: how many are mixed.

    Raises:
        CapacityError: more is needed than there is; the hint gives a size that fits.
        ConfigError: see `peak_bytes`.
    """
    needed, there = peak_bytes(config, backbone, size, styles), available_memory(backbone.device)
    if needed <= there:
        return
    fixed = peak_bytes(config, backbone, (0, 0), styles)
    fits = int(side_of(size, config.side) * (max(0, there - fixed) / (needed - fixed)) ** 0.5)
    raise CapacityError(
        f"a picture of {size[1]} x {size[0]} px needs about {needed / 2**30:.1f} GiB, and {there / 2**30:.1f} GiB are free",
        f"try --size {fits}" if fits >= _SMALLEST else "end other programs, or use a machine with more memory",
    )
