"""Laplacian pyramids: exact, linear, and what the bands hold."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.images.laplacian import band_count, band_sizes, merge_bands, split_bands

sides = st.integers(1, 77)


@settings(max_examples=60, deadline=None)
@given(height=sides, width=sides, count=st.integers(0, 6), seed=st.integers(0, 99))
def test_merging_is_the_exact_inverse_of_splitting(height, width, count, seed):
    x = torch.rand(2, 3, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    bands = split_bands(x, count)
    assert tuple(tuple(band.shape) for band in bands) == tuple(
        (2, 3, *size) for size in band_sizes((height, width), count)
    )
    torch.testing.assert_close(merge_bands(bands), x, rtol=0, atol=1e-14)
    single = merge_bands(split_bands(x.float(), count))
    torch.testing.assert_close(single, x.float(), rtol=0, atol=1e-6)


def test_merging_is_linear():
    random = torch.Generator().manual_seed(0)
    one, two = (
        [torch.randn(1, 3, *size, dtype=torch.float64, generator=random) for size in band_sizes((37, 22), 2)]
        for _ in range(2)
    )
    mixed = merge_bands([2 * a - 3 * b for a, b in zip(one, two, strict=True)])
    torch.testing.assert_close(mixed, 2 * merge_bands(one) - 3 * merge_bands(two))


def test_a_constant_is_all_residual():
    *finer, residual = split_bands(torch.full((1, 3, 45, 30), 0.25), 3)
    assert all(float(band.abs().max()) < 1e-6 for band in finer)
    torch.testing.assert_close(residual, torch.full((1, 3, 6, 4), 0.25))


def test_the_finest_pattern_is_in_the_finest_band():
    rows, columns = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    checks = ((rows + columns) % 2).float()[None, None] - 0.5
    energies = [float(band.square().mean()) for band in split_bands(checks, 2)]
    assert energies[0] > 0.2
    assert max(energies[1:]) < 0.01


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ((1, 1), 0),
        ((3, 900), 0),
        ((15, 15), 0),
        ((16, 400), 1),
        ((63, 64), 2),
        ((64, 64), 3),
        ((512, 400), 5),
        ((9000, 9000), 5),
    ],
)
def test_the_residual_never_gets_too_small(size, count):
    assert band_count(size) == count
    assert min(band_sizes(size, count)[-1]) >= min(8, *size)


def test_sizes_are_halved_and_rounded_up():
    assert band_sizes((37, 22), 3) == ((37, 22), (19, 11), (10, 6), (5, 3))
