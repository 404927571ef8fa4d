"""What is known of a style: taken from one picture or pooled over several, and how a bank is shared out."""

from __future__ import annotations

import torch

from impasto.config import StylizeConfig
from impasto.images.resample import resize
from impasto.losses import sums
from impasto.styles import KeptStyle, PictureStyle, learn, sampled
from synthetic import picture

ONE, TWO = (picture(40, 48, seed, torch.float64) for seed in (2, 3))
LAYERS = ("relu1_1", "relu3_1", "pixels")
CONFIG = StylizeConfig(style_layers=LAYERS, neighbour_layers=("relu1_1", "relu2_2"), neighbour_rotations=2).resolve()


def test_one_pass_gives_statistics_and_bank(vgg64):
    known = learn(ONE, CONFIG, vgg64)
    assert set(known.stats) == set(LAYERS)
    torch.testing.assert_close(known.stats["relu3_1"].second, sums(vgg64(ONE, ["relu3_1"])["relu3_1"]).second)
    torch.testing.assert_close(known.stats["pixels"].first, ONE.sum((0, 2, 3)))
    assert known.bank.shape == (2 * 10 * 12, 9)


def test_what_weighs_nothing_is_not_computed(vgg64):
    gram, match = (learn(ONE, StylizeConfig(objective=name), vgg64) for name in ("gram", "neighbours"))
    assert (len(gram.stats), len(gram.bank)) == (6, 0)
    assert (len(match.stats), len(match.bank)) == (0, 480)


def test_a_pool_of_pictures_is_one_style_over_all_their_positions(vgg64):
    each = [learn(style, CONFIG, vgg64) for style in (resize(ONE, (27, 32)), resize(TWO, (27, 32)))]
    pooled = PictureStyle((ONE, TWO)).at(32, CONFIG, vgg64)
    for name in LAYERS:
        both = [torch.stack(parts).sum(0) for parts in zip(*(known.stats[name] for known in each), strict=True)]
        for ours, expected in zip(pooled.stats[name], both, strict=True):
            torch.testing.assert_close(ours, expected)
    torch.testing.assert_close(pooled.bank, torch.cat([known.bank for known in each]))


def test_a_style_is_measured_along_the_side_asked_for(vgg64):
    for side, size in (("long", (25, 30)), ("short", (30, 36)), ("width", (25, 30))):
        known = PictureStyle((ONE,)).at(30, CONFIG.overlay({"side": side}), vgg64)
        assert known.stats["pixels"].positions == size[0] * size[1]


def test_each_picture_of_a_pool_gives_its_share_of_the_bank(vgg64):
    config = CONFIG.overlay({"neighbour_bank": 60})
    rows = [{tuple(row) for row in learn(style, CONFIG, vgg64).bank.tolist()} for style in (ONE, TWO)]
    bank = PictureStyle((ONE, TWO)).at(48, config, vgg64).bank.tolist()
    assert [sum(tuple(row) in part for row in bank) for part in rows] == [30, 30]


def test_a_pool_has_the_colours_of_all_its_pictures():
    colors = PictureStyle((ONE, picture(8, 8, 4, torch.float64))).colors
    assert colors.shape == (1, 3, 1, 40 * 48 + 64)
    torch.testing.assert_close(colors[0, :, 0, : 40 * 48], ONE[0].flatten(1))


def test_a_sample_of_a_bank_keeps_its_share():
    bank, config = torch.arange(100.0)[:, None], StylizeConfig(neighbour_bank=80)
    assert torch.equal(sampled(bank[:80], 1.0, config), bank[:80])
    half = sampled(bank, 0.5, config)
    assert len(half.unique()) == 40
    assert not torch.equal(half, sampled(bank, 0.5, StylizeConfig(neighbour_bank=80, seed=1)))


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
