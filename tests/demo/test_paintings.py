"""The style pictures: the same for the same seed, of the size asked for, and never flat or empty."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageStat

from impasto.demo import PAINTINGS, find_painting
from impasto.errors import ConfigError

WIDTH = 96
each_painting = pytest.mark.parametrize("name", PAINTINGS)


@pytest.fixture(scope="module")
def small() -> dict[str, Image.Image]:
    return {name: painting.paint(WIDTH) for name, painting in PAINTINGS.items()}


@each_painting
def test_equal_seeds_paint_equal_pictures_and_others_do_not(name: str, small: dict[str, Image.Image]) -> None:
    paint = PAINTINGS[name].paint
    assert paint(WIDTH).tobytes() == small[name].tobytes()
    assert paint(WIDTH, seed=1).tobytes() != small[name].tobytes()


@each_painting
def test_size_and_mode(name: str, small: dict[str, Image.Image]) -> None:
    assert small[name].mode == "RGB"
    assert small[name].size == (WIDTH, 75)


@each_painting
def test_other_sizes_show_the_same_picture(name: str, small: dict[str, Image.Image]) -> None:
    large = PAINTINGS[name].paint(2 * WIDTH).resize((12, 9), Image.Resampling.BOX)
    difference = np.asarray(large, float) - np.asarray(small[name].resize((12, 9), Image.Resampling.BOX), float)
    assert np.abs(difference).mean() < 25


@each_painting
def test_rich_in_colour_and_contrast(name: str, small: dict[str, Image.Image]) -> None:
    picture = small[name]
    assert min(ImageStat.Stat(picture).stddev) > 35
    assert len(np.unique(picture.quantize(64))) > 32
    hue = np.asarray(picture.convert("HSV"))[..., 0]
    assert np.count_nonzero(np.histogram(hue, 16, (0, 256))[0] > 0.01 * hue.size) >= 4


@each_painting
def test_no_part_is_flat(name: str) -> None:
    grey = np.asarray(PAINTINGS[name].paint(192).convert("L"), float)[:144]
    cells = grey.reshape(9, 16, 12, 16).transpose(0, 2, 1, 3).reshape(108, -1)
    assert cells.std(axis=1).min() > 1.5


def test_paintings_differ_from_one_another(small: dict[str, Image.Image]) -> None:
    means = np.array([ImageStat.Stat(picture).mean for picture in small.values()])
    apart = np.linalg.norm(means[:, None] - means, axis=-1)
    assert apart[~np.eye(len(means), dtype=bool)].min() > 10


@each_painting
def test_origin_is_complete(name: str) -> None:
    origin = find_painting(name).origin
    assert all([origin.title, origin.author, origin.licence, origin.source])
    assert origin.source.endswith(f".{name}")


def test_unknown_painting_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown painting 'wave'; did you mean 'waves'\?"):
        find_painting("wave")
