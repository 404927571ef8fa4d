"""Terms with a mask count the positions that the mask counts, in tiles too; of a masked style no more than its part is
seen."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.config.options import StylizeConfig
from impasto.images.masks import Mask
from impasto.losses import content_loss, cosine_loss, gram_distance, sums
from impasto.matching import grid_columns
from impasto.objective.build import build_objective
from impasto.objective.matching_terms import NeighbourTerm, SplitTerm
from impasto.objective.objective import Objective
from impasto.objective.terms import ContentTerm, StyleTerm
from impasto.styles import PictureStyle, learn
from synthetic import picture

CONTENT, STYLE, HERE = (picture(64, 96, seed, torch.float64) for seed in (1, 2, 3))
LEFT = (torch.arange(96) < 48).double().expand(1, 1, 64, 96).contiguous()
SOFT = torch.linspace(0, 1, 96, dtype=torch.float64).expand(1, 1, 64, 96).contiguous()
GRAM = {
    "objective": "gram",
    "meanstd_weight": 0,
    "style_layers": ("relu1_1", "relu3_1", "pixels"),
    "content_layers": ("relu2_1",),
}
MATCH = {
    "objective": "neighbours",
    "neighbour_layers": ("relu1_1", "relu2_2"),
    "neighbour_rotations": 1,
    "neighbour_border": 0,
    "neighbour_coherence": 0.3,
}


def make(backbone, mask: Tensor | None = LEFT, part: Tensor | None = None, **options) -> Objective:
    config = StylizeConfig(**options).resolve()
    return build_objective(CONTENT, [learn(STYLE, config, backbone, mask=part)], config, backbone, mask=mask)


def of_kind(objective: Objective, kind: type) -> list:
    return [term for term in objective.terms if isinstance(term, kind)]


@pytest.mark.parametrize("form", ["mean", "sum", "half-sum", "sqrt", "relative"])
def test_masked_content_is_that_of_the_masked_part(form):
    ours, theirs = HERE[..., :48], CONTENT[..., :48]
    torch.testing.assert_close(content_loss(HERE, CONTENT, form, LEFT), content_loss(ours, theirs, form))


def test_a_masked_cosine_is_the_mean_over_what_counts():
    generator = torch.Generator().manual_seed(0)
    columns = [torch.randn(9, 4, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    wanted = torch.nn.functional.normalize(torch.randn(9, 8, generator=generator, dtype=torch.float64), dim=1)
    weight = torch.rand(9, generator=generator, dtype=torch.float64)
    cosines = torch.cosine_similarity(torch.cat(columns, dim=1), wanted)
    torch.testing.assert_close(cosine_loss(columns, wanted, weight), (weight * (1 - cosines)).sum() / weight.sum())
    assert torch.autograd.gradcheck(lambda *given: cosine_loss(given, wanted, weight), columns)


def test_each_term_takes_the_mask_to_its_own_grid(vgg64):
    objective = make(vgg64, SOFT, **GRAM)
    for term in (*of_kind(objective, StyleTerm), *of_kind(objective, ContentTerm)):
        features = objective.features(HERE)[term.layers[0]]
        assert term.mask.shape == (1, 1, *features.shape[2:])
        torch.testing.assert_close(term.mask.mean(), SOFT.mean())


def test_statistics_are_those_of_what_counts(vgg64):
    term = of_kind(make(vgg64, **GRAM, style_distance="sum", content_weight=0), StyleTerm)[0]
    features, style = (vgg64(image, ["relu1_1"])["relu1_1"] for image in (HERE, STYLE))
    expected = term.weight * gram_distance(sums(features[..., :48]), sums(style), distance="sum")
    torch.testing.assert_close(term({"relu1_1": features}), expected)


def test_sums_that_are_not_divided_are_compared_over_as_many_positions(vgg64):
    """A style of any size is as far from a region as one of the region's own size."""
    options = {**GRAM, "gram_normalization": "none", "style_distance": "gatys", "content_weight": 0}
    term = of_kind(make(vgg64, **options), StyleTerm)[2]
    ours, theirs = sums(HERE[..., :48]), sums(STYLE)
    squares = (ours.second - theirs.second / 2).square().sum() / (4 * 9 * (64 * 48) ** 2)
    torch.testing.assert_close(term({"pixels": HERE}), term.weight * squares)


def test_places_that_do_not_count_are_not_moved(vgg64):
    for options in (MATCH, {**MATCH, "neighbour_match": "layers"}):
        objective = make(vgg64, **options)
        gradient = objective.value_and_grad(HERE)[1]
        far = 48 + vgg64.layers["relu2_2"].radius + 8
        assert not gradient[..., far:].any()
        assert gradient[..., :48].abs().min() > 0 or gradient[..., :48].any()


def test_neighbours_are_the_mean_over_the_places_that_count(vgg64):
    (term,) = of_kind(make(vgg64, **MATCH), NeighbourTerm)
    features = vgg64(HERE, term.layers)
    inside = LEFT[0, 0, ::4, ::4].flatten().bool()
    columns = [grid_columns(features[name], stride, term.field.grid)[inside] for name, stride in term.strides.items()]
    columns = [part / part.shape[1] for part in columns]
    torch.testing.assert_close(term(features), term.weight * cosine_loss(columns, term.wanted[inside]))


def test_without_a_place_that_counts_nothing_is_matched(vgg64):
    term = of_kind(make(vgg64, LEFT * 0.1, **MATCH, neighbour_match="layers"), SplitTerm)[0]
    assert term(vgg64(HERE, term.layers)).item() == 0


@pytest.mark.parametrize(
    "options", [GRAM, MATCH, {"style_layers": ("relu1_1", "pixels"), **MATCH, "objective": "blend"}]
)
@pytest.mark.parametrize("mask", [LEFT, SOFT], ids=["left", "soft"])
def test_in_tiles_it_is_the_same(options, mask, vgg64):
    config = {**options, "content_weight": 1.0, "content_layers": ("relu2_1",), "neighbour_coherence": 0.0}
    whole, tiled = (make(vgg64, mask, **config, tile_size=size) for size in (0, 32))
    (expected, slope), (found, gradient) = whole.value_and_grad(HERE), tiled.value_and_grad(HERE)
    assert found.terms == pytest.approx(expected.terms, rel=1e-9)
    torch.testing.assert_close(gradient, slope, rtol=1e-7, atol=1e-12)


# Parts of styles


def test_a_part_has_its_own_statistics_and_no_others(vgg64):
    config = StylizeConfig(**GRAM).resolve()
    known, other = (
        learn(image, config, vgg64, mask=LEFT) for image in (STYLE, torch.cat([STYLE[..., :48], HERE[..., 48:]], 3))
    )
    for name, stats in known.stats.items():
        torch.testing.assert_close(stats.moment, other.stats[name].moment)
    torch.testing.assert_close(known.stats["pixels"].moment, sums(STYLE[..., :48]).moment)


def test_in_tiles_a_part_has_the_same_statistics(vgg64):
    whole, tiled = (learn(STYLE, StylizeConfig(**GRAM, tile_size=size).resolve(), vgg64, mask=SOFT) for size in (0, 32))
    for name, stats in whole.stats.items():
        for ours, expected in zip(tiled.stats[name], stats, strict=True):
            torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("options", [{}, {"neighbour_bank": 40}, {"neighbour_rotations": 4}, {"neighbour_border": 0.1}])
def test_matches_lie_in_the_part_even_where_they_are_made_coherent(options, vgg64):
    (term,) = of_kind(make(vgg64, None, LEFT, **{**MATCH, **options}), NeighbourTerm)
    known = term.search.inside
    assert 0 < known.sum() < len(known) / 2
    assert known[term.field.rows].all()
    number, y, x = term.field.places()
    height, width = (torch.tensor(side)[number] for side in zip(*term.field.grids, strict=True))
    along = torch.stack([x / width, 1 - y / height, 1 - x / width, y / height])[number % 4, torch.arange(len(x))]
    assert along.max() < 0.5  # of the picture as it was before its turns


def test_a_part_at_its_size_has_colours_and_rows_of_its_own(vgg64):
    mask = Mask(LEFT.float())
    style = PictureStyle((STYLE.float(),)).masked(mask)
    assert style.colors.shape == (1, 3, 1, 64 * 48)
    torch.testing.assert_close(style.colors[0, :, 0], STYLE.float()[0, :, :, :48].flatten(1))
    split = style.at(96, StylizeConfig(**MATCH, neighbour_match="layers").resolve(), vgg64).split
    assert len(split["relu1_1"]) == 64 * 47
    assert len(split["relu2_2"]) == 32 * 21
