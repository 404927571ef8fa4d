"""Learnt styles: what they know is what the pictures say, in memory and from a file, and what they refuse."""

from __future__ import annotations

import json

import pytest
import torch

from impasto.config.options import StylizeConfig
from impasto.errors import ConfigError, StyleError
from impasto.images.color.transfer import fit_moments, recolor
from impasto.styles import Ladder, LearntStyle, PictureStyle, Sources, all_rows, learn_ladder, read_learnt, read_style
from impasto.styles.patch_bank import Bank
from synthetic import picture

ONE, TWO = picture(40, 48, 2), picture(48, 32, 3)
LAYERS = ("pixels", "relu1_1", "relu3_1")
CONFIG = StylizeConfig(
    backbone="compact", style_layers=LAYERS, neighbour_layers=("relu1_1", "relu2_2"), neighbour_rotations=2
).resolve()
WEIGHTS = {"id": "mine", "sha256": "abc"}
ORIGINS = [{"name": "one.jpg", "sha256": "1"}, {"name": "two.jpg", "sha256": "2"}]


def learnt(backbone, *pictures, config=CONFIG, sizes=(32, 64), bank=10_000) -> LearntStyle:
    style, sources = PictureStyle(pictures or (ONE, TWO)), Sources(ORIGINS, WEIGHTS)
    return learn_ladder(style, sources, config, backbone, Ladder(sizes, bank))


@pytest.fixture
def saved(tmp_path, vgg) -> LearntStyle:
    learnt(vgg).save(tmp_path / "both.style")
    return read_learnt(tmp_path / "both.style")


def check(style, lengths=(32, 64), weights=WEIGHTS, **options) -> None:
    style.check(CONFIG.overlay(options), weights, lengths)


def assert_same_bank(found: Bank, expected: Bank, rtol: float, atol: float) -> None:
    rows = all_rows(expected)
    torch.testing.assert_close(all_rows(found), rows, rtol=rtol, atol=atol * rows.max().item())


# What it knows


@pytest.mark.parametrize("size", [32, 64])
def test_at_its_sizes_it_knows_what_the_pictures_say(size, saved, vgg):
    known, expected = saved.at(float(size), CONFIG, vgg), PictureStyle((ONE, TWO)).at(size, CONFIG, vgg)
    for layer in LAYERS:
        for ours, theirs in zip(known.stats[layer], expected.stats[layer], strict=True):
            assert torch.equal(ours, theirs)
    assert_same_bank(known.bank, expected.bank, 1e-3, 1e-3)
    assert known.grids == expected.grids
    for ours, theirs in zip(known.pictures, expected.pictures, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=3e-4)


def test_no_feature_is_computed_where_the_bank_is_kept(saved, vgg, monkeypatch):
    monkeypatch.setattr(type(vgg), "forward", lambda *_: pytest.fail("the network was asked"))
    saved.at(64, CONFIG, vgg)


def test_a_bank_beyond_the_budget_is_taken_from_the_pictures(vgg):
    most = learnt(vgg).rows(32)
    style = learnt(vgg, bank=most)
    assert (style.rows(32), style.rows(64)) == (most, 0)
    known, expected = style.at(64, CONFIG, vgg), learnt(vgg).at(64, CONFIG, vgg)
    assert known.grids == expected.grids
    assert_same_bank(known.bank, expected.bank, 1e-2, 2e-3)
    assert all(torch.equal(known.stats[layer].second, expected.stats[layer].second) for layer in LAYERS)


def test_other_turns_than_those_kept_are_taken_from_the_pictures(saved, vgg):
    turned = CONFIG.overlay({"neighbour_rotations": 4, "neighbour_border": 0.1})
    known, expected = saved.at(64, turned, vgg), PictureStyle((ONE, TWO)).at(64, turned, vgg)
    assert known.grids == expected.grids
    assert_same_bank(known.bank, expected.bank, 1e-2, 2e-3)


@pytest.mark.parametrize("many", [2, 20])
def test_layers_that_are_matched_one_by_one_are_taken_from_the_pictures(many, vgg):
    config, pictures = (
        CONFIG.overlay({"neighbour_match": "layers"}),
        tuple(picture(32, 32, seed) for seed in range(many)),
    )
    style = learnt(vgg, *pictures, config=config)
    known, expected = style.at(32, config, vgg).split, PictureStyle(pictures).at(32, config, vgg).split
    assert (style.rows(32), set(known)) == (0, set(config.neighbour_layers))
    for layer, rows in expected.items():
        torch.testing.assert_close(known[layer], rows, rtol=1e-2, atol=2e-3 * rows.max().item())


def test_fewer_layers_are_served_too(saved, vgg):
    fewer = CONFIG.overlay({"style_layers": ("relu1_1",), "style_layer_weights": (), "neighbour_layers": ("relu2_2",)})
    known, expected = saved.at(64, fewer, vgg), PictureStyle((ONE, TWO)).at(64, fewer, vgg)
    assert set(known.stats) == {"relu1_1"}
    assert_same_bank(known.bank, expected.bank, 1e-3, 1e-3)


@pytest.mark.parametrize(("length", "nearest"), [(20, 32), (40, 32), (48, 64), (100, 64)])
def test_between_its_sizes_the_nearest_serves(length, nearest, saved, vgg):
    """Its statistics stand for as many positions as a picture of the size asked for would have."""
    known, at = saved.at(length, CONFIG, vgg), saved.at(nearest, CONFIG, vgg)
    torch.testing.assert_close(known.stats["relu3_1"].moment, at.stats["relu3_1"].moment)
    torch.testing.assert_close(known.stats["pixels"].positions, at.stats["pixels"].positions * (length / nearest) ** 2)
    assert known.grids == at.grids


def test_without_neighbours_it_holds_statistics_alone(vgg):
    gram = CONFIG.overlay({"objective": "gram", "neighbour_weight": 0.0})
    style = learnt(vgg, config=gram)
    assert {name.split("/")[1] for name in style.tensors if "/" in name} == {"stats"}
    assert len(style.at(64, gram, vgg).bank) == 0
    with pytest.raises(StyleError, match="holds no picture for the canvas to begin with; give another --init"):
        style.picture()


def test_its_colours_have_the_moments_of_all(vgg):
    large = (picture(80, 90, 5), picture(60, 70, 6))
    style = learnt(vgg, *large, sizes=(32,))
    assert style.colors.shape == (1, 3, 1, 4096)
    content = picture(16, 16, 7)
    whole = recolor(content, fit_moments([PictureStyle(large).colors]))
    torch.testing.assert_close(recolor(content, fit_moments([style.colors])), whole, rtol=0, atol=1e-5)


def test_a_grey_picture_can_be_learnt(vgg):
    grey = picture(80, 90, 5).mean(1, keepdim=True).expand(1, 3, 80, 90)
    style = learnt(vgg, grey, sizes=(32,))
    assert style.colors.isfinite().all()
    torch.testing.assert_close(style.colors.amax(1), style.colors.amin(1), rtol=0, atol=1e-4)


def test_the_canvas_may_begin_with_its_largest_picture(saved):
    assert saved.picture().shape == (1, 3, 53, 64)


# The file


def test_a_file_holds_what_was_learnt(saved, vgg, tmp_path):
    again = learnt(vgg)
    assert set(saved.tensors) == set(again.tensors)
    assert all(torch.equal(saved.tensors[name], again.tensors[name]) for name in again.tensors)
    assert saved.facts == again.facts
    assert (saved.sizes, saved.layers(32), saved.fact("origins")) == ((32, 64), LAYERS, ORIGINS)
    assert (saved.config, saved.name) == (CONFIG, str(tmp_path / "both.style"))
    again.save(tmp_path / "again.style")
    assert (tmp_path / "again.style").read_bytes() == (tmp_path / "both.style").read_bytes()
    assert read_style(tmp_path / "both.style").sha256 == saved.sha256 != ""


@pytest.mark.parametrize("damage", [b"", b"none", b'\x08\0\0\0\0\0\0\0{"a": 1}'], ids=["empty", "text", "other"])
def test_what_is_no_style_is_refused(damage, tmp_path):
    (tmp_path / "x.style").write_bytes(damage)
    with pytest.raises(
        StyleError, match=r"x\.style' is no style file, or it is damaged; make it with: impasto style learn"
    ):
        read_learnt(tmp_path / "x.style")


def test_a_file_that_is_cut_or_missing_is_refused(saved, tmp_path):
    (tmp_path / "cut.style").write_bytes((tmp_path / "both.style").read_bytes()[:-10])
    with pytest.raises(StyleError, match="is no style file, or it is damaged"):
        read_learnt(tmp_path / "cut.style")
    with pytest.raises(StyleError, match=r"cannot read the style '.*nowhere\.style': No such file"):
        read_learnt(tmp_path / "nowhere.style")


def test_a_file_of_a_later_version_is_refused(saved, tmp_path):
    data = (tmp_path / "both.style").read_bytes()
    (tmp_path / "later.style").write_bytes(data.replace(b"impasto style 1", b"impasto style 2"))
    with pytest.raises(
        StyleError, match="is of format 'impasto style 2', this version reads 'impasto style 1'; update impasto"
    ):
        read_learnt(tmp_path / "later.style")


def test_a_file_is_named_for_what_it_is(vgg, tmp_path):
    with pytest.raises(
        StyleError, match=r"cannot write '.*x.safetensors' as a style; give a name that ends in \.style"
    ):
        learnt(vgg, sizes=(32,)).save(tmp_path / "x.safetensors")


# What it refuses


def test_it_serves_the_run_it_was_learnt_for(saved):
    check(saved)
    check(saved, lengths=(16, 128), style_layers=("relu1_1",), style_layer_weights=(), resample="area")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "max"}, "was learnt with --pooling avg; give --pooling avg, or learn it again"),
        ({"network_input": "caffe"}, "was learnt with --network-input own; "),
        ({"side": "short"}, "was learnt with --side long; "),
        (
            {"style_layers": ("relu1_1", "relu4_1"), "style_layer_weights": ()},
            "knows nothing of relu4_1; learn it with these --style-layers",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_another_network_and_other_layers_are_refused(options, message, saved):
    with pytest.raises(StyleError, match=f"both.style {message}"):
        check(saved, **options)


def test_other_weights_are_refused(saved):
    with pytest.raises(
        StyleError, match="with other weights, mine; give --backbone compact --weights mine, or learn it again"
    ):
        check(saved, weights={"id": "yours", "sha256": "def"})


@pytest.mark.parametrize(("length", "hint"), [(15, "15,32,64"), (129, "32,64,129")])
def test_sizes_too_far_from_those_learnt_are_refused(length, hint, saved):
    with pytest.raises(StyleError, match=f"at 32, 64 px, and {length} px are asked for; learn it with --sizes {hint}"):
        check(saved, lengths=(32, length))


def test_statistics_alone_match_no_neighbours(vgg):
    style = learnt(vgg, config=CONFIG.overlay({"neighbour_weight": 0.0}))
    with pytest.raises(StyleError, match="has nothing to match neighbours with; learn it with --objective blend"):
        check(style)
    check(style, neighbour_weight=0.0)


def test_its_colours_cannot_be_changed_afterwards(saved):
    with pytest.raises(
        StyleError, match=r"both.style was learnt in its own colours.*; give its pictures in place of the file"
    ):
        saved.recolored(torch.square)


@pytest.mark.parametrize(("sizes", "told"), [((), "none"), ((64, 8), "64, 8")])
def test_sizes_that_are_none_are_refused(sizes, told, vgg):
    with pytest.raises(ConfigError, match=f"sizes are {told}; give whole numbers of 16 px or more"):
        learnt(vgg, sizes=sizes)


def test_facts_are_json(saved):
    assert json.loads(saved.facts["weights"]) == WEIGHTS
    assert len(saved.facts["config_sha256"]) == 64
