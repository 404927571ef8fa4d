"""A wood block: shapes cut into it, each printed in one ink, with the grain of the wood and of the paper."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from PIL import Image, ImageDraw
from scipy.interpolate import CubicSpline

from .surface import (
    SUPERSAMPLING,
    Array,
    canvas_shape,
    develop,
    fractal,
    grid,
    lighten,
    noise,
    palette,
    smoothstep,
    turned,
)

__all__ = ["Block", "Ink", "Knots", "curve", "side_of", "swelling"]

Knots = tuple[tuple[float, float], ...]


class Ink(IntEnum):
    """The inks, in the order of their colours."""

    PAPER, FOAM, MIST, PALE, BLUE, PRUSSIAN, INDIGO, RED, OCHRE, ROSE = range(10)


_COLORS = palette("ead9b4", "f6efdc", "c9d6cd", "8fb4c4", "3f76a3", "21497f", "13244d", "c8402b", "d9a55a", "e3bf9a")


class Block:
    """A block that shapes are cut into, each to be printed in one ink; later shapes cover earlier ones."""

    def __init__(self, width: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.shape = canvas_shape(SUPERSAMPLING * width)
        self._image = Image.new("L", self.shape[::-1], Ink.PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def cut(self, outline: Array, ink: int) -> None:
        """A filled shape; ``outline`` is (N, 2) points (y, x)."""
        self._draw.polygon([(x, y) for y, x in outline * self.shape[0]], fill=ink)

    def disc(self, center: Array, radius: float, ink: int) -> None:
        """A filled circle around (y, x)."""
        self.cut(center + radius * turned(np.linspace(0, 2 * np.pi, 60)), ink)

    def line(self, path: Array, width: Array | float, ink: int) -> None:
        """A line along ``path`` (N, 2) of a ``width`` that may change along it (N,)."""
        side = side_of(path, width)
        self.cut(np.concatenate([path + side, (path - side)[::-1]]), ink)

    def press(self, width: int) -> Image.Image:
        """The print, ``width`` px wide: dark inks show the wood's grain and an uneven pull most, light ones the
        paper."""
        y, x = grid(self.shape)
        bent = y + 0.012 * fractal(self.shape, (0.5, 1.0), self.rng, 3) + 0.05 * np.sin(2 * x)
        wood = 0.6 * np.sin(2 * np.pi * 46 * bent) + 0.5 * noise(self.shape, (0.003, 0.2), self.rng)
        paper = noise(self.shape, 0.003, self.rng) + noise(self.shape, 0.03, self.rng)
        lab = self._wipe(y + 0.010 * wood)
        dark = 1 - lab[..., 0]
        pull = 0.05 * dark * fractal(self.shape, 0.2, self.rng, 3)
        return develop(lighten(lab, 0.032 * wood * (0.35 + dark) + 0.010 * paper + pull), width=width)

    def _wipe(self, y: Array) -> Array:
        """The inks' colours (H, W, 3), the bare sky wiped by hand (bokashi): dark at the top and warm below."""
        inks = np.asarray(self._image)
        lab, sky = _COLORS[inks], inks == Ink.PAPER
        for ink, share in ((Ink.BLUE, 0.9 * smoothstep(0.20, -0.02, y)), (Ink.ROSE, 0.5 * smoothstep(0.30, 0.58, y))):
            lab = lab + (_COLORS[ink] - lab) * (sky * share)[..., None]
        return np.asarray(lab)


def curve(knots: Knots, count: int = 120) -> Array:
    """A smooth path (count, 2) through the knots, with even steps."""
    points = np.array(knots)
    chord = np.append(0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1) ** 0.5))
    fine = CubicSpline(chord, points)(np.linspace(0, chord[-1], 8 * count))
    length = np.append(0, np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1)))
    even = np.linspace(0, length[-1], count)
    return np.stack([np.interp(even, length, fine[:, axis]) for axis in (0, 1)], axis=1)


def side_of(path: Array, width: Array | float) -> Array:
    """Offsets (N, 2) from a path to its side, half of ``width`` long."""
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    return np.asarray(tangent[:, ::-1] * [-1, 1] * np.broadcast_to(width, len(path))[:, None] / 2)


def swelling(count: int) -> Array:
    """From 0 over 1 to 0: the width of a line cut with one push of the knife."""
    return np.asarray(np.sin(np.pi * np.linspace(0, 1, count)))
