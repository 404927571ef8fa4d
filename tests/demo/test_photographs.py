"""The photographs of scikit-image: there without a network, well cropped, each with its origin."""

from __future__ import annotations

import socket
import sys

import pytest

from impasto.demo import PHOTOGRAPHS, read_photograph
from impasto.errors import ConfigError, ImpastoError

each_photograph = pytest.mark.parametrize("name", PHOTOGRAPHS)


@each_photograph
def test_lies_in_the_package_and_is_cropped_to_four_by_three(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    picture = read_photograph(name)
    assert picture.mode == "RGB"
    assert min(picture.size) >= 300
    assert picture.width / picture.height == pytest.approx(4 / 3, abs=0.01)
    assert picture.getextrema() != ((0, 0),) * 3


@each_photograph
def test_crop_stays_inside_the_picture(name: str) -> None:
    from skimage import data

    height, width, _ = getattr(data, PHOTOGRAPHS[name].key)().shape
    left, top, right, bottom = PHOTOGRAPHS[name].crop
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


@each_photograph
def test_origin_is_complete_and_open(name: str) -> None:
    origin = PHOTOGRAPHS[name].origin
    assert origin.title and origin.author
    assert origin.licence in ("CC0-1.0", "public domain")
    assert PHOTOGRAPHS[name].key in origin.source


def test_unknown_name() -> None:
    with pytest.raises(ConfigError, match=r"unknown photograph 'coffe'; did you mean 'coffee'\?"):
        read_photograph("coffe")


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(ImpastoError, match=r"need scikit-image; install it: pip install 'impasto\[demo\]'"):
        read_photograph("cat")


def test_a_package_without_its_pictures_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from skimage import data

    def download() -> None:
        raise ConnectionError("Tried to download a scikit-image dataset")

    monkeypatch.setattr(data, "chelsea", download)
    with pytest.raises(ImpastoError, match="need scikit-image"):
        read_photograph("cat")
