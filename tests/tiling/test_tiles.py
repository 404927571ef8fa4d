"""Tiles lie side by side, own every cell once, and see whole cells of the picture around them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.backbones.backbone import LayerSpec
from impasto.tiling import Tile, is_tiled, tiles_of

LAYERS = {"pixels": LayerSpec(3, 1, 0), "relu2_1": LayerSpec(5, 2, 4), "relu5_1": LayerSpec(8, 16, 70)}


class Network:
    layers, wrap = LAYERS, "none"


def tiles(height: int, width: int, tile_size: int) -> list[Tile]:
    return tiles_of(torch.zeros(1, 3, height, width), Network(), LAYERS, tile_size)


SIDES = st.integers(16, 200)


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.integers(0, 220))
def test_every_cell_belongs_to_one_tile(height, width, tile_size):
    parts = tiles(height, width, tile_size)
    for name in LAYERS:
        seen = torch.zeros(parts[0].whole(name), dtype=torch.int)
        for tile in parts:
            (top, bottom), (left, right) = tile.own(name)
            assert seen[top:bottom, left:right].shape == (bottom - top, right - left)
            seen[top:bottom, left:right] += 1
        assert (seen == 1).all()


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.integers(16, 220))
def test_cells_of_a_grid_are_where_their_centres_are(height, width, tile_size):
    grid, seen = (height // 4, width // 4), torch.zeros(height // 4, width // 4, dtype=torch.int)
    for tile in tiles(height, width, tile_size):
        cells = tile.own_of(grid)
        seen[slice(*cells[0]), slice(*cells[1])] += 1
        for (start, stop), (first, last) in zip(tile.pixels, cells, strict=True):
            assert all(start <= 4 * cell + 2 <= stop for cell in range(first, last))
    assert (seen == 1).all()


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.integers(16, 220))
def test_no_tile_is_longer_than_asked_for_but_by_a_cell(height, width, tile_size):
    parts = tiles(height, width, tile_size)
    sides = [stop - start for tile in parts for start, stop in tile.pixels]
    assert max(sides) < max(16, tile_size // 16 * 16) + 16
    assert all(start % 16 == 0 for tile in parts for start, _ in tile.pixels)


def test_a_window_holds_what_the_cells_see_and_no_more_than_the_picture():
    tile = tiles(200, 300, 64)[6]
    assert tile.pixels == ((64, 128), (48, 112))
    assert tile.window([{"pixels": tile.own("pixels")}]).pixels == tile.pixels
    assert tile.window([{"relu2_1": tile.own("relu2_1")}]).pixels == ((48, 144), (32, 128))
    assert tile.window([{"relu5_1": tile.own("relu5_1")}]).pixels == ((0, 200), (0, 192))


def test_a_window_cuts_the_cells_out_of_its_features():
    picture = torch.arange(200.0)[:, None] * 1000 + torch.arange(300.0)
    tile = tiles(200, 300, 64)[6]
    window = tile.window([{"relu2_1": tile.own("relu2_1")}])
    seen = window.of(picture[None, None])
    cut = window.cut(seen[..., ::2, ::2], "relu2_1", tile.own("relu2_1"))
    assert torch.equal(cut[0, 0], picture[64:128:2, 48:112:2])


@pytest.mark.parametrize(("tile_size", "expected"), [(0, False), (99, True), (100, False), (500, False)])
def test_a_picture_is_in_tiles_where_a_side_is_longer(tile_size, expected):
    assert (
        is_tiled(torch.zeros(1, 3, 40, 100), tile_size) == is_tiled(torch.zeros(1, 3, 100, 40), tile_size) == expected
    )


def test_tiles_begin_on_a_cell_of_every_layer_where_no_stride_is_a_multiple_of_all():
    class Odd:
        layers, wrap = {"four": LayerSpec(3, 4, 5), "six": LayerSpec(3, 6, 7)}, "none"

    tiles = tiles_of(torch.zeros(1, 3, 50, 61), Odd(), Odd.layers, 24)
    windows = [tile.window([{name: tile.own(name) for name in Odd.layers}]) for tile in tiles]
    starts = [start for part in (*tiles, *windows) for start, _ in part.pixels]
    assert len(tiles) > 1
    assert all(start % 12 == 0 for start in starts)
