"""A forecast counts the pixels of a run, and times a trial."""

from __future__ import annotations

import pytest

from impasto.config.options import WHOLE, StylizeConfig
from impasto.engine.schedule import ScalePlan
from impasto.runs.forecast import Trial, forecast
from impasto.runs.memory import peak_bytes


class Told(Trial):
    """A second for each megapixel, and for each billion of pairs."""

    def pixel(self, config, backbone):
        return 1e-6

    def pair(self, config, backbone):
        return 1e-9


def test_time_goes_with_pixels_and_iterations(vgg):
    config = StylizeConfig(objective="gram", precision="float32", tile_size=WHOLE).resolve()
    found = forecast(config, vgg, (ScalePlan((500, 1000), 10), ScalePlan((1000, 2000), 3)), trial=Told())
    assert found.seconds == pytest.approx(10 * 0.5 + 3 * 2)
    assert (found.size, found.tile_size) == ((1000, 2000), 0)
    assert found.memory == peak_bytes(config, vgg, (1000, 2000))


def test_tiles_take_longer(vgg):
    config = StylizeConfig(objective="gram", precision="float32", tile_size=256).resolve()
    found = forecast(config, vgg, (ScalePlan((1000, 2000), 3),), trial=Told())
    assert found.tile_size == 256
    assert 1.3 * 6 < found.seconds < 4 * 6


@pytest.mark.parametrize("objective", ["blend", "gram"])
def test_a_trial_takes_time(objective, vgg):
    config = StylizeConfig(
        objective=objective, precision="float32", style_blocks=() if objective == "blend" else ("1-2", "3-5")
    )
    assert forecast(config.resolve(), vgg, (ScalePlan((64, 64), 1),), 1 if objective == "blend" else 2).seconds > 0


def test_searches_take_their_time(vgg):
    """As many as there are, of every position of the canvas with those of the bank."""
    options = {"objective": "neighbours", "neighbour_refresh": 10, "neighbour_rotations": 2, "full_scales": 0}
    config = StylizeConfig(**options, precision="float32", tile_size=WHOLE, neighbour_bank=10**6).resolve()
    found = forecast(config, vgg, (ScalePlan((400, 800), 21),), trial=Told())
    positions = 400 * 800 / 16
    assert found.seconds == pytest.approx(21 * 0.32 + 3 * 1e-9 * positions * 2 * positions)
    fewer = forecast(config.overlay({"neighbour_bank": 1000}), vgg, (ScalePlan((400, 800), 21),), trial=Told())
    assert fewer.seconds == pytest.approx(21 * 0.32 + 3 * 1e-9 * positions * 1000)
