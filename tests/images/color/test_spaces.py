"""Colour spaces: known colours, there and back, and nothing that is not a number."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from impasto.images.color.spaces import encode_srgb, from_space, to_space

every_space = pytest.mark.parametrize("space", ["srgb", "linear", "oklab"])


def color(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(1, 3, 1, 1)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (1, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (0.627955, 0.224863, 0.125846)),
        ((0, 1, 0), (0.866440, -0.233888, 0.179498)),
        ((0, 0, 1), (0.452014, -0.032457, -0.311528)),
    ],
    ids=["white", "black", "red", "green", "blue"],
)
def test_oklab_has_the_published_values(rgb, lab):
    torch.testing.assert_close(to_space(color(*rgb), "oklab"), color(*lab), atol=2e-6, rtol=0)


def test_linear_light_has_the_values_of_the_standard():
    encoded = color(0.5, 0.04, 1.0)
    torch.testing.assert_close(to_space(encoded, "linear"), color(0.21404114, 0.04 / 12.92, 1.0))
    np.testing.assert_allclose(encode_srgb(np.array([0.21404114, 0.002])), [0.5, 0.002 * 12.92], rtol=1e-6)


@every_space
@given(rgb=st.tuples(*[st.floats(-2, 3)] * 3))
def test_every_colour_comes_back(space, rgb):
    """Also those that a filter has overshot, or that are outside the gamut."""
    values = to_space(color(*rgb), space)
    assert values.isfinite().all()
    torch.testing.assert_close(from_space(values, space), color(*rgb), atol=1e-6, rtol=1e-6)


@every_space
def test_float32_stays_float32(space):
    pixels = torch.rand(1, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    assert to_space(pixels, space).dtype == torch.float32
    torch.testing.assert_close(from_space(to_space(pixels, space), space), pixels, atol=1e-5, rtol=0)
