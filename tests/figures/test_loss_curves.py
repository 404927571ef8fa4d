"""Loss curves: how many panels, what is left out, and that the lines are there."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from impasto.figures.loss_curves import Curve, Legend, Page, draw_curves

FALLING = [2.0, 1.0, 0.5, 0.25]


def draw(*losses: dict[str, list[float | None]], width: int = 900, ordered: bool = False) -> Image.Image:
    curves = [Curve((0, column), each) for column, each in enumerate(losses)]
    legend = Legend([f"run {i}" for i in range(len(losses))], ordered=ordered)
    return draw_curves(curves, legend, Page(width, margin=20, type_size=14))


def colored(drawn: Image.Image) -> int:
    """Pixels that are no shade of grey: those of lines."""
    pixels = np.asarray(drawn).astype(int)
    return int((pixels.max(axis=2) - pixels.min(axis=2) > 60).sum())


def test_it_is_as_wide_as_asked_with_white_around():
    drawn = np.asarray(draw({"loss": FALLING}))
    assert drawn.shape[1] == 900
    for edge in (drawn[:20], drawn[-20:], drawn[:, :20], drawn[:, -20:]):
        assert (edge == 255).all()


def test_each_run_has_a_line():
    assert 0 < colored(draw({"loss": FALLING})) < colored(draw({"loss": FALLING}, {"loss": FALLING[::-1]}))


def test_terms_that_are_always_zero_have_no_panel():
    """Panels that do not fit beside each other go below."""
    terms = {"loss": FALLING, "content": FALLING, "style": FALLING}
    drawn = draw(terms, width=600)
    assert draw({**terms, "tv": [0.0] * 4}, width=600).tobytes() == drawn.tobytes()
    assert draw({**terms, "tv": FALLING, "neighbours": FALLING}, width=600).height > drawn.height


def test_one_term_is_the_loss_itself():
    assert draw({"loss": FALLING, "style": FALLING}).tobytes() == draw({"loss": FALLING}).tobytes()


@pytest.mark.parametrize("losses", [{"loss": []}, {"loss": [None, 1.0, None, 3.0]}, {"loss": [0.0, -1.0]}])
def test_what_has_no_logarithm_is_left_out(losses):
    assert draw(losses, {"loss": FALLING}).width == 900


def test_many_runs_and_ordered_ones_have_colours_of_their_own():
    for count, ordered in ((3, True), (14, False)):
        assert (
            colored(draw(*[{"loss": [value * (2 + i) for value in FALLING]} for i in range(count)], ordered=ordered))
            > 0
        )
