"""A network that is no VGG: residual, with strides of its own and layers by other names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import impasto
from impasto.backbones import LayerSpec, own_layer, own_layers, weighing
from impasto.config import StylizeConfig
from impasto.config.options import WHOLE
from impasto.engine.inputs import PaintInputs
from impasto.engine.loop import paint
from impasto.engine.schedule import plan_scales
from impasto.errors import ConfigError
from impasto.objective.build import build_objective, refining
from impasto.runs.forecast import forecast
from impasto.runs.memory import peak_bytes
from impasto.styles import PictureStyle, all_rows, learn
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
    """As a ResNet begins: a 7 x 7 convolution of stride 2, a 3 x 3 pooling of stride 2, and blocks; random, but always
    the same.

    Where ``positive``, so are its weights: then no ReLU closes and nothing that is seen cancels.
    """

    wrap = "none"

    def __init__(self, dtype: torch.dtype = torch.float32, *, positive: bool = False, pooling: str = "max") -> None:
        super().__init__()
        self.stem, self.pooling = nn.Conv2d(3, 8, 7, 2, 3), pooling
        self.blocks = nn.ModuleList([Residual(8, 8, 1), Residual(8, 16, 2), Residual(16, 16, 2)])
        generator = torch.Generator().manual_seed(0)
        for parameter in self.parameters():
            scale = (2 / parameter[0].numel()) ** 0.5 if parameter.ndim == 4 else 0.1  # He et al. 2015, equation 10
            drawn = torch.randn(parameter.shape, generator=generator) * scale
            parameter.data = drawn.abs() if positive else drawn
        self.to(dtype).requires_grad_(False)
        learnt = [sum(p.numel() for p in module.parameters()) for module in (self.stem, *self.blocks)]
        stem, one, two, three = (sum(learnt[: k + 1]) for k in range(4))
        # Radii in pixels: the stem sees 3 further, its pooling one cell of 2, a block a cell of what it reads and one
        # of its own.
        self.layers = {
            "pixels": LayerSpec(3, 1, 0),
            "stem": LayerSpec(8, 2, 3, 1, ("conv1",), stem),
            "layer1": LayerSpec(8, 4, 3 + 2 + 4 + 4, 2, ("conv2_x",), one),
            "layer2": LayerSpec(16, 8, 13 + 4 + 8, 3, ("conv3_x",), two),
            "layer3": LayerSpec(16, 16, 25 + 8 + 16, 7, ("conv4_x",), three),  # blocks may be more than VGG's five
        }

    @property
    def device(self) -> torch.device:
        return self.stem.weight.device

    def exact(self) -> SmallResNet:
        return self

    def wrapped(self, wrap: str) -> SmallResNet:
        raise NotImplementedError("every convolution would have to pad around; nothing here paints pictures that join")

    def forward(self, image: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        height, width = image.shape[2:]
        found = {"pixels": image, "stem": F.relu(self.stem(image.to(self.stem.weight)))}
        flow = (F.max_pool2d if self.pooling == "max" else F.avg_pool2d)(found["stem"], 3, 2, 1)
        for k, block in enumerate(self.blocks, 1):
            flow = found[f"layer{k}"] = block(flow)
        asked = {name: own_layer(name, self.layers) for name in layers}
        strides = {name: self.layers[own].stride for name, own in asked.items()}
        return {
            name: found[own][..., : height // strides[name], : width // strides[name]] for name, own in asked.items()
        }


CONTENT, STYLE, OTHER = picture(64, 96, 1), picture(64, 80, 2), picture(64, 80, 3)
LAYERS = ("stem", "layer1", "layer2", "layer3")
GRAM = {"objective": "gram", "style_layers": (*LAYERS, "pixels"), "content_layers": ("layer2",), "recolor": False}
BLEND = {
    **{
        "style_layers": LAYERS,
        "content_layers": ("layer2",),
        "neighbour_layers": ("stem", "layer1", "layer2"),
        "recolor": False,
    },
    **{"neighbour_bank": 10**6, "neighbour_rotations": 1},
}
BOTH = pytest.mark.parametrize("options", [GRAM, BLEND], ids=["gram", "blend"])


@pytest.mark.parametrize("layer", LAYERS)
def test_it_sees_as_far_as_it_says(layer):
    """The contract that tiles rest on; in this network the left and upper side are the worse ones."""
    network = SmallResNet(torch.float64, positive=True, pooling="avg")
    image = torch.rand(1, 3, 160, 160, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    spec, features = network.layers[layer], network(image, [layer])[layer]
    assert features.shape == (1, spec.channels, 160 // spec.stride, 160 // spec.stride)
    cell = features.shape[2] // 2
    (gradient,) = torch.autograd.grad(features[0, :, cell, cell].sum(), image)
    for other in (0, 1):
        seen = gradient[0].sum(0).abs().sum(other).nonzero().flatten()
        before, after = spec.stride * cell - seen.min(), seen.max() - (spec.stride * (cell + 1) - 1)
        assert max(before, after) == spec.radius


@BOTH
@pytest.mark.parametrize("tile_size", [16, 32, 48])
@pytest.mark.parametrize("size", [(64, 96), (71, 101)], ids=["whole cells", "odd sides"])
def test_in_tiles_it_sees_what_it_sees_of_the_whole(options, tile_size, size):
    """Sums over at most 7171 positions, in float64: 7171 eps is 2e-12."""
    network, config = SmallResNet(torch.float64), StylizeConfig(**options).resolve()
    content, canvas = picture(*size, 1).double(), picture(*size, 5).double()
    objective = build_objective(content, [learn(STYLE.double(), config, network)], config, network)
    whole, gradient = objective.value_and_grad(canvas)
    parts, pieced = objective.in_tiles(tile_size).value_and_grad(canvas)
    assert whole.total > 0
    assert gradient.abs().max() > 0
    assert parts.total == pytest.approx(whole.total, rel=1e-10)
    assert (pieced - gradient).abs().max() <= 1e-10 * gradient.abs().max()


@BOTH
def test_in_tiles_it_learns_what_it_learns_of_the_whole(options):
    network, config = SmallResNet(torch.float64), StylizeConfig(**options).resolve()
    whole, parts = (learn(STYLE.double(), config.overlay({"tile_size": size}), network) for size in (0, 32))
    for layer, stats in whole.stats.items():
        assert (parts.stats[layer].moment - stats.moment).abs().max() <= 1e-10 * stats.moment.abs().max()
    columns = all_rows(whole.bank)
    assert (
        (all_rows(parts.bank) - columns).abs().max() <= 1e-10 * columns.abs().max()
        if columns.numel()
        else len(parts.bank) == 0
    )


@BOTH
def test_it_paints(options):
    network = SmallResNet()
    config = StylizeConfig(
        **{**options, "size": 96, "coarsest": 48, "iterations": (8, 8), "precision": "float32"}
    ).resolve()
    painting = paint(PaintInputs(CONTENT, [PictureStyle((STYLE,))], config, network), plan_scales(config, (64, 96)))
    losses = [step.loss for step in painting if step.scale == 1]
    assert losses[-1] < 0.9 * losses[0]


def test_a_scale_that_refines_has_its_fine_layers():
    fine = refining(StylizeConfig(**BLEND, style_layer_weights=(1, 2, 3, 4)).resolve(), SmallResNet())
    assert (fine.style_layers, fine.style_layer_weights, fine.neighbour_layers) == (LAYERS[:2], (1, 2), LAYERS[:2])


# Names and blocks


def test_a_layer_goes_by_its_other_names():
    names = {
        "style_layers": ("conv1", "layer1"),
        "content_layers": ("conv3_x",),
        "neighbour_layers": ("layer1", "conv1"),
    }
    config = own_layers(StylizeConfig(**names).resolve(), SmallResNet().layers)
    found = (config.style_layers, config.content_layers, config.neighbour_layers)
    assert found == (("stem", "layer1"), ("layer2",), ("layer1", "stem"))


def test_an_objective_by_other_names_is_the_same():
    """The default hypercolumns are of VGG's layers; where they weigh nothing, nobody looks at them."""
    network = SmallResNet()
    named, called = (
        impasto.build_objective(CONTENT, STYLE, StylizeConfig(**{**GRAM, "style_layers": layers}), network)
        for layers in (("stem", "layer2"), ("conv1", "conv3_x"))
    )
    assert [term.layers for term in named.terms] == [term.layers for term in called.terms]
    (ours, gradient), (theirs, same) = (objective.value_and_grad(picture(64, 96, 5)) for objective in (named, called))
    assert ours.total == theirs.total > 0
    assert torch.equal(gradient, same)


@pytest.mark.parametrize(("name", "hint"), [("layer9", "layer"), ("conv3_y", "layer2"), ("relu1_1", "")])
def test_an_unknown_layer_is_refused(name, hint):
    with pytest.raises(ConfigError, match=f"^unknown layer '{name}'; (did you mean|known:) .*{hint}") as caught:
        impasto.build_objective(CONTENT, STYLE, StylizeConfig(**{**GRAM, "style_layers": (name,)}), SmallResNet())
    assert "\n" not in str(caught.value)


def test_styles_are_mixed_by_its_blocks():
    network = SmallResNet()
    config = StylizeConfig(**{**GRAM, "style_blocks": ("1", "2-7"), "content_weight": 0.0}).resolve()
    known = [learn(each, config, network) for each in (STYLE, OTHER)]
    targets = {term.layers[0]: term.target for term in build_objective(CONTENT, known, config, network).terms}
    assert set(targets) == {*LAYERS, "pixels"}
    for layer, style in {"pixels": 0, "stem": 0, "layer1": 1, "layer2": 1, "layer3": 1}.items():
        assert torch.equal(targets[layer].moment, known[style].stats[layer].moment)


def test_without_blocks_every_layer_is_of_all_styles():
    network, config = SmallResNet(), StylizeConfig(**GRAM).resolve()
    known = [learn(each, config, network) for each in (STYLE, OTHER)]
    mixed = build_objective(CONTENT, known, config, network)
    (target,) = (term.target for term in mixed.terms if term.layers == ("layer3",))
    torch.testing.assert_close(target.moment, (known[0].stats["layer3"].moment + known[1].stats["layer3"].moment) / 2)


def test_a_block_that_it_does_not_have_is_refused():
    config = StylizeConfig(**GRAM, style_blocks=("1-8",)).resolve()
    with pytest.raises(ConfigError, match=r"^style_blocks holds '1-8'; give blocks from 1 to 7, as in 1-2 or 3"):
        own_layers(config, SmallResNet().layers, weighing(config))


# What it takes


@BOTH
def test_what_it_takes_is_told(options):
    network, config = SmallResNet(), StylizeConfig(**options, full_scales=1).resolve()
    small, large = (peak_bytes(config, network, size) for size in ((64, 96), (1024, 1536)))
    tiled = peak_bytes(config.overlay({"tile_size": 128}), network, (1024, 1536))
    assert 0 < small < tiled < large


def test_its_weights_are_counted():
    """Each in float32, 4 bytes; they are no chain of 3 x 3 convolutions."""
    network, config = SmallResNet(), StylizeConfig(**{**GRAM, "precision": "float32"}).resolve()
    empty = SmallResNet()
    empty.layers = {name: replace(spec, weights=0) for name, spec in empty.layers.items()}
    held = sum(parameter.numel() for parameter in network.parameters())
    assert peak_bytes(config, network, (64, 96)) - peak_bytes(config, empty, (64, 96)) == 4 * held


@BOTH
@pytest.mark.parametrize("tile_size", [WHOLE, 48])
def test_its_time_is_told(options, tile_size):
    config = StylizeConfig(**options, tile_size=tile_size, size=96, coarsest=48, precision="float32").resolve()
    told = forecast(config, SmallResNet(), plan_scales(config, (64, 96)))
    assert told.seconds > 0
    assert told.memory == peak_bytes(config, SmallResNet(), (64, 96))
