"""'Three suns': a night sky that turns, hills, wheat and cypresses, in thick strokes along a flow field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .brush import Brush, Canvas
from .surface import Array, along, canvas_shape, fractal, grid, palette, ramp, smoothstep, turned

_SUNS = (  # (y, x, radius)
    (0.25, 0.30, 0.075),
    (0.16, 1.00, 0.060),
    (0.46, 0.86, 0.030),
    (0.08, 0.06, 0.030),
    (0.44, 0.08, 0.024),
    (0.07, 0.60, 0.022),
    (0.50, 0.46, 0.020),
)
_WHIRLS = ((0.35, 0.58, 0.11, 0.24), (0.25, 0.76, 0.09, -0.20))  # (y, x, reach, strength), between the suns
_CYPRESSES = ((1.16, 0.40, 0.05), (0.98, 0.52, 0.04), (1.07, 0.17, 0.075))  # x, y of the tip, half width

_NIGHT = palette("0a1030", "142062", "1c449c", "2a74b8", "5fb0c8", "cfe6cf")
_FIRE = palette("fff6d2", "fedb6a", "f8b32c", "ee8f1d", "f6b14a", "f3dd92")
_HILLS = palette("10173f", "1b3a72", "2a6a84", "58a08a", "a9c98a")
_WHEAT = palette("2f3320", "6b4c1c", "a8681b", "d8921f", "f2bd3a", "fbe08a")
_MEADOW = palette("1d3b2c", "3d6b33", "86963a", "d8b545")
_CYPRESS = palette("070d14", "10262a", "1d4a38", "5c7a3a")


def paint(width: int = 768, seed: int = 0) -> Image.Image:
    """The painting, ``width`` px wide."""
    canvas = Canvas(width, "182040", np.random.default_rng(seed))
    y, x = grid(canvas_shape(width))
    _paint_sky(canvas, y, x)
    _paint_hills(canvas, y, x)
    _paint_wheat(canvas, y, x)
    _paint_cypresses(canvas, y, x)
    return canvas.finish(width)


def _paint_sky(canvas: Canvas, y: Array, x: Array) -> None:
    sky = _night(canvas, y, x)
    for index, (sun_y, sun_x, radius) in enumerate(_SUNS):
        distance = np.hypot(y - sun_y, x - sun_x) / radius
        sky = _kindled(canvas, sky, distance, (-1.0) ** index * radius)
    above, direction = np.where(y < 0.72, 1.0, 0.0), along(sky.stream)
    canvas.cover(above, sky.color, direction, Brush(0.034, 0.13, dryness=0.1, value=0.035), 0.020)
    canvas.cover(above, sky.color, direction, Brush(0.021, 0.095, value=0.045), 0.0145)
    canvas.cover(0.45 * above, sky.color, direction, Brush(0.013, 0.06, value=0.07, hue=0.2), 0.013)


@dataclass(frozen=True)
class _Sky:
    """A sky before it is painted: a stream function ``(h, w)``, along whose level lines strokes run, and a ``color``
    ``(h, w, 3)`` in Oklab."""

    stream: Array
    color: Array


def _night(canvas: Canvas, y: Array, x: Array) -> _Sky:
    """A stream function with two whirls, and colours in bands along its lines."""
    stream = y + 0.03 * np.sin(6 * x + 3 * y) + 0.015 * fractal(y.shape, 0.35, canvas.rng, 2)
    light = 0.25 * (y - 0.3)
    for cy, cx, reach, strength in _WHIRLS:
        whirl = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * reach**2))
        stream, light = stream + strength * whirl, light + 0.25 * whirl
    tone = 0.38 + 0.27 * np.sin(30 * stream) + 0.12 * fractal(y.shape, 0.12, canvas.rng) + light
    return _Sky(stream, ramp(_NIGHT, np.clip(tone, 0, 1)))


def _kindled(canvas: Canvas, sky: _Sky, distance: Array, turn: float) -> _Sky:
    """The sky with a sun in it, around which its stream runs.

    Args:
        canvas: gives the random numbers.
        sky: without this sun.
        distance: ``(h, w)`` from the centre of the sun, in radii.
        turn: the radius in picture heights, negative if the stream runs the other way around.
    """
    near = smoothstep(4.4, 1.6, distance)
    stream = sky.stream * (1 - near) + near * turn * distance
    wobble = fractal(distance.shape, 0.10, canvas.rng, 2), fractal(distance.shape, 0.05, canvas.rng, 2)
    rings = distance * (1 + 0.10 * wobble[0]) + 0.12 * wobble[1]
    glow = smoothstep(3.9, 1.2, rings) * np.clip(0.55 + 0.55 * np.sin(6.3 * rings - 0.6), 0, 1)
    glow = np.maximum(glow, smoothstep(1.6, 1.2, rings))
    # Broken colour: a stroke is fire or night, never the brown between them.
    burns = canvas.rng.random(distance.shape) < glow
    return _Sky(stream, np.where(burns[..., None], ramp(_FIRE, np.clip(0.27 * rings, 0, 1)), sky.color))


def _paint_hills(canvas: Canvas, y: Array, x: Array) -> None:
    crests = (
        0.575 + 0.05 * np.sin(4.2 * x + 0.5) + 0.018 * np.sin(11 * x),
        0.645 + 0.045 * np.sin(3.4 * x + 2.6) + 0.012 * np.sin(12 * x + 1),
    )
    for index, crest in enumerate(crests):
        depth = y - crest
        tone = 0.42 + 0.1 * index + 0.25 * np.sin(70 * depth + 6 * x) + 0.15 * fractal(y.shape, 0.1, canvas.rng)
        target = ramp(_HILLS, np.clip(tone - 0.8 * smoothstep(0.02, 0.005, depth), 0, 1))
        hill, direction = np.where(depth > 0, 1.0, 0.0), along(depth + 0.35 * depth * np.sin(9 * x + index))
        canvas.cover(hill, target, direction, Brush(0.022, 0.075), 0.014)
        canvas.cover(0.6 * hill, target, direction, Brush(0.013, 0.05, value=0.06), 0.012)


def _paint_wheat(canvas: Canvas, y: Array, x: Array) -> None:
    """Rows from far to near, each bright at its ears and dark where it stands."""
    for row in range(7):
        near = row / 6
        crest = (
            0.715
            + 0.22 * near**1.3
            + (0.012 + 0.012 * near) * (np.sin(4 * x + 2 * row) + 0.6 * np.sin(11 * x + 5 * row))
        )
        depth = (y - crest) / (0.035 + 0.03 * near)
        gust = 0.55 * np.sin(5 * x + 1.7 * row) + 0.3 * fractal(y.shape, 0.15, canvas.rng, 2)
        tone = 0.95 - 0.75 * depth + 0.14 * fractal(y.shape, 0.06, canvas.rng)
        target = ramp(_WHEAT if row else _MEADOW, np.clip(tone, 0, 1))
        field = np.where((depth > 0) & (depth < 2.2), 1.0, 0.0)
        brush = Brush(0.014 + 0.007 * near, 0.04 + 0.05 * near, square=0, value=0.05, hue=0.16)
        canvas.cover(field, target, turned(gust - np.pi / 2), brush, 0.010 + 0.004 * near)


def _paint_cypresses(canvas: Canvas, y: Array, x: Array) -> None:
    for foot, tip, half in _CYPRESSES:
        down = np.clip((y - tip) / (1 - tip), 0, 1)
        middle = foot + 0.016 * np.sin(13 * y + 9 * foot)
        edge = half * (1 - (1 - down) ** 2.2) * (1 + 0.22 * np.sin(26 * y + 40 * (x - foot)))
        stream = (x - middle) / (edge + 0.03) + 0.15 * np.sin(22 * y)
        tone = 0.38 + 0.36 * np.sin(8 * stream) + 0.2 * fractal(y.shape, 0.05, canvas.rng)
        target = ramp(_CYPRESS, np.clip(tone, 0, 1))
        tree, direction = np.where((np.abs(x - middle) < edge) & (down > 0), 1.0, 0.0), along(stream)
        canvas.cover(tree, target, direction, Brush(0.018, 0.085, square=0), 0.011)
        canvas.cover(0.6 * tree, target, direction, Brush(0.012, 0.06, square=0, value=0.05), 0.010)
