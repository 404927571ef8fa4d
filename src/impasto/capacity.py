"""How much memory a run will take, and whether that much is there."""

from __future__ import annotations

import psutil
import torch

from .config import StylizeConfig
from .errors import CapacityError
from .features import Backbone

__all__ = ["available_memory", "check_capacity", "peak_bytes"]

_BASE = 400 * 2**20  # interpreter, PyTorch and the weights


def peak_bytes(config: StylizeConfig, backbone: Backbone, size: tuple[int, int]) -> int:
    """An estimate of the peak, in bytes, of painting at ``size`` (height, width) with a resolved ``config``.

    Activations are kept for the backward pass, once before and once after each ReLU; hypercolumns of canvas, content and
    matches, their gradients and the bank stand beside them. benchmarks/capacity.py compares it with the measured peak.
    """
    pixels = size[0] * size[1]
    used = (
        {*(config.content_layers or ()), *(config.style_layers or ())} if config.content_weight or config.style_weight else set()
    )
    matched = set(config.neighbour_layers) if config.neighbour_weight else set()
    deepest = max((backbone.layers[name].radius for name in (used | matched) & backbone.layers.keys()), default=0)
    specs = [spec for spec in backbone.layers.values() if spec.radius <= deepest]
    activations = sum(spec.channels / spec.stride**2 for spec in specs) * (4 if config.precision == "float32" else 2) * 2.5
    stacked = sum(backbone.layers[name].channels for name in matched) * 4
    return int(_BASE + pixels * (activations + stacked * 6 / 16 + 3 * 4 * 12) + stacked * config.neighbour_bank * 3)


def available_memory(device: torch.device) -> int:
    """Bytes that can be taken now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return int(psutil.virtual_memory().available)


def check_capacity(needed: int, device: torch.device, size: tuple[int, int]) -> None:
    """Refuse, before anything is computed, a run that cannot fit.

    Args:
        needed: bytes.
        size: (height, width) of the finished picture, for the message.

    Raises:
        CapacityError: more is needed than there is.
    """
    there = available_memory(device)
    if needed > there:
        fits = max(16, int(max(size) * (there / needed) ** 0.5 * 0.95))
        raise CapacityError(
            f"a picture of {size[1]} x {size[0]} px needs about {needed / 2**30:.1f} GiB, and {there / 2**30:.1f} GiB are free",
            f"try --size {fits}",
        )
