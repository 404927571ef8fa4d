"""Pictures far longer than wide: their style is of a size that fits, and what they take is told."""

from __future__ import annotations

import pytest

from impasto.config.options import StylizeConfig
from impasto.runs.memory import peak_bytes, style_rows
from impasto.styles import style_length


@pytest.mark.parametrize("size", [(512, 512), (384, 512), (512, 171), (100, 400)])
def test_usual_shapes_have_the_style_along_their_side(size):
    assert style_length(size, "long") == max(size)
    assert style_length(size, "short") == min(size)


@pytest.mark.parametrize("size", [(32, 1500), (17000, 32)])
def test_beside_a_frieze_a_style_has_four_times_its_area(size):
    length = style_length(size, "long")
    assert length**2 == pytest.approx(4 * size[0] * size[1])
    assert style_length(size, "short") == min(size)
    config = StylizeConfig().resolve()
    assert style_rows(config, size) == pytest.approx((config.neighbour_rotations or 0) * length**2 / 16)


def test_where_no_coarser_scale_is_painted_the_finest_is_searched(vgg):
    """All of a frieze's coarser scales are too narrow, so its only one is painted in full."""
    config = StylizeConfig(precision="float32", size=17000).resolve()
    least, usual, frieze = (
        peak_bytes(config.overlay({"size": max(size)}), vgg, size) for size in ((16, 16), (640, 850), (32, 17000))
    )
    assert frieze - least > 2 * (usual - least)  # as many pixels, but the usual one is searched at a smaller size
