"""What is seen in tiles is what is seen of the whole picture."""

from __future__ import annotations

import pytest
import torch

from impasto.backbones import VGG, features_of
from impasto.config.options import StylizeConfig
from impasto.losses import sums
from impasto.matching import hypercolumns
from impasto.styles import PictureStyle, StyleTargets, all_rows, joined, learn
from impasto.tiling import picture_features, picture_hypercolumns, picture_sums
from synthetic import picture, random_weights

LAYERS = ("relu1_1", "relu2_2", "relu3_4", "relu4_1", "pixels")
SIZE = (103, 86)
SEEN = picture(*SIZE, 1, torch.float64)


@pytest.fixture(scope="module")
def network() -> VGG:
    return VGG(random_weights((3, 4, 4, 5, 5)), pooling="avg", dtype=torch.float64)


def test_features(network):
    whole = features_of(network, SEEN, LAYERS)
    for tile_size in (0, 40):
        found = picture_features(network, SEEN, LAYERS, tile_size)
        assert set(found) == set(LAYERS)
        for name in LAYERS:
            torch.testing.assert_close(found[name], whole[name], rtol=1e-11, atol=1e-12)
            assert found[name].untyped_storage().data_ptr() not in {
                t.untyped_storage().data_ptr() for t in whole.values()
            }


def test_statistics(network):
    whole = features_of(network, SEEN, LAYERS)
    for name, stats in picture_sums(network, SEEN, LAYERS, 40).items():
        for part, expected in zip(stats, sums(whole[name]), strict=True):
            torch.testing.assert_close(part, expected, rtol=1e-10, atol=1e-10)
    assert picture_sums(network, SEEN, (), 40) == {}


def test_hypercolumns(network):
    strides = {name: network.layers[name].stride for name in LAYERS}
    expected = hypercolumns(features_of(network, SEEN, LAYERS), strides, (25, 21))
    assert torch.equal(picture_hypercolumns(network, SEEN, LAYERS, 0), expected)
    torch.testing.assert_close(picture_hypercolumns(network, SEEN, LAYERS, 40), expected, rtol=1e-10, atol=1e-12)


def learnt(network, tile_size: int, **options) -> StyleTargets:
    config = StylizeConfig(neighbour_layers=LAYERS[:4], style_layers=LAYERS, tile_size=tile_size, **options)
    return learn(SEEN, config, network)


def test_a_style_in_tiles_gives_the_same_rows_when_they_are_asked_for(network):
    whole, tiled = (learnt(network, tile_size) for tile_size in (0, 40))
    assert len(tiled.bank) == len(whole.bank)
    assert tiled.grids == whole.grids
    rows = torch.randint(len(whole.bank), (300,), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(tiled.bank[rows], whole.bank[rows], rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(all_rows(tiled.bank), all_rows(whole.bank), rtol=1e-10, atol=1e-12)
    for name in LAYERS:
        torch.testing.assert_close(tiled.stats[name].second, whole.stats[name].second, rtol=1e-10, atol=1e-10)


def test_banks_of_several_pictures_follow_each_other(network):
    config = StylizeConfig(neighbour_layers=LAYERS[:4], style_layers=LAYERS, tile_size=40)
    large, small = PictureStyle((SEEN,)), PictureStyle((picture(36, 40, 2, torch.float64),))
    far, near = (style.at(max(style.pictures[0].shape), config.resolve(), network).bank for style in (large, small))
    assert torch.equal(all_rows(joined([far, far])), torch.cat([all_rows(far), all_rows(far)]))
    assert torch.equal(all_rows(joined([far, near])), torch.cat([all_rows(far), all_rows(near)]))
    assert torch.equal(all_rows(joined([far, all_rows(near)])), torch.cat([all_rows(far), all_rows(near)]))
    assert joined([near]) is near


def test_nothing_is_matched_where_neighbours_have_no_weight(network):
    assert len(learnt(network, 40, objective="gram").bank) == 0
