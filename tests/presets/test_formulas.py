"""The objective of every preset against its published formula, written out in float64 without the package's code.

Each formula takes the canvas (R, G, B in 0..1), the content and the style picture, and returns its weighted terms.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto import build_objective, create_backbone, load_preset
from impasto.weights.formats import write_weights
from impasto.weights.manifest import WEIGHTS
from impasto.weights.network import NetworkWeights
from synthetic import picture, random_weights

WIDTHS = (8, 10, 12, 14, 16)
FIRST = [f"conv{block}_1" for block in range(1, 6)]
Features = dict[str, Tensor]
Terms = dict[str, Tensor]


def see(image: Tensor, weights: NetworkWeights, *, pool: str = "max", caffe: bool = True, replicate: bool = False) -> Features:
    """VGG-19 as published: BGR in 0..255 minus the mean, or torchvision's RGB; features after each ReLU."""
    if caffe:
        x = 255 * image[:, [2, 1, 0]] - torch.tensor([103.939, 116.779, 123.68], dtype=torch.float64)[:, None, None]
    else:
        mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], dtype=torch.float64)[:, :, None, None]
        x = (image - mean) / std
    features = {}
    for name, (kernel, bias) in weights.convolutions.items():
        if name in FIRST[1:]:
            x = F.max_pool2d(x, 2) if pool == "max" else F.avg_pool2d(x, 2)
        x = F.pad(x, (1, 1, 1, 1), mode="replicate" if replicate and name == "conv1_1" else "constant")
        x = F.conv2d(x, kernel.double(), bias.double()).relu()
        features[name] = x
    return features


def rows(features: Tensor) -> Tensor:
    """C x (H W)."""
    return features[0].flatten(1)


def gram(features: Tensor) -> Tensor:
    return rows(features) @ rows(features).T


def variation(canvas: Tensor) -> Tensor:
    across = (canvas[:, :, :, 1:] - canvas[:, :, :, :-1]).abs().sum()
    return across + (canvas[:, :, 1:, :] - canvas[:, :, :-1, :]).abs().sum()


def gatys_layer(ours: Tensor, theirs: Tensor) -> Tensor:
    """1 / (4 N^2 M^2) sum (G - G')^2, equation 4 of the paper; M positions of the canvas."""
    count, positions = rows(ours).shape
    return (gram(ours) - gram(theirs)).square().sum() / (4 * count**2 * positions**2)


def mse_layer(ours: Tensor, theirs: Tensor) -> Tensor:
    """Mean over C x C of (G - G')^2, each G over its own H W."""
    difference = gram(ours) / rows(ours).shape[1] - gram(theirs) / rows(theirs).shape[1]
    return difference.square().mean()


def holberton(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights, pool="avg") for image in (canvas, content, style))
    return {
        "content": 1e4 * (x["conv5_2"] - c["conv5_2"]).square().mean(),
        "style": 1 * sum(0.2 * mse_layer(x[name], s[name]) for name in FIRST),
        "tv": 10 * variation(canvas),
    }


def tensorflow_tutorial(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights) for image in (canvas, content, style))
    return {
        "content": 1e4 * (x["conv5_2"] - c["conv5_2"]).square().mean() / 1,
        "style": 1e-2 * sum(mse_layer(x[name], s[name]) for name in FIRST) / 5,
        "tv": 30 * variation(canvas),
    }


def light_on_math(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights) for image in (canvas, content, style))
    return {
        "content": 1e-3 * 0.5 * (x["conv5_2"] - c["conv5_2"]).square().sum(),
        "style": sum(gatys_layer(x[name], s[name]) / 5 for name in FIRST),
    }


def block5_block4(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights) for image in (canvas, content, style))
    return {
        "content": 1e-3 * (x["conv5_2"] - c["conv5_2"]).square().sum() / 2,
        "style": gatys_layer(x["conv4_1"], s["conv4_1"]),
    }


def mse_gram(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights) for image in (canvas, content, style))
    return {
        "content": (x["conv4_2"] - c["conv4_2"]).square().mean(),
        "style": 1e-2 * sum(mse_layer(x[name], s[name]) for name in FIRST) / 5,
    }


def gatys2015(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights, pool="avg") for image in (canvas, content, style))
    return {
        "content": 1e-3 * 0.5 * (x["conv4_2"] - c["conv4_2"]).square().sum(),
        "style": sum(gatys_layer(x[name], s[name]) / 5 for name in FIRST),
    }


def gatys2016(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights) for image in (canvas, content, style))
    return {
        "content": 1e0 * (x["conv4_2"] - c["conv4_2"]).square().mean(),
        "style": sum(1e3 / x[name].shape[1] ** 2 * mse_layer(x[name], s[name]) for name in FIRST),
    }


def neural_style(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights) for image in (canvas, content, style))

    def layer(ours: Tensor, theirs: Tensor) -> Tensor:
        return (gram(ours) / ours.numel() - gram(theirs) / theirs.numel()).square().mean()

    return {
        "content": 5 * (x["conv4_2"] - c["conv4_2"]).square().mean(),
        "style": sum(100 * layer(x[name], s[name]) for name in FIRST),
        "tv": 1e-3 * variation(255 * canvas),
    }


def root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T


def wasserstein_layer(ours: Tensor, theirs: Tensor) -> Tensor:
    """|dmu|^2 over C + tr(S + S' - 2 (S'^.5 S S'^.5)^.5) / C, 1e-4 I on both covariances."""
    x, y = rows(ours), rows(theirs)
    eye = 1e-4 * torch.eye(len(x), dtype=torch.float64)
    ours, theirs = torch.cov(x, correction=0) + eye, torch.cov(y, correction=0) + eye
    half = root(theirs)
    trace = (ours + theirs - 2 * root(half @ ours @ half)).trace()
    return (x.mean(1) - y.mean(1)).square().mean() + trace / len(x)


def crowsonkb(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights, caffe=False, replicate=True) for image in (canvas, content, style))
    shares = dict(zip(FIRST, (256, 64, 16, 4, 1), strict=True))
    edge = F.pad(canvas, (1, 1, 1, 1), mode="replicate")
    height, width = canvas.shape[2:]

    def shifted(dy: int, dx: int) -> Tensor:
        return edge[:, :, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]

    straight = sum((shifted(*step) - canvas).square().mean() for step in ((0, 1), (1, 0))) / 3
    corners = sum((edge[:, :, 1:, a] - edge[:, :, :-1, b]).square().mean() for a, b in DIAGONALS) / 12
    return {
        "content": 0.015 * (x["conv4_2"] - c["conv4_2"]).square().mean(),
        "style": sum(share / 341 * wasserstein_layer(x[name], s[name]) for name, share in shares.items()),
        "tv": 2 * 2 * (straight + corners),
    }


DIAGONALS = ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None)))

FORMULAS: dict[str, Callable[[Tensor, Tensor, Tensor, NetworkWeights], Terms]] = {
    "block5-block4": block5_block4,
    "crowsonkb": crowsonkb,
    "gatys2015": gatys2015,
    "gatys2016": gatys2016,
    "holberton": holberton,
    "light-on-math": light_on_math,
    "mse-gram": mse_gram,
    "neural-style": neural_style,
    "tensorflow-tutorial": tensorflow_tutorial,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of random weights for each id, of the input that the real ones want."""
    folder = tmp_path_factory.mktemp("weights")
    made = {id: folder / f"{id}.safetensors" for id in ("vgg19.oxford", "vgg19.torchvision")}
    for id, path in made.items():
        write_weights(random_weights(WIDTHS, normalization=WEIGHTS[id].normalization), path)
    return made


@pytest.mark.usefixtures("narrow_vgg19")
@pytest.mark.parametrize("style_size", [(96, 112), (80, 100)], ids=["same size", "another size"])
@pytest.mark.parametrize("name", FORMULAS)
def test_the_objective_is_the_published_formula(name: str, style_size: tuple[int, int], files: dict[str, Path]) -> None:
    config = load_preset(name)
    backbone = create_backbone(
        config.backbone, weights=files[config.weights], pooling=config.pooling, padding=config.padding, device="cpu"
    )
    content, style, canvas = picture(96, 112, 1), picture(*style_size, 2), picture(96, 112, 3)
    objective = build_objective(content, style, config, backbone)
    report, gradient = objective.value_and_grad(canvas)

    leaf = canvas.double().requires_grad_()
    terms = FORMULAS[name](leaf, content.double(), style.double(), random_weights(WIDTHS))
    total = sum(terms.values())

    assert {term for term, value in report.terms.items() if value} == terms.keys()
    assert {term: report.terms[term] for term in terms} == pytest.approx({t: v.item() for t, v in terms.items()}, rel=1e-4)
    assert report.total == pytest.approx(total.item(), rel=1e-4)
    assert_near(gradient, slope(total, leaf))

    leaf32 = canvas.clone().requires_grad_()
    parts = objective.value(leaf32)[1]
    for term, value in terms.items():
        assert_near(slope(parts[term], leaf32), slope(value, leaf))


def slope(value: Tensor, leaf: Tensor) -> Tensor:
    return torch.autograd.grad(value, leaf, retain_graph=True)[0]


def assert_near(found: Tensor, expected: Tensor) -> None:
    assert found.shape == expected.shape
    assert (found.double() - expected).norm() <= 1e-4 * expected.norm()
