"""Colours, noise and light: values that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.demo.pictures.surface import (
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


def test_oklab_of_white_and_red() -> None:
    white, red = palette("ffffff", "ff0000")
    np.testing.assert_allclose(white, (1, 0, 0), atol=1e-6)
    np.testing.assert_allclose(red, (0.62796, 0.22486, 0.12585), atol=1e-5)  # as published for sRGB red


@pytest.mark.parametrize("color", ["000000", "1b3a6b", "f2c24a", "c8402b", "ffffff"])
def test_develop_undoes_palette(color: str) -> None:
    picture = develop(np.broadcast_to(palette(color)[0], (*canvas_shape(64), 3)), width=64)
    assert picture.size == (64, 50)
    assert picture.getcolors() == [(64 * 50, tuple(bytes.fromhex(color)))]


def test_develop_applies_light_and_clips() -> None:
    lab = np.broadcast_to(palette("808080")[0], (*canvas_shape(32), 3))
    light = np.where(grid(canvas_shape(32))[1] < 0.64, 0.0, 9.0)
    pixels = np.asarray(develop(lab, light, width=32))
    assert pixels[:, 0].max() == 0
    assert pixels[:, -1].min() == 255


def test_ramp_ends_and_middle() -> None:
    colors = palette("000000", "ffffff")
    np.testing.assert_allclose(ramp(colors, np.array([0, 0.5, 1]))[:, 0], (0, 0.5, 1), atol=1e-6)


def test_vary_keeps_chroma_and_strays_as_told() -> None:
    colors = np.broadcast_to(palette("c8402b")[0], (20_000, 3))
    strayed = vary(colors, np.random.default_rng(0), value=0.05, hue=0.2)
    np.testing.assert_allclose(np.hypot(*strayed[:, 1:].T), np.hypot(*colors[:, 1:].T))
    assert strayed[:, 0].std() == pytest.approx(0.05, rel=0.05)


def test_lighten_moves_only_lightness() -> None:
    np.testing.assert_allclose(lighten(np.array([[0.5, 0.1, -0.1]]), np.array([0.2])), [[0.7, 0.1, -0.1]])


def test_smoothstep_runs_both_ways() -> None:
    x = np.array([-1.0, 0.5, 2.0])
    np.testing.assert_allclose(smoothstep(0, 1, x), (0, 0.5, 1))
    np.testing.assert_allclose(smoothstep(1, 0, x), (1, 0.5, 0))


def test_cells_of_points_and_beyond_the_border() -> None:
    points = np.array([[0.5, 0.99], [-0.2, 5.0]])
    rows, columns = cell_of(points, (100, 128, 3))
    assert rows.tolist() == [50, 0]
    assert columns.tolist() == [99, 127]


def test_turned_points_right_then_down() -> None:
    np.testing.assert_allclose(turned(np.array([0, np.pi / 2])), [(0, 1), (1, 0)], atol=1e-12)


def test_along_runs_around_a_hill() -> None:
    y, x = grid((50, 64))
    direction = along((y - 0.5) ** 2 + (x - 0.64) ** 2)
    outwards = np.stack([y - 0.5, x - 0.64], axis=-1)
    inner = (slice(1, -1), slice(1, -1))
    np.testing.assert_allclose(np.sum(direction * outwards, axis=-1)[inner], 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(direction, axis=-1), 1)


@pytest.mark.parametrize("make", [noise, fractal])
def test_noise_is_centred_and_of_unit_deviation(make: type) -> None:
    field = make((300, 384), 0.05, np.random.default_rng(0))
    assert field.shape == (300, 384)
    assert abs(field.mean()) < 0.01
    assert field.std() == pytest.approx(1, abs=0.1)


def test_noise_is_stretched_as_asked() -> None:
    field = noise((300, 384), (0.02, 0.2), np.random.default_rng(0))
    down, across = (np.abs(np.diff(field, axis=axis)).mean() for axis in (0, 1))
    assert down > 5 * across


def test_light_comes_from_the_upper_left() -> None:
    y, x = grid((50, 64))
    bump = 0.1 * np.exp(-((y - 0.5) ** 2 + (x - 0.64) ** 2) / 0.02)
    light, highlight = shade(bump, gloss=1)
    assert light[18, 25] > 1 > light[32, 39]
    assert highlight[18, 25] > 0 == highlight[32, 39]
    np.testing.assert_allclose(shade(np.zeros((8, 8)))[0], 1)
