"""The judges of finished pictures, on pictures whose worth is known."""

from __future__ import annotations

import pytest
from judges import content_score, crispness, crispness_ratio, style_ratio
from quality import mean

from impasto.images.resample import resize
from synthetic import picture

CONTENT, STYLE = picture(96, 128, 1), picture(112, 128, 2)


def test_the_style_itself_and_the_content_itself():
    assert style_ratio(STYLE, CONTENT, STYLE) == pytest.approx(0, abs=1e-6)
    assert style_ratio(CONTENT, CONTENT, STYLE) == pytest.approx(1)
    assert content_score(CONTENT, CONTENT) == pytest.approx(1, abs=1e-4)
    assert content_score(STYLE[..., :96, :], CONTENT) < 0.9


def test_a_blurred_picture_is_less_crisp():
    blurred = resize(resize(STYLE, (56, 64)), (112, 128))
    assert crispness_ratio(STYLE, STYLE) == pytest.approx((1, 1))
    median, low = crispness_ratio(blurred, STYLE)
    assert 0 < low < 0.9
    assert 0 < median < 0.9


def test_crispness_is_the_laplacian_of_luminance():
    """A chessboard of 0 and 1 has a Laplacian of 4 in every pixel."""
    board = (picture(64, 64, 0) * 0 + 1).cumsum(2).add((picture(64, 64, 0) * 0 + 1).cumsum(3)) % 2
    assert crispness(board) == pytest.approx((4, 4), rel=1e-3)
    assert crispness(board * 0.5) == pytest.approx((2, 2), rel=1e-3)


def test_what_is_crisper_than_the_style_makes_up_for_nothing():
    assert mean([[0.1, 0.5, 1.5, 0.8], [0.3, 0.7, 0.5, 0.6]]) == pytest.approx([0.2, 0.6, 0.75, 0.7])
