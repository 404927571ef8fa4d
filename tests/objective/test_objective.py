"""Value and gradient of weighted terms: against differences in float64, term by term, and without leaving anything
behind."""

from __future__ import annotations

import dataclasses
import weakref

import pytest
import torch
from torch import Tensor

from impasto.backbones import VGG, features_of
from impasto.config.options import StylizeConfig
from impasto.objective.build import build_objective
from impasto.objective.matching_terms import NeighbourTerm
from impasto.objective.objective import Objective, Report
from impasto.objective.terms import VariationTerm
from impasto.styles import learn
from synthetic import picture, random_weights

SIZE = (40, 48)
SMALL = {"content_layers": ("relu2_1",), "neighbour_layers": ("relu1_1", "relu2_1", "relu3_1")}
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "pixels")
OBJECTIVES = {
    "gram": {"objective": "gram", "style_layers": LAYERS, "tv_weight": 1e-3},
    "gram and spread": {"objective": "gram", "style_layers": LAYERS, "style_distance": "mean", "meanstd_weight": 3.0},
    "paper": {
        "objective": "gram",
        "gram_normalization": "none",
        "style_distance": "gatys",
        "content_loss": "half-sum",
        "style_layers": LAYERS[:3],
    },
    "wasserstein": {"objective": "wasserstein", "style_layers": LAYERS},
    "meanstd": {
        "objective": "meanstd",
        "style_layers": LAYERS,
        "content_loss": "sqrt",
        "tv_weight": 1.0,
        "tv_loss": "l2-mean",
    },
    "neighbours": {"objective": "neighbours", "content_weight": 0.5},
    "blend": {
        "objective": "blend",
        "style_layers": LAYERS,
        "content_weight": 0.5,
        "tv_weight": 1.0,
        "tv_loss": "nine-point",
    },
}


def make(backbone: VGG, dtype: torch.dtype = torch.float64, styles: int = 1, **options) -> Objective:
    config = StylizeConfig(**{**SMALL, **options})
    pictures = [picture(44, 36, seed, dtype) for seed in range(2, 2 + styles)]
    return build_objective(picture(*SIZE, 1, dtype), [learn(p, config, backbone) for p in pictures], config, backbone)


def canvas(dtype: torch.dtype = torch.float64) -> Tensor:
    return picture(*SIZE, 9, dtype)


@pytest.mark.parametrize("options", OBJECTIVES.values(), ids=OBJECTIVES)
def test_the_gradient_of_every_term_is_that_of_its_differences(options, vgg64):
    objective, leaf = make(vgg64, **options), canvas().requires_grad_()
    parts = objective.value(leaf)[1]
    directions = torch.randn(3, *leaf.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    for name, part in parts.items():
        if not part.requires_grad:
            continue
        gradient = torch.autograd.grad(part, leaf, retain_graph=True)[0]
        for direction in directions:
            with torch.no_grad():
                ahead, behind = (objective.value(leaf + step * direction)[1][name] for step in (1e-6, -1e-6))
            slope = ((ahead - behind) / 2e-6).item()
            assert (gradient * direction).sum().item() == pytest.approx(slope, rel=1e-4, abs=1e-8 * part.item()), name


@pytest.mark.parametrize("options", OBJECTIVES.values(), ids=OBJECTIVES)
def test_terms_are_weighted_and_sum_to_the_total(options, vgg64):
    report, gradient = make(vgg64, **options).value_and_grad(canvas())
    assert isinstance(report, Report)
    assert report.total == pytest.approx(sum(report.terms.values()), rel=1e-12)
    assert all(type(value) is float and value >= 0 for value in report.terms.values())
    assert (gradient.shape, gradient.dtype) == ((1, 3, *SIZE), torch.float64)


@pytest.mark.parametrize("name", ["content_weight", "style_weight", "tv_weight", "neighbour_weight"])
def test_a_coefficient_scales_its_term_alone(name, vgg64):
    options = {"objective": "blend", "style_layers": LAYERS, "content_weight": 1, "style_weight": 1, "tv_weight": 1}
    one, three = (make(vgg64, **{**options, name: weight}).value_and_grad(canvas())[0] for weight in (1, 3))
    term = "neighbours" if name.startswith("neigh") else name.removesuffix("_weight")
    assert one.terms[term] > 0
    assert three.terms == pytest.approx({**one.terms, term: 3 * one.terms[term]}, rel=1e-12)


def test_terms_without_weight_are_there_and_0(vgg64):
    objective = make(vgg64, objective="gram", content_weight=0, style_weight=0)
    report, gradient = objective.value_and_grad(canvas())
    assert report == Report(0.0, {"content": 0.0, "style": 0.0, "tv": 0.0})
    assert torch.equal(gradient, torch.zeros_like(canvas()))


def test_the_content_picture_has_no_content_loss_and_the_style_picture_no_style_loss(vgg64):
    content, style = picture(*SIZE, 1, torch.float64), picture(44, 36, 2, torch.float64)
    config = StylizeConfig(objective="gram", **SMALL, style_layers=LAYERS)
    wanted = [learn(style, config, vgg64)]
    at_content = build_objective(content, wanted, config, vgg64).value_and_grad(content)[0]
    at_style = build_objective(style, wanted, config, vgg64).value_and_grad(style)[0]
    assert (at_content.terms["content"], at_style.terms["style"]) == (0, 0)
    assert at_content.terms["style"] > 0


def test_evaluating_changes_nothing_and_repeats(vgg64):
    objective, here = make(vgg64, objective="blend", style_layers=LAYERS), canvas()
    before = here.clone()
    first, second = objective.value_and_grad(here), objective.value_and_grad(here)
    assert torch.equal(here, before)
    assert not here.requires_grad
    assert first[0] == second[0]
    assert torch.equal(first[1], second[1])


def test_nothing_keeps_the_graph(vgg64):
    objective = make(vgg64, objective="blend", style_layers=LAYERS, content_weight=1)
    kept = [value for term in objective.terms for value in vars(term).values()]
    tensors = [t for value in kept for t in (value if isinstance(value, tuple) else (value,)) if isinstance(t, Tensor)]
    assert len(tensors) >= 7
    assert not any(t.requires_grad for t in tensors)
    made: list[weakref.ref[Tensor]] = []

    class Spy:
        def __call__(self, image, layers):
            found = vgg64(image, layers)
            made.extend(weakref.ref(features) for features in found.values())
            return found

    outcome = dataclasses.replace(objective, backbone=Spy()).value_and_grad(canvas())
    assert not outcome[1].requires_grad
    assert len(made) == 3
    assert not any(reference() is not None for reference in made)


def test_gradients_work_where_they_are_switched_off(vgg64):
    objective, here = make(vgg64, objective="gram"), canvas()
    with torch.no_grad():
        quiet = objective.value_and_grad(here)[1]
    assert torch.equal(quiet, objective.value_and_grad(here)[1])


def test_half_precision_is_for_the_network_alone():
    """The canvas, the variation and the statistics of pixels are not rounded to bfloat16."""
    backbone = VGG(random_weights(), dtype=torch.bfloat16)
    here = 0.5 + 1e-4 * canvas(torch.float32)
    objective = make(backbone, torch.float32, objective="gram", style_layers=("pixels",), tv_weight=1.0)
    report, gradient = objective.value_and_grad(here)
    steps = sum((here.diff(dim=axis)).abs().sum().item() for axis in (2, 3))
    assert report.terms["tv"] == pytest.approx(steps, rel=1e-5)
    assert gradient.dtype == torch.float32
    rounded = objective.value_and_grad(here.bfloat16().float())[0]
    assert rounded.terms["style"] != report.terms["style"]


def test_pixels_are_the_image_itself_and_need_no_network():
    def blind(image: Tensor, layers: list[str]) -> dict[str, Tensor]:
        raise AssertionError

    image = canvas()
    assert features_of(blind, image, ["pixels"])["pixels"] is image
    assert Objective(blind, (VariationTerm(2.0, "l1-sum"),)).value_and_grad(image)[0].terms["tv"] > 0


def test_each_layer_is_computed_once(vgg64):
    asked = []

    class Spy:
        def __call__(self, image, layers):
            asked.append(list(layers))
            return vgg64(image, layers)

    objective = make(vgg64, objective="blend", style_layers=("relu1_1", "relu2_1", "pixels"), content_weight=1)
    dataclasses.replace(objective, backbone=Spy()).value_and_grad(canvas())
    assert asked == [["relu2_1", "relu1_1", "relu3_1"]]


# Neighbours are looked for again


def test_refreshing_gives_a_new_objective_and_leaves_the_old_alone(vgg64):
    objective, here = make(vgg64, objective="neighbours", neighbour_mix=1.0), canvas()
    before = objective.value_and_grad(here)
    fresh = objective.refreshed(here)
    assert fresh is not objective
    assert objective.value_and_grad(here)[0] == before[0]
    after = fresh.value_and_grad(here)
    assert after[0].total < before[0].total  # each hypercolumn now points near the one that is nearest to it
    assert not torch.equal(after[1], before[1])
    assert fresh.refreshed(here).value_and_grad(here)[0] == after[0]


def test_refreshing_sees_the_mixture_asked_for(vgg64):
    wanted = {}
    for mix in (0.0, 0.5, 1.0):
        objective = make(vgg64, objective="neighbours", neighbour_mix=mix)
        wanted[mix] = [matched(o).wanted for o in (objective, objective.refreshed(canvas()))]
    assert torch.equal(*wanted[0.0])  # the content alone, whatever the canvas
    assert not torch.equal(*wanted[1.0])
    assert not torch.equal(wanted[0.5][1], wanted[1.0][1])


def matched(objective: Objective) -> NeighbourTerm:
    return next(term for term in objective.terms if isinstance(term, NeighbourTerm))


def test_refreshing_without_neighbours_is_the_same_objective(vgg64):
    objective = make(vgg64, objective="gram")
    assert objective.refreshed(canvas()) is objective
