"""Maps of regions: their colours, the mask of each, and what is no map."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.errors import PictureError
from impasto.images.label_maps import color_of, hex_of, read_map

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def halves(left: tuple[int, ...], right: tuple[int, ...], height: int = 20, width: int = 30) -> np.ndarray:
    """A plain picture of two colours, of which the left one has two thirds."""
    picture = np.empty((height, width, len(left)), np.uint8)
    picture[:, :20], picture[:, 20:] = left, right
    return picture


def test_colours_are_the_plain_ones_the_most_frequent_first():
    assert read_map(halves(RED, BLUE)).colors == (RED, BLUE)
    assert read_map(halves(BLUE, RED)[:, ::-1].copy()).colors == (BLUE, RED)


def test_each_colour_has_its_mask():
    found = read_map(halves(RED, BLUE))
    red, blue = found.mask(RED), found.mask(BLUE)
    assert red.values[0, 0, :, :20].all()
    assert not red.values[0, 0, :, 20:].any()
    torch.testing.assert_close(red.values + blue.values, torch.ones(1, 1, 20, 30))
    assert (red.color, red.sha256, str(red)) == ("#ff0000", found.sha256, "'array' at #ff0000")
    assert found.mask(GREEN) is None


def test_a_colour_may_be_painted_a_little_differently():
    found = read_map(halves((230, 20, 10), BLUE))
    assert torch.equal(found.mask(RED).values, read_map(halves(RED, BLUE)).mask(RED).values)
    assert found.mask((200, 100, 0)) is None


def test_soft_edges_and_compression_make_no_colours(tmp_path):
    large = np.asarray(Image.fromarray(halves(RED, BLUE)).resize((300, 200), Image.Resampling.BICUBIC))
    Image.fromarray(large).save(tmp_path / "map.jpg", quality=60)
    found = read_map(tmp_path / "map.jpg")
    assert len(found.colors) == 2
    assert found.mask(RED).values.mean().item() == pytest.approx(2 / 3, abs=0.01)


def test_what_is_transparent_belongs_to_no_region():
    picture = halves((*RED, 255), (*BLUE, 255))
    picture[:10, :, 3] = 0
    found = read_map(picture)
    assert not found.mask(RED).values[..., :10, :].any()
    assert found.mask(RED).values[..., 10:, :20].all()
    picture[..., 3] = 0
    with pytest.raises(PictureError, match="the map 'array' is transparent everywhere"):
        read_map(picture)


def test_a_photograph_is_no_map():
    levels = np.arange(0, 256, 50, dtype=np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(12, 18, 3)
    with pytest.raises(
        PictureError, match="the map 'array' is not in plain colours; paint each region in a colour of its own"
    ):
        read_map(grid.repeat(4, 0))


@pytest.mark.parametrize("color", [RED, (1, 2, 3), (0, 0, 0), (254, 255, 16)])
def test_colours_have_names(color):
    assert color_of(hex_of(color)) == color
