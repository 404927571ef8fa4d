"""The network while it is trained, and the finished one that computes the same."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.backbones import VGG
from impasto.weights.manifest import NORMALIZATIONS
from impasto.weights.network import BLOCKS, CONVOLUTIONS, NetworkWeights
from synthetic import picture, random_weights
from training.network import DEPTHS, Trunk, calibrate, convolution_names, enliven, fold, revive, start_from, unit_means

NARROW = (4, 5, 6, 7, 8)
LAST = [f"relu{block}_{depth}" for block, depth in enumerate(DEPTHS, 1)]
ALL = [name.replace("conv", "relu") for name in CONVOLUTIONS]
IMAGES = torch.cat([picture(64, 80, seed) for seed in range(4)])


def network(tensors: dict[str, Tensor]) -> VGG:
    """The finished network as the package computes it, with the pooling and the borders it was trained with."""
    convolutions = {name: (tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in CONVOLUTIONS}
    return VGG(NetworkWeights(convolutions, NORMALIZATIONS["torchvision"]), pooling="avg", padding="replicate-all")


def finished() -> dict[str, Tensor]:
    """A narrow random network, as a file holds it."""
    return {
        f"{name}.{part}": tensor
        for name, pair in random_weights(NARROW).convolutions.items()
        for part, tensor in zip(("weight", "bias"), pair, strict=True)
    }


def disturbed() -> Trunk:
    """A trunk whose batch norms do something, as after some training."""
    trunk, generator = Trunk(NARROW), torch.Generator().manual_seed(6)
    for *_, norm in trunk.layers():
        for value, low, high in ((norm.weight, 0.5, 1.5), (norm.bias, -0.2, 0.4), (norm.running_mean, -0.3, 0.3)):
            value.data.uniform_(low, high, generator=generator)
        norm.running_var.uniform_(0.5, 2, generator=generator)
    return trunk.eval()


def assert_alike(found: Tensor, expected: Tensor, share: float) -> None:
    assert found.shape == expected.shape
    assert (found - expected).norm() <= share * expected.norm()


def test_the_trunk_has_the_shape_of_vgg19():
    assert DEPTHS == BLOCKS
    assert tuple(name for _, name in convolution_names()) == CONVOLUTIONS
    features = Trunk(NARROW)(IMAGES)
    shapes = [(4, width, 64 >> block, 80 >> block) for block, width in enumerate(NARROW)]
    assert {name: tuple(value.shape) for name, value in features.items()} == dict(zip(LAST, shapes, strict=True))
    assert all(value.min() == 0 < value.max() for value in features.values())


@torch.no_grad()
def test_a_trunk_of_the_same_widths_starts_as_the_finished_network():
    trunk = Trunk(NARROW)
    start_from(trunk, finished(), IMAGES)
    expected = network(finished())(IMAGES, LAST)
    for name, value in trunk.eval()(IMAGES).items():
        assert_alike(value, expected[name], 1e-3)


@torch.no_grad()
def test_new_channels_are_hardly_listened_to():
    """The old channels of a wider trunk compute nearly what they did, and exactly that where the new ones are
    silent."""
    expected, distances = network(finished())(IMAGES, LAST), []
    for speak in (0.0, 0.1, 1.0):
        torch.manual_seed(0)
        trunk = Trunk(tuple(width + 3 for width in NARROW))
        start_from(trunk, finished(), IMAGES, speak)
        found = trunk.eval()(IMAGES)
        old = {name: value[:, :width] for (name, value), width in zip(found.items(), NARROW, strict=True)}
        distances.append([((old[name] - expected[name]).norm() / expected[name].norm()).item() for name in LAST])
        assert all(value[:, width:].std() > 0.01 for value, width in zip(found.values(), NARROW, strict=True))
    silent, quiet, loud = distances
    assert max(silent) < 1e-3
    assert all(one < 0.35 * other for one, other in zip(quiet, loud, strict=True))


@torch.no_grad()
def test_folding_batch_norm_keeps_the_function():
    trunk = disturbed()
    found = network(fold(trunk))(IMAGES, LAST)
    for name, value in trunk(IMAGES).items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_unit_means_multiply_each_layer_by_one_positive_number_that_makes_its_mean_1():
    folded = fold(disturbed())
    before, after = network(folded)(IMAGES, ALL), network(unit_means(folded, [IMAGES[:2], IMAGES[2:]]))(IMAGES, ALL)
    for name in ALL:
        assert after[name].mean().item() == pytest.approx(1, abs=1e-4)
        factor = 1 / before[name].mean()
        assert factor > 0
        torch.testing.assert_close(after[name], factor * before[name], rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_calibrating_measures_the_statistics_of_the_batches():
    trunk = disturbed()
    before = {name: value.clone() for name, value in trunk.named_parameters()}
    momenta = [norm.momentum for *_, norm in trunk.layers()]
    batches = [IMAGES[:1], IMAGES[1:2], IMAGES[2:3]]
    calibrate(trunk, batches)
    _, _, convolution, norm = next(trunk.layers())
    seen = [convolution(trunk.enter(images)) for images in batches]
    mean = torch.stack([x.mean((0, 2, 3)) for x in seen]).mean(0)
    var = torch.stack([x.var((0, 2, 3)) for x in seen]).mean(0)
    torch.testing.assert_close(norm.running_mean, mean, rtol=0.02, atol=0.01)  # measured in bfloat16, as it was trained
    torch.testing.assert_close(norm.running_var, var, rtol=0.02, atol=0.01)
    assert [norm.momentum for *_, norm in trunk.layers()] == momenta  # training may go on
    assert all(torch.equal(value, before[name]) for name, value in trunk.named_parameters())


@torch.no_grad()
def test_from_the_first_that_learns_on_unit_means_keep_the_function():
    folded = fold(disturbed())
    scaled = unit_means(folded, [IMAGES], "conv4_2")
    before, after = network(folded)(IMAGES, ALL), network(scaled)(IMAGES, ALL)
    for name in ALL:
        factor = 1.0 if ALL.index(name) < ALL.index("relu4_2") else before[name].mean()
        torch.testing.assert_close(after[name] * factor, before[name], rtol=1e-3, atol=1e-4)


def test_what_does_not_learn_has_no_gradient_and_its_norms_stay():
    trunk = Trunk(NARROW, "conv5_3")
    before = {name: value.clone() for name, value in trunk.state_dict().items()}
    trunk.train()(IMAGES)["relu5_4"].square().mean().backward()
    learning = {name for name, parameter in trunk.named_parameters() if parameter.grad is not None}
    assert {name.split(".")[1] for name in learning} == {"conv5_3", "conv5_4"}
    moved = {name.split(".")[1] for name, value in trunk.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"conv5_3", "conv5_4"}


@torch.no_grad()
def test_dead_channels_that_learn_are_revived_and_the_others_stay():
    torch.manual_seed(0)
    trunk = Trunk(NARROW, "conv4_1")
    start_from(trunk, finished(), IMAGES)
    trunk.norms["conv3_1"].bias[1] = -100.0
    revive(trunk, IMAGES)
    for name in ("conv5_3", "conv5_4"):
        trunk.norms[name].bias[1] = -100.0
    before = trunk.state_dict()["convolutions.conv4_1.weight"].clone()
    assert revive(trunk, IMAGES) == 2
    assert torch.equal(trunk.convolutions["conv4_1"].weight, before)
    assert trunk.norms["conv3_1"].bias[1] == -100
    assert trunk.training
    assert trunk.eval()(IMAGES)["relu5_4"].amax((0, 2, 3)).min() > 0.1
    assert revive(trunk, IMAGES) == 0


@torch.no_grad()
def test_no_channel_that_learns_gets_out_of_reach():
    trunk = Trunk(NARROW, "conv2_1")
    for name in ("conv1_1", "conv2_1"):
        trunk.norms[name].weight[:3] = torch.tensor([1e-9, -1e-9, -2.0])
        trunk.norms[name].bias[:3] = torch.tensor([-5.0, 3.0, -5.0])
    enliven(trunk)
    assert trunk.norms["conv1_1"].bias[:3].tolist() == [-5, 3, -5]
    assert trunk.norms["conv2_1"].weight[:3].tolist() == pytest.approx([0.1, -0.1, -2.0])
    assert trunk.norms["conv2_1"].bias[:3].tolist() == pytest.approx([-0.2, 3.0, -4.0])
