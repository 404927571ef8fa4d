"""A network that is no VGG: residual, with strides of its own and layers by other names."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.backbones import LayerSpec, held_layer
from impasto.config import StylizeConfig
from impasto.engine.inputs import PaintInputs
from impasto.engine.loop import paint
from impasto.engine.schedule import plan_scales
from impasto.errors import ConfigError
from impasto.objective.build import build_objective
from impasto.runs.memory import peak_bytes
from impasto.styles import PictureStyle, learn
from synthetic import picture


class Residual(nn.Module):
    """A block of He et al. 2015 without normalisation, which frozen networks fold into their convolutions."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(before, after, 3, stride, 1), nn.Conv2d(after, after, 3, 1, 1)
        self.short = nn.Conv2d(before, after, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.short(x) + self.second(F.relu(self.first(x))))


class SmallResNet(nn.Module):
    """As a ResNet begins: a 7 x 7 convolution of stride 2, a pooling, and blocks; random, but always the same."""

    wrap = "none"

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 8, 7, 2, 3)
        self.blocks = nn.ModuleList([Residual(8, 8, 1), Residual(8, 16, 2), Residual(16, 16, 2)])
        self.to(dtype).requires_grad_(False)
        # Radii in pixels: the stem sees 3 further, its pooling one cell of 2, a block two cells of what it reads and of its own.
        self.layers = {
            "pixels": LayerSpec(3, 1, 0),
            "stem": LayerSpec(8, 2, 3, 1, ("conv1",)),
            "layer1": LayerSpec(8, 4, 3 + 2 + 4 + 4, 2),
            "layer2": LayerSpec(16, 8, 13 + 4 + 8, 3),
            "layer3": LayerSpec(16, 16, 25 + 8 + 16, 4),
        }

    @property
    def device(self) -> torch.device:
        return self.stem.weight.device

    def exact(self) -> SmallResNet:
        return self

    def wrapped(self, wrap: str) -> SmallResNet:
        other = copy.copy(self)
        other.wrap = wrap
        return other

    def forward(self, image: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        height, width = image.shape[2:]
        found = {"pixels": image, "stem": F.relu(self.stem(image.to(self.stem.weight)))}
        flow = F.max_pool2d(found["stem"], 2)
        for k, block in enumerate(self.blocks, 1):
            flow = found[f"layer{k}"] = block(flow)
        asked = {name: held_layer(name, self.layers) for name in layers}
        strides = {name: self.layers[own].stride for name, own in asked.items()}
        return {name: found[own][..., : height // strides[name], : width // strides[name]] for name, own in asked.items()}


CONTENT, STYLE = picture(64, 96, 1), picture(64, 80, 2)
LAYERS = ("stem", "layer1", "layer2", "layer3")
GRAM = {"objective": "gram", "style_layers": LAYERS, "content_layers": ("layer2",), "recolor": False}
BLEND = {
    **{"style_layers": LAYERS, "content_layers": ("layer2",), "neighbour_layers": ("stem", "layer1", "layer2"), "recolor": False},
    **{"neighbour_bank": 10**6, "neighbour_rotations": 1},
}


@pytest.mark.parametrize("options", [GRAM, BLEND], ids=["gram", "blend"])
@pytest.mark.parametrize("tile_size", [16, 32, 48])
def test_in_tiles_it_sees_what_it_sees_of_the_whole(options, tile_size):
    network, config = SmallResNet(torch.float64), StylizeConfig(**options).resolve()
    known = learn(STYLE.double(), config, network)
    objective = build_objective(CONTENT.double(), [known], config, network)
    canvas = picture(64, 96, 5).double()
    whole, gradient = objective.value_and_grad(canvas)
    parts, pieced = objective.in_tiles(tile_size).value_and_grad(canvas)
    assert gradient.abs().max() > 0
    assert parts.total == pytest.approx(whole.total, rel=1e-10)
    torch.testing.assert_close(pieced, gradient, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("options", [GRAM, BLEND], ids=["gram", "blend"])
def test_it_paints(options):
    network = SmallResNet()
    config = StylizeConfig(**{**options, "size": 96, "coarsest": 48, "iterations": (8, 8), "precision": "float32"}).resolve()
    painting = paint(PaintInputs(CONTENT, [PictureStyle((STYLE,))], config, network), plan_scales(config, (64, 96)))
    losses = [step.loss for step in painting if step.scale == 1]
    assert losses[-1] < 0.9 * losses[0]


def test_a_layer_goes_by_its_other_names_and_an_unknown_one_is_refused():
    network, config = SmallResNet(), StylizeConfig(**{**GRAM, "style_layers": ("conv1",), "content_weight": 0.0})
    same = StylizeConfig(**{**GRAM, "style_layers": ("stem",), "content_weight": 0.0})
    losses = [
        build_objective(CONTENT, [learn(STYLE, each, network)], each, network).value_and_grad(CONTENT)[0].total
        for each in (config, same)
    ]
    assert losses[0] == losses[1] > 0
    wrong = config.overlay({"style_layers": ("layer9",)})
    with pytest.raises(ConfigError, match="unknown layer 'layer9'; did you mean 'layer"):
        learn(STYLE, wrong, network)


def test_styles_are_mixed_by_its_blocks():
    network = SmallResNet()
    config = StylizeConfig(**{**GRAM, "style_blocks": ("1-2", "3-4"), "content_weight": 0.0}).resolve()
    other = picture(64, 80, 3)
    mixed = build_objective(CONTENT, [learn(each, config, network) for each in (STYLE, other)], config, network)
    targets = {term.layers[0]: term.target for term in mixed.terms}
    own, theirs = (learn(each, config, network).stats for each in (STYLE, other))
    assert torch.equal(targets["stem"].moment, own["stem"].moment)
    torch.testing.assert_close(targets["layer3"].moment, theirs["layer3"].moment)


def test_what_it_takes_is_told():
    network, config = SmallResNet(), StylizeConfig(**GRAM, tile_size=0).resolve()
    small, large = (peak_bytes(config, network, size) for size in ((64, 96), (1024, 1536)))
    assert 0 < small < large
