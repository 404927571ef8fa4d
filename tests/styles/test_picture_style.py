"""What is known of a style: taken from one picture or pooled over several."""

from __future__ import annotations

import pytest
import torch

from impasto.config.options import StylizeConfig
from impasto.images.resample import resize
from impasto.losses import sums
from impasto.matching import grid_of
from impasto.styles import KeptStyle, PictureStyle, all_rows, drawn, learn
from synthetic import picture

ONE, TWO = (picture(40, 48, seed, torch.float64) for seed in (2, 3))
LAYERS = ("relu1_1", "relu3_1", "pixels")
MATCH = {"neighbour_layers": ("relu1_1", "relu2_2"), "neighbour_rotations": 2, "neighbour_border": 0}
CONFIG = StylizeConfig(style_layers=LAYERS, **MATCH).resolve()


def test_one_pass_gives_statistics_and_bank(vgg64):
    known = learn(ONE, CONFIG, vgg64)
    assert set(known.stats) == set(LAYERS)
    torch.testing.assert_close(known.stats["relu3_1"].second, sums(vgg64(ONE, ["relu3_1"])["relu3_1"]).second)
    torch.testing.assert_close(known.stats["pixels"].first, ONE.sum((0, 2, 3)))
    assert all_rows(known.bank).shape == (2 * 10 * 12, 9)


def test_the_rows_of_a_bank_come_from_its_pictures_in_their_order(vgg64):
    known = learn(ONE, CONFIG.overlay({"neighbour_rotations": 3}), vgg64)
    assert all(torch.equal(found, ONE.rot90(turns, (2, 3))) for turns, found in enumerate(known.pictures))
    assert known.grids == ((10, 12), (12, 10), (10, 12))
    alone = [learn(turned, CONFIG.overlay({"neighbour_rotations": 1}), vgg64).bank for turned in known.pictures]
    torch.testing.assert_close(all_rows(known.bank), torch.cat([all_rows(bank) for bank in alone]))


def test_what_weighs_nothing_is_not_computed(vgg64):
    gram, match = (learn(ONE, StylizeConfig(objective=name, **MATCH), vgg64) for name in ("gram", "neighbours"))
    assert (len(gram.stats), len(gram.bank), gram.grids) == (6, 0, ())
    assert (len(match.stats), len(match.bank), len(match.grids)) == (0, 240, 2)


@pytest.mark.parametrize(("border", "cells"), [(0.03, 1), (0.1, 2), (0.2, 3)])
def test_a_border_is_not_matched(border, cells, vgg64):
    """In whole cells of the long side, of 12 here, and alike at every side and turn; statistics are those of all of
    it."""
    known = learn(ONE, CONFIG.overlay({"neighbour_border": border}), vgg64)
    whole = learn(ONE, CONFIG, vgg64)
    sides = [slice(cells, side - cells) for side in (10, 12)]
    for part, turned in enumerate([sides, sides[::-1]]):
        rows = all_rows(whole.bank).chunk(2)[part].reshape(*whole.grids[part], -1)[turned[0], turned[1]]
        assert torch.equal(all_rows(known.bank).chunk(2)[part], rows.flatten(0, 1))
        pixels = [slice(4 * side.start, 4 * side.stop) for side in turned]
        assert torch.equal(known.pictures[part], whole.pictures[part][..., pixels[0], pixels[1]])
    assert known.grids == ((10 - 2 * cells, 12 - 2 * cells), (12 - 2 * cells, 10 - 2 * cells))
    assert all(torch.equal(known.stats[name].second, whole.stats[name].second) for name in LAYERS)


@pytest.mark.parametrize("size", [(17, 90), (4, 40), (20, 20), (42, 50)])
def test_a_border_leaves_at_least_a_third_of_every_side(size, vgg64):
    style = picture(*size, 4, torch.float64)
    known = learn(style, CONFIG.overlay({"neighbour_border": 0.4, "neighbour_rotations": 1}), vgg64)
    (left,) = known.grids
    assert all(3 * kept >= whole for kept, whole in zip(left, grid_of(style), strict=True))
    assert len(known.bank) == left[0] * left[1]


def test_a_pool_of_pictures_is_one_style_over_all_their_positions(vgg64):
    each = [learn(style, CONFIG, vgg64) for style in (resize(ONE, (27, 32)), resize(TWO, (27, 32)))]
    pooled = PictureStyle((ONE, TWO)).at(32, CONFIG, vgg64)
    for name in LAYERS:
        both = [torch.stack(parts).sum(0) for parts in zip(*(known.stats[name] for known in each), strict=True)]
        for ours, expected in zip(pooled.stats[name], both, strict=True):
            torch.testing.assert_close(ours, expected)
    torch.testing.assert_close(all_rows(pooled.bank), torch.cat([all_rows(known.bank) for known in each]))
    assert pooled.grids == each[0].grids + each[1].grids == ((6, 8), (8, 6)) * 2
    for ours, expected in zip(pooled.pictures, each[0].pictures + each[1].pictures, strict=True):
        torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize(("pictures", "turns"), [(4, 4), (8, 2), (16, 1), (40, 1)])
def test_many_pictures_of_a_pool_are_turned_less(pictures, turns, vgg64):
    config = CONFIG.overlay({"neighbour_rotations": 4})
    assert len(learn(ONE, config, vgg64, 1 / pictures).pictures) == turns


def test_a_style_is_measured_along_the_side_asked_for(vgg64):
    for side, size in (("long", (25, 30)), ("short", (30, 36)), ("width", (25, 30))):
        known = PictureStyle((ONE,)).at(30, CONFIG.overlay({"side": side}), vgg64)
        assert known.stats["pixels"].positions == size[0] * size[1]


def test_a_picture_of_less_than_a_cell_has_one_position():
    assert [grid_of(picture(*size)) for size in ((3, 3), (4, 9), (11, 2))] == [(1, 1), (1, 2), (2, 1)]


def test_a_pool_has_the_colours_of_all_its_pictures():
    colors = PictureStyle((ONE, picture(8, 8, 4, torch.float64))).colors
    assert colors.shape == (1, 3, 1, 40 * 48 + 64)
    torch.testing.assert_close(colors[0, :, 0, : 40 * 48], ONE[0].flatten(1))


def test_a_recoloured_pool_is_seen_and_laid_down_in_its_new_colours(vgg64):
    pool = PictureStyle((ONE, TWO))
    for style in (pool, KeptStyle(pool)):
        changed = style.recolored(torch.square).recolored(lambda colors: 1 - colors)
        resized = [1 - resize(one, (27, 32)).square() for one in (ONE, TWO)]
        known = changed.at(32, CONFIG, vgg64)
        torch.testing.assert_close(known.stats["pixels"].first, sum(one.sum((0, 2, 3)) for one in resized))
        for ours, expected in zip(known.pictures[::2], resized, strict=True):
            torch.testing.assert_close(ours, expected)
        torch.testing.assert_close(changed.picture(), 1 - ONE.square())
        torch.testing.assert_close(changed.colors.sum(), sum((1 - one.square()).sum() for one in (ONE, TWO)))


def test_a_kept_style_works_out_once_what_it_is_asked_for_again(vgg64):
    asked = []

    class Spy(PictureStyle):
        def at(self, length, config, backbone):
            asked.append(length)
            return super().at(length, config, backbone)

    kept = KeptStyle(Spy((ONE,), "one.png", "hash"))
    first = kept.at(32, CONFIG, vgg64)
    assert kept.at(32, CONFIG, vgg64) is first
    kept.at(32, CONFIG.overlay({"neighbour_rotations": 1}), vgg64)
    assert asked == [32, 32]
    for length in range(33, 41):
        kept.at(length, CONFIG, vgg64)
    assert kept.at(32, CONFIG, vgg64) is not first  # no more is kept than a run needs
    assert (kept.name, kept.sha256, kept.picture() is ONE) == ("one.png", "hash", True)


def test_where_layers_are_matched_one_by_one_each_has_a_bank_of_its_own(vgg64):
    known = learn(ONE, CONFIG.overlay({"neighbour_match": "layers"}), vgg64)
    turned = [vgg64(picture, ["relu2_2"])["relu2_2"] for picture in (ONE, ONE.rot90(1, (2, 3)))]
    torch.testing.assert_close(known.split["relu2_2"], torch.cat([found[0].flatten(1).T for found in turned]))
    assert (len(known.bank), known.grids, known.split["relu1_1"].shape) == (0, (), (2 * 40 * 48, 4))
    assert learn(ONE, CONFIG, vgg64).split == {}


def test_the_banks_of_layers_have_no_border(vgg64):
    config = CONFIG.overlay({"neighbour_match": "layers", "neighbour_rotations": 1, "neighbour_border": 0.1})
    found = vgg64(ONE, ["relu2_2"])["relu2_2"][0, :, 3:-3, 3:-3]
    torch.testing.assert_close(learn(ONE, config, vgg64).split["relu2_2"], found.flatten(1).T)


def test_the_banks_of_layers_keep_to_the_size_asked_for_and_are_pooled(vgg64):
    config = CONFIG.overlay({"neighbour_match": "layers", "neighbour_bank": 60})
    one, two = (learn(style, config, vgg64, 0.5).split for style in (ONE, TWO))
    pooled = PictureStyle((ONE, TWO)).at(48, config, vgg64).split
    for name in config.neighbour_layers:
        assert len(one[name]) == 30
        torch.testing.assert_close(pooled[name], torch.cat([one[name], two[name]]))


def test_rows_are_drawn_once_each_by_the_seed():
    rows = torch.arange(50.0)[:, None]
    assert torch.equal(drawn(rows, 50, 0), rows)
    some, same, other = (drawn(rows, 20, seed) for seed in (0, 0, 1))
    assert len(some.unique()) == 20
    assert torch.equal(some, same)
    assert not torch.equal(some, other)
    assert len(drawn(rows, 0.1, 0)) == 1


def test_of_many_pictures_some_spread_over_all_are_matched_and_all_are_counted(vgg64):
    many = PictureStyle(tuple(picture(16, 16, seed, torch.float64) for seed in range(20)))
    matched = [k for k, share in enumerate(many.shares) if share]
    assert (len(matched), matched[0], matched[-1], sum(many.shares)) == (16, 0, 19, 1.0)
    known = many.at(16, CONFIG, vgg64)
    assert (len(known.bank), len(known.pictures)) == (16 * 16, 16)
    assert known.stats["pixels"].positions == 20 * 256
