"""What a config makes of pictures: layers, their weights and names, several styles, the bank of neighbours, and refusals."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.config import StylizeConfig
from impasto.errors import ConfigError, PictureError
from impasto.losses import hypercolumns, sums
from impasto.objective import ContentTerm, NeighbourTerm, Objective, StyleTerm, VariationTerm
from impasto.styles import learn
from impasto.targets import build_objective
from synthetic import STYLE_LAYERS, picture

GRAM = {"objective": "gram", "style_layers": STYLE_LAYERS}
MATCH = {"objective": "neighbours", "neighbour_layers": ("relu1_1", "relu2_2"), "neighbour_rotations": 1}
CONTENT, ONE, TWO = (picture(40, 48, seed, torch.float64) for seed in (1, 2, 3))
HERE = picture(40, 48, 9, torch.float64)


def make(backbone, *styles: Tensor, canvas: Tensor | None = None, **options) -> Objective:
    return build(StylizeConfig(**options), backbone, *styles, canvas=canvas)


def build(config: StylizeConfig, backbone, *styles: Tensor, content: Tensor = CONTENT, canvas: Tensor | None = None) -> Objective:
    return build_objective(content, [learn(style, config, backbone) for style in styles or (ONE,)], config, backbone, canvas)


def terms(backbone, *styles: Tensor, **options) -> dict[str, float]:
    return make(backbone, *styles, **options).value_and_grad(HERE)[0].terms


def matched(objective: Objective) -> NeighbourTerm:
    return next(term for term in objective.terms if isinstance(term, NeighbourTerm))


# Layers and their weights


def test_there_is_a_term_for_each_layer_that_weighs_something(vgg64):
    objective = make(vgg64, **GRAM, content_layers=("relu3_1", "relu4_2"), style_layer_weights=(1, 0, 2, 0, 1), tv_weight=1)
    kinds = [(type(term), term.layers) for term in objective.terms]
    assert kinds == [
        (ContentTerm, ("relu3_1",)),
        (ContentTerm, ("relu4_2",)),
        *((StyleTerm, (name,)) for name in STYLE_LAYERS[::2]),
        (VariationTerm, ("pixels",)),
    ]


@pytest.mark.parametrize("missing", ["content_weight", "style_weight"])
def test_what_weighs_nothing_is_not_computed(missing, vgg64):
    objective = make(vgg64, **GRAM, **{missing: 0})
    assert len(objective.terms) == (5 if missing == "content_weight" else 1)


@pytest.mark.parametrize("name", ["content_layers", "style_layers"])
def test_without_layers_there_is_no_term(name, vgg64):
    found = terms(vgg64, **{**GRAM, name: ()})
    assert (found["content"] == 0, found["style"] == 0) == (name == "content_layers", name == "style_layers")


def test_the_content_loss_is_the_mean_over_its_layers(vgg64):
    layers = ("relu2_1", "relu3_1", "relu4_2")
    each = [terms(vgg64, objective="gram", content_layers=name, content_weight=6)["content"] for name in layers]
    assert terms(vgg64, objective="gram", content_layers=layers, content_weight=6)["content"] == pytest.approx(sum(each) / 3)


def test_layer_weights_are_relative(vgg64):
    each = [terms(vgg64, objective="gram", style_layers=name)["style"] for name in STYLE_LAYERS]
    weights = (1, 2, 3, 4, 0)
    expected = sum(w * value for w, value in zip(weights, each, strict=True)) / 10
    assert terms(vgg64, **GRAM, style_layer_weights=weights)["style"] == pytest.approx(expected)
    assert terms(vgg64, **GRAM, style_layer_weights=[7 * w for w in weights])["style"] == pytest.approx(expected)
    assert terms(vgg64, **GRAM)["style"] == pytest.approx(sum(each) / 5)


def test_names_of_keras_mean_the_same_layers(vgg64):
    keras = tuple(name.replace("relu", "block").replace("_", "_conv") for name in STYLE_LAYERS)
    options = {"objective": "gram", "neighbour_weight": 1.0, "neighbour_rotations": 1}
    paper = terms(vgg64, **options, style_layers=STYLE_LAYERS, content_layers="relu4_2", neighbour_layers="relu3_1")
    assert terms(vgg64, **options, style_layers=keras, content_layers="block4_conv2", neighbour_layers="block3_conv1") == paper


def test_the_pixels_are_a_layer(vgg64):
    flat = [image[0].flatten(1) for image in (HERE, ONE)]
    ours, theirs = (pixels @ pixels.T / pixels.shape[1] for pixels in flat)
    found = terms(vgg64, objective="gram", style_layers="pixels", style_distance="sum", style_weight=2)["style"]
    assert found == pytest.approx(2 * (ours - theirs).square().sum().item())


def test_mean_and_spread_go_beside_the_gram_matrices(vgg64):
    options = {"style_layers": STYLE_LAYERS, "style_distance": "sum", "content_weight": 0}
    gram = terms(vgg64, objective="gram", **options)["style"]
    spread = terms(vgg64, objective="meanstd", **options)["style"]
    both = terms(vgg64, objective="gram", meanstd_weight=0.25, **options)["style"]
    assert both == pytest.approx(gram + 0.25 * spread)


def test_mean_and_spread_are_means_where_a_gram_distance_has_a_form_of_its_own(vgg64):
    """`spst`: Gram matrices over C^2 beside plain mean squared errors of mean and standard deviation."""
    gram, spread, both = (
        terms(vgg64, style_layers=STYLE_LAYERS, **options)["style"]
        for options in (
            {"objective": "gram", "style_distance": "mean-c2"},
            {"objective": "meanstd", "style_distance": "mean"},
            {"objective": "gram", "style_distance": "mean-c2", "meanstd_weight": 10},
        )
    )
    assert both == pytest.approx(gram + 10 * spread)


def test_the_config_may_be_unresolved_or_resolved(vgg64):
    config = StylizeConfig(objective="gram", style_layers=STYLE_LAYERS)
    found = [build(c, vgg64).value_and_grad(HERE)[0] for c in (config, config.resolve())]
    assert found[0] == found[1]


# Several styles


@pytest.mark.parametrize("objective", ["gram", "wasserstein", "meanstd", "blend"])
def test_one_share_alone_is_that_style_alone(objective, vgg64):
    options = {"objective": objective, "style_layers": STYLE_LAYERS, "neighbour_rotations": 1, "neighbour_layers": ("relu2_1",)}
    alone, shared = terms(vgg64, TWO, **options), terms(vgg64, ONE, TWO, **options, style_blend=(0, 3))
    assert shared == pytest.approx(alone, rel=1e-12)


def test_a_blend_is_midway_between_the_statistics(vgg64):
    objective = make(vgg64, ONE, TWO, **GRAM, style_blend=(1, 3))
    for term in objective.terms:
        if isinstance(term, StyleTerm):
            one, two = (sums(vgg64(style, term.layers)[term.layers[0]]) for style in (ONE, TWO))
            torch.testing.assert_close(term.target.moment, 0.25 * one.moment + 0.75 * two.moment)
            torch.testing.assert_close(term.target.mean, 0.25 * one.mean + 0.75 * two.mean)


def test_styles_share_equally_unless_told_otherwise(vgg64):
    assert terms(vgg64, ONE, TWO, **GRAM) == terms(vgg64, ONE, TWO, **GRAM, style_blend=(2, 2))
    assert terms(vgg64, ONE, TWO, **GRAM)["style"] == pytest.approx(terms(vgg64, TWO, ONE, **GRAM)["style"])


def test_every_style_needs_its_share(vgg64):
    with pytest.raises(ConfigError, match="3 style_blend shares for 2 style pictures; give one share for each style picture"):
        make(vgg64, ONE, TWO, **GRAM, style_blend=(1, 1, 1))


# Neighbours


def test_the_bank_holds_every_turn_of_the_style(vgg64):
    style = picture(32, 24, 4, torch.float64)
    layers = MATCH["neighbour_layers"]
    bank = matched(make(vgg64, style, **{**MATCH, "neighbour_rotations": 3})).bank
    parts = []
    for turns in range(3):
        turned = torch.rot90(style, turns, (2, 3))
        grid = (turned.shape[2] // 4, turned.shape[3] // 4)
        parts.append(hypercolumns(vgg64(turned, layers), layers, grid))
    torch.testing.assert_close(bank, torch.cat(parts))
    assert len(bank) == 3 * 8 * 6


def test_a_bank_too_large_is_a_sample_that_the_seed_decides(vgg64):
    whole = matched(make(vgg64, **MATCH)).bank
    some, same, other = (matched(make(vgg64, **MATCH, neighbour_bank=50, seed=seed)).bank for seed in (1, 1, 2))
    assert len(whole) == 120
    assert len(some) == 50
    assert torch.equal(some, same)
    assert not torch.equal(some, other)
    rows = {tuple(row) for row in whole.tolist()}
    assert len({tuple(row) for row in some.tolist()} & rows) == 50  # each drawn once


def test_styles_share_the_bank(vgg64):
    bank = matched(make(vgg64, ONE, TWO, **MATCH, neighbour_bank=40, style_blend=(3, 1))).bank
    rows = [{tuple(row) for row in matched(make(vgg64, style, **MATCH)).bank.tolist()} for style in (ONE, TWO)]
    found = [tuple(row) for row in bank.tolist()]
    assert [sum(row in part for row in found) for part in rows] == [30, 10]


def test_what_is_wanted_are_directions_of_the_bank(vgg64):
    term = matched(make(vgg64, **MATCH))
    directions = {tuple(row) for row in torch.nn.functional.normalize(term.bank, dim=1).tolist()}
    assert len(term.wanted) == 10 * 12
    assert {tuple(row) for row in term.wanted.tolist()} <= directions


def test_the_first_search_sees_the_canvas_it_is_given(vgg64):
    blind, seeing = (matched(make(vgg64, canvas=canvas, **MATCH)) for canvas in (None, HERE))
    assert not torch.equal(blind.wanted, seeing.wanted)
    assert torch.equal(matched(make(vgg64, canvas=CONTENT, **MATCH)).wanted, blind.wanted)
    assert torch.equal(matched(make(vgg64, canvas=HERE, **MATCH, neighbour_mix=0.0)).wanted, blind.wanted)


def test_a_picture_smaller_than_the_grid_has_one_position(vgg64):
    tiny = picture(3, 3, 1, torch.float64)
    config = StylizeConfig(objective="neighbours", neighbour_layers=("relu1_1", "relu2_1"), neighbour_rotations=1)
    assert matched(build(config, vgg64, tiny, content=tiny)).wanted.shape == (1, 9)


# Refusals


@pytest.mark.parametrize("name", ["content_layers", "style_layers", "neighbour_layers"])
def test_unknown_layers_are_refused_with_the_nearest(name, vgg64):
    with pytest.raises(ConfigError, match="unknown layer 'relu4_9'; did you mean 'relu4_"):
        make(vgg64, **{**GRAM, "neighbour_weight": 1.0, name: ("relu4_9",)})


def test_every_layer_needs_its_weight(vgg64):
    with pytest.raises(ConfigError, match="2 style_layer_weights for 6 style_layers"):
        make(vgg64, objective="gram", style_layer_weights=(1, 2))


def test_a_style_picture_is_needed(vgg64):
    with pytest.raises(PictureError, match="there is no style picture; give at least one"):
        build_objective(CONTENT, [], StylizeConfig(), vgg64)
