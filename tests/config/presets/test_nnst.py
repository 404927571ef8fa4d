"""The preset `nnst` against the rules of its paper, written out in float64: every search over every place, one at a
time.

What is searched is a mixture of pictures, hypercolumns are matched at each scale, and layers one by one in the last
pass.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from test_formulas import assert_near, rows, see, slope, torchvision
from torch import Tensor

from impasto import create_backbone, iterate, load_preset
from impasto.config.options import StylizeConfig
from impasto.objective.build import MatchStart, build_objective
from impasto.objective.objective import Objective
from impasto.styles import learn
from impasto.weights.formats import write_weights
from synthetic import DEVICE, picture, random_weights

WEIGHTS = random_weights((20, 24, 28, 32, 8), shape="VGG-16")
CONV = ["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3", "conv4_1", "conv4_2", "conv4_3"]
CONTENT, STYLE, CANVAS, FINISHED = picture(96, 112, 1), picture(40, 48, 2), picture(96, 112, 3), picture(96, 112, 4)


def layers(image: Tensor) -> list[Tensor]:
    features = see(image, WEIGHTS, enter=torchvision)
    return [features[name] for name in CONV]


def stacked(image: Tensor) -> Tensor:
    """Hypercolumns (places, channels): each layer over its channels, on a grid of a quarter of the picture."""
    height, width = image.shape[2] // 4, image.shape[3] // 4
    parts = []
    for found in layers(image):
        if found.shape[2] > height:
            found = F.avg_pool2d(found, found.shape[2] // height)
        elif found.shape[2] < height:
            found = F.interpolate(found, (height, width), mode="bilinear", align_corners=False)
        parts.append(rows(found).T / found.shape[1])
    return torch.cat(parts, 1)


def turns(image: Tensor) -> list[Tensor]:
    return [torch.rot90(image, k, (2, 3)) for k in range(4)]


def centred(columns: Tensor) -> Tensor:
    return F.normalize(columns - columns.mean(0), dim=1)


def search(ours: Tensor, theirs: Tensor) -> Tensor:
    return (centred(ours) @ centred(theirs).T).argmax(1)


def with_finest_band(image: Tensor, content: Tensor) -> Tensor:
    def blurred(x: Tensor) -> Tensor:
        half = F.interpolate(x, scale_factor=0.5, mode="bilinear", antialias=True)
        return F.interpolate(half, size=x.shape[2:], mode="bilinear")

    return blurred(image) + content - blurred(content)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("weights") / "vgg16.safetensors"
    write_weights(WEIGHTS, path)
    config = load_preset("nnst")
    with pytest.MonkeyPatch.context() as patch:
        from impasto.backbones import BACKBONES, VGG

        patch.setitem(BACKBONES, "vgg16", VGG)
        return create_backbone(
            config.backbone, weights=path, pooling=config.pooling, padding=config.padding, device="cpu"
        )


# 13 layers, there and back, each a sum of at most 9 * 8 + 1 numbers that may be added one after the other, half an eps
# each time; and the cosine, a difference of two vectors of nearly one length, doubles it.
ROUNDING = 2 * 13 * 2 * (9 * 8 + 1) * torch.finfo(torch.float32).eps / 2


def build(network, config: StylizeConfig, canvas: Tensor | None) -> Objective:
    return build_objective(CONTENT, [learn(STYLE, config, network)], config, network, MatchStart(canvas))


def compare(objective: Objective, formula) -> None:
    report, gradient = objective.value_and_grad(FINISHED)
    leaf = FINISHED.double().requires_grad_()
    expected = formula(leaf)
    assert {name for name, value in report.terms.items() if value} == {"neighbours"}
    assert report.total == report.terms["neighbours"] == pytest.approx(expected.item(), rel=1e-4)
    assert_near(gradient, slope(expected, leaf), ROUNDING)


@pytest.mark.parametrize("canvas", [None, CANVAS], ids=["coarsest scale", "finer scale"])
def test_hypercolumns_point_where_their_matches_do(canvas, network):
    content, bank = CONTENT.double(), torch.cat([stacked(turn) for turn in turns(STYLE.double())])
    seen = content if canvas is None else 0.75 * content + 0.25 * with_finest_band(canvas.double(), content)
    wanted = bank[search(stacked(seen), bank)]
    objective = build(network, load_preset("nnst"), canvas)
    compare(objective, lambda leaf: (1 - F.cosine_similarity(stacked(leaf), wanted, dim=1)).mean())


def test_layers_are_matched_one_by_one_in_the_last_pass(network):
    config = load_preset("nnst").overlay({"neighbour_match": "layers"})
    banks = [
        torch.cat(parts)
        for parts in zip(*([rows(f).T for f in layers(turn)] for turn in turns(STYLE.double())), strict=True)
    ]

    def formula(leaf: Tensor) -> Tensor:
        total = leaf.new_zeros(())
        for found, bank in zip(layers(leaf), banks, strict=True):
            ours = rows(found).T
            nearest = search(ours.detach(), bank)
            total = total + (1 - (centred(ours) * centred(bank)[nearest]).sum(1)).mean()
        return total

    compare(build(network, config, CANVAS), formula)


def test_it_runs_on_vgg19_with_the_weights_that_are_here(tmp_path, monkeypatch):
    """VGG-19 has each of its layers; weights and input are then VGG-19's own."""
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path))
    config = load_preset("nnst").overlay({"backbone": "vgg19", "size": 32, "iterations": 1, "split_iterations": 1})
    run = iterate(
        picture(24, 32, 1), picture(24, 32, 2), config=config.overlay({"device": DEVICE, "precision": "float32"})
    )
    told = list(run)
    assert all(torch.isfinite(torch.tensor(progress.loss)) for progress in told)
    record = run.result().record
    assert record["weights"]["id"] == record["config"]["weights"] == "vgg19.oxford8"
    assert record["config"]["neighbour_layers"] == list(load_preset("nnst").neighbour_layers)
    assert len(told) == sum(scale.iterations for scale in run.scales) == 2
