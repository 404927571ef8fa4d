"""examples/minimal.py: the classical method with the public parts, short enough to be read."""

from __future__ import annotations

import runpy
from pathlib import Path

import impasto
from impasto.losses import gram_distance, sums
from synthetic import picture

FILE = Path(__file__).parents[2] / "examples" / "minimal.py"


def test_it_is_under_sixty_lines():
    assert len(FILE.read_text("utf-8").splitlines()) < 60


def test_it_paints():
    content, style = picture(48, 64, 1), picture(40, 56, 2)
    painted = runpy.run_path(str(FILE))["paint"](content, style, iterations=8, network="compact")
    assert painted.shape == content.shape
    assert 0 <= painted.min() <= painted.max() <= 1
    backbone = impasto.create_backbone("compact", device="cpu")
    layers = ("relu1_1", "relu3_1")
    wanted, before, after = (backbone(each, layers) for each in (style, content, painted))
    for layer in layers:
        target = sums(wanted[layer])
        near, far = (gram_distance(sums(features[layer]), target, distance="relative") for features in (after, before))
        assert near < 0.5 * far
