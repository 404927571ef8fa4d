"""Content pictures: photographs that lie inside scikit-image's package, each free to use, cropped to 4 : 3."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from ..errors import ConfigError, ImpastoError, nearest_name
from .origins import Origin

__all__ = ["PHOTOGRAPHS", "Photograph", "read_photograph"]


@dataclass(frozen=True)
class Photograph:
    """A picture of ``skimage.data``: its name there, the crop (left, top, right, bottom) in px, and its origin."""

    key: str
    crop: tuple[int, int, int, int]
    origin: Origin


def _photograph(
    key: str, crop: tuple[int, int, int, int], title: str, author: str, licence: str, source: str
) -> Photograph:
    return Photograph(key, crop, Origin(title, author, licence, f"skimage.data.{key}, cropped; {source}"))


# Authors and licences as scikit-image states them, in the docstring of each picture.
PHOTOGRAPHS = {
    "cat": _photograph(
        "chelsea",
        (0, 0, 400, 300),
        "Chelsea the cat",
        "Stéfan van der Walt",
        "CC0-1.0",
        "given to scikit-image by the photographer",
    ),
    "coffee": _photograph(
        "coffee",
        (20, 0, 553, 400),
        "Coffee cup",
        "Rachel Michetti, courtesy of Pikolo Espresso Bar",
        "CC0-1.0",
        "given to scikit-image by the photographer",
    ),
    "astronaut": _photograph(
        "astronaut",
        (0, 0, 512, 384),
        "Eileen Collins",
        "NASA",
        "public domain",
        "https://flic.kr/p/r9qvLn",
    ),
    "rocket": _photograph(
        "rocket",
        (36, 0, 605, 427),
        "DSCOVR on Falcon 9 before its launch",
        "SpaceX",
        "public domain",
        "https://www.flickr.com/photos/spacexphotos/16511594820",
    ),
}


def read_photograph(name: str) -> Image.Image:
    """The photograph ``name`` of `PHOTOGRAPHS`, RGB.

    Raises:
        ConfigError: there is none of that name.
        ImpastoError: scikit-image is not installed, or without its pictures.
    """
    if name not in PHOTOGRAPHS:
        raise ConfigError(f"unknown photograph {name!r}", nearest_name(name, PHOTOGRAPHS))
    photograph = PHOTOGRAPHS[name]
    try:
        from skimage import data

        pixels = getattr(data, photograph.key)()
    except (ImportError, OSError) as error:
        raise ImpastoError(
            "the demo's photographs need scikit-image", "install it: pip install 'impasto[demo]'"
        ) from error
    return Image.fromarray(pixels).crop(photograph.crop)
