"""The cache folder: fetched once, kept whole, found by name, and every trouble said with what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from layouts import random_convolutions, write_torchvision

from impasto.errors import DownloadError, WeightsError
from impasto.weights import download
from impasto.weights.formats import read_weights, write_weights
from impasto.weights.manifest import find_record
from impasto.weights.network import NetworkWeights
from impasto.weights.store import Store, default_cache


def test_fetch_keeps_the_convolutions_and_the_hash_of_the_original(shelf, server, record) -> None:
    told = []
    assert shelf.locate(record.id) is None
    kept = shelf.fetch(record.id, lambda done, total: told.append((done, total)))
    weights = read_weights(kept)
    assert kept == shelf.locate(record.id) == shelf.cache / "vgg19.test.safetensors"
    assert told[-1] == (len(server.data), len(server.data))
    assert torch.equal(weights.convolutions["conv5_4"][0], random_convolutions((16,) * 5)["conv5_4"][0])
    assert weights.normalization == record.normalization
    assert weights.metadata["source_hash"] == record.hash
    assert (weights.metadata["licence"], weights.metadata["origin"]) == ("CC0-1.0", "random numbers")
    assert sorted(path.suffix for path in shelf.cache.iterdir() if path.suffix != ".lock") == [".safetensors"]


def test_what_is_here_is_not_fetched_again(shelf, server, record) -> None:
    assert shelf.load(record.id).sha256 == shelf.load(record.id).sha256
    assert shelf.fetch(record.id) == shelf.fetch(record.id)
    assert len(server.asked) == 1


def test_a_file_put_there_by_hand_is_used_and_left_alone(shelf, server, record) -> None:
    shelf.cache.mkdir()
    by_hand = shelf.cache / record.file
    by_hand.write_bytes(server.data)
    assert shelf.locate(record.id) == by_hand
    assert record.file in shelf.verify(record.id)
    assert shelf.load(record.id).metadata["source_hash"] == record.hash
    assert by_hand.read_bytes() == server.data
    assert server.asked == []


def test_another_file_put_there_by_hand_is_refused(shelf, server, record) -> None:
    shelf.cache.mkdir()
    write_torchvision(shelf.cache / record.file, random_convolutions())
    with pytest.raises(WeightsError, match=rf"is not the file of vgg19\.test.*remove it, and get {record.url}"):
        shelf.fetch(record.id)
    assert not (shelf.cache / "vgg19.test.safetensors").exists()


def test_without_a_network_the_error_says_how_to_go_on(shelf, server, record) -> None:
    server.script = ["500"] * download.ATTEMPTS
    with pytest.raises(DownloadError) as caught:
        shelf.load(record.id)
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        record.id,
        f"get {record.url} yourself",
        f"put it into {shelf.cache}",
        "--backbone vgg19 --weights vgg19.oxford8 needs none",
    ):
        assert part in message


@pytest.mark.parametrize("damage", ["flip", "cut", "other"])
def test_a_damaged_kept_file_is_refused_then_repaired(damage: str, shelf, server, record) -> None:
    kept = shelf.fetch(record.id)
    data = bytearray(kept.read_bytes())
    if damage == "other":
        write_weights(NetworkWeights(random_convolutions(seed=1), record.normalization), kept)
    else:
        data[-1] ^= 1
        kept.write_bytes(data if damage == "flip" else data[:-100])
    for check in (shelf.load, shelf.verify):
        with pytest.raises(WeightsError, match=r"repair it: impasto weights fetch vgg19\.test$"):
            check(record.id)
    shelf.fetch(record.id)
    assert f"made from {record.hash}" in shelf.verify(record.id)


FETCH = """
import sys
from impasto.weights import manifest, store
id, url, hash, cache = sys.argv[1:]
record = manifest.WeightsRecord(id, "weights.h5", url, hash, 1, manifest.NORMALIZATIONS["caffe"], "", "")
manifest.WEIGHTS[id] = record
store.Store(cache).fetch(id)
"""


def test_two_processes_at_once_fetch_it_once(shelf, server, record) -> None:
    server.script = ["slow"]
    words = [sys.executable, "-c", FETCH, record.id, record.url, record.hash, str(shelf.cache)]
    processes = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[1] for process in processes] == [b"", b""]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(server.asked) == 1
    assert "whole" in shelf.verify(record.id)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said(shelf, server, record) -> None:
    shelf.cache.mkdir()
    (shelf.cache / "weights.h5.part").symlink_to("/dev/full")
    with pytest.raises(
        WeightsError, match=r"cannot write into the cache folder .*: No space left on device; set IMPASTO_CACHE"
    ):
        shelf.fetch(record.id)


def test_a_cache_that_cannot_be_made_is_said(tmp_path: Path, record) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WeightsError, match=r"cannot write into the cache folder .*Not a directory.*--backbone compact"):
        Store(tmp_path / "file" / "cache").fetch(record.id)


def test_the_embedded_weights_need_no_cache(tmp_path: Path) -> None:
    shelf = Store(tmp_path / "cache")
    assert shelf.fetch("compact") == shelf.locate("compact") == find_record("compact").packaged
    assert shelf.load("compact").sha256 == find_record("compact").hash.removeprefix("sha256:")
    assert shelf.verify("compact").endswith(
        f"whole, impasto, conv1_1 to conv5_4, 32 to 192 channels, sha256 {shelf.load('compact').sha256}"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_path_is_loaded_and_verified(shelf, tmp_path: Path) -> None:
    write_torchvision(tmp_path / "mine.pth", random_convolutions(count=9))
    assert len(shelf.load(tmp_path / "mine.pth").convolutions) == 9
    assert "mine.pth: whole, torchvision, conv1_1 to conv4_1, 4 to 8 channels" in shelf.verify(
        str(tmp_path / "mine.pth")
    )


def test_names_that_are_not_here_are_said(shelf) -> None:
    with pytest.raises(WeightsError, match=r"not on this machine; get it: impasto weights fetch vgg19\.oxford"):
        shelf.verify("vgg19.oxford")
    with pytest.raises(WeightsError, match=r"did you mean 'vgg19\.oxford'"):
        shelf.load("vgg19.oxfrod")
    with pytest.raises(WeightsError, match=r"did you mean 'compact'"):
        shelf.fetch("compakt")


def test_the_cache_folder_is_the_one_that_was_set() -> None:
    assert default_cache({"IMPASTO_CACHE": "/data/weights"}) == Path("/data/weights")
    assert default_cache({"IMPASTO_CACHE": "~/weights"}) == Path.home() / "weights"
    assert default_cache({}) == default_cache({"IMPASTO_CACHE": ""})
    assert "impasto" in default_cache({}).parts


def test_importing_loads_no_reader_and_no_network() -> None:
    words = "import sys, impasto.weights.store; print({'requests', 'h5py', 'scipy', 'platformdirs'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True, env={**os.environ})
    assert done.stdout == b"set()\n"
