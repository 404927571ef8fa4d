"""VGG against formulas written out, and what it promises of names, borders, number formats and errors."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from impasto.backbones import VGG
from impasto.backbones.compact import as_large_as_oxfords, compact
from impasto.errors import ConfigError, PictureError
from impasto.weights.formats import read_weights
from impasto.weights.manifest import NORMALIZATIONS, Normalization, find_record
from impasto.weights.network import BLOCKS, NetworkWeights
from synthetic import plain_features

ALL = [f"relu{block}_{n}" for block, count in enumerate(BLOCKS, 1) for n in range(1, count + 1)]
IDENTITY = Normalization("RGB", 1.0, (0.0, 0.0, 0.0))


def picture(height: int = 37, width: int = 50, batch: int = 1) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("padding", ["zeros", "replicate", "replicate-all"])
@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.bfloat16, 5e-2)]
)
def test_every_layer_equals_the_formula(pooling: str, padding: str, dtype, tolerance: float, random_weights) -> None:
    weights, image = random_weights(), picture(batch=2)
    features = VGG(weights, pooling=pooling, padding=padding, dtype=dtype)(image, ALL)
    for name, expected in plain_features(weights, image.double(), pooling, padding).items():
        assert features[name].dtype == dtype
        assert features[name].shape == expected.shape
        assert (features[name].double() - expected).norm() <= tolerance * expected.norm()


def test_the_embedded_backbone_equals_the_formula() -> None:
    backbone, image = compact(), picture(20, 24)
    weights = NetworkWeights(
        {n: (c.weight, c.bias) for n, c in backbone.convolutions.items()}, NORMALIZATIONS["torchvision"]
    )
    features = backbone(image, ALL)
    for name, expected in plain_features(weights, image.double(), "avg", "replicate-all").items():
        torch.testing.assert_close(features[name].double(), expected, rtol=1e-4, atol=1e-4)


def test_the_embedded_backbone_may_have_features_as_large_as_oxfords() -> None:
    """Each layer times a number, which is that of the printed losses where they say it."""
    weights, image = read_weights(find_record("compact").packaged), picture(20, 24)
    own, large = compact(weights)(image, ALL), compact(as_large_as_oxfords(weights))(image, ALL)
    factors = {name: (large[name].norm() / own[name].norm()).item() for name in ALL}
    for name in ALL:
        torch.testing.assert_close(large[name], factors[name] * own[name], rtol=1e-3, atol=1e-3 * factors[name])
    known = {"relu1_1": 26, "relu2_1": 81, "relu3_1": 79, "relu4_1": 290, "relu4_2": 260, "relu5_1": 25, "relu5_2": 11}
    assert {name: factors[name] for name in known} == pytest.approx(known, rel=1e-4)
    assert factors["relu1_1"] < factors["relu1_2"] < factors["relu2_1"]
    assert factors["relu5_4"] == pytest.approx(11, rel=1e-4)


def test_the_embedded_backbone_takes_other_weights_and_settings(random_weights) -> None:
    weights, image = random_weights(), picture()
    chosen = compact(weights, pooling="max", padding="zeros")(image, ["relu5_4"])
    assert torch.equal(chosen["relu5_4"], VGG(weights)(image, ["relu5_4"])["relu5_4"])


@pytest.mark.parametrize(
    ("layers", "count"),
    [
        ([], 0),
        (["pixels"], 0),
        (["relu1_1"], 1),
        (["relu3_1", "relu1_1"], 5),
        (["block4_conv2", "pixels"], 10),
        (ALL, 16),
    ],
)
def test_only_what_is_needed_is_computed(layers: list[str], count: int, random_weights) -> None:
    backbone, done = VGG(random_weights()), []
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda *_: done.append(1))
    assert list(backbone(picture(), layers)) == layers
    assert len(done) == count


def test_features_are_named_as_asked(random_weights) -> None:
    image = picture()
    features = VGG(random_weights())(image, ["block4_conv1", "relu4_1", "pixels"])
    assert list(features) == ["block4_conv1", "relu4_1", "pixels"]
    assert torch.equal(features["block4_conv1"], features["relu4_1"])
    assert features["pixels"] is image


def test_features_do_not_depend_on_what_else_is_asked(random_weights) -> None:
    backbone, image = VGG(random_weights()), picture()
    together = backbone(image, ALL)
    assert all(torch.equal(together[name], backbone(image, [name])[name]) for name in ALL)


def test_the_picture_has_a_gradient_and_the_weights_have_none(random_weights) -> None:
    backbone, image = VGG(random_weights(), dtype=torch.float64), picture(20, 24).double().requires_grad_()
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    sums = lambda pixels: backbone(pixels, ["relu3_1"])["relu3_1"].square().sum()  # noqa: E731
    (gradient,) = torch.autograd.grad(sums(image), image)
    direction = torch.randn(image.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        slope = (sums(image + 1e-6 * direction) - sums(image - 1e-6 * direction)) / 2e-6
    torch.testing.assert_close((gradient * direction).sum(), slope, rtol=1e-5, atol=0)


@pytest.mark.parametrize("name", ALL)
def test_a_flat_picture_stays_flat_when_every_border_is_replicated(name: str, random_weights) -> None:
    backbone = VGG(random_weights(), padding="replicate-all", dtype=torch.float64)
    features = backbone(torch.full((1, 3, 32, 48), 0.7), [name])[name]
    torch.testing.assert_close(features, features[:, :, :1, :1].expand_as(features))


def test_replicating_the_first_border_alone_leaves_the_second_dark(random_weights) -> None:
    features = VGG(random_weights(positive=True), padding="replicate")(
        torch.full((1, 3, 16, 16), 0.7), ["relu1_1", "relu1_2"]
    )
    first, second = features["relu1_1"], features["relu1_2"]
    torch.testing.assert_close(first, first[:, :, :1, :1].expand_as(first))
    assert (second[..., 0, 0] < 0.9 * second[..., 8, 8]).all()


@pytest.mark.parametrize("name", ["caffe", "torchvision", "matconvnet"])
def test_zeros_stand_for_the_mean_colour(name: str, random_weights) -> None:
    """So the network pads what it normalised; padding first, or folding the mean into the kernels, would show here."""
    normalization = NORMALIZATIONS[name]
    mean = torch.tensor(normalization.mean) / normalization.scale
    flat = (mean.flip(0) if normalization.order == "BGR" else mean)[None, :, None, None].expand(1, 3, 8, 8)
    weights = random_weights(normalization=normalization)
    features = VGG(weights)(flat, ["relu1_1"])["relu1_1"]
    expected = weights.convolutions["conv1_1"][1].relu()[None, :, None, None].expand_as(features)
    torch.testing.assert_close(features, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "normalization",
    [
        *NORMALIZATIONS.values(),
        Normalization(
            "BGR", 255.0, (1.0, 2.0, 3.0), (2.0, 3.0, 4.0), ((0.0, 1.0, 2.0), (0.5, 0.0, 0.1), (1.0, 1.0, 3.0))
        ),
    ],
)
def test_the_input_is_normalised_as_the_weights_say(normalization: Normalization, random_weights) -> None:
    image = picture(6, 7).double()
    mixing = torch.tensor(normalization.matrix or torch.eye(3).tolist(), dtype=torch.float64)
    colours = [sum(mixing[row, channel] * image[:, channel] for channel in range(3)) for row in range(3)]
    colours = colours[::-1] if normalization.order == "BGR" else colours
    expected = [
        (c * normalization.scale - m) / s
        for c, m, s in zip(colours, normalization.mean, normalization.std, strict=True)
    ]
    backbone = VGG(random_weights(normalization=normalization), dtype=torch.float64)
    torch.testing.assert_close(backbone.normalize(image), torch.stack(expected, 1))


@pytest.mark.parametrize("padding", ["zeros", "replicate-all"])
@pytest.mark.parametrize("tile", ["none", "xy"])
def test_bfloat16_sees_the_whole_picture(random_weights, padding: str, tile: str) -> None:
    """What the first convolution gives is off by what rounding it takes away, as if picture and kernels had not been
    rounded."""
    image = picture(32, 48)
    exact, half = (
        VGG(random_weights(), padding=padding, dtype=dtype).wrapped(tile)(image, ["relu1_1"])["relu1_1"].float()
        for dtype in (torch.float32, torch.bfloat16)
    )
    rounding = (exact.bfloat16().float() - exact).norm()
    assert (half - exact).norm() <= 1.02 * rounding


def test_bfloat16_normalises_in_float32(random_weights) -> None:
    backbone, image = VGG(random_weights(), dtype=torch.bfloat16), picture()
    assert torch.equal(backbone.normalize(image), VGG(random_weights()).normalize(image))


def test_random_numbers_are_left_alone(random_weights) -> None:
    weights, state = random_weights(), torch.get_rng_state()
    VGG(weights)
    assert torch.equal(torch.get_rng_state(), state)


def test_it_says_where_it_computes(random_weights) -> None:
    assert VGG(random_weights()).device == torch.device("cpu")


@pytest.mark.parametrize(("layer", "least"), [("relu1_2", 1), ("relu2_1", 2), ("relu3_4", 4), ("block5_conv1", 16)])
def test_the_smallest_picture(layer: str, least: int, random_weights) -> None:
    backbone = VGG(random_weights())
    assert backbone(picture(least, least + 1), [layer])[layer].shape[2:] == (1, max(1, (least + 1) // least))
    if least > 1:
        wanted = rf"{least - 1}x50 px is too small for relu\d_\d; give at least {least}x{least} px$"
        with pytest.raises(PictureError, match=wanted):
            backbone(picture(least - 1, 50), [layer, "relu1_1"])


@pytest.mark.parametrize(
    "image", [torch.zeros(3, 8, 8), torch.zeros(1, 4, 8, 8), torch.zeros(1, 3, 8, 8, dtype=torch.uint8)]
)
def test_what_is_no_picture_is_refused(image: Tensor, random_weights) -> None:
    with pytest.raises(PictureError, match=r"give floats \(B, 3, H, W\) in \[0, 1\]"):
        VGG(random_weights())(image, ["relu1_1"])


def test_layers_the_weights_do_not_hold_are_refused(random_weights) -> None:
    backbone = VGG(random_weights(count=3))
    assert list(backbone.layers) == ["pixels", "relu1_1", "relu1_2", "relu2_1"]
    with pytest.raises(
        ConfigError, match=r"do not hold layer 'block3_conv1'; available: pixels, relu1_1, relu1_2, relu2_1$"
    ):
        backbone(picture(), ["block3_conv1"])


@pytest.mark.parametrize("options", [{"pooling": "mean"}, {"padding": "reflect"}])
def test_unknown_settings_are_refused(options: dict[str, str], random_weights) -> None:
    with pytest.raises(ConfigError, match=r"pooling: max, avg; padding: zeros, replicate, replicate-all"):
        VGG(random_weights(), **options)
