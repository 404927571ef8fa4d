"""Every format is read back equal, and whatever is damaged, foreign or unsafe is refused with one line that helps."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from layouts import (
    NARROW,
    TORCHVISION,
    TORCHVISION16,
    random_convolutions,
    state_dict,
    write_adain,
    write_gatys,
    write_keras,
    write_keras3,
    write_matconvnet,
    write_torchvision,
)
from safetensors.torch import save_file

from impasto.errors import WeightsError
from impasto.files import file_digest
from impasto.weights.formats import read_weights, write_weights
from impasto.weights.manifest import NORMALIZATIONS, Normalization
from impasto.weights.network import CONVOLUTIONS, NetworkWeights

MATRIX, OFFSET = torch.tensor([[0.0, 0, 255], [0, 255, 0], [255, 0, 0.5]]), torch.tensor([-103.9, -116.8, -123.7])
ADAIN_INPUT = Normalization(
    "RGB", 1.0, tuple(-v for v in OFFSET.tolist()), matrix=tuple(tuple(r) for r in MATRIX.tolist())
)

WRITERS = {
    "torchvision": (write_torchvision, "torchvision", NORMALIZATIONS["torchvision"]),
    "torchvision-2017": (lambda p, c: write_torchvision(p, c, new=False), "torchvision", NORMALIZATIONS["torchvision"]),
    "gatys": (write_gatys, "caffe", NORMALIZATIONS["caffe"]),
    "adain": (lambda p, c: write_adain(p, c, MATRIX, OFFSET), "adain", ADAIN_INPUT),
    "keras": (write_keras, "keras", NORMALIZATIONS["caffe"]),
    "keras-model": (lambda p, c: write_keras(p, c, "model_weights"), "keras", NORMALIZATIONS["caffe"]),
    "keras-3": (write_keras3, "keras-3", NORMALIZATIONS["caffe"]),
    "mat-2014": (lambda p, c: write_matconvnet(p, c, layout="2014"), "matconvnet", NORMALIZATIONS["matconvnet"]),
    "mat-beta16": (lambda p, c: write_matconvnet(p, c, layout="beta16"), "matconvnet", NORMALIZATIONS["matconvnet"]),
    "mat-2017": (lambda p, c: write_matconvnet(p, c, layout="2017"), "matconvnet", NORMALIZATIONS["matconvnet"]),
    "safetensors": (
        lambda p, c: save_file(state_dict(c, TORCHVISION, "features."), p),
        "torchvision",
        NORMALIZATIONS["torchvision"],
    ),
    "impasto": (
        lambda p, c: write_weights(NetworkWeights(c, NORMALIZATIONS["caffe"]), p),
        "impasto",
        NORMALIZATIONS["caffe"],
    ),
}


def refusal(path: Path | str) -> str:
    with pytest.raises(WeightsError) as caught:
        read_weights(path)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def assert_same(got: dict, expected: dict) -> None:
    assert list(got) == list(expected)
    for name, (weight, bias) in expected.items():
        assert torch.equal(got[name][0], weight)
        assert torch.equal(got[name][1], bias)
        assert got[name][0].dtype == got[name][1].dtype == torch.float32


@pytest.mark.parametrize("kind", WRITERS)
def test_reads_back_equal(kind: str, tmp_path: Path) -> None:
    write, layout, normalization = WRITERS[kind]
    convolutions, path = random_convolutions(), tmp_path / "weights"
    write(path, convolutions)
    weights = read_weights(path)
    assert_same(weights.convolutions, convolutions)
    assert (weights.format, weights.normalization) == (layout, normalization)
    assert weights.sha256 == file_digest(path)


def test_first_convolutions_alone_are_enough(tmp_path: Path) -> None:
    write_gatys(tmp_path / "short.pth", random_convolutions(count=9))
    assert list(read_weights(tmp_path / "short.pth").convolutions) == list(CONVOLUTIONS[:9])


def test_the_input_can_be_said(tmp_path: Path) -> None:
    write_torchvision(tmp_path / "vgg19-d01eb7cb.pth", random_convolutions())
    weights = read_weights(tmp_path / "vgg19-d01eb7cb.pth", normalization=NORMALIZATIONS["caffe"])
    assert weights.normalization == NORMALIZATIONS["caffe"]


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_refused(kind: str, share: float, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    WRITERS[kind][0](whole, random_convolutions())
    data = whole.read_bytes()
    cut.write_bytes(data[: int(share * len(data))])
    refusal(cut)


def test_numbers_changed_after_writing_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    WRITERS["impasto"][0](path, random_convolutions())
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    assert "not those that were written" in refusal(path)


@pytest.mark.parametrize("text", ["[]", "{", '{"order": "GBR", "scale": 1, "mean": [0, 0, 0], "std": [1, 1, 1]}'])
def test_metadata_that_makes_no_sense_is_refused(text: str, tmp_path: Path) -> None:
    convolutions, path = random_convolutions(), tmp_path / "own.safetensors"
    write_weights(NetworkWeights(convolutions, NORMALIZATIONS["caffe"]), path)
    digest = read_weights(path).metadata["tensors_sha256"]
    save_file(state_dict(convolutions, CONVOLUTIONS, ""), path, {"normalization": text, "tensors_sha256": digest})
    refusal(path)


class Code:
    """A pickle that leaves a mark when it is run."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("writer", ["new", "old", "plain"])
def test_a_pickle_that_would_run_code_is_not_run(writer: str, tmp_path: Path) -> None:
    path, mark = tmp_path / "evil.pth", tmp_path / "mark"
    if writer == "plain":
        path.write_bytes(pickle.dumps(Code(mark)))
    else:
        torch.save({"conv1_1.weight": Code(mark)}, path, _use_new_zipfile_serialization=writer == "new")
    assert "could run code" in refusal(path)
    assert not mark.exists()


def test_tensors_without_names_are_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(3)], tmp_path / "list.pth")
    assert "holds a list" in refusal(tmp_path / "list.pth")


def other_networks() -> dict[str, dict[str, torch.Tensor]]:
    convolutions = random_convolutions()
    weights = list(convolutions.values())
    narrow_bias = {**convolutions, "conv2_1": (convolutions["conv2_1"][0], torch.zeros(2))}
    nan = {**convolutions, "conv5_4": (convolutions["conv5_4"][0], torch.full((NARROW[4],), torch.nan))}
    return {
        "vgg13": state_dict(dict(enumerate(weights[:6])), (0, 2, 5, 7, 10, 12, 15), "features.")
        | {"features.15.weight": torch.zeros(5, 8, 3, 3), "features.15.bias": torch.zeros(5)},
        "gap": state_dict(
            {n: w for n, w in convolutions.items() if n != "conv3_4"}, CONVOLUTIONS[:7] + CONVOLUTIONS[8:], ""
        ),
        "resnet": {"conv1.weight": torch.zeros(64, 3, 7, 7), "layer1.0.conv1.weight": torch.zeros(64, 64, 3, 3)},
        "nothing": {"classifier.0.weight": torch.zeros(3, 3)},
        "wide kernels": {"conv1_1.weight": torch.zeros(4, 3, 5, 5), "conv1_1.bias": torch.zeros(4)},
        "grey input": {"conv1_1.weight": torch.zeros(4, 1, 3, 3), "conv1_1.bias": torch.zeros(4)},
        "no bias": {"conv1_1.weight": torch.zeros(4, 3, 3, 3)},
        "narrow bias": state_dict(narrow_bias, CONVOLUTIONS, ""),
        "nan": state_dict(nan, CONVOLUTIONS, ""),
    }


@pytest.mark.parametrize("network", other_networks())
def test_other_networks_are_refused(network: str, tmp_path: Path) -> None:
    save_file(other_networks()[network], tmp_path / "other.safetensors")
    message = refusal(tmp_path / "other.safetensors")
    assert message.endswith("give weights of VGG-19 or VGG-16")
    assert ("not finite" in message) == (network == "nan")


@pytest.mark.parametrize("kind", [kind for kind in WRITERS if kind not in ("adain", "safetensors")])
def test_vgg16_reads_back_equal(kind: str, tmp_path: Path) -> None:
    """AdaIN's encoder is a VGG-19; safetensors with torchvision's names go the way of its state dicts."""
    write, layout, normalization = WRITERS[kind]
    convolutions, path = random_convolutions(shape="VGG-16"), tmp_path / "weights"
    write(path, convolutions)
    weights = read_weights(path)
    assert_same(weights.convolutions, convolutions)
    assert (weights.format, weights.normalization) == (layout, normalization)


def test_the_first_convolutions_of_torchvisions_vgg16_are_enough(tmp_path: Path) -> None:
    save_file(state_dict(random_convolutions(count=10, shape="VGG-16"), TORCHVISION16, "features."), tmp_path / "short")
    assert list(read_weights(tmp_path / "short").convolutions)[-3:] == ["conv4_1", "conv4_2", "conv4_3"]


def test_hdf5_of_something_else_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = np.zeros(3)
    refusal(tmp_path / "data.h5")


@pytest.mark.parametrize("name", ["text.pth", "folder", "missing.pth", "vgg19.oxfrod", "nul\0"])
def test_what_is_no_weights_file_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("<!DOCTYPE html><html>this is no weights file</html>")
    (tmp_path / "folder").mkdir()
    message = refusal(tmp_path / name)
    assert ("did you mean 'vgg19.oxford'?" in message) == (name == "vgg19.oxfrod")


@pytest.mark.parametrize("matrix", [None, tuple(tuple(row) for row in MATRIX.double().tolist())])
def test_written_weights_keep_input_and_provenance(matrix: tuple | None, tmp_path: Path) -> None:
    normalization = Normalization("BGR", 255.0, (0.1, 1 / 3, 2.0), (1.0, 0.7, 3.0), matrix)
    weights = NetworkWeights(random_convolutions(), normalization, "keras", "ab12", {"licence": "CC0"})
    write_weights(weights, tmp_path / "own.safetensors", {"origin": "here"})
    read = read_weights(tmp_path / "own.safetensors")
    assert read.normalization == normalization
    expected = {"licence": "CC0", "origin": "here", "source_format": "keras", "source_sha256": "ab12"}
    assert {key: read.metadata[key] for key in expected} == expected


def test_equal_weights_are_equal_files(tmp_path: Path) -> None:
    metadata = {word: word for word in ("licence", "origin", "teacher", "date", "seed", "steps", "data", "author")}
    for name in ("a", "b"):
        write_weights(
            NetworkWeights(random_convolutions(), NORMALIZATIONS["caffe"], metadata=metadata), tmp_path / name
        )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_half_precision_halves_the_file_and_rounds(tmp_path: Path) -> None:
    weights = NetworkWeights(random_convolutions(), NORMALIZATIONS["caffe"])
    write_weights(weights, tmp_path / "full")
    write_weights(weights, tmp_path / "half", dtype=torch.float16)
    assert (tmp_path / "half").stat().st_size < 0.75 * (tmp_path / "full").stat().st_size
    for name, (weight, bias) in read_weights(tmp_path / "half").convolutions.items():
        assert torch.equal(weight, weights.convolutions[name][0].half().float())
        assert torch.equal(bias, weights.convolutions[name][1].half().float())


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    weights = NetworkWeights(random_convolutions(count=1), NORMALIZATIONS["caffe"])
    with pytest.raises(WeightsError, match=r"cannot write .*; make the folder .* first"):
        write_weights(weights, tmp_path / "nowhere" / "own.safetensors")
    (tmp_path / "taken").mkdir()
    with pytest.raises(WeightsError, match="cannot write"):
        write_weights(weights, tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_safetensors_are_not_taken_for_a_pickle(tmp_path: Path) -> None:
    """They begin with the length of their header, and 0x80, the first byte of a pickle, is a length like any other."""
    for letters in range(0, 256, 8):
        path = tmp_path / "padded.safetensors"
        write_weights(
            NetworkWeights(random_convolutions(count=1), NORMALIZATIONS["torchvision"]),
            path,
            {"padding": "x" * letters},
        )
        if path.read_bytes()[0] == 0x80:
            break
    assert path.read_bytes()[0] == 0x80
    assert read_weights(path).normalization == NORMALIZATIONS["torchvision"]
