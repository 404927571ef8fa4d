"""Strokes: where they fall, which way they run, and what they leave on the canvas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from impasto.demo.pictures.brush import Brush, Canvas
from impasto.demo.pictures.surface import canvas_shape, grid, palette, turned

WIDTH = 64
SHAPE = canvas_shape(WIDTH)
FLAT = Brush(0.1, 0.4, dryness=0, streaks=0, square=1)


def covered(
    density: np.ndarray, angle: float = 0.0, brush: Brush = FLAT, seed: int = 0, spacing: float = 0.05
) -> Canvas:
    canvas = Canvas(WIDTH, "000000", np.random.default_rng(seed))
    target = np.broadcast_to(palette("ffffff")[0], (*SHAPE, 3))
    canvas.cover(density, target, turned(np.full(SHAPE, angle)), replace(brush, value=0, hue=0), spacing)
    return canvas


def touched(canvas: Canvas) -> np.ndarray:
    return canvas.color[..., 0] > 0.5


def test_no_density_leaves_the_ground() -> None:
    canvas = covered(np.zeros(SHAPE))
    assert not touched(canvas).any()
    assert not canvas.height.any()


def test_full_density_covers_the_canvas() -> None:
    assert touched(covered(np.ones(SHAPE))).mean() > 0.99


@pytest.mark.parametrize("angle, axis", [(0.0, 1), (np.pi / 2, 0)])
def test_a_stroke_runs_along_the_field(angle: float, axis: int) -> None:
    y, x = grid(SHAPE)
    canvas = covered((np.hypot(y - 0.5, x - 0.64) < 0.06) * 1.0, angle)
    places = np.argwhere(touched(canvas)) / canvas.shape[0]
    extent = np.ptp(places, axis=0)
    assert 0.38 < extent[axis] < 0.55
    assert extent[1 - axis] < 0.3


def test_strokes_over_the_border_do_not_come_back_on_the_other_side() -> None:
    _, x = grid(SHAPE)
    canvas = covered((x > 1.2) * 1.0)
    assert touched(canvas)[:, -5:].any()
    assert not touched(canvas)[:, : canvas.shape[1] // 2].any()


def test_a_dry_brush_leaves_gaps_and_bristles_furrows() -> None:
    smooth, dry = (
        covered(np.ones(SHAPE), brush=brush, spacing=0.2) for brush in (FLAT, Brush(0.1, 0.4, dryness=1, square=1))
    )
    assert touched(dry).mean() < touched(smooth).mean()
    bristled = covered(np.ones(SHAPE), brush=Brush(0.1, 0.4, dryness=0, streaks=0, square=1, bristles=3))
    assert bristled.height.std() > 1.2 * covered(np.ones(SHAPE)).height.std()


def test_the_second_colour_is_pulled_through() -> None:
    canvas = Canvas(WIDTH, "000000", np.random.default_rng(0))
    target = np.broadcast_to(palette("a03020")[0], (*SHAPE, 3))
    canvas.cover(np.ones(SHAPE), target, turned(np.zeros(SHAPE)), Brush(0.1, 0.4, streaks=1, value=0.05), 0.05)
    within = np.abs(np.diff(canvas.color[..., 0], axis=0))
    assert np.median(within) > 1e-3


def test_finish_has_the_size_and_shows_the_relief() -> None:
    canvas = covered(np.ones(SHAPE))
    canvas.color[...] = palette("808080")[0]
    lit = canvas.finish(WIDTH)
    canvas.height[...] = 0
    assert lit.size == (WIDTH, 50)
    assert np.asarray(lit).std() > 2 * np.asarray(canvas.finish(WIDTH)).std()
