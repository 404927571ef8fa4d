"""Layers are looked at when a run is made, whatever their weight, and go by one name from there on."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto.api import Run, iterate
from impasto.errors import ConfigError
from impasto.weights.formats import write_weights
from synthetic import picture, random_weights

OPTIONS = ("content_layers", "style_layers", "neighbour_layers")
WEIGHT = {"content_layers": "content_weight", "style_layers": "style_weight", "neighbour_layers": "neighbour_weight"}
SMALL = {
    "backbone": "compact",
    "size": 32,
    "iterations": 1,
    "precision": "float32",
    "device": "cpu",
    "neighbour_bank": 64,
}


def make(**options) -> Run:
    return iterate(picture(32, 32), picture(32, 32, seed=1), **{**SMALL, **options})


@pytest.mark.parametrize("weight", [0.0, 1.0])
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(("name", "nearest"), [("relu4_9", "relu4_4"), ("block4_conv5", "relu4_4")])
def test_an_unknown_layer_is_refused_before_the_run(option, weight, name, nearest):
    with pytest.raises(ConfigError, match=f"^unknown layer {name!r}; did you mean {nearest!r}") as caught:
        make(**{option: ("relu1_1", name), WEIGHT[option]: weight})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("blocks", ["1-6", "6", "12"])
def test_a_block_that_vgg_does_not_have_is_refused(blocks):
    with pytest.raises(ConfigError, match=f"^style_blocks holds {blocks!r}; give blocks from 1 to 5, as in 1-2 or 3"):
        make(objective="gram", style_blocks=blocks, weights="nowhere.pth")


def test_it_is_refused_before_weights_are_looked_for():
    with pytest.raises(ConfigError, match="unknown layer 'relu9_9'"):
        make(content_layers="relu9_9", backbone="vgg19", weights="nowhere.pth")


@pytest.mark.parametrize("option", OPTIONS)
def test_keras_names_are_kept_as_the_papers_names(option):
    run = make(**{option: ("block1_conv2", "relu2_1"), WEIGHT[option]: 1.0})
    assert getattr(run.config, option) == ("relu1_2", "relu2_1")
    assert next(run).loss > 0


@pytest.fixture
def first_ten(tmp_path: Path) -> Path:
    """Weights up to conv4_2."""
    write_weights(random_weights(count=10), tmp_path / "ten.safetensors")
    return tmp_path / "ten.safetensors"


def test_layers_that_weigh_something_have_to_be_held(first_ten):
    with pytest.raises(
        ConfigError, match=r"^these weights do not hold layer 'relu5_1'; available: pixels, .*, relu4_2$"
    ):
        make(objective="gram", weights=str(first_ten), style_layers=("relu1_1", "block5_conv1"))


def test_a_forecast_asks_for_no_layer_without_weight(first_ten):
    run = make(objective="gram", weights=str(first_ten), style_layers=("relu1_1", "relu4_1"), size=64, tile_size=32)
    assert run.forecast().seconds > 0


def test_layers_without_weight_need_not_be_held(first_ten):
    """The default hypercolumns reach to relu5_1; a run that matches none can do without."""
    run = make(objective="gram", weights=str(first_ten), style_layers=("relu1_1", "relu4_1"))
    assert "relu5_1" in run.config.neighbour_layers
    assert next(run).loss > 0
