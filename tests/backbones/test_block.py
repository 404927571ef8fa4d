"""The backward pass that is written out, against autograd's own over the network written out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.backbones import VGG, Backbone, with_pullback
from impasto.backbones.compact import compact
from impasto.weights.formats import read_weights
from impasto.weights.manifest import find_record
from impasto.weights.network import NetworkWeights
from synthetic import picture, plain_features, random_weights

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}


def plain_gradient(
    weights: NetworkWeights,
    image: Tensor,
    gradients: dict[str, Tensor],
    pooling: str = "avg",
    padding: str = "replicate-all",
) -> Tensor:
    leaf = image.clone().requires_grad_()
    features = plain_features(weights, leaf, pooling, padding)
    return torch.autograd.grad([features[name] for name in gradients], leaf, list(gradients.values()))[0]


def random_gradients(backbone: Backbone, image: Tensor, layers: list[str]) -> dict[str, Tensor]:
    """Of unlike sizes, as those of losses are."""
    generator = torch.Generator().manual_seed(1)
    found = backbone(image, layers)
    return {
        name: (k + 1) * torch.randn(found[name].shape, generator=generator).to(found[name])
        for k, name in enumerate(layers)
    }


def assert_near(found: Tensor, expected: Tensor, tolerance: float) -> None:
    assert (found - expected).norm() <= tolerance * expected.norm()


def deep(backbone: Backbone) -> list[str]:
    return [name for name in backbone.layers if name != "pixels"]


@pytest.mark.parametrize("size", [(37, 50), (48, 33), (16, 16), (17, 31)], ids=str)
@pytest.mark.parametrize("padding", ["zeros", "replicate", "replicate-all"])
@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_the_gradient_is_autograds(size: tuple[int, int], padding: str, pooling: str, dtype: torch.dtype) -> None:
    backbone = VGG(random_weights(), pooling=pooling, padding=padding, dtype=dtype)
    image = picture(*size, dtype=dtype)
    every = random_gradients(backbone, image, deep(backbone))
    for gradients in (every, *({name: every[name]} for name in every)):
        found = with_pullback(backbone, image, list(gradients))[1](gradients)
        assert_near(found, plain_gradient(random_weights(), image, gradients, pooling, padding), TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_the_gradient_of_the_embedded_network_is_autograds(dtype: torch.dtype) -> None:
    weights, image = read_weights(find_record("compact").packaged), picture(35, 49, dtype=dtype)
    backbone = compact(weights, dtype=dtype)
    gradients = random_gradients(backbone, image, deep(backbone))
    found = with_pullback(backbone, image, deep(backbone))[1](gradients)
    assert_near(found, plain_gradient(weights, image, gradients), TOLERANCE[dtype])


def test_two_pictures_at_once_have_gradients_of_their_own(vgg64: VGG) -> None:
    images = torch.cat([picture(20, 24, seed, torch.float64) for seed in (1, 2)])
    gradients = random_gradients(vgg64, images, ["relu2_2", "relu3_1"])
    together = with_pullback(vgg64, images, list(gradients))[1](gradients)
    for k in (0, 1):
        alone = {name: gradient[k : k + 1] for name, gradient in gradients.items()}
        assert_near(together[k : k + 1], with_pullback(vgg64, images[k : k + 1], list(alone))[1](alone), 1e-12)


def test_bfloat16_is_near(vgg: VGG) -> None:
    half, image = VGG(random_weights(), pooling="avg", dtype=torch.bfloat16), picture()
    gradients = random_gradients(vgg, image, ["relu2_1"])
    found = with_pullback(half, image, ["relu2_1"])[1](gradients)
    assert found.dtype == torch.float32
    assert_near(found, with_pullback(vgg, image, ["relu2_1"])[1](gradients), 0.05)


def test_gradients_that_are_given_are_not_changed(vgg64: VGG) -> None:
    image = picture(dtype=torch.float64)
    gradients = random_gradients(vgg64, image, deep(vgg64))
    before = {name: gradient.clone() for name, gradient in gradients.items()}
    with_pullback(vgg64, image, deep(vgg64))[1](gradients)
    assert all(torch.equal(gradients[name], before[name]) for name in gradients)


def test_a_layer_whose_gradient_is_left_out_counts_as_zero(vgg64: VGG) -> None:
    image = picture(dtype=torch.float64)
    gradients = random_gradients(vgg64, image, ["relu1_2", "relu3_1"])
    zero = {**gradients, "relu3_1": torch.zeros_like(gradients["relu3_1"])}
    one = with_pullback(vgg64, image, list(gradients))[1]({"relu1_2": gradients["relu1_2"]})
    assert_near(one, with_pullback(vgg64, image, list(gradients))[1](zero), 1e-12)


def test_pixels_pass_through(vgg64: VGG) -> None:
    image = picture(dtype=torch.float64)
    gradients = random_gradients(vgg64, image, ["pixels", "relu1_1"])
    features, pullback = with_pullback(vgg64, image, list(gradients))
    assert torch.equal(features["pixels"], image)
    assert not any(value.requires_grad for value in features.values())
    deep_alone = with_pullback(vgg64, image, ["relu1_1"])[1]({"relu1_1": gradients["relu1_1"]})
    assert_near(pullback(gradients), gradients["pixels"] + deep_alone, 1e-12)


def test_without_any_gradient_there_is_none(vgg64: VGG) -> None:
    image = picture(dtype=torch.float64)
    assert torch.equal(with_pullback(vgg64, image, ["relu1_1"])[1]({}), torch.zeros_like(image))


def test_a_graph_that_is_kept_can_be_gone_through_again(vgg64: VGG) -> None:
    leaf = picture(dtype=torch.float64).requires_grad_()
    total = sum(value.square().sum() for value in vgg64(leaf, ["relu1_2", "relu2_2"]).values())
    first, second = (torch.autograd.grad(total, leaf, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)
