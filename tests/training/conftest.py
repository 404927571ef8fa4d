"""Sources of a few synthetic pictures, and options of the smallest training there is."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from synthetic import picture
from training import pictures
from training.pictures import Source

SIDES = {"tiny": [(64, 64)], "pacs": [(136, 144)], "caltech": [(70, 150), (130, 66)], "imagenet": [(140, 180)]}
DOMAINS = {"pacs": ("art_painting", "cartoon", "photo", "sketch")}


def source(name: str, count: int = 8) -> Source:
    sides = [SIDES[name][k % len(SIDES[name])] for k in range(count)]
    shown = [(255 * picture(*size, k)[0].permute(1, 2, 0)).byte().numpy() for k, size in enumerate(sides)]
    domains = DOMAINS.get(name, (name,))
    return Source(name, shown, np.arange(count) % 3, np.arange(count) % len(domains), 3, domains)


@pytest.fixture(scope="session")
def sources() -> dict[str, Source]:
    return {name: source(name) for name in SIDES}


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of eight pictures of 96 px: the real ones have 64."""
    monkeypatch.setattr(pictures, "BUDGET", 8 * 96 * 96)


@pytest.fixture
def options() -> argparse.Namespace:
    return argparse.Namespace(seed=3, widths=(4, 4, 4, 4, 4), start=None, first="conv1_1", steps=4, rate=0.04)
