"""The value and gradient of a picture in tiles are those of the whole picture."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

import impasto
import synthetic
from impasto.backbones import VGG, Backbone
from impasto.config.options import StylizeConfig
from impasto.errors import ConfigError
from impasto.objective.build import build_objective
from impasto.objective.objective import Objective
from impasto.styles import learn
from impasto.tiling import Anew
from synthetic import DEVICE, random_weights

LAYERS = ("relu1_1", "relu2_2", "relu3_1", "relu4_1", "relu5_1", "pixels")
MATCHED = ("relu1_2", "relu2_1", "relu3_4", "relu4_1", "relu5_1")
TV = ("l1-sum", "l1-mean", "l2-sum", "l2-mean", "nine-point")
OBJECTIVES = {
    "gram": {"objective": "gram", "content_weight": 1.0},
    "gram as published": {
        "objective": "gram",
        "gram_normalization": "none",
        "style_distance": "gatys",
        "content_loss": "half-sum",
    },
    "gram and spread": {"objective": "gram", "meanstd_weight": 3.0, "style_distance": "mean", "content_loss": "sqrt"},
    "meanstd": {"objective": "meanstd", "content_loss": "mean"},
    "wasserstein": {
        "objective": "wasserstein",
        "covariance_epsilon": 1e-2,
        "content_loss": "sum",
        "content_weight": 1e-3,
    },
    "neighbours": {"objective": "neighbours", "style_layers": ()},
    "layer by layer": {"objective": "neighbours", "neighbour_match": "layers", "style_layers": ()},
    "blend": {"objective": "blend", "content_weight": 0.5, "content_layers": ("relu2_1", "relu4_2"), "tv_weight": 1e-4},
    "pixels alone": {"objective": "gram", "style_layers": ("pixels",), "content_weight": 0.0},
    **{
        form: {"objective": "gram", "style_weight": 0.0, "content_weight": 0.0, "tv_weight": 0.5, "tv_loss": form}
        for form in TV
    },
}


def picture(*size_and_seed: int | torch.dtype) -> Tensor:
    return synthetic.picture(*size_and_seed).to(DEVICE)


def network(shape: str = "VGG-19", dtype: torch.dtype = torch.float64, **options) -> VGG:
    return VGG(random_weights((3, 4, 4, 5, 5), shape=shape), dtype=dtype, device=DEVICE, **options)


def make(
    size: tuple[int, int], backbone: Backbone, dtype: torch.dtype = torch.float64, styles: int = 1, **options
) -> Objective:
    matched = [name for name in MATCHED if name in backbone.layers]
    config = StylizeConfig(**{"style_layers": LAYERS, "neighbour_layers": matched, "neighbour_rotations": 1, **options})
    known = [learn(picture(52, 60, seed, dtype), config, backbone) for seed in range(2, 2 + styles)]
    return build_objective(picture(*size, 1, dtype), known, config, backbone)


def check(objective: Objective, canvas: Tensor, tile_size: int, within: float) -> None:
    whole, expected = objective.value_and_grad(canvas)
    tiled, gradient = dataclasses.replace(objective, tile_size=tile_size).value_and_grad(canvas)
    assert tiled.terms == pytest.approx(whole.terms, rel=within)
    assert tiled.total == pytest.approx(whole.total, rel=within)
    assert (gradient - expected).norm() <= within * expected.norm()
    assert (gradient - expected).abs().max() <= 10 * within * expected.abs().max()


@pytest.mark.parametrize("options", OBJECTIVES.values(), ids=OBJECTIVES)
def test_every_objective_is_the_same_in_tiles(options):
    size = (133, 117)
    check(make(size, network(), **options), picture(*size, 9, torch.float64), 48, 1e-10)


@pytest.mark.parametrize(
    ("size", "tile_size"),
    [
        ((64, 64), 32),
        ((50, 131), 16),
        ((129, 47), 40),
        ((97, 99), 64),
        ((79, 161), 100),
        ((144, 100), 48),
        ((16, 90), 64),
    ],
    ids=str,
)
def test_every_size_is_the_same_in_tiles_of_any_size(size, tile_size):
    check(
        make(size, network(), objective="blend", content_weight=0.5), picture(*size, 9, torch.float64), tile_size, 1e-10
    )


@pytest.mark.parametrize("shape", ["VGG-19", "VGG-16"])
@pytest.mark.parametrize("padding", ["zeros", "replicate", "replicate-all"])
@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_every_network_is_the_same_in_tiles(shape, padding, pooling):
    size = (107, 122)
    objective = make(size, network(shape, padding=padding, pooling=pooling), objective="blend", content_weight=0.5)
    check(objective, picture(*size, 9, torch.float64), 32, 1e-10)


@pytest.mark.parametrize("objective", ["blend", "gram", "meanstd", "wasserstein"])
def test_in_float32_the_difference_is_rounding(objective):
    size = (111, 150)
    made = make(size, network(dtype=torch.float32), torch.float32, objective=objective, covariance_epsilon=1e-2)
    check(made, picture(*size, 9), 48, 1e-5)


@pytest.mark.parametrize("form", ["mean", "sum", "half-sum", "sqrt", "relative"])
@pytest.mark.parametrize("masked", [False, True])
def test_content_that_is_computed_anew_is_that_which_is_kept(form, masked):
    size, canvas = (133, 117), picture(133, 117, 9, torch.float64)
    options = {
        "objective": "gram",
        "content_layers": ("relu2_1", "relu4_2"),
        "content_layer_weights": (1.0, 2.0),
        "content_loss": form,
        "content_weight": 0.5,
        "style_weight": 0.0,
    }
    mask = picture(*size, 4, torch.float64)[:, :1] if masked else None
    config, content, backbone = StylizeConfig(**options), picture(*size, 1, torch.float64), network()
    style = [learn(picture(52, 60, 2, torch.float64), config, backbone)]
    whole, expected = build_objective(content, style, config, backbone, mask=mask).value_and_grad(canvas)
    anew = config.overlay({"content_targets": "recompute", "tile_size": 48})
    objective = build_objective(content, style, anew, backbone, mask=mask)
    report, gradient = objective.value_and_grad(canvas)
    assert all(isinstance(term.target, Anew) for term in objective.terms if term.name == "content")
    assert report.total == pytest.approx(whole.total, rel=1e-10)
    assert (gradient - expected).norm() <= 1e-10 * expected.norm()
    assert objective.value(canvas)[0].item() == pytest.approx(whole.total, rel=1e-10)


def test_several_styles_are_the_same_in_tiles():
    size = (90, 101)
    objective = make(size, network(), styles=2, objective="blend", style_blend=(2, 1), content_weight=0.5)
    check(objective, picture(*size, 9, torch.float64), 48, 1e-10)


def test_statistics_of_half_precision_are_added_in_float32():
    """In bfloat16 a sum would stop growing at 256."""
    size = (96, 112)
    made = make(
        size,
        network(dtype=torch.bfloat16),
        torch.float32,
        objective="gram",
        content_weight=0.0,
        style_layers=("relu1_1",),
    )
    canvas = picture(*size, 9)
    whole, tiled = (dataclasses.replace(made, tile_size=tile).value_and_grad(canvas) for tile in (0, 48))
    assert tiled[0].total == pytest.approx(whole[0].total, rel=1e-4)
    assert (tiled[1] - whole[1]).norm() < 0.01 * whole[1].norm()


@pytest.mark.parametrize("share", [0.5, 0.0])
def test_less_of_the_surroundings_would_not_do(share):
    """The same test fails where a layer is said to see half of what it sees: it does see the seams."""
    size, short = (133, 117), network()
    short.layers = {n: dataclasses.replace(spec, radius=int(spec.radius * share)) for n, spec in short.layers.items()}
    objective, canvas = make(size, short, objective="gram"), picture(*size, 9, torch.float64)
    expected = objective.value_and_grad(canvas)[1]
    gradient = dataclasses.replace(objective, tile_size=48).value_and_grad(canvas)[1]
    assert (gradient - expected).norm() > 1e-3 * expected.norm()


def test_a_canvas_that_is_no_larger_than_a_tile_is_evaluated_whole():
    size = (64, 80)
    objective, canvas = make(size, network(), objective="blend"), picture(*size, 9, torch.float64)
    whole, tiled = (dataclasses.replace(objective, tile_size=tile).value_and_grad(canvas) for tile in (0, 80))
    assert whole[0] == tiled[0]
    assert torch.equal(whole[1], tiled[1])


def test_no_more_than_a_tile_is_looked_at():
    sizes, size, backbone = [], (208, 256), network()

    class Spy:
        layers, wrap = backbone.layers, "none"

        def __call__(self, image, layers):
            sizes.append(tuple(image.shape[2:]))
            return backbone(image, layers)

    objective = make(
        size, backbone, objective="gram", style_layers=("relu3_1",), content_layers=("relu2_1",), tile_size=64
    )
    dataclasses.replace(objective, backbone=Spy()).value_and_grad(picture(*size, 9, torch.float64))
    assert len(sizes) == 2 * 16
    assert max(max(each) for each in sizes) <= 64 + 2 * backbone.layers["relu3_1"].halo


def test_the_search_sees_the_same_in_tiles():
    size = (100, 117)
    canvas, made = picture(*size, 9, torch.float64), make(size, network(), objective="neighbours", neighbour_mix=1.0)
    tiled = dataclasses.replace(made, tile_size=48)
    found = [objective.refreshed(canvas).matching.field.rows for objective in (made, tiled)]
    assert torch.equal(*found)
    assert not torch.equal(found[0], made.matching.field.rows)


@pytest.mark.parametrize("wrap", ["x", "y", "xy"])
@pytest.mark.parametrize("options", OBJECTIVES.values(), ids=OBJECTIVES)
def test_every_objective_is_the_same_in_tiles_of_a_picture_that_joins(options, wrap):
    size = (96, 112)
    check(make(size, network(), wrap=wrap, **options), picture(*size, 9, torch.float64), 48, 1e-10)


@pytest.mark.parametrize(("size", "tile_size"), [((32, 48), 16), ((64, 16), 16), ((160, 128), 100)], ids=str)
@pytest.mark.parametrize("padding", ["zeros", "replicate-all"])
def test_surroundings_may_go_around_a_picture_more_than_once(size, tile_size, padding):
    """The deepest layer sees 80 px beyond a cell."""
    objective = make(size, network(padding=padding), objective="blend", content_weight=0.5, wrap="xy", tv_weight=1e-3)
    check(objective, picture(*size, 9, torch.float64), tile_size, 1e-10)


def test_a_picture_that_joins_has_the_same_matches_and_content_in_tiles():
    size, canvas = (96, 128), picture(96, 128, 9, torch.float64)
    options = {"objective": "blend", "content_weight": 0.5, "wrap": "x", "content_layers": ("relu2_1", "relu4_2")}
    whole = make(size, network(), **options)
    for more in ({}, {"content_targets": "recompute"}):
        tiled = make(size, network(), **options, **more, tile_size=48)
        assert torch.equal(tiled.matching.field.rows, whole.matching.field.rows)
        assert tiled.value_and_grad(canvas)[0].total == pytest.approx(whole.value_and_grad(canvas)[0].total, rel=1e-10)
        assert torch.equal(tiled.refreshed(canvas).matching.field.rows, whole.refreshed(canvas).matching.field.rows)


@pytest.mark.parametrize("turn", range(5))
@pytest.mark.parametrize("masked", [False, True])
def test_layers_are_matched_at_the_same_positions_whatever_the_turn(turn, masked):
    """Layers of 300 cells are matched at every fourth, of 150 at every second; tiles begin anywhere between them."""
    size, backbone = (300, 211), network()
    options = {"objective": "neighbours", "neighbour_match": "layers", "neighbour_layers": MATCHED[:3]}
    config = StylizeConfig(**options, style_weight=0.0, content_weight=0.0, neighbour_rotations=1)
    style = [learn(picture(52, 60, 2, torch.float64), config, backbone)]
    mask = picture(*size, 4, torch.float64)[:, :1] if masked else None
    objective = build_objective(picture(*size, 1, torch.float64), style, config, backbone, mask=mask)
    canvas = picture(*size, 9, torch.float64)
    for _ in range(turn):
        objective = objective.refreshed(canvas)
    assert {term.turn for term in objective.terms} == {turn}
    check(objective, canvas, 80, 1e-10)


@pytest.mark.parametrize("more", [{"objective": "neighbours", "split_iterations": 3}, {"wrap": "xy"}], ids=str)
def test_a_run_in_tiles_paints_the_same(more):
    options = {"iterations": 3, "scale_count": 1, "size": 96, **more}
    small = {"backbone": "compact", "device": DEVICE, "precision": "float32", "neighbour_rotations": 1}
    whole, tiled = (
        impasto.stylize(synthetic.picture(72, 96, 1), synthetic.picture(80, 80, 2), **options, **small, tile_size=side)
        for side in (96, 48)
    )
    assert tiled.record["config"]["tile_size"] == 48
    assert (whole.pixels - tiled.pixels).abs().mean() < 0.2 / 255


def test_a_style_matched_by_layers_is_seen_in_tiles():
    options = {
        "objective": "neighbours",
        "neighbour_match": "layers",
        "neighbour_layers": MATCHED,
        "neighbour_bank": 50,
    }
    backbone, shown = network(), picture(100, 130, 2, torch.float64)
    whole, tiled = (
        learn(shown, StylizeConfig(**options, tile_size=tile_size, neighbour_rotations=2), backbone).split
        for tile_size in (0, 48)
    )
    assert whole.keys() == tiled.keys() == set(MATCHED)
    for name, rows in whole.items():
        assert 40 < len(rows) <= 50  # the coarsest has 48 places in all
        assert torch.allclose(rows, tiled[name], rtol=1e-12, atol=1e-12)


def test_what_is_no_sum_over_tiles_is_refused():
    objective = make((100, 117), network(), objective="gram").with_terms([Unlike()]).in_tiles(48)
    with pytest.raises(ConfigError, match=r"the loss 'unlike' is no sum over tiles"):
        objective.value_and_grad(picture(100, 117, 9, torch.float64))


class Unlike:
    """A term that is neither additive nor local."""

    name, layers = "unlike", ("relu1_1",)

    def __call__(self, features):
        return features["relu1_1"].square().mean()


def test_terms_without_weight_are_there_and_0():
    objective = make((64, 90), network(), objective="gram", content_weight=0, style_weight=0, tile_size=48)
    report, gradient = objective.value_and_grad(picture(64, 90, 9, torch.float64))
    assert report.terms == {"content": 0.0, "style": 0.0, "tv": 0.0}
    assert not gradient.any()
