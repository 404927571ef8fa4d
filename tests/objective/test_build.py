"""What a config makes of pictures: layers, their weights and names, several styles, the bank of neighbours, and
refusals."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.backbones import own_layers
from impasto.config.options import StylizeConfig
from impasto.errors import ConfigError, PictureError
from impasto.images.laplacian import merge_bands, split_bands
from impasto.losses import sums
from impasto.matching import Field, Search, hypercolumns
from impasto.objective.build import MatchStart, build_objective, refining
from impasto.objective.matching_terms import NeighbourTerm, SplitTerm
from impasto.objective.objective import Objective
from impasto.objective.terms import ContentTerm, StyleTerm, VariationTerm
from impasto.styles import all_rows, learn
from synthetic import STYLE_LAYERS, picture

GRAM = {"objective": "gram", "style_layers": STYLE_LAYERS}
MATCH = {
    "objective": "neighbours",
    "neighbour_layers": ("relu1_1", "relu2_2"),
    "neighbour_rotations": 1,
    "neighbour_border": 0,
}
CONTENT, ONE, TWO = (picture(40, 48, seed, torch.float64) for seed in (1, 2, 3))
HERE = picture(40, 48, 9, torch.float64)


def make(backbone, *styles: Tensor, canvas: Tensor | None = None, **options) -> Objective:
    return build(StylizeConfig(**options), backbone, *styles, canvas=canvas)


def build(
    config: StylizeConfig, backbone, *styles: Tensor, content: Tensor = CONTENT, canvas: Tensor | None = None
) -> Objective:
    return build_objective(
        content, [learn(style, config, backbone) for style in styles or (ONE,)], config, backbone, MatchStart(canvas)
    )


def terms(backbone, *styles: Tensor, **options) -> dict[str, float]:
    return make(backbone, *styles, **options).value_and_grad(HERE)[0].terms


def matched(objective: Objective) -> NeighbourTerm:
    assert objective.matching is not None
    return objective.matching


def searching(objective: Objective) -> Search:
    search = matched(objective).search
    assert search is not None
    return search


# Layers and their weights


def test_there_is_a_term_for_each_layer_that_weighs_something(vgg64):
    objective = make(
        vgg64, **GRAM, content_layers=("relu3_1", "relu4_2"), style_layer_weights=(1, 0, 2, 0, 1), tv_weight=1
    )
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


@pytest.mark.parametrize("kind", ["content", "style"])
def test_without_layers_there_is_no_term(kind, vgg64):
    found = terms(vgg64, **{**GRAM, f"{kind}_layers": (), f"{kind}_weight": 0})
    assert (found["content"] == 0, found["style"] == 0) == (kind == "content", kind == "style")


def test_the_content_loss_is_the_mean_over_its_layers(vgg64):
    layers = ("relu2_1", "relu3_1", "relu4_2")
    each = [terms(vgg64, objective="gram", content_layers=name, content_weight=6)["content"] for name in layers]
    assert terms(vgg64, objective="gram", content_layers=layers, content_weight=6)["content"] == pytest.approx(
        sum(each) / 3
    )


def test_content_layers_have_relative_weights(vgg64):
    layers = ("relu2_1", "relu3_1", "relu4_2")
    each = [terms(vgg64, objective="gram", content_layers=name, content_weight=6)["content"] for name in layers]
    found = make(vgg64, objective="gram", content_layers=layers, content_weight=6, content_layer_weights=(3, 0, 1))
    assert found.value_and_grad(HERE)[0].terms["content"] == pytest.approx((3 * each[0] + each[2]) / 4)
    assert [term.layers[0] for term in found.terms if isinstance(term, ContentTerm)] == ["relu2_1", "relu4_2"]


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
    called = StylizeConfig(
        **options, style_layers=keras, content_layers="block4_conv2", neighbour_layers="block3_conv1"
    )
    named = own_layers(called.resolve(), vgg64.layers)
    assert build(named, vgg64).value_and_grad(HERE)[0].terms == paper


def test_the_pixels_are_a_layer(vgg64):
    flat = [image[0].flatten(1) for image in (HERE, ONE)]
    ours, theirs = (pixels @ pixels.T / pixels.shape[1] for pixels in flat)
    found = terms(
        vgg64, objective="gram", style_layers="pixels", style_distance="sum", style_weight=2, meanstd_weight=0
    )["style"]
    assert found == pytest.approx(2 * (ours - theirs).square().sum().item())


def test_mean_and_spread_go_beside_the_gram_matrices(vgg64):
    options = {"style_layers": STYLE_LAYERS, "style_distance": "sum", "content_weight": 0}
    gram = terms(vgg64, objective="gram", meanstd_weight=0, **options)["style"]
    spread = terms(vgg64, objective="meanstd", **options)["style"]
    both = terms(vgg64, objective="gram", meanstd_weight=0.25, **options)["style"]
    assert both == pytest.approx(gram + 0.25 * spread)


def test_mean_and_spread_are_means_where_a_gram_distance_has_a_form_of_its_own(vgg64):
    """`spst`: Gram matrices over C^2 beside plain mean squared errors of mean and standard deviation."""
    gram, spread, both = (
        terms(vgg64, style_layers=STYLE_LAYERS, **options)["style"]
        for options in (
            {"objective": "gram", "style_distance": "mean-c2", "meanstd_weight": 0},
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
    options = {
        "objective": objective,
        "style_layers": STYLE_LAYERS,
        "neighbour_rotations": 1,
        "neighbour_layers": ("relu2_1",),
    }
    alone, shared = terms(vgg64, TWO, **options), terms(vgg64, ONE, TWO, **options, style_blend=(0, 3))
    assert shared == pytest.approx(alone, rel=1e-12)


def test_a_blend_is_midway_between_the_statistics(vgg64):
    objective = make(vgg64, ONE, TWO, **GRAM, style_blend=(1, 3))
    for term in objective.terms:
        if isinstance(term, StyleTerm):
            one, two = (sums(vgg64(style, term.layers)[term.layers[0]]) for style in (ONE, TWO))
            torch.testing.assert_close(term.target.moment, 0.25 * one.moment + 0.75 * two.moment)
            torch.testing.assert_close(term.target.mean, 0.25 * one.mean + 0.75 * two.mean)


def test_fine_layers_of_one_and_coarse_layers_of_another(vgg64):
    """Of three layers that have a weight, the first two see nothing of the second style, and the last nothing of the
    first."""
    options = {"objective": "gram", "style_layers": ("pixels", "relu1_1", "relu4_1"), "style_layer_weights": (1, 2, 3)}
    found = {term.layers[0]: term for term in make(vgg64, ONE, TWO, **options, style_blocks=("1-2", "3-5")).terms[1:]}
    alone = [{term.layers[0]: term for term in make(vgg64, style, **options).terms[1:]} for style in (ONE, TWO)]
    for name, term in found.items():
        expected = alone[name == "relu4_1"][name]
        torch.testing.assert_close(term.target.moment, expected.target.moment)
        assert term.weight == expected.weight


def test_a_layer_that_no_style_gives_has_no_term(vgg64):
    terms = make(vgg64, **GRAM, style_blocks="2-3", content_weight=0, style_weight=6).terms
    assert [(term.layers, term.weight) for term in terms] == [(("relu2_1",), 3), (("relu3_1",), 3)]


def test_a_block_is_shared_by_those_who_give_it(vgg64):
    three = make(vgg64, ONE, TWO, HERE, **GRAM, style_blocks=("1-3", "3-5", "1-5"), style_blend=(1, 2, 1))
    two = make(vgg64, ONE, HERE, **GRAM)
    torch.testing.assert_close(three.terms[1].target.moment, two.terms[1].target.moment)


def test_blocks_and_neighbours_exclude_each_other(vgg64):
    with pytest.raises(
        ConfigError, match="neighbours are matched in all layers at once; give it with --objective gram"
    ):
        make(vgg64, ONE, TWO, style_blocks=("1-2", "3-5"))


def test_styles_share_equally_unless_told_otherwise(vgg64):
    assert terms(vgg64, ONE, TWO, **GRAM) == terms(vgg64, ONE, TWO, **GRAM, style_blend=(2, 2))
    assert terms(vgg64, ONE, TWO, **GRAM)["style"] == pytest.approx(terms(vgg64, TWO, ONE, **GRAM)["style"])


def test_every_style_needs_its_share(vgg64):
    with pytest.raises(
        ConfigError, match="3 values of style_blend for 2 style pictures; give one for each style picture"
    ):
        make(vgg64, ONE, TWO, **GRAM, style_blend=(1, 1, 1))


# Neighbours


def test_the_bank_holds_every_turn_of_the_style(vgg64):
    style = picture(32, 24, 4, torch.float64)
    layers = MATCH["neighbour_layers"]
    strides = {name: vgg64.layers[name].stride for name in layers}
    bank = searching(make(vgg64, style, **{**MATCH, "neighbour_rotations": 3})).bank
    parts = []
    for turns in range(3):
        turned = torch.rot90(style, turns, (2, 3))
        grid = (turned.shape[2] // 4, turned.shape[3] // 4)
        parts.append(hypercolumns(vgg64(turned, layers), strides, grid))
    torch.testing.assert_close(bank, torch.cat(parts))
    assert len(bank) == 3 * 8 * 6


def test_a_bank_too_large_is_searched_at_rows_that_the_seed_decides(vgg64):
    some, same, other = (searching(make(vgg64, **MATCH, neighbour_bank=50, seed=seed)) for seed in (1, 1, 2))
    assert (len(some.bank), len(some.searched)) == (120, 50)
    assert torch.equal(some.searched, same.searched)
    assert not torch.equal(some.searched, other.searched)
    assert len(set(some.searched.tolist()) & set(range(120))) == 50  # each drawn once
    alone = matched(make(vgg64, **MATCH, neighbour_bank=50, seed=1, neighbour_coherence=0))
    assert set(alone.field.rows.tolist()) <= set(some.searched.tolist())


@pytest.mark.parametrize("bank", [120, 200])
def test_a_bank_that_is_small_enough_is_searched_everywhere(bank, vgg64):
    assert searching(make(vgg64, **MATCH, neighbour_bank=bank)).searched is None


@pytest.mark.parametrize(
    ("shares", "expected"), [((3, 1), [30, 10]), ((1, 1), [20, 20]), ((1000, 1), [40, 1]), ((9, 0.5), [38, 2])]
)
def test_each_style_is_searched_by_its_share(shares, expected, vgg64):
    rows = searching(make(vgg64, ONE, TWO, **MATCH, neighbour_bank=40, style_blend=shares)).searched
    assert [int((rows < 120).sum()), int((rows >= 120).sum())] == expected
    assert len(rows.unique()) == len(rows)


def test_a_style_without_a_share_is_not_matched(vgg64):
    both = matched(make(vgg64, ONE, TWO, **MATCH, style_blend=(0, 2)))
    alone = matched(make(vgg64, TWO, **MATCH))
    assert torch.equal(both.search.bank, alone.search.bank)
    assert torch.equal(both.wanted, alone.wanted)
    assert len(both.pictures) == 1


def test_no_style_is_searched_beyond_its_share_where_the_other_is_small(vgg64):
    """240 rows in all would fit; but a style of a third of the weight has no more than a third of the bank."""
    rows = searching(make(vgg64, ONE, TWO, **MATCH, neighbour_bank=240, style_blend=(2, 1))).searched
    assert [int((rows < 120).sum()), int((rows >= 120).sum())] == [120, 80]


@pytest.mark.parametrize("coherence", [0, 0.15])
def test_what_is_wanted_are_the_directions_of_the_matches(coherence, vgg64):
    term = matched(make(vgg64, **MATCH, neighbour_coherence=coherence))
    assert (term.field.grid, term.field.grids) == ((10, 12), ((10, 12),))
    assert torch.equal(term.wanted, torch.nn.functional.normalize(term.search.bank[term.field.rows], dim=1))


def test_coherent_matches_continue_each_other_more_often(vgg64):
    alone, joined = (matched(make(vgg64, **MATCH, neighbour_coherence=c)).field.rows.reshape(10, 12) for c in (0, 0.15))
    continued = [(rows.diff(dim=1) == 1).float().mean().item() for rows in (alone, joined)]
    assert continued[1] > continued[0] + 0.1


def test_the_first_search_sees_the_canvas_it_is_given(vgg64):
    blind, seeing = (matched(make(vgg64, canvas=canvas, **MATCH)) for canvas in (None, HERE))
    assert not torch.equal(blind.wanted, seeing.wanted)
    assert torch.equal(matched(make(vgg64, canvas=CONTENT, **MATCH)).wanted, blind.wanted)
    assert torch.equal(matched(make(vgg64, canvas=HERE, **MATCH, neighbour_mix=0.0)).wanted, blind.wanted)


def test_the_search_may_see_a_mixture_of_pictures(vgg64):
    """The canvas with the content's finest band, mixed with the content; then it is searched as if it were all."""
    (_, *coarse), (finest, _) = split_bands(HERE, 1), split_bands(CONTENT, 1)
    seen = 0.75 * merge_bands([finest, *coarse]) + 0.25 * CONTENT
    expected = matched(make(vgg64, canvas=seen, **MATCH, neighbour_mix=1.0)).field.rows
    options = {**MATCH, "neighbour_mix": 0.75, "neighbour_sees": "pictures"}
    assert torch.equal(matched(make(vgg64, canvas=HERE, **options)).field.rows, expected)
    assert torch.equal(matched(make(vgg64, **options).refreshed(HERE)).field.rows, expected)
    assert torch.equal(matched(make(vgg64, **options)).field.rows, matched(make(vgg64, **MATCH)).field.rows)
    assert not torch.equal(matched(make(vgg64, canvas=HERE, **MATCH, neighbour_mix=0.75)).field.rows, expected)


def test_layers_may_be_matched_one_by_one(vgg64):
    options = {"neighbour_match": "layers", "neighbour_weight": 2.0, "neighbour_bank": 400, "style_blend": (3, 1)}
    split = make(vgg64, ONE, TWO, **MATCH, **options)
    assert [(type(term), term.layers, term.weight) for term in split.terms] == [
        (SplitTerm, ("relu1_1",), 2.0),
        (SplitTerm, ("relu2_2",), 2.0),
    ]
    assert [len(term.bank) for term in split.terms] == [300 + 100] * 2
    assert split.searches
    assert [term.turn for o in (split, split.refreshed(HERE)) for term in o.terms] == [0, 0, 1, 1]
    report = split.value_and_grad(HERE)[0]
    assert report.terms["neighbours"] == report.total > 0


def test_a_picture_smaller_than_the_grid_has_one_position(vgg64):
    tiny = picture(3, 3, 1, torch.float64)
    config = StylizeConfig(objective="neighbours", neighbour_layers=("relu1_1", "relu2_1"), neighbour_rotations=1)
    assert matched(build(config, vgg64, tiny, content=tiny)).wanted.shape == (1, 9)


# Scales that refine


def test_the_matches_of_the_scale_below_are_kept_and_not_looked_for_again(vgg64):
    config = StylizeConfig(**MATCH).resolve()
    wanted = learn(ONE, config, vgg64)
    field = Field(torch.arange(120).flip(0), (10, 12), wanted.grids)
    objective = build_objective(CONTENT, [wanted], config, vgg64, MatchStart(HERE, field, keep=True))
    term = matched(objective)
    assert torch.equal(term.field.rows, field.rows)
    assert term.search is None
    assert torch.equal(term.wanted, torch.nn.functional.normalize(all_rows(wanted.bank).flip(0), dim=1))
    assert not objective.searches
    assert objective.refreshed(HERE) is objective
    assert build(config, vgg64).searches


def test_refining_leaves_layers_of_4_px_and_less_with_their_weights(vgg64):
    layers = ("relu5_1", "relu1_1", "relu4_1", "pixels", "relu3_4")
    config = StylizeConfig(
        style_layers=layers, style_layer_weights=(5, 4, 3, 2, 1), neighbour_layers=("relu2_2", "relu3_1", "relu4_1")
    ).resolve()
    left = refining(config, vgg64)
    assert (left.style_layers, left.style_layer_weights) == (("relu1_1", "pixels", "relu3_4"), (4, 2, 1))
    assert left.neighbour_layers == ("relu2_2", "relu3_1")
    kept = {"style_layers": layers, "style_layer_weights": (5, 4, 3, 2, 1), "neighbour_layers": config.neighbour_layers}
    assert left.overlay(kept) == config  # nothing else changed
    assert refining(left, vgg64) == left


def test_refining_gives_equal_layers_equal_weights(vgg64):
    left = refining(StylizeConfig(style_layers=("relu1_1", "relu2_1", "relu5_1")).resolve(), vgg64)
    assert left.style_layers == ("relu1_1", "relu2_1")
    assert len(set(left.style_layer_weights)) == 1


@pytest.mark.parametrize("weights", [(1, 1), (0, 1)])
def test_where_all_layers_are_deep_refining_keeps_them(weights, vgg64):
    """As where those that are not deep weigh nothing: a loss of nothing would be no help."""
    first = "relu5_1" if all(weights) else "relu1_1"
    options = {
        "style_layers": (first, "relu4_1"),
        "style_layer_weights": weights,
        "neighbour_layers": ("relu4_1", "relu5_1"),
    }
    config = StylizeConfig(**options).resolve()
    assert refining(config, vgg64) == config


def test_without_style_layers_refining_leaves_the_neighbours(vgg64):
    left = refining(StylizeConfig(objective="neighbours").resolve(), vgg64)
    assert left.style_layers == ()
    assert left.neighbour_layers == (
        "relu1_1",
        "relu1_2",
        "relu2_1",
        "relu2_2",
        "relu3_1",
        "relu3_2",
        "relu3_3",
        "relu3_4",
    )


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
