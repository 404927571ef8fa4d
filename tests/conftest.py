"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import synthetic
from impasto.backbones import BACKBONES, VGG
from impasto.weights.formats import write_weights
from impasto.weights.network import NetworkWeights


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default=synthetic.DEVICE, choices=("cpu", "cuda", "mps"), help="where tests paint")


def pytest_configure(config: pytest.Config) -> None:
    synthetic.DEVICE = config.getoption("--device")
    if synthetic.DEVICE == "cuda":  # float32 is to be float32, and the same twice
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.deterministic = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if synthetic.DEVICE == "cpu":
        return
    for item in items:
        if item.get_closest_marker("bits"):
            item.add_marker(pytest.mark.skip(reason="compares bits of two runs, which only the processor promises"))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tensors this small are not worth a second thread, and the same sums always come in the same order."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes what is kept of this machine."""
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def random_weights() -> Callable[..., NetworkWeights]:
    return synthetic.random_weights


@pytest.fixture(scope="session")
def _narrow_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "vgg19.safetensors"
    write_weights(synthetic.random_weights(), path, {})
    return path


@pytest.fixture
def narrow_vgg19(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let vgg19 and vgg16 stand for networks of any width: the real ones' 20 million numbers are too many for most
    tests."""
    monkeypatch.setitem(BACKBONES, "vgg19", VGG)
    monkeypatch.setitem(BACKBONES, "vgg16", VGG)


@pytest.fixture
def vgg_file(_narrow_file: Path, narrow_vgg19: None) -> Path:
    """A narrow random VGG-19 that takes what torchvision's does, as a weights file; the name vgg19 takes it."""
    return _narrow_file


@pytest.fixture(scope="session")
def vgg() -> VGG:
    return VGG(synthetic.random_weights(), pooling="avg")


@pytest.fixture(scope="session")
def vgg64() -> VGG:
    """The same network in float64, for gradients that are compared with differences."""
    return VGG(synthetic.random_weights(), pooling="avg", dtype=torch.float64)
