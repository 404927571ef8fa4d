"""Everything a loss is computed from lies on the network's device: on devices that hold no numbers, which can be had
without a graphics card.

PyTorch's meta device has shapes alone; what adds a tensor of it and one of this machine's memory fails, on the way
back too. Its fake tensors refuse every operation of two devices, on the way forward; they need a PyTorch that is built
for CUDA, as those of `scripts/check-versions` are, and no card.
"""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from impasto.backbones import VGG
from impasto.config.options import StylizeConfig
from impasto.objective.build import build_objective
from impasto.objective.objective import Objective
from impasto.styles import learn
from synthetic import picture, random_weights

SIZE = (48, 40)
OBJECTIVES = {
    "default": {},
    "variation": {"tv_weight": 1.0},
    "wrap": {"wrap": "xy"},
    "pictures": {"objective": "neighbours", "neighbour_sees": "pictures"},
    "layers": {"objective": "neighbours", "neighbour_match": "layers"},
    **{name: {"objective": name} for name in ("gram", "meanstd", "wasserstein")},
}


def fakes_cards() -> bool:
    """Whether this PyTorch makes fake tensors of a card: those that are not built for CUDA do not, nor do older ones
    where there is no driver."""
    try:
        with FakeTensorMode():
            return torch.empty(1).to("cuda").device.type == "cuda"
    except RuntimeError:
        return False


CARDS = pytest.mark.skipif(not fakes_cards(), reason="this PyTorch makes no fake tensors of a card that is not there")

pytestmark = [
    pytest.mark.usefixtures("without_lists"),
    pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str),
    pytest.mark.parametrize("options", OBJECTIVES.values(), ids=OBJECTIVES),
]


@pytest.fixture
def without_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coherence lists places by their numbers, of which there are none here."""
    monkeypatch.setattr("impasto.matching.search.coherent", lambda field, *others: field)


def built(device: str, dtype: torch.dtype, options: dict[str, object]) -> Objective:
    """An objective whose style's hypercolumns are kept, as those of a session are: to list some, numbers are read."""
    config, network = (
        StylizeConfig(**options).resolve(),
        VGG(random_weights((2, 2, 2, 2, 2)), device=device, dtype=dtype),
    )
    content, shown = (picture(*SIZE, seed).to(device) for seed in (1, 2))
    style = learn(shown, config, network)
    channels = sum(network.layers[name].channels for name in config.neighbour_layers or ())
    bank = torch.zeros(len(style.bank), channels, dtype=dtype).to(device)
    return build_objective(content, [dataclasses.replace(style, bank=bank)], config, network)


def test_on_a_device_without_numbers(options, dtype):
    objective = built("meta", dtype, options).refreshed(picture(*SIZE, 3).to("meta"))
    canvas = picture(*SIZE, 4).to("meta").requires_grad_()
    value, _ = objective.value(canvas)
    gradient = torch.autograd.grad(value, canvas)[0]
    assert (value.device.type, gradient.device.type, gradient.shape) == ("meta", "meta", canvas.shape)


@CARDS
def test_on_a_graphics_card_that_is_not_there(options, dtype):
    built("cpu", dtype, options).value(picture(*SIZE, 3))  # keeps what depends on sizes alone
    with FakeTensorMode(allow_non_fake_inputs=True):
        objective = built("cuda", dtype, options).refreshed(picture(*SIZE, 3).to("cuda"))
        value, _ = objective.value(picture(*SIZE, 4).to("cuda"))
        assert value.device.type == "cuda"
