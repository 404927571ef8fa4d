"""Concerns: the options of one part of a run together, under their own names and types, and with nothing left open."""

from __future__ import annotations

import dataclasses
import typing

import pytest

from impasto.config.fields import options_of, shape_of
from impasto.config.options import StylizeConfig

KNOWN = options_of(StylizeConfig)
CONCERNS = {
    "scales": [name for name, (_, _, option) in KNOWN.items() if option.group == "size" and name != "effort"],
    "matching": [name for name in KNOWN if name.startswith("neighbour_")],
    "solver": [name for name, (_, _, option) in KNOWN.items() if option.group == "solver"],
}


@pytest.mark.parametrize("concern", CONCERNS)
@pytest.mark.parametrize("objective", ["blend", "gram"])
def test_a_concern_is_all_of_its_options_resolved(concern, objective):
    config = StylizeConfig(objective=objective, backbone="compact", neighbour_refresh=7, history=3, size=64)
    resolved = config.resolve()
    expected = {name: getattr(resolved, name) for name in CONCERNS[concern]}
    assert dataclasses.asdict(getattr(config, concern)) == expected
    assert None not in expected.values()
    assert getattr(resolved, concern) == getattr(config, concern)


@pytest.mark.parametrize("concern", CONCERNS)
def test_a_concern_has_the_types_of_its_options(concern):
    for name, kind in typing.get_type_hints(type(getattr(StylizeConfig(), concern))).items():
        assert shape_of(kind) == (*shape_of(KNOWN[name][0])[:2], False)


@pytest.mark.parametrize("concern", CONCERNS)
def test_a_concern_is_a_value(concern):
    found = getattr(StylizeConfig(), concern)
    assert hash(found) == hash(getattr(StylizeConfig(), concern))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(found, CONCERNS[concern][0], 3)
