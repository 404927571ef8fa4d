"""Tiled canvases: a torus has no place where it begins, so what is rolled along a tiled axis changes nothing but its
place."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.api import iterate, stylize
from impasto.backbones import VGG
from impasto.config.options import StylizeConfig
from impasto.engine.scale_start import Voting, painted_over
from impasto.engine.schedule import finished_size, plan_scales
from impasto.errors import ConfigError, PictureError
from impasto.matching import Field, voted
from impasto.objective.build import MatchStart, build_objective
from impasto.objective.objective import Objective
from impasto.optim import create_solver
from impasto.styles import learn
from synthetic import DEVICE, STYLE_LAYERS, picture, random_weights

AXES = {"x": (3,), "y": (2,), "xy": (2, 3)}
STRIDE = 16
OBJECTIVES = {
    "blend": {"objective": "blend", "content_weight": 0.5},
    "pictures": {"objective": "neighbours", "neighbour_sees": "pictures"},
    "layers": {"objective": "neighbours", "neighbour_match": "layers"},
    "gram": {"objective": "gram", "tv_weight": 1e-3},
    "l2-mean": {"objective": "gram", "tv_weight": 1.0, "tv_loss": "l2-mean"},
    "nine-point": {"objective": "gram", "tv_weight": 1.0, "tv_loss": "nine-point"},
}


def make(backbone: VGG, content: Tensor, tile: str, canvas: Tensor | None = None, **options) -> Objective:
    config = StylizeConfig(wrap=tile, neighbour_rotations=2, content_layers="relu3_1", **options)
    style = learn(picture(44, 52, 2, content.dtype), config, backbone)
    return build_objective(content, [style], config, backbone, MatchStart(canvas))


def rolled(x: Tensor, tile: str) -> Tensor:
    return x.roll([STRIDE * (2 if axis == 3 else 1) for axis in AXES[tile]], AXES[tile])


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=str)
@pytest.mark.parametrize("tile", AXES)
@pytest.mark.parametrize("options", OBJECTIVES.values(), ids=OBJECTIVES)
def test_rolling_content_and_canvas_rolls_the_gradient_and_leaves_the_loss(options, tile, dtype, tolerance):
    backbone = VGG(random_weights(), pooling="avg", dtype=dtype)
    content, canvas = picture(48, 64, 1, dtype), picture(48, 64, 9, dtype)
    here = make(backbone, content, tile, canvas, **options).refreshed(canvas)
    there = make(backbone, rolled(content, tile), tile, rolled(canvas, tile), **options).refreshed(rolled(canvas, tile))
    (report, gradient), (moved, moved_gradient) = (
        here.value_and_grad(canvas),
        there.value_and_grad(rolled(canvas, tile)),
    )
    assert moved.total == pytest.approx(report.total, rel=tolerance)
    assert moved.terms == pytest.approx(report.terms, rel=tolerance)
    assert (moved_gradient - rolled(gradient, tile)).norm() <= 10 * tolerance * gradient.norm()


@pytest.mark.parametrize("options", OBJECTIVES.values(), ids=OBJECTIVES)
@pytest.mark.parametrize(("tile", "other"), [("x", "y"), ("y", "x"), ("none", "xy")])
def test_an_axis_that_is_not_tiled_has_a_beginning(options, tile, other, vgg64):
    content, canvas = picture(48, 64, 1, torch.float64), picture(48, 64, 9, torch.float64)
    here = make(vgg64, content, tile, canvas, **options).value_and_grad(canvas)[0]
    there = make(vgg64, rolled(content, other), tile, rolled(canvas, other), **options).value_and_grad(
        rolled(canvas, other)
    )[0]
    assert there.total != pytest.approx(here.total, rel=1e-4)


@pytest.mark.parametrize("padding", ["zeros", "replicate", "replicate-all"])
@pytest.mark.parametrize("tile", AXES)
def test_features_and_their_gradients_are_those_of_endless_copies(tile, padding):
    """Five copies along each tiled axis: the deepest layer sees no farther than two of them."""
    network = VGG(random_weights(), pooling="avg", padding=padding, dtype=torch.float64)
    leaf = picture(48, 48, dtype=torch.float64).requires_grad_()
    down, right = 5 if "y" in tile else 1, 5 if "x" in tile else 1
    many, found = network(leaf.repeat(1, 1, down, right), STYLE_LAYERS), network.wrapped(tile)(leaf, STYLE_LAYERS)
    for name, features in found.items():
        height, width = features.shape[2:]
        top, left = down // 2 * height, right // 2 * width
        expected = many[name][..., top : top + height, left : left + width]
        torch.testing.assert_close(features, expected, rtol=0, atol=1e-10)
        many[name] = expected
    gradients = [torch.autograd.grad(sum(f.square().sum() for f in seen.values()), leaf)[0] for seen in (found, many)]
    torch.testing.assert_close(*gradients)


def test_a_network_is_not_changed_by_being_tiled():
    network, image = VGG(random_weights()), picture(32, 48)
    before = network(image, ["relu2_1"])["relu2_1"]
    network.wrapped("xy")
    assert torch.equal(network(image, ["relu2_1"])["relu2_1"], before)
    assert network.wrap == "none"


@pytest.mark.parametrize("tile", AXES)
def test_matches_and_what_they_paint_roll_along(tile, vgg64):
    content = picture(48, 64, 1, torch.float64)
    here, there = (
        make(vgg64, p, tile, neighbour_layers=("relu1_1", "relu3_1")).matching for p in (content, rolled(content, tile))
    )
    cells = here.field.rows.reshape(1, 1, *here.field.grid)
    shifts = [STRIDE // 4 * (2 if axis == 3 else 1) for axis in AXES[tile]]
    assert torch.equal(there.field.rows.reshape_as(cells), cells.roll(shifts, AXES[tile]))
    assert here.field.wrap == tile
    strokes, moved = (voted(term.field, term.pictures) for term in (here, there))
    torch.testing.assert_close(moved, rolled(strokes, tile))
    over = [
        painted_over(p, p, term.field, term.pictures, Voting(0.9, 0.3, 2))
        for p, term in ((content, here), (rolled(content, tile), there))
    ]
    torch.testing.assert_close(over[1], rolled(over[0], tile))


def test_votes_reach_over_the_border():
    """Two cells side by side, one black and one white: on a torus each of them has the other on both sides."""
    pictures = [torch.cat([torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)], 3)]
    rows = torch.tensor([8 + 1, 8 + 6] * 2)
    open_, closed = (voted(Field(rows, (2, 2), ((4, 8),), tile), pictures)[0, 0, 0] for tile in ("none", "x"))
    assert open_[0] < 0.5 * open_[3]
    torch.testing.assert_close(closed, 1 - closed.flip(0))
    torch.testing.assert_close(closed[:4], closed[:4].flip(0))


@pytest.mark.parametrize("variable", ["laplacian", "pixels"])
def test_the_variable_has_no_border(variable):
    """One pixel of gradient in the corner moves the canvas as one in the middle does."""
    moves = []
    for at in (0, 32):
        gradient = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
        gradient[..., at, at] = 1
        solver = create_solver(StylizeConfig(wrap="xy", variable=variable))
        moves.append(solver.variable.push(solver.variable.pull(gradient), gradient.shape).roll((-at, -at), (2, 3)))
    torch.testing.assert_close(*moves)


# Sizes


def test_tiled_sides_are_painted_at_whole_strides_and_finished_as_asked_for():
    config = StylizeConfig(size=250, coarsest=62, wrap="x", iterations=1)
    assert [scale.size for scale in plan_scales(config, (200, 250))] == [(50, 64), (100, 128), (200, 256)]
    assert finished_size(config, (200, 250)) == (200, 250)
    assert [scale.size for scale in plan_scales(config.overlay({"wrap": "xy"}), (200, 250))] == [
        (64, 64),
        (112, 128),
        (208, 256),
    ]


# Finished pictures


def slope(height: int, width: int) -> Tensor:
    """A content with a jump of a third of the range over both borders."""
    ramp = torch.linspace(0, 1, height)[:, None] + torch.linspace(0, 1, width)
    return (0.15 + 0.3 * ramp + 0.1 * picture(height, width, 4)).clamp(0, 1)


def seam(pixels: Tensor, axis: int) -> float:
    """Mean difference over the border, to the median of those inside."""
    away = (pixels - pixels.roll(1, axis)).abs().transpose(0, axis).flatten(1).mean(1)
    return (away[0] / away[1:].median()).item()


@pytest.fixture(scope="module")
def painted() -> dict[str, Tensor]:
    options = {
        "backbone": "compact",
        "size": 96,
        "coarsest": 48,
        "iterations": (20, 10),
        "neighbour_rotations": 1,
        "precision": "float32",
    }
    style = torch.nn.functional.interpolate(picture(12, 16, 8), size=(72, 96), mode="bicubic").clamp(0, 1)
    return {
        tile: stylize(slope(72, 96), style, wrap=tile, device=DEVICE, **options).pixels for tile in ("none", "y", "xy")
    }


@pytest.mark.parametrize("tile", ["none", "y", "xy"])
def test_a_finished_picture_continues_over_its_tiled_borders_alone(painted, tile):
    assert painted[tile].shape == (1, 3, 72, 96)
    for axis, name in ((2, "y"), (3, "x")):
        if name in tile:
            assert seam(painted[tile], axis) < 1.2
        else:
            assert seam(painted[tile], axis) > 2


def test_the_record_repeats_a_tiled_run(painted):
    options = {
        "size": 40,
        "iterations": 2,
        "neighbour_rotations": 1,
        "precision": "float32",
        "device": DEVICE,
        "wrap": "xy",
        "backbone": "compact",
    }
    result = stylize(slope(40, 36), picture(40, 40, 8), **options)
    assert result.pixels.shape == (1, 3, 40, 36)
    config = StylizeConfig(**result.record["config"])
    assert config.wrap == "xy"
    again = stylize(slope(40, 36), picture(40, 40, 8), config=config)
    assert again.record["pixels_sha256"] == result.record["pixels_sha256"]


def test_a_start_of_its_own_continues_over_the_border(tmp_path):
    path = tmp_path / "start.png"
    options = {"size": 64, "scale_count": 1, "backbone": "compact", "device": DEVICE}
    stylize(slope(48, 64), picture(40, 40, 8), iterations=0, recolor=False, **options).save(path)
    for init in (str(path), "style"):
        start = iterate(slope(48, 64), slope(64, 64), wrap="x", init=init, **options).result().pixels
        assert seam(start, 3) < 1.5


def test_what_cannot_be_tiled_is_refused():
    with pytest.raises(ConfigError, match="unknown wrap 'both'"):
        StylizeConfig(wrap="both")
    with pytest.raises(PictureError, match="give a picture of at least 16 px a side"):
        iterate(picture(5, 5), picture(32, 32), wrap="xy", backbone="compact")
