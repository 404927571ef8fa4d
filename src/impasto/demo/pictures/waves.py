"""'Breakers at dawn': a wood-block print of waves, cut as shapes on one block and printed with the grain of the
wood."""

from __future__ import annotations

import itertools

import numpy as np
from PIL import Image

from .surface import Array, turned
from .woodblock import Block, Ink, Knots, curve, side_of, swelling

_WATER = (Ink.PRUSSIAN, Ink.BLUE, Ink.INDIGO, Ink.PALE, Ink.PRUSSIAN, Ink.BLUE, Ink.MIST, Ink.BLUE, Ink.INDIGO)

_LINE = 0.006  # width of an outline
_SUN = (0.27, 0.98, 0.125)  # y, x, radius
_CLOUDS = (  # y, from x, to x
    *((0.13, 0.62, 1.40), (0.21, 1.05, 1.40), (0.34, 0.80, 1.12), (0.40, 1.08, 1.40)),
    *((0.15, -0.10, 0.16), (0.27, -0.10, 0.07), (0.43, 0.62, 0.84)),
)
_MOUNTAIN = (
    *((0.58, 0.56), (0.55, 0.74), (0.50, 0.83), (0.41, 0.92), (0.395, 0.95)),
    *((0.42, 0.98), (0.50, 1.07), (0.55, 1.18), (0.56, 1.30)),
)
_SNOW_LINE = ((0.455, 1.02), (0.445, 0.99), (0.47, 0.975), (0.44, 0.955), (0.475, 0.93), (0.445, 0.91), (0.47, 0.87))
_SWELL = ((0.60, 0.3), (0.56, 0.55), (0.60, 0.75), (0.55, 0.95), (0.53, 1.10), (0.58, 1.35))

# Each breaker: its back and its face, both from the foot to the tip where they meet; length of its fingers of foam, and
# the way it curls: 1 to the right, -1 to the left.
_BREAKERS: tuple[tuple[Knots, Knots, float, int], ...] = (
    (
        (
            (1.05, -0.10),
            (0.72, -0.02),
            (0.46, 0.10),
            (0.24, 0.27),
            (0.12, 0.44),
            (0.11, 0.57),
            (0.18, 0.67),
            (0.27, 0.71),
        ),
        (
            *((1.08, 1.05), (0.95, 0.72), (0.83, 0.55), (0.66, 0.44), (0.48, 0.41)),
            *((0.34, 0.46), (0.25, 0.56), (0.235, 0.64), (0.27, 0.71)),
        ),
        0.10,
        1,
    ),
    (
        ((1.05, 1.45), (0.80, 1.36), (0.62, 1.27), (0.56, 1.18), (0.58, 1.09), (0.64, 1.05)),
        ((1.08, 0.80), (0.95, 0.98), (0.84, 1.10), (0.73, 1.14), (0.65, 1.12), (0.62, 1.085), (0.64, 1.05)),
        0.06,
        -1,
    ),
    (
        ((1.10, -0.10), (0.93, 0.05), (0.85, 0.20), (0.86, 0.32), (0.92, 0.37)),
        ((1.20, 0.90), (1.05, 0.60), (0.95, 0.43), (0.905, 0.37), (0.90, 0.34), (0.92, 0.37)),
        0.06,
        1,
    ),
)


def paint(width: int = 768, seed: int = 0) -> Image.Image:
    """The painting, ``width`` px wide."""
    block = Block(width, np.random.default_rng(seed))
    _cut_sky(block)
    _cut_swell(block)
    for back, face, size, turn in _BREAKERS:
        _cut_breaker(block, curve(back), curve(face), size, turn)
    _cut_spray(block)
    return block.press(width)


def _cut_sky(block: Block) -> None:
    block.disc(np.array(_SUN[:2]), _SUN[2], Ink.RED)
    for cloud in _CLOUDS:
        _cut_cloud(block, *cloud)
    ridge = curve(_MOUNTAIN)
    block.cut(np.concatenate([ridge, [[0.7, 1.3], [0.7, 0.56]]]), Ink.BLUE)
    block.cut(np.concatenate([ridge[44:66], curve(_SNOW_LINE)]), Ink.FOAM)
    block.line(ridge, 0.7 * _LINE, Ink.INDIGO)


def _cut_cloud(block: Block, y: float, start: float, stop: float) -> None:
    """Bars of mist with round ends, one below another."""
    for row, ink in enumerate((Ink.ROSE, Ink.MIST, Ink.OCHRE)):
        left, right = block.rng.uniform(0, 0.25, 2) * (stop - start)
        x = np.linspace(start + left, stop - right, 80)
        path = np.stack([y + 0.019 * row + 0.0015 * np.sin(30 * x + row), x], axis=1)
        from_end = np.minimum(np.minimum(x - x[0], x[-1] - x), 0.0105)
        width = 2 * np.sqrt(0.0105**2 - (0.0105 - from_end) ** 2)
        block.line(path, width + 0.6 * _LINE, Ink.PRUSSIAN)
        block.line(path, width, ink)


def _cut_swell(block: Block) -> None:
    swell = curve(_SWELL)
    _cut_water(block, swell, swell * [0, 1] + [1.05, 0], 12)
    _cut_foam(block, swell[30:74], (0.03, 0.04), -0.4, 2.0)


def _cut_breaker(block: Block, back: Array, face: Array, size: float, turn: int) -> None:
    """A wave that curls over: water, a cap of foam along its back, and fingers of foam that reach out from its
    edges."""
    _cut_water(block, back, face, 9)
    lip = face[84:]
    block.line(lip, np.linspace(0.004, 0.4 * size, len(lip)) + _LINE, Ink.INDIGO)
    block.line(lip, np.linspace(0.004, 0.4 * size, len(lip)), Ink.FOAM)
    edge = _cut_cap(block, back[45:], face[45:])
    _cut_foam(block, back[44:], (0.45 * size, 0.9 * size), -0.5 * turn, 1.9 * turn)
    _cut_foam(block, edge[8:-4], (0.5 * size, size), 0.5 * turn, 1.5 * turn)
    _cut_foam(block, lip, (0.45 * size, 1.1 * size), 0.7 * turn, 1.5 * turn)


def _cut_water(block: Block, back: Array, face: Array, bands: int) -> None:
    """The water between the back of a wave and its face, in bands that run together at the tip."""
    shares = np.linspace(0, 1, bands + 1)
    shares[1:-1] += block.rng.normal(0, 0.2 / bands, bands - 1)
    edges = [back + (face - back) * share for share in np.sort(shares)]
    for index, (upper, lower) in enumerate(itertools.pairwise(edges)):
        ink = _WATER[index % len(_WATER)]
        block.cut(np.concatenate([upper, lower[::-1]]), ink)
        block.line(upper, _LINE * (0.6 + 0.5 * swelling(len(upper))), Ink.INDIGO)
        start, stop = np.sort(block.rng.integers(5, len(upper) - 5, 2))
        if stop - start > 25:
            middle = (0.55 * upper + 0.45 * lower)[start:stop]
            block.line(middle, 1.2 * _LINE * swelling(len(middle)), Ink.BLUE if ink == Ink.MIST else Ink.FOAM)
    block.line(face, _LINE, Ink.INDIGO)
    block.line(back, _LINE, Ink.INDIGO)


def _cut_cap(block: Block, back: Array, face: Array) -> Array:
    """The foam along the back of a wave, flecked with blue; its inner edge."""
    edge = back + 0.3 * (face - back) * np.linspace(0, 1, len(back))[:, None] ** 0.7
    block.cut(np.concatenate([back, edge[::-1]]), Ink.FOAM)
    block.line(edge, _LINE, Ink.INDIGO)
    block.line(back, _LINE, Ink.INDIGO)
    for _ in range(90):
        at, across = block.rng.integers(8, len(back)), block.rng.uniform(0.1, 0.9)
        ink = Ink.PALE if block.rng.random() < 0.75 else Ink.BLUE
        block.disc(back[at] + across * (edge[at] - back[at]), block.rng.uniform(0.0012, 0.0035), ink)
    return edge


def _cut_foam(block: Block, lip: Array, size: tuple[float, float], lean: float, bend: float) -> None:
    """Fingers along a lip, of lengths that run from ``size[0]`` to ``size[1]``, each leaning off the lip and bending
    over."""
    heading = np.arctan2(*np.gradient(lip, axis=0).T)
    for at in range(0, len(lip), 3):
        length = np.interp(at, [0, len(lip)], size) * block.rng.uniform(0.65, 1.35)
        _cut_finger(
            block, lip[at], heading[at] + lean + block.rng.normal(0, 0.22), length, bend * block.rng.uniform(0.8, 1.2)
        )


def _cut_finger(block: Block, root: Array, heading: float, length: float, bend: float, *, forks: bool = True) -> None:
    """A finger of foam that hooks over, with smaller ones on its outer side; its root runs into the foam it grows
    from."""
    t = np.linspace(0, 1, 30)
    angle = heading + bend * t**1.3
    path = root + np.cumsum(turned(angle), axis=0) * length / len(t)
    width = 0.32 * length * np.sqrt(np.minimum(t / 0.15, 1)) * (1 - t**1.6) ** 0.9 + 0.0015
    for at in (10, 16, 22) if forks else ():
        aside, share, hook = block.rng.uniform((0.3, 0.36, 0.9), (0.8, 0.52, 1.3))
        _cut_finger(block, path[at], angle[at] - np.sign(bend) * aside, share * length, hook * bend, forks=False)
    block.line(path[4:], width[4:] + 0.9 * _LINE, Ink.INDIGO)
    block.line(path, width, Ink.FOAM)
    block.line((path + 0.5 * np.sign(bend) * side_of(path, width))[6:-3], 0.25 * width[6:-3], Ink.PALE)


def _cut_spray(block: Block) -> None:
    for _ in range(110):
        center, radius = block.rng.normal((0.30, 0.76), (0.13, 0.10)), block.rng.uniform(0.002, 0.006)
        block.disc(center, radius + 0.4 * _LINE, Ink.INDIGO)
        block.disc(center, radius, Ink.FOAM)
