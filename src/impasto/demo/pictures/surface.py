"""What every painting is made of: colours, noise, coordinates, and light falling on relief.

Colours are Oklab throughout (B. Ottosson, "A perceptual color space for image processing", 2020), where mixing and
varying keep a palette in harmony; `develop` turns them to sRGB once, at the end. Lengths are in picture heights, so
that a painting looks the same at every size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = [
    "ASPECT",
    "SUPERSAMPLING",
    "Array",
    "Indices",
    "along",
    "canvas_shape",
    "cell_of",
    "develop",
    "fractal",
    "grid",
    "lighten",
    "noise",
    "palette",
    "ramp",
    "shade",
    "smoothstep",
    "turned",
    "vary",
]

Array = NDArray[np.floating[Any]]
Indices = NDArray[np.integer[Any]]
Scale = float | tuple[float, float]

ASPECT = 1.28  # width over height of every painting
SUPERSAMPLING = 2  # what has hard edges is painted so much larger, and shrunk by `develop`

_LINEAR_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_CONES_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_LIGHT = (-0.75, -0.66)  # (y, x) of where the light comes from: the upper left


def palette(*colors: str) -> Array:
    """Oklab rows (N, 3) of hexadecimal sRGB colours such as ``"1b3a6b"``."""
    encoded = np.array([[int(color[i : i + 2], 16) / 255 for i in (0, 2, 4)] for color in colors])
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _LINEAR_TO_CONES.T) @ _CONES_TO_OKLAB.T)


def ramp(colors: Array, tone: Array) -> Array:
    """The colour at each ``tone`` along a row of colours (N, 3), from 0 for the first to 1 for the last: (..., 3)."""
    stops = np.linspace(0, 1, len(colors))
    return np.stack([np.interp(tone, stops, colors[:, i]) for i in range(3)], axis=-1)


def vary(colors: Array, rng: np.random.Generator, *, value: float = 0.04, hue: float = 0.12) -> Array:
    """Colours (..., 3), each a little lighter or darker (Oklab L) and turned in hue (radians), by these deviations."""
    angle = rng.normal(0, hue, colors.shape[:-1])
    a, b = colors[..., 1], colors[..., 2]
    turned_hue = (a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle))
    return np.stack([colors[..., 0] + rng.normal(0, value, colors.shape[:-1]), *turned_hue], axis=-1)


def lighten(colors: Array, by: Array) -> Array:
    """Colours (..., 3) with ``by`` (...) added to Oklab L."""
    return colors + by[..., None] * np.array([1.0, 0, 0], colors.dtype)


def smoothstep(start: float, end: float, x: Array) -> Array:
    """0 at ``start`` and before it, 1 at ``end`` and after it, smooth between; ``end`` may be the smaller one."""
    t = np.clip((x - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def canvas_shape(width: int) -> tuple[int, int]:
    """(height, width) in px of a painting of the given width."""
    return round(width / ASPECT), width


def grid(shape: tuple[int, int]) -> tuple[Array, Array]:
    """(y, x), each (H, W): the centre of every pixel, in picture heights."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (rows + 0.5) / shape[0], (columns + 0.5) / shape[0]


def cell_of(points: Array, shape: tuple[int, ...]) -> tuple[Indices, Indices]:
    """Index of the pixel of a (H, W, ...) field in which each point (..., 2), a (y, x), lies; the nearest one if
    outside."""
    index = (points * shape[0]).astype(np.intp)
    return np.clip(index[..., 0], 0, shape[0] - 1), np.clip(index[..., 1], 0, shape[1] - 1)


def turned(angle: Array) -> Array:
    """Unit vectors (..., 2), as (y, x), at ``angle`` (...) in radians: 0 points right, a quarter turn points down."""
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def along(stream: Array) -> Array:
    """Unit vectors (H, W, 2), as (y, x), along the lines of equal ``stream`` (H, W)."""
    down, across = np.gradient(stream)
    return turned(np.arctan2(across, -down))


def noise(shape: tuple[int, int], scale: Scale, rng: np.random.Generator) -> Array:
    """Smooth noise (H, W) of mean 0 and deviation 1, with blobs of ``scale``, or of (down, across), picture heights."""
    down, across = scale if isinstance(scale, tuple) else (scale, scale)
    cells = max(4, round(1 / down)), max(4, round(shape[1] / shape[0] / across))
    coarse = Image.fromarray(rng.standard_normal(cells).astype(np.float32))
    smooth = np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))
    return np.asarray((smooth - smooth.mean()) / smooth.std())


def fractal(shape: tuple[int, int], scale: Scale, rng: np.random.Generator, octaves: int = 4) -> Array:
    """Noise (H, W) in several sizes, each half as large and half as strong as the one before: mean 0, deviation about
    1."""
    down, across = scale if isinstance(scale, tuple) else (scale, scale)
    layers = np.stack([noise(shape, (down / 2**i, across / 2**i), rng) / 2**i for i in range(octaves)])
    return np.asarray(layers.sum(axis=0) / np.sqrt(sum(4.0**-i for i in range(octaves))))


def shade(height: Array, *, strength: float = 1.0, gloss: float = 0.0) -> tuple[Array, Array]:
    """Light from the upper left on a relief (H, W) in picture heights.

    Args:
        height: the relief.
        strength: factor on its slopes.
        gloss: brightness of the highlight on a slope that faces the light.

    Returns:
        A factor (H, W) around 1 for the light that falls on each place, and a highlight (H, W) to add to it.
    """
    down, across = np.gradient(height * height.shape[0] * strength)
    steepness = np.sqrt(1 + down**2 + across**2)
    # A surface that rises away from the light faces it.
    towards = -(down * _LIGHT[0] + across * _LIGHT[1])
    return np.clip((1 + towards) / steepness, 0.35, 1.6), gloss * np.clip(towards / steepness, 0, 1) ** 3


def develop(lab: Array, light: Array | float = 1.0, highlight: Array | float = 0.0, *, width: int) -> Image.Image:
    """The finished picture, ``width`` px wide, 8-bit sRGB.

    Args:
        lab: Oklab colours (H, W, 3), of any size.
        light, highlight: (H, W) what `shade` returned.
        width: of the picture, in px.
    """
    cones = (lab @ np.linalg.inv(_CONES_TO_OKLAB).T) ** 3
    linear = cones @ np.linalg.inv(_LINEAR_TO_CONES).T * np.asarray(light)[..., None] + np.asarray(highlight)[..., None]
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    picture = Image.fromarray(np.rint(encoded * 255).astype(np.uint8))
    return picture.resize(canvas_shape(width)[::-1], Image.Resampling.LANCZOS)
