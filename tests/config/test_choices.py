"""Choices: born once, and each registry of what they stand for holds all of them and nothing else."""

from __future__ import annotations

import pytest

from impasto import backbones, devices
from impasto.backbones import vgg, vgg_block
from impasto.config import choices, defaults
from impasto.config.choices import registered
from impasto.config.fields import options_of
from impasto.config.options import OutputConfig, StylizeConfig
from impasto.engine import color_modes
from impasto.images import periodic, resample
from impasto.images.color import spaces, transfer
from impasto.losses import content, style_distance
from impasto.losses.total_variation import _NORMS
from impasto.optim import solver
from impasto.weights import manifest

REGISTRIES = {
    "effort": [*defaults._MATCHING.values(), defaults._STATISTICS],
    "side": [resample._SIDES],
    "resample": [resample._FILTERS],
    "wrap": [periodic._WRAPPED],
    "color": [color_modes._CHANGES],
    "region_color": [color_modes._CHANGES],
    "color_method": [transfer._METHODS],
    "color_space": [spaces._SPACES],
    "backbone": [backbones.BACKBONES, defaults.DEFAULT_WEIGHTS],
    "network_input": [manifest.NORMALIZATIONS],
    "pooling": [vgg_block.POOLINGS],
    "padding": [vgg._PADDINGS],
    "objective": [defaults._OBJECTIVES],
    "content_loss": [content._DIVISORS],
    "gram_normalization": [style_distance._GRAMS],
    "style_distance": [style_distance._DIVISORS],
    "tv_loss": [_NORMS],
    "optimizer": [solver._METHODS],
    "variable": [solver._VARIABLES],
    "device": [devices._PRESENT],
    "precision": [devices.NUMBER_FORMATS],
}
BESIDE = {"network_input": ("own",), "device": ("auto",), "precision": ("auto",)}  # what stands for another of them
SWITCHES = {
    "activations",
    "neighbour_sees",
    "neighbour_match",
    "line_search",
    "content_targets",
}  # of two, one of which does nothing

CHOICES = {
    name: option.choices
    for config in (StylizeConfig, OutputConfig)
    for name, (_, _, option) in options_of(config).items()
    if option.choices
}


@pytest.mark.parametrize("name", CHOICES)
def test_what_can_be_chosen_is_what_its_registry_holds(name):
    if name in SWITCHES:
        assert len(CHOICES[name]) == 2
    for registry in REGISTRIES[name] if name not in SWITCHES else ():
        assert {*BESIDE.get(name, ()), *registry} == {*CHOICES[name]}


def test_every_registry_is_one_of_an_option():
    assert {*REGISTRIES} | SWITCHES == {*CHOICES}


@pytest.mark.parametrize("registry", [{"max": 1}, {"max": 1, "avg": 2, "sum": 3}, {}])
def test_a_registry_that_is_not_the_choices_is_refused(registry):
    with pytest.raises(ValueError, match="either a choice without an entry or an entry without a choice"):
        registered(choices.POOLINGS, registry)
