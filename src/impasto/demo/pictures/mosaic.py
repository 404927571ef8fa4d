"""'The golden tree': a mosaic of glass and gold, whose rows of tesserae follow the branches.

Tesserae are set row by row outwards from the drawing, as a mosaicist does, and cut to fit: each pixel belongs to the
    tessera
that is nearest in the max norm turned along its row (A. Hausner, "Simulating decorative mosaics", 2001).
"""

from __future__ import annotations

import heapq

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

from .surface import (
    Array,
    Indices,
    along,
    canvas_shape,
    cell_of,
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

_TILE = 0.0185  # side of a tessera
_TREE, _GROUND = 0, 1  # figures of the drawing; blossoms are 2 and up

_GOLD = palette("6b3a10", "a8651a", "d6952a", "f2c24a", "fbe08a")
_SEA = palette("101f4d", "0f3f66", "0f6673", "1d938c", "5cc2ae", "c9ebd2")
_OUTLINE = palette("1a2a6b")[0]
_EARTH = palette("4a1a1c", "7f2b22", "a8572a", "4d6a3a", "2f7a5a", "8fa24a")
_BLOSSOM = palette("f8efd2", "d8402c", "7d1526", "f3b83a", "12708a", "eaf3e4")
_GROUT = palette("3a3630")[0]

# Each branch: centre of its coil, radius, sense of turning, angle at which it enters; its root and its heading there.
_BRANCHES = (
    ((0.30, 0.27), 0.215, 1, 0.30, (0.66, 0.60), (-1.0, -0.35)),
    ((0.29, 1.01), 0.215, -1, np.pi - 0.30, (0.68, 0.66), (-1.0, 0.35)),
    ((0.20, 0.64), 0.135, 1, 0.9, (0.52, 0.65), (-1.0, 0.1)),
    ((0.66, 0.22), 0.135, 1, 0.2, (0.80, 0.60), (-0.8, -0.5)),
    ((0.65, 1.06), 0.135, -1, np.pi - 0.2, (0.82, 0.66), (-0.8, 0.5)),
)
_BLOSSOMS = (  # y, x, radius
    *((0.07, 0.47, 0.044), (0.08, 0.82, 0.044), (0.08, 0.04, 0.050), (0.07, 1.23, 0.050), (0.56, 0.42, 0.038)),
    *((0.57, 0.88, 0.038), (0.86, 0.40, 0.044), (0.84, 0.86, 0.044), (0.55, 0.04, 0.038), (0.50, 1.23, 0.044)),
)


def paint(width: int = 768, seed: int = 0) -> Image.Image:
    """The painting, ``width`` px wide."""
    rng = np.random.default_rng(seed)
    distance, figure = _draw(canvas_shape(width))
    centers, tangents = _set_tesserae(distance, rng)
    tile, edge = _cut(distance.shape, centers, tangents)
    colors = _choose_colors(centers, distance, figure, rng)
    return _light(tile, edge, centers, colors, rng, width)


def _draw(shape: tuple[int, int]) -> tuple[Array, Indices]:
    """Signed distance (H, W) to the nearest figure, negative inside it, and the number of that figure."""
    y, x = grid(shape)
    t = np.linspace(0, 1, 60)
    trunk = np.column_stack([1.05 - 0.45 * t, 0.63 + 0.012 * np.sin(5 * t), 0.05 + 0.05 * (1 - t) ** 3 - 0.012 * t])
    wood = np.concatenate([trunk, *(_branch(*branch) for branch in _BRANCHES)])
    reach, nearest = cKDTree(wood[:, :2]).query(np.stack([y, x], axis=-1).reshape(-1, 2))
    tree = (reach - wood[nearest, 2]).reshape(shape)
    ground = 0.925 - 0.025 * np.cos(6 * (x - 0.63)) - y
    figures = np.stack([tree, ground, *(np.hypot(y - cy, x - cx) - radius for cy, cx, radius in _BLOSSOMS)])
    return figures.min(axis=0), figures.argmin(axis=0)


def _branch(
    center: tuple[float, float],
    radius: float,
    turn: int,
    angle: float,
    root: tuple[float, float],
    heading: tuple[float, float],
) -> Array:
    """Points (N, 3) of a branch, (y, x, half its thickness): a Bezier curve from the root, then an even spiral."""
    spin = np.linspace(0, 1, 160)
    spiral = np.array(center) + (radius * (1 - 0.86 * spin))[:, None] * turned(angle - turn * 3.5 * np.pi * spin)
    start, end = np.array(root), spiral[0]
    reach = 0.5 * np.linalg.norm(end - start)
    arrival = (spiral[1] - end) / np.linalg.norm(spiral[1] - end)
    t = np.linspace(0, 1, 60)[:, None]
    lead = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * (start + reach * np.array(heading))
    lead = lead + 3 * (1 - t) * t**2 * (end - reach * arrival) + t**3 * end
    thickness = np.concatenate([np.linspace(0.033, 0.027, 60), np.linspace(0.027, 0.0175, 160)])
    return np.column_stack([np.concatenate([lead, spiral]), thickness])


def _set_tesserae(distance: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Centres and tangents (N, 2): rows grow along the outlines first, then outwards and inwards, wherever there is
    room."""
    tangents = along(distance)
    outline = np.argwhere(np.abs(distance - 0.5 * _TILE) < 0.6 / len(distance)) + 0.5
    rng.shuffle(outline)
    queue = [(0, order, place) for order, place in enumerate((outline / len(distance)).tolist())]
    bed = _Bed(distance.shape[1] / len(distance))
    while queue:
        rank, _, place = heapq.heappop(queue)
        point = np.array(place)
        cell = cell_of(point, distance.shape)
        tangent = tangents[cell]
        normal = np.array([-tangent[1], tangent[0]])
        # Onto the middle of its row.
        point = point - normal * ((distance[cell] / _TILE) % 1 - 0.5) * _TILE
        if not bed.take(point, tangent):
            continue
        step = _TILE * rng.uniform(0.95, 1.2)
        for turn, (cost, move) in enumerate(
            ((0, step * tangent), (0, -step * tangent), (1, _TILE * normal), (1, -_TILE * normal))
        ):
            heapq.heappush(queue, (rank + cost, len(outline) + 4 * len(bed.centers) + turn, (point + move).tolist()))
    return np.array(bed.centers), np.array(bed.tangents)


class _Bed:
    """The tesserae set so far, found quickly by place."""

    def __init__(self, aspect: float) -> None:
        self.centers: list[Array] = []
        self.tangents: list[Array] = []
        self._aspect = aspect
        self._cells: dict[tuple[int, int], list[Array]] = {}

    def take(self, point: Array, tangent: Array) -> bool:
        """Set a tessera there, if that is on the picture and free."""
        if not (-_TILE < point[0] < 1 + _TILE and -_TILE < point[1] < self._aspect + _TILE):
            return False
        row, column = int(point[0] // _TILE), int(point[1] // _TILE)
        around = [self._cells.get((row + i, column + j), []) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        if any(_reach(point - other, tangent, np.inf) < 0.8 * _TILE for near in around for other in near):
            return False
        self._cells.setdefault((row, column), []).append(point)
        self.centers.append(point)
        self.tangents.append(tangent)
        return True


def _reach(offset: Array, tangent: Array, order: float) -> Array:
    """Length (...) of offsets (..., 2) in the p-norm of axes along and across ``tangent`` (..., 2)."""
    u = offset[..., 0] * tangent[..., 0] + offset[..., 1] * tangent[..., 1]
    w = offset[..., 0] * tangent[..., 1] - offset[..., 1] * tangent[..., 0]
    return np.asarray(np.linalg.norm(np.stack([u, w]), ord=order, axis=0))


def _cut(shape: tuple[int, int], centers: Array, tangents: Array) -> tuple[Indices, Array]:
    """The tessera that each pixel (H, W) belongs to, and how far the pixel is inside its edge."""
    points = np.stack(grid(shape), axis=-1).reshape(-1, 2)
    _, near = cKDTree(centers).query(points, k=6)
    reach = _reach(points[:, None] - centers[near], tangents[near], 5)
    order = np.argsort(reach, axis=1)[:, :2]
    first, second = np.take_along_axis(reach, order, 1).T
    tile = np.take_along_axis(near, order[:, :1], 1)
    return tile.reshape(shape), np.minimum((second - first) / 2, 0.75 * _TILE - first).reshape(shape)


def _choose_colors(centers: Array, distance: Array, figure: Indices, rng: np.random.Generator) -> Array:
    """A colour (N, 3) for each tessera, by its figure and its row."""
    cell = cell_of(centers, distance.shape)
    row, kind = np.floor(distance[cell] / _TILE), figure[cell]
    drift, strew = fractal((distance.shape[0], distance.shape[1]), 0.25, rng)[cell], rng.standard_normal(len(row))
    sea = ramp(_SEA, np.clip(0.95 - 0.16 * row + 0.17 * drift + 0.07 * (row % 2), 0, 1))
    gold = ramp(_GOLD, np.clip(0.58 - 0.27 * (row + 1) + 0.16 * drift + 0.18 * strew, 0, 1))
    soil = _EARTH[rng.integers(0, len(_EARTH), len(row))]
    petal = _BLOSSOM[(kind - row.astype(int) - 1) % len(_BLOSSOM)]
    flecks = (row > 1) & (rng.random(len(row)) < 0.05)
    places = [flecks, row == 0, row > 0, kind == _TREE, kind == _GROUND, kind > _GROUND]
    colors = [gold, np.broadcast_to(_OUTLINE, gold.shape), sea, gold, soil, petal]
    chosen = np.select([np.broadcast_to(place[:, None], gold.shape) for place in places], colors)
    return vary(chosen, rng)


def _light(
    tile: Indices, edge: Array, centers: Array, colors: Array, rng: np.random.Generator, width: int
) -> Image.Image:
    """Bevelled tesserae, each tilted a little in its bed of grout, so that each catches the light in its own way."""
    shape = canvas_shape(width)
    y, x = grid(shape)
    glass = smoothstep(0.0005, 0.0022, edge)
    tilt = rng.normal(0, 0.10, centers.shape)[tile]
    plane = (y - centers[tile, 0]) * tilt[..., 0] + (x - centers[tile, 1]) * tilt[..., 1]
    rough = 0.0002 * noise(shape, 0.006, rng) + 0.00012 * noise(shape, 0.003, rng)
    height = glass * (0.001 + 0.0022 * smoothstep(0, 0.005, edge) + plane + rough)
    tesserae = lighten(colors[tile], 0.015 * noise(shape, 0.008, rng))
    grout = lighten(np.broadcast_to(_GROUT, tesserae.shape), 0.03 * noise(shape, 0.004, rng))
    light, highlight = shade(height, strength=1.3, gloss=0.8)
    return develop(grout + (tesserae - grout) * glass[..., None], light, highlight * glass, width=width)
