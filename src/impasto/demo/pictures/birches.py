"""'Birches in October': trunks, leaves and the light behind them, laid on with short flat strokes of a palette
knife."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .brush import Brush, Canvas
from .surface import Array, canvas_shape, fractal, grid, palette, ramp, smoothstep, turned


@dataclass(frozen=True)
class _Trunk:
    """A trunk; lengths are in picture heights.

    Attributes:
        foot: x of its foot.
        top: x of its top.
        half: half of its width at the foot.
    """

    foot: float
    top: float
    half: float


_ROWS = (  # trunks, the farthest row first
    (
        _Trunk(0.10, 0.13, 0.012),
        _Trunk(0.33, 0.30, 0.011),
        _Trunk(0.55, 0.56, 0.010),
        _Trunk(0.69, 0.71, 0.012),
        _Trunk(0.97, 0.95, 0.011),
        _Trunk(1.20, 1.22, 0.012),
    ),
    (_Trunk(0.42, 0.44, 0.020), _Trunk(0.86, 0.84, 0.021), _Trunk(1.10, 1.13, 0.022)),
    (_Trunk(0.20, 0.16, 0.038), _Trunk(0.60, 0.64, 0.034), _Trunk(1.00, 1.01, 0.040)),
)

_LIGHT = palette("3b3a78", "6d5a9e", "b0648a", "e0803f", "f4ad3c", "fad873", "fdf0c0")
_LEAVES = palette("7a1f1c", "b8341c", "e2601d", "f4952a", "f9c846", "c9b23a", "6f8a35")
_FLOOR = palette("2b2350", "5a3a6e", "8f3f3a", "c9582a", "ee9430", "f7c95a")
_BARK = palette("fffaf0", "f3ead8", "d6d3e0", "a3a8cc", "6a6a9e", "43406e")
_SCAR = palette("1d1626", "3a2a36")


def paint(width: int = 768, seed: int = 0) -> Image.Image:
    """The painting, ``width`` px wide."""
    canvas = Canvas(width, "5a3a4e", np.random.default_rng(seed))
    y, x = grid(canvas_shape(width))
    _paint_glade(canvas, y, x)
    _paint_floor(canvas, y, x)
    for near, row in enumerate(_ROWS):
        for trunk in row:
            _paint_trunk(canvas, y, x, trunk, near=near / 2)
        _paint_leaves(canvas, y)
    return canvas.finish(width, gloss=0.4)


def _paint_glade(canvas: Canvas, y: Array, x: Array) -> None:
    glow = np.exp(-((y - 0.48) ** 2 / 0.05 + (x - 0.74) ** 2 / 0.16))
    target = ramp(_LIGHT, np.clip(0.14 + 0.74 * glow + 0.16 * fractal(y.shape, (0.25, 0.07), canvas.rng, 3), 0, 1))
    upright = turned(np.pi / 2 + 0.22 * fractal(y.shape, 0.08, canvas.rng, 2))
    canvas.cover(np.ones_like(y), target, upright, Brush(0.05, 0.09, square=1, streaks=0.8, value=0.03), 0.03)
    canvas.cover(np.ones_like(y), target, upright, Brush(0.03, 0.055, square=1, streaks=0.8, value=0.04), 0.021)


def _paint_floor(canvas: Canvas, y: Array, x: Array) -> None:
    depth = (y - 0.70 - 0.02 * np.sin(5 * x)) / 0.3
    light = 0.18 * np.sin(26 * (x + 0.5 * depth) + 2 * np.sin(3 * x)) + 0.16 * fractal(
        y.shape, (0.03, 0.12), canvas.rng, 3
    )
    target = ramp(_FLOOR, np.clip(0.78 - 0.5 * depth + light, 0, 1))
    floor, level = np.where(depth > 0, 1.0, 0.0), turned(0.25 * fractal(y.shape, 0.15, canvas.rng, 2))
    canvas.cover(floor, target, level, Brush(0.026, 0.07, square=1, streaks=0.8, value=0.04), 0.017)
    canvas.cover(0.7 * floor, target, level, Brush(0.016, 0.035, square=1, value=0.06, hue=0.2), 0.013)


def _paint_trunk(canvas: Canvas, y: Array, x: Array, trunk: _Trunk, *, near: float) -> None:
    """A trunk in strokes across it, white where the light falls, with dark scars; ``near`` is in 0..1."""
    foot, top, half, end = trunk.foot, trunk.top, trunk.half, 0.74 + 0.2 * near
    middle = top + (foot - top) * y / end + 0.01 * np.sin(6 * y + 40 * foot)
    across = (x - middle) / (half * (0.72 + 0.3 * y) * (1 + 0.8 * smoothstep(end - 0.08, end + 0.02, y)))
    bark = np.where((np.abs(across) < 0.95) & (y < end), 1.0, 0.0)
    tone = np.clip(0.5 + 0.42 * across + 0.10 * fractal(y.shape, (0.05, 0.2), canvas.rng, 2) + 0.18 * (1 - near), 0, 1)
    level = turned(0.35 * np.clip(across, -2, 2) + 0.15 * fractal(y.shape, 0.05, canvas.rng, 2))
    knife = Brush(0.008 + 0.5 * half, 0.008 + 0.6 * half, square=1, streaks=0.7)
    canvas.cover(bark, ramp(_BARK, tone), level, knife, 0.008 + 0.1 * half)
    scars = 0.8 * bark * (fractal(y.shape, (0.022, 0.05), canvas.rng, 2) + 0.4 * np.abs(across) > 1.25)
    edge = Brush(0.004 + 0.12 * half, 0.004 + half, dryness=0.5)
    canvas.cover(scars, ramp(_SCAR, tone), level, edge, 0.006 + 0.06 * half)


def _paint_leaves(canvas: Canvas, y: Array) -> None:
    clumps = fractal(y.shape, 0.2, canvas.rng, 3)
    crown = smoothstep(0.62, 0.05, y + 0.06 * clumps)
    density = crown * smoothstep(0.35, 1.25, clumps + 0.9 * crown)
    fallen = np.where(y > 0.74, 0.12, 0.0)
    target = ramp(_LEAVES, np.clip(0.42 + 0.25 * clumps + 0.16 * fractal(y.shape, 0.05, canvas.rng, 2), 0, 1))
    direction = turned(2 * fractal(y.shape, 0.03, canvas.rng, 1))
    leaves = 0.4 * np.maximum(density, fallen)
    canvas.cover(leaves, target, direction, Brush(0.026, 0.038, square=0.5, body=0.006, value=0.05, hue=0.2), 0.016)
    canvas.cover(0.7 * leaves, target, direction, Brush(0.014, 0.024, body=0.006, value=0.07, hue=0.25), 0.013)
