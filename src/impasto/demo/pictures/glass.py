"""'River of light': a leaded window with a low sun, hills, a river and poppies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from .surface import (
    ASPECT,
    SUPERSAMPLING,
    Array,
    Indices,
    canvas_shape,
    develop,
    fractal,
    grid,
    lighten,
    noise,
    palette,
    ramp,
    shade,
    smoothstep,
    turned,
    vary,
)

_SKY = palette("fff3b8", "ffd860", "fba63a", "ee6f3c", "c9445e", "7d3a8c", "39408f", "1f2f74")
_HILLS = palette("6a4c9c", "3f5fae", "2a7f9e", "1f8a6a", "3d9a3f", "8fb533")
_RIVER = palette("ffe9a0", "f7c46a", "8fd0c8", "3fa0c4", "2463a8", "1b3f86")
_LEAF = palette("0f4a34", "1f7a43", "4fa03a", "9cc23f")
_PETAL = palette("6e0f22", "a8142c", "d62a30", "f0553a", "f58a5a")
_HEART = palette("2a1038", "f7c53a")
_BORDER = palette("1c3f8f", "8f1730", "e0a22c", "1f6f5c")
_LEAD = palette("2b2b30")[0]

_SUN = (0.34, 0.56, 0.085)  # y, x, radius
_POPPIES = (  # y, x, radius
    *((0.66, 0.17, 0.095), (0.83, 0.32, 0.075), (0.85, 0.10, 0.068)),
    *((0.72, 1.13, 0.092), (0.86, 0.99, 0.070), (0.58, 1.02, 0.062)),
)


class Window:
    """Panes of glass: the number of the pane and of the figure at each pixel (H, W), and a colour for each pane."""

    def __init__(self, width: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.shape = canvas_shape(SUPERSAMPLING * width)
        self.pane = np.zeros(self.shape, np.int32)
        self.figure = np.zeros(self.shape, np.int32)
        self.colors = np.zeros((0, 3))

    def cut(
        self,
        mask: NDArray[np.bool_],
        strip: Array,
        piece: Array,
        colors: Array,
        tone: Array | float,
        *,
        stray: float = 0.05,
    ) -> None:
        """Fill ``mask`` with panes, cut at whole numbers of ``strip``, and of ``piece`` within a strip; all (H, W).

        A pane's colour lies along ``colors`` at the mean of ``tone`` (0 to 1) over it, and strays from there.
        """
        inside = np.nonzero(mask)
        number = np.floor(strip[inside]).astype(int) * 4096 + np.floor(piece[inside]).astype(int)
        _, pane = np.unique(number, return_inverse=True)
        mean = np.bincount(pane, np.broadcast_to(tone, self.shape)[inside]) / np.bincount(pane)
        wanted = ramp(colors, np.clip(mean + self.rng.normal(0, stray, len(mean)), 0, 1))
        self.pane[inside] = pane + len(self.colors)
        self.figure[inside] = self.figure.max() + 1
        self.colors = np.concatenate([self.colors, vary(wanted, self.rng, value=0.035, hue=0.10)])

    def shard(self, outline: Array, colors: Array, tone: float) -> None:
        """One pane with an ``outline`` (N, 2) of points (y, x)."""
        mask = Image.new("1", self.shape[::-1])
        ImageDraw.Draw(mask).polygon([(x, y) for y, x in outline * self.shape[0]], fill=1)
        whole = np.zeros(self.shape)
        self.cut(np.asarray(mask), whole, whole, colors, tone)


def paint(width: int = 768, seed: int = 0) -> Image.Image:
    """The painting, ``width`` px wide."""
    window = Window(width, np.random.default_rng(seed))
    y, x = (axis + 0.004 * fractal(window.shape, 0.2, window.rng, 2) for axis in grid(window.shape))  # cut by hand
    _cut_sky(window, y, x)
    _cut_hills(window, y, x)
    _cut_river(window, y, x)
    _cut_leaves(window)
    for poppy in _POPPIES:
        _cut_poppy(window, *poppy)
    _cut_border(window)
    return _light(window, width)


def _cut_sky(window: Window, y: Array, x: Array) -> None:
    """Rings of panes around the sun, which widen outwards."""
    distance, angle = np.hypot(y - _SUN[0], x - _SUN[1]), np.arctan2(y - _SUN[0], x - _SUN[1])
    ring = 2 + 3.6 * np.log2(np.maximum(distance / _SUN[2], 1)) + 0.22 * np.sin(7 * angle + 9 * distance)
    ring = np.where(distance < _SUN[2], distance > 0.45 * _SUN[2], ring)
    strip = np.floor(ring)
    count = np.select([strip < 1, strip < 2, strip < 3, strip < 8], [1, 9, 16, 24], 36)
    offset = window.rng.random(64)[strip.astype(int)]
    sector = np.where(strip < 1, 0, ((angle / (2 * np.pi) + 0.5) * count + offset + 0.25 * np.sin(3 * ring)) % count)
    window.cut(np.ones(y.shape, bool), ring, sector, _SKY, (strip - 1) / 12.5, stray=0.06)


def _cut_hills(window: Window, y: Array, x: Array) -> None:
    for index in range(4):
        crest = 0.53 + 0.075 * index + (0.05 - 0.008 * index) * np.sin((3.5 + 0.8 * index) * x + 2.4 * index + 0.6)
        depth = (y - crest) / (0.030 + 0.008 * index)
        piece = x / 0.10 + 0.9 * np.floor(depth) + 0.4 * np.sin(3 * depth)
        window.cut(depth > 0, depth, piece, _HILLS, 0.12 + 0.24 * index + 0.12 * np.sin(2.2 * np.floor(depth)))


def _cut_river(window: Window, y: Array, x: Array) -> None:
    down = np.clip((y - 0.545) / 0.455, 0, 1)
    middle = _SUN[1] + 0.02 + 0.17 * np.sin(4.6 * down**0.8) * down**0.6 - 0.05 * down
    across = (x - middle) / (0.030 + 0.20 * down**1.4)
    strip = (1.5 + 1.4 * (down > 0.25)) * (across + 1) + 0.3 * np.sin(14 * down)
    piece = 9 * np.sqrt(down) + 0.43 * np.floor(strip)
    tone = 0.8 * np.abs(across) ** 1.2 + 0.12 * np.sin(5 * np.floor(strip))
    window.cut((np.abs(across) < 1) & (y > 0.545), strip, piece, _RIVER, tone, stray=0.1)


def _cut_leaves(window: Window) -> None:
    rng = window.rng
    for x in (*np.linspace(0.05, 0.40, 8), *np.linspace(0.88, 1.23, 8)):
        lean, bend = rng.normal(0, 0.2), rng.normal(0, 0.5)
        window.shard(
            _blade((1.02, x + rng.normal(0, 0.01)), rng.uniform(0.16, 0.34), lean, bend, 0.040),
            _LEAF,
            rng.uniform(0, 1),
        )


def _cut_poppy(window: Window, y: float, x: float, radius: float) -> None:
    window.shard(_blade((1.02, x + 0.03), 1.02 - y, -0.05, -0.04, 0.012), _LEAF, 0.4)
    center, start = np.array([y, x]), window.rng.uniform(0, 2 * np.pi)
    t = np.linspace(-0.78, 0.78, 24)
    for petal in range(5):
        rim = center + (radius * np.cos(t) ** 0.45 * (1 + 0.04 * np.sin(11 * t)))[:, None] * turned(
            start + petal * 0.4 * np.pi + t
        )
        window.shard(np.concatenate([rim, [center]]), _PETAL, window.rng.uniform(0.1, 0.9))
    for share, tone in ((0.34, 1.0), (0.15, 0.0)):
        window.shard(center + share * radius * turned(np.linspace(0, 2 * np.pi, 24)), _HEART, tone)


def _blade(root: tuple[float, float], length: float, lean: float, bend: float, width: float) -> Array:
    """The outline of a leaf that grows upwards from its root, leaning (radians) and bending over."""
    t = np.linspace(0, 1, 30)
    heading = turned(lean + bend * t**1.5 - np.pi / 2)
    path = np.array(root) + np.cumsum(heading, axis=0) * length / len(t)
    side = heading[:, ::-1] * [1, -1] * (width / 2 * np.sin(np.pi * (0.15 + 0.85 * t)) ** 0.8)[:, None]
    return np.concatenate([path + side, (path - side)[::-1]])


def _cut_border(window: Window) -> None:
    y, x = grid(window.shape)
    rows, columns = np.minimum(y, 1 - y), np.minimum(x, ASPECT - x)
    upright = columns < rows
    side = np.select([upright & (x < 0.5 * ASPECT), upright, y < 0.5], [0, 1, 2], 3)
    piece = np.where(upright, 12 * y, 15 * x / ASPECT)
    tone = (0.37 * np.floor(piece) + 0.2 * side) % 1
    window.cut(np.minimum(rows, columns) < 0.042, side, piece, _BORDER, tone, stray=0)


def _light(window: Window, width: int) -> Image.Image:
    """Lead lines, lit from the front, around hammered glass with the sun behind it."""
    shape, rng = window.shape, window.rng
    cut, outline = _from_edges(window.pane), _from_edges(window.figure)
    lead = np.maximum(0.0032 * (1 + 0.12 * noise(shape, 0.02, rng)) - cut, 0.0046 - outline)  # depth inside a lead
    glass = _glass(window, np.minimum(cut, outline))
    metal = lighten(np.broadcast_to(_LEAD, glass.shape), 0.04 * noise(shape, 0.01, rng))
    opaque = smoothstep(0, 0.0012, lead)
    hammered = 0.0006 * fractal(shape, 0.014, rng, 2) * (1 - opaque)
    height = np.sqrt(0.008 * np.clip(lead, 0, None)) + hammered
    light, highlight = shade(ndimage.gaussian_filter(height, 1.0), gloss=0.30)
    return develop(glass + (metal - glass) * opaque[..., None], light, highlight, width=width)


def _glass(window: Window, inside: Array) -> Array:
    """Colours (H, W, 3) of the glass: streaks that run their own way in each pane, bubbles, dirt along the leads."""
    shape, rng = window.shape, window.rng
    y, x = grid(shape)
    turn = (6 * rng.random(len(window.colors)))[window.pane]
    streaks = fractal(shape, (0.02, 0.06), rng, 3) * np.cos(turn) + fractal(shape, (0.06, 0.02), rng, 3) * np.sin(turn)
    bubbles = 0.5 * noise(shape, 0.004, rng) + np.clip(noise(shape, 0.006, rng) - 2.2, 0, 1)
    glow = 0.02 + 0.09 * np.exp(-((y - _SUN[0]) ** 2 + (x - _SUN[1]) ** 2) / 0.10)
    dirt = 0.13 * smoothstep(0.012, 0, inside)
    tint = streaks[..., None] * np.array([0, 0.006, 0.012])
    return lighten(window.colors[window.pane] + tint, 0.035 * streaks + 0.016 * bubbles + glow - dirt)


def _from_edges(labels: Indices) -> Array:
    """How far each pixel (H, W) is from where the label changes, in picture heights."""
    edges = np.zeros(labels.shape, bool)
    edges[:-1] |= labels[:-1] != labels[1:]
    edges[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    return np.asarray(ndimage.distance_transform_edt(~edges)) / len(labels)
