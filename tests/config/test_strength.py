"""One number from the content to the style."""

from __future__ import annotations

import pytest
import torch

from impasto.config.choices import OBJECTIVES
from impasto.config.options import StylizeConfig
from impasto.config.strength import dialed
from impasto.engine.inputs import PaintInputs
from impasto.engine.loop import paint as run
from impasto.engine.schedule import plan_scales
from impasto.styles import PictureStyle
from synthetic import STYLE_LAYERS, picture

CONTENT, STYLE = picture(64, 80, 1), picture(60, 48, 2)


def paint(backbone, strength: float, **options) -> tuple[int, torch.Tensor]:
    """How many steps were taken, and where they led."""
    small = {
        "size": 80,
        "coarsest": 40,
        "iterations": 4,
        "style_layers": STYLE_LAYERS,
        "neighbour_layers": ("relu2_1", "relu3_1"),
    }
    config = StylizeConfig(strength=strength, **small, **options).resolve()
    painting, steps = (
        run(PaintInputs(CONTENT, [PictureStyle((STYLE,))], config, backbone), plan_scales(config, (64, 80))),
        0,
    )
    while True:
        try:
            next(painting)
            steps += 1
        except StopIteration as end:
            return steps, end.value.pixels


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_in_the_middle_nothing_changes(objective, optimizer):
    config = StylizeConfig(objective=objective, optimizer=optimizer, content_weight=2.0)
    assert dialed(config) == config.resolve()


def test_more_strength_is_more_of_the_style_and_less_of_the_content():
    options = {"content_weight": 2.0, "style_weight": 3.0, "neighbour_weight": 1.0, "optimizer": "adam"}
    dials = [dialed(StylizeConfig(strength=strength, **options)) for strength in (0, 0.2, 0.5, 0.8, 1)]
    for name, sign in {
        "style_weight": 1,
        "neighbour_weight": 1,
        "neighbour_mix": 1,
        "voting": 1,
        "voting_edges": 1,
        "step_size": 1,
        "content_weight": -1,
        "detail": -1,
    }.items():
        values = [sign * getattr(config, name) for config in dials]
        assert values == sorted(values)
        assert values[0] < values[-1]


def test_the_steps_of_a_line_search_have_no_size_to_change():
    sizes = {dialed(StylizeConfig(strength=strength, optimizer="lbfgs")).step_size for strength in (0.1, 0.5, 1)}
    assert sizes == {1.0}


@pytest.mark.parametrize("options", [{}, {"objective": "gram"}, {"init": "noise"}], ids=str)
def test_no_strength_leaves_the_content_untouched(options, vgg):
    steps, pixels = paint(vgg, 0.0, **options)
    assert steps == 0
    torch.testing.assert_close(pixels, CONTENT)


@pytest.mark.parametrize("objective", ["blend", "gram"])
def test_little_strength_changes_little(objective, vgg):
    changes = [
        (paint(vgg, strength, objective=objective)[1] - CONTENT).abs().mean().item() for strength in (0.01, 0.15, 0.5)
    ]
    assert changes[0] < 0.02
    assert changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize("strength", [0.9, 1.0])
def test_much_strength_is_painted_as_well(strength, vgg):
    steps, pixels = paint(vgg, strength)
    assert steps == 8
    assert pixels.isfinite().all()
    assert not torch.equal(pixels, paint(vgg, 0.5)[1])
