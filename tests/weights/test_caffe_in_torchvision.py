"""Oxford's numbers under torchvision's names: vgg19-d01eb7cb.pth and vgg16-00b39a1b.pth, the files of
neural-style-pt."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from layouts import random_convolutions, write_torchvision

from impasto.weights import formats
from impasto.weights.formats import read_weights, write_weights
from impasto.weights.manifest import NORMALIZATIONS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("vgg19-d01eb7cb.pth", "caffe"),
        ("vgg16-00b39a1b.pth", "caffe"),
        ("vgg16-397923af.pth", "torchvision"),
        ("vgg19-dcbb9e9d.pth", "torchvision"),
        ("d01eb7cb/vgg19.pth", "torchvision"),
    ],
)
def test_its_name_tells_what_input_it_wants(tmp_path: Path, name: str, kind: str) -> None:
    """neural-style-pt writes the file anew with other names for the classifier: its bytes differ with the version of
    torch."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    write_torchvision(path, random_convolutions())
    assert read_weights(path).normalization == NORMALIZATIONS[kind]


def test_its_hash_tells_it_under_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.pth"
    write_torchvision(path, random_convolutions())
    assert read_weights(path).normalization == NORMALIZATIONS["torchvision"]
    monkeypatch.setattr(formats, "CAFFE_IN_TORCHVISION", (hashlib.sha256(path.read_bytes()).hexdigest()[:8],))
    assert read_weights(path).normalization == NORMALIZATIONS["caffe"]


def test_what_is_asked_for_goes_first(tmp_path: Path) -> None:
    path = tmp_path / "vgg19-d01eb7cb.pth"
    write_torchvision(path, random_convolutions())
    asked = NORMALIZATIONS["torchvision"]
    assert read_weights(path, normalization=asked).normalization == asked


def test_a_converted_file_keeps_what_it_says_of_itself(tmp_path: Path) -> None:
    write_torchvision(tmp_path / "vgg19.pth", random_convolutions())
    converted = tmp_path / "vgg19-d01eb7cb.safetensors"
    write_weights(read_weights(tmp_path / "vgg19.pth"), converted)
    assert read_weights(converted).normalization == NORMALIZATIONS["torchvision"]
