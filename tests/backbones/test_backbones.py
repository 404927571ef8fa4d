"""The contract of every backbone in the registry: channels, stride and receptive radius are measured, not believed."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from impasto.backbones import BACKBONES, KNOWN_LAYERS, VGG, Backbone, LayerSpec, build_backbone, own_layer
from impasto.backbones.compact import compact
from impasto.errors import ConfigError, WeightsError

SIZE = 272  # the deepest layer sees 118 px to each side of its 16


def held(name: str) -> list[str]:
    return [
        layer for layer in KNOWN_LAYERS[name] if not (name == "vgg16" and layer in ("relu3_4", "relu4_4", "relu5_4"))
    ]


@pytest.fixture(scope="module")
def measured() -> dict[str, tuple[Tensor, dict[str, Tensor], Backbone]]:
    return {}


def measure(name: str, random_weights, cache: dict) -> tuple[Tensor, dict[str, Tensor], Backbone]:
    if name not in cache:
        weights = random_weights((2, 3, 2, 3, 2), shape="VGG-16" if name == "vgg16" else "VGG-19", positive=True)
        make = compact if name == "compact" else VGG  # what the others make, of widths that would take minutes here
        backbone = make(weights, pooling="avg", padding="zeros", dtype=torch.float64)
        image = torch.rand(1, 3, SIZE, SIZE, dtype=torch.float64, requires_grad=True)
        cache[name] = image, backbone(image, backbone.layers), backbone
    return cache[name]


@pytest.mark.parametrize(("name", "layer"), [(name, layer) for name in BACKBONES for layer in held(name)])
def test_layers_are_as_specified(name: str, layer: str, random_weights, measured) -> None:
    image, features, backbone = measure(name, random_weights, measured)
    spec, values = backbone.layers[layer], features[layer]
    assert values.shape == (1, spec.channels, SIZE // spec.stride, SIZE // spec.stride)
    cell = values.shape[2] // 2
    (gradient,) = torch.autograd.grad(values[0, :, cell, cell].sum(), image, retain_graph=True)
    for other in (0, 1):
        seen = gradient[0].sum(0).abs().sum(other).nonzero().flatten()
        before, after = spec.stride * cell - seen.min(), seen.max() - (spec.stride * (cell + 1) - 1)
        assert max(before, after) == spec.radius


def test_halos_are_those_of_the_design() -> None:
    layers = compact().layers
    halos = {layer: layers[layer].halo for layer in ("pixels", "relu3_1", "relu4_1", "relu4_2", "relu5_1")}
    assert halos == {"pixels": 0, "relu3_1": 12, "relu4_1": 32, "relu4_2": 40, "relu5_1": 80}


def test_a_halo_is_whole_cells() -> None:
    assert LayerSpec(1, 8, 38).halo == 40
    assert LayerSpec(1, 8, 40).halo == 40


def test_vgg19_of_another_width_is_refused(random_weights) -> None:
    with pytest.raises(WeightsError, match=r"not of VGG-19: conv1_1 has 2 channels, not 64; use --backbone compact"):
        build_backbone("vgg19", random_weights((2, 3, 2, 3, 2)))


def test_vgg16_has_three_convolutions_less(random_weights, measured) -> None:
    backbone = measure("vgg16", random_weights, measured)[2]
    assert list(backbone.layers) == held("vgg16")
    assert len(backbone.layers) == 1 + 13
    with pytest.raises(ConfigError, match=r"do not hold layer 'relu3_4'; available: pixels, relu1_1, .*, relu5_3$"):
        backbone(torch.zeros(1, 3, 32, 32), ["relu3_4"])


def test_vgg16_of_another_width_is_refused(random_weights) -> None:
    with pytest.raises(WeightsError, match=r"not of VGG-16: conv1_1 has 2 channels, not 64; use --backbone compact"):
        build_backbone("vgg16", random_weights((2, 3, 2, 3, 2), shape="VGG-16"))


@pytest.mark.parametrize(
    ("name", "shape", "line"),
    [
        (
            "vgg19",
            "VGG-16",
            "VGG-19: conv4_1 stands in the place of conv3_4; give weights of VGG-19, or use --backbone vgg16",
        ),
        (
            "vgg16",
            "VGG-19",
            "VGG-16: conv3_4 stands in the place of conv4_1; give weights of VGG-16, or use --backbone vgg19",
        ),
    ],
)
def test_one_vgg_is_not_taken_for_the_other(name, shape, line, random_weights) -> None:
    with pytest.raises(WeightsError) as error:
        build_backbone(name, random_weights((64, 128, 256, 2, 2), shape=shape))
    assert str(error.value) == f"these weights are not of {line}"


def test_an_unknown_backbone_is_answered_with_the_nearest(random_weights) -> None:
    with pytest.raises(ConfigError, match=r"^unknown backbone 'vgg18'; did you mean 'vgg1[69]'\?$"):
        build_backbone("vgg18", random_weights())


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("block5_conv1", "relu5_1"), ("block1_conv2", "relu1_2"), ("relu4_2", "relu4_2"), ("pixels", "pixels")],
)
def test_papers_and_keras_names_mean_the_same(name: str, canonical: str) -> None:
    assert own_layer(name, KNOWN_LAYERS["vgg19"]) == canonical


@pytest.mark.parametrize("name", ["relu6_1", "block3_conv5", "block1_pool", "", "relu1_1 "])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"^unknown layer '{name}'; (did you mean|known:) "):
        own_layer(name, KNOWN_LAYERS["vgg19"])


def test_a_nearly_right_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'relu3_4'\?"):
        own_layer("rleu3_4", KNOWN_LAYERS["vgg19"])
    with pytest.raises(ConfigError, match=r"did you mean 'relu3_4'\?"):
        own_layer("blck3_conv4", KNOWN_LAYERS["vgg19"])


@pytest.mark.parametrize("name", BACKBONES)
def test_what_is_known_beforehand_is_what_the_network_says(name, random_weights, measured) -> None:
    """But for what the weights decide, and the radii where VGG-16 leaves convolutions out."""
    said, known = measure(name, random_weights, measured)[2].layers, KNOWN_LAYERS[name]
    assert [layer for layer in known if layer in said] == list(said)
    for layer, spec in said.items():
        assert (spec.stride, spec.block, spec.aliases) == (
            known[layer].stride,
            known[layer].block,
            known[layer].aliases,
        )


def test_the_weights_up_to_a_layer_are_counted(random_weights) -> None:
    backbone = VGG(random_weights())
    assert [spec.block for spec in backbone.layers.values()] == [1, *[1] * 2, *[2] * 2, *[3] * 4, *[4] * 4, *[5] * 4]
    learnt, counted = 0, [spec.weights for spec in backbone.layers.values()]
    for convolution, (before, after) in zip(backbone.convolutions.values(), itertools.pairwise(counted), strict=True):
        learnt += sum(parameter.numel() for parameter in convolution.parameters())
        assert after - before == sum(parameter.numel() for parameter in convolution.parameters())
    assert counted[-1] == learnt
