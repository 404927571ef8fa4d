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


def caffe(image: Tensor) -> Tensor:
    """BGR in 0..255, Oxford's mean taken away."""
    return 255 * image[:, [2, 1, 0]] - torch.tensor([103.939, 116.779, 123.68], dtype=torch.float64)[:, None, None]


def torchvision(image: Tensor) -> Tensor:
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], dtype=torch.float64)[:, :, None, None]
    return (image - mean) / std


def torchvision255(image: Tensor) -> Tensor:
    """RGB in 0..255, torchvision's mean taken away."""
    return 255 * image - torch.tensor([123.675, 116.28, 103.53], dtype=torch.float64)[:, None, None]


def see(
    image: Tensor,
    weights: NetworkWeights,
    *,
    enter: Callable[[Tensor], Tensor] = caffe,
    pool: str = "max",
    replicate: bool = False,
) -> Features:
    """VGG as published, features after each ReLU."""
    x = enter(image)
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


def shared_gram(features: Tensor) -> Tensor:
    """G over C H W."""
    return gram(features) / features.numel()


def neural_style(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights) for image in (canvas, content, style))
    return {
        "content": 5 * (x["conv4_2"] - c["conv4_2"]).square().mean(),
        "style": sum(100 * (shared_gram(x[name]) - shared_gram(s[name])).square().mean() for name in FIRST),
        "tv": 1e-3 * variation(255 * canvas),
    }


def pystiche(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights, enter=torchvision) for image in (canvas, content, style))
    return {
        "content": (x["conv4_2"] - c["conv4_2"]).square().mean(),
        "style": 1e3 * sum(mse_layer(x[name], s[name]) for name in FIRST) / 5,
    }


def pytorch_tutorial(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights, enter=torchvision) for image in (canvas, content, style))
    first = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")
    return {
        "content": (x["conv2_2"] - c["conv2_2"]).square().mean(),
        "style": 1e6 * sum((shared_gram(x[name]) - shared_gram(s[name])).square().mean() for name in first),
    }


def cysmith(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights, pool="avg") for image in (canvas, content, style))
    count, positions = rows(x["conv4_2"]).shape
    return {
        "content": 5 * (x["conv4_2"] - c["conv4_2"]).square().sum() / (2 * count**0.5 * positions**0.5),
        "style": 1e4 * sum(0.2 * gatys_layer(x[name], s[name]) for name in FIRST) / 5,
        "tv": 1e-3 * variation(255 * canvas),
    }


def gordicaleksa(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights, enter=torchvision255) for image in (canvas, content, style))
    return {
        "content": 1e5 * (x["conv4_2"] - c["conv4_2"]).square().mean(),
        "style": 3e4 * sum((shared_gram(x[name]) - shared_gram(s[name])).square().sum() for name in FIRST) / 5,
        "tv": 1e0 * variation(255 * canvas),
    }


def anishathalye(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights) for image in (canvas, content, style))
    image = 255 * canvas
    return {
        "content": 5 * (x["conv4_2"] - c["conv4_2"]).square().mean(),
        "style": 500 * sum((shared_gram(x[name]) - shared_gram(s[name])).square().mean() / 5 for name in FIRST),
        "tv": 100 * (image.diff(dim=2).square().mean() + image.diff(dim=3).square().mean()),
    }


def spst(canvas: Tensor, content: Tensor, style: Tensor, weights: NetworkWeights) -> Terms:
    x, c, s = (see(image, weights) for image in (canvas, content, style))

    def layer(ours: Tensor, theirs: Tensor) -> Tensor:
        a, b = rows(ours), rows(theirs)
        means = (a.mean(1) - b.mean(1)).square().mean()
        spreads = (a.std(1, correction=0) - b.std(1, correction=0)).square().mean()
        return 1e3 / len(a) ** 2 * mse_layer(ours, theirs) + 1e4 * means + 1e4 * spreads

    return {
        "content": (x["conv4_2"] - c["conv4_2"]).square().mean(),
        "style": sum(layer(x[name], s[name]) for name in FIRST),
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
    x, c, s = (see(image, weights, enter=torchvision, replicate=True) for image in (canvas, content, style))
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
    "anishathalye": anishathalye,
    "block5-block4": block5_block4,
    "crowsonkb": crowsonkb,
    "cysmith": cysmith,
    "gatys2015": gatys2015,
    "gatys2016": gatys2016,
    "gordicaleksa": gordicaleksa,
    "holberton": holberton,
    "light-on-math": light_on_math,
    "mse-gram": mse_gram,
    "neural-style": neural_style,
    "pystiche": pystiche,
    "pytorch-tutorial": pytorch_tutorial,
    "spst": spst,
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
        config.backbone,
        weights=files[config.weights],
        pooling=config.pooling,
        padding=config.padding,
        network_input=config.network_input,
        device="cpu",
    )
    content, style, canvas = picture(96, 112, 1), picture(*style_size, 2), picture(96, 112, 3)
    objective = build_objective(content, style, config, backbone)
    report, gradient = objective.value_and_grad(canvas)

    leaf = canvas.double().requires_grad_()
    terms = FORMULAS[name](leaf, content.double(), style.double(), random_weights(WIDTHS))
    total = sum(terms.values())

    assert {term for term, value in report.terms.items() if value} == terms.keys()
    assert {term: report.terms[term] for term in terms} == pytest.approx(
        {t: v.item() for t, v in terms.items()}, rel=1e-4
    )
    assert report.total == pytest.approx(total.item(), rel=1e-4)
    assert_near(gradient, slope(total, leaf))

    leaf32 = canvas.clone().requires_grad_()
    parts = objective.value(leaf32)[1]
    for term, value in terms.items():
        assert_near(slope(parts[term], leaf32), slope(value, leaf))


def slope(value: Tensor, leaf: Tensor) -> Tensor:
    return torch.autograd.grad(value, leaf, retain_graph=True)[0]


def assert_near(found: Tensor, expected: Tensor, tolerance: float = 1e-4) -> None:
    assert found.shape == expected.shape
    assert (found.double() - expected).norm() <= tolerance * expected.norm()
