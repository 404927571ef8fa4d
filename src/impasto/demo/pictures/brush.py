"""A loaded brush: strokes with bristles, ridges and two half-mixed colours, laid one over another.

Many strokes are laid at once. Every stroke is a strip of sample points; each pixel remembers the last point that fell
on it, and only those points are then given a colour and a height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from .surface import ASPECT, SUPERSAMPLING, Array, Indices, canvas_shape, cell_of, develop, noise, palette, shade, vary

__all__ = ["Brush", "Canvas"]

_DENSITY = 1.2  # sample points per pixel along and across a stroke, so that bends leave no holes
_POINTS = 3_000_000  # points laid at once; bounds the memory
_FURROWS = 1024  # side of the square texture that bristles are taken from


@dataclass(frozen=True)
class Brush:
    """How a stroke looks; lengths are in picture heights.

    Attributes:
        width: full width of a stroke.
        length: length of a stroke.
        body: height of the paint.
        bristles: depth of the furrows, as a share of ``body``.
        dryness: how much the end of a stroke breaks up and shows what lies below, 0 to 1.
        streaks: how much of the second colour is pulled through the first, 0 to 1.
        square: 0 for a round tip, 1 for a flat one such as a knife's.
        value: deviation of the lightness of the paint, in Oklab L, see `vary`; the second colour deviates twice as far.
        hue: deviation of the hue of the paint, in radians; the second colour deviates twice as far.
    """

    width: float
    length: float
    body: float = 0.004
    bristles: float = 0.6
    dryness: float = 0.3
    streaks: float = 0.5
    square: float = 0.3
    value: float = 0.03
    hue: float = 0.12


class Canvas:
    """Paint on a ground, at `SUPERSAMPLING` times the size of the picture.

    ``color`` (H, W, 3) is Oklab, ``height`` (H, W) the relief in picture heights. Fields that describe what to paint
    may be of any size: they are looked up by place.
    """

    def __init__(self, width: int, ground: str, rng: np.random.Generator) -> None:
        self.rng = rng
        self.shape = canvas_shape(SUPERSAMPLING * width)
        self.color = np.broadcast_to(palette(ground), (*self.shape, 3)).astype(np.float32)
        self.height = np.zeros(self.shape, np.float32)
        # Furrows run along the second axis: one row per bristle, long and slowly changing.
        texture = ndimage.gaussian_filter(rng.standard_normal((_FURROWS, _FURROWS)), (1.5, 32), mode="wrap")
        self._texture = (texture / texture.std()).astype(np.float32)

    def cover(self, density: Array, target: Array, direction: Array, brush: Brush, spacing: float) -> None:
        """Cover a region with strokes in random order.

        Args:
            density: (h, w) chance in 0..1 that a place gets a stroke.
            target: (h, w, 3) the colour wanted at each place.
            direction: (h, w, 2) unit vectors (y, x) that strokes follow.
            brush: the brush.
            spacing: mean distance of strokes, in picture heights.
        """
        points = self._scatter(density, spacing)
        wanted = target[cell_of(points, target.shape)]
        first = vary(wanted, self.rng, value=brush.value, hue=brush.hue)
        second = vary(wanted, self.rng, value=2 * brush.value, hue=2 * brush.hue)
        paths = _follow(points, direction, brush.length) * self.shape[0]
        strip = tuple(int(np.ceil(side * self.shape[0] * _DENSITY)) + 2 for side in (brush.length, brush.width))
        step = max(1, _POINTS // (strip[0] * strip[1]))
        for part in (slice(start, start + step) for start in range(0, len(points), step)):
            self._lay(paths[part], first[part], second[part], brush, strip)

    def finish(self, width: int, *, gloss: float = 0.35) -> Image.Image:
        """The picture, ``width`` px wide: varnished, lit from the upper left and brought to sRGB."""
        y, x = np.ogrid[: self.shape[0], : self.shape[1]]
        weave = 0.00035 * (np.sin(y * 2.1) * np.sin(x * 2.1) + 0.5 * noise(self.shape, 0.004, self.rng))
        light, highlight = shade(ndimage.gaussian_filter(self.height + weave, 0.6), gloss=gloss)
        return develop(self.color, light, highlight, width=width)

    def _scatter(self, density: Array, spacing: float) -> Array:
        """Points (N, 2) on a jittered grid, in random order, kept with the chance ``density``."""
        y, x = np.meshgrid(np.arange(0, 1, spacing), np.arange(0, ASPECT, spacing), indexing="ij")
        points = np.stack([y.ravel(), x.ravel()], axis=1)
        points += self.rng.uniform(0, spacing, points.shape)
        self.rng.shuffle(points)
        return points[self.rng.random(len(points)) < density[cell_of(points, density.shape)]]

    def _lay(self, paths: Array, first: Array, second: Array, brush: Brush, strip: tuple[int, ...]) -> None:
        """Lay strokes in order: ``paths`` (N, L, 2) in px, two colours (N, 3) each, sampled as ``strip`` (along,
        across)."""
        u, v = (np.linspace(start, 1, count, dtype=np.float32) for start, count in zip((0, -1), strip, strict=True))
        furrow = self._bristles(len(paths), strip)
        # The brush runs dry: towards the end, and at the rim, only the high bristles still leave paint.
        wet = 2.2 - 5.2 * brush.dryness * u[:, None] ** 3 - 3 * np.abs(v) ** 6
        points = np.flatnonzero(furrow > -wet)
        hit, last = self._topmost(self._places(paths, u, v, brush).ravel()[points], points)
        stroke, sample = np.divmod(last, strip[0] * strip[1])
        bristle, across = furrow.ravel()[last], np.tile(v, strip[0])[sample]
        mix = np.clip(0.5 * brush.streaks * (1 + bristle + 0.6 * across), 0, 1)[:, None]
        self.color.reshape(-1, 3)[hit] = first[stroke] * (1 - mix) + second[stroke] * mix
        thickness = self.rng.uniform(0.7, 1.3, len(paths))[stroke] * _profile(u, v).ravel()[sample]
        self.height.reshape(-1)[hit] = brush.body * (thickness + 0.3 * brush.bristles * bristle)

    def _bristles(self, count: int, strip: tuple[int, ...]) -> Array:
        """Furrows (N, along, across) of deviation 1, each stroke's from another part of the texture."""
        row, column = self.rng.integers(0, _FURROWS, (2, count, 1, 1))
        rows, columns = row + np.arange(strip[1]), column + np.arange(strip[0])[:, None]
        return np.asarray(self._texture[rows % _FURROWS, columns % _FURROWS])

    def _places(self, paths: Array, u: Array, v: Array, brush: Brush) -> Indices:
        """The pixel (N, along, across) under each sample, as an index into the canvas; one past its end if off it."""
        spine = _resample(paths, len(u))
        tangent = np.gradient(spine, axis=1)
        tangent /= np.linalg.norm(tangent, axis=-1, keepdims=True) + 1e-6
        tip = np.sqrt(np.clip(1 - np.abs(2 * u - 1) ** 5, 0, 1)) * (1 - brush.square) + brush.square
        half = brush.width * self.shape[0] / 2 * self.rng.uniform(0.75, 1.2, (len(paths), 1)).astype(np.float32) * tip
        reach = half[:, :, None] * v
        rows = (spine[:, :, None, 0] + tangent[:, :, None, 1] * reach).astype(np.int32)
        columns = (spine[:, :, None, 1] - tangent[:, :, None, 0] * reach).astype(np.int32)
        height, width = self.shape
        # Seen as unsigned, what is negative is too large as well.
        off = (rows.view(np.uint32) >= height) | (columns.view(np.uint32) >= width)
        index = rows * width + columns
        return np.where(off, height * width, index)

    def _topmost(self, places: Indices, points: Indices) -> tuple[Indices, Indices]:
        """The pixels that were hit, and the last of ``points`` that fell on each."""
        last = np.full(self.color[..., 0].size + 1, -1, np.int64)
        last[places] = points
        hit = np.flatnonzero(last[:-1] >= 0)
        return hit, last[hit]


def _follow(points: Array, direction: Array, length: float, steps: int = 10) -> Array:
    """Paths (N, steps + 1, 2) that run through ``points`` (N, 2) along a field of unit vectors (h, w, 2)."""
    halves = []
    for sign in (-1, 1):
        here, path = points, []
        for _ in range(steps // 2):
            here = here + sign * length / steps * direction[cell_of(here, direction.shape)]
            path.append(here)
        halves.append(path)
    return np.stack([*halves[0][::-1], points, *halves[1]], axis=1)


def _resample(paths: Array, count: int) -> Array:
    position = np.linspace(0, paths.shape[1] - 1.001, count)
    low = position.astype(int)
    part = (position - low)[:, None]
    return np.asarray(paths[:, low] * (1 - part) + paths[:, low + 1] * part, np.float32)


def _profile(u: Array, v: Array) -> Array:
    """Cross-section (along, across) of the paint: a ridge at both sides, thick where the brush was set down."""
    side = 0.75 + 0.35 * np.exp(-(((np.abs(v) - 0.82) / 0.13) ** 2)) - 0.6 * np.abs(v) ** 10
    start = 1 + 0.4 * np.exp(-(((u - 0.06) / 0.07) ** 2)) - 0.35 * u
    return np.asarray(start[:, None] * side)
