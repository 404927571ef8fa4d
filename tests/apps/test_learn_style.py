"""Painting with a learnt style is painting with its pictures."""

from __future__ import annotations

import pytest
import torch

import impasto
from impasto import learn_style, stylize
from impasto.errors import PictureError, StyleError
from impasto.runs.record import config_of
from synthetic import picture
from test_api import CONTENT, OTHER, QUICK, STYLE, save

SIZES = (32, 64)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    path = tmp_path_factory.mktemp("styles") / "one.style"
    learn_style(STYLE, sizes=SIZES, backbone="compact", precision="float32").save(path)
    return path


@pytest.mark.parametrize("objective", ["gram", "wasserstein", "meanstd"])
def test_where_statistics_add_the_pixels_are_the_same(objective, learnt):
    options = {**QUICK, "objective": objective}
    ours, theirs = stylize(CONTENT, learnt, **options), stylize(CONTENT, STYLE, **options)
    torch.testing.assert_close(ours.pixels, theirs.pixels, rtol=0, atol=1e-5)
    assert ours.record["losses"]["total"] == pytest.approx(theirs.record["losses"]["total"], rel=1e-5)


def test_the_default_is_the_same_but_for_rounding(learnt):
    options = {**QUICK, "neighbour_rotations": 4, "neighbour_bank": 4096}
    ours, theirs = stylize(CONTENT, learnt, **options), stylize(CONTENT, STYLE, **options)
    assert ours.record["losses"]["total"] == pytest.approx(theirs.record["losses"]["total"], rel=0.01)
    assert (ours.pixels - theirs.pixels).abs().mean() < 0.002


def test_a_learnt_style_may_be_mixed_with_pictures(learnt):
    options = {**QUICK, "objective": "gram", "style_blend": (1, 2)}
    ours, theirs = stylize(CONTENT, [learnt, OTHER], **options), stylize(CONTENT, [STYLE, OTHER], **options)
    torch.testing.assert_close(ours.pixels, theirs.pixels, rtol=0, atol=1e-5)


def test_a_style_in_memory_serves_as_well(learnt):
    options = {**QUICK, "objective": "gram"}
    style = learn_style([STYLE], sizes=SIZES, objective="gram", backbone="compact", precision="float32")
    torch.testing.assert_close(stylize(CONTENT, style, **options).pixels, stylize(CONTENT, learnt, **options).pixels)


def test_several_pictures_and_folders_are_learnt_as_one(tmp_path):
    folder = tmp_path / "paintings"
    folder.mkdir()
    save(folder / "a.png", STYLE)
    save(folder / "b.png", OTHER)
    options = {**QUICK, "objective": "gram", "recolor": False}  # a run amplifies the rounding of its colours
    style = learn_style([folder], sizes=SIZES, objective="gram", backbone="compact", precision="float32")
    assert [origin["name"] for origin in style.fact("origins")] == ["a.png", "b.png"]
    torch.testing.assert_close(
        stylize(CONTENT, style, **options).pixels, stylize(CONTENT, folder, **options).pixels, rtol=0, atol=1e-5
    )


def test_the_record_names_the_file_and_repeats_the_run(learnt):
    first = stylize(CONTENT, learnt, **QUICK)
    (entry,) = first.record["styles"]
    assert entry == {"name": str(learnt), "sha256": impasto.images.files.folder.digest_of(learnt)}
    again = stylize(CONTENT, entry["name"], config=config_of(first.record))
    assert again.record["pixels_sha256"] == first.record["pixels_sha256"]


def test_the_callback_sees_every_size():
    seen = []
    learn_style(STYLE, sizes=(64, 32, 64), objective="gram", backbone="compact", callback=seen.append)
    assert seen == [32, 64]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "max"}, "was learnt with --pooling avg"),
        ({"size": 160}, "was learnt at 32, 64 px, and 160 px are asked for"),
        ({"objective": "gram", "style_layers": "relu4_2"}, "knows nothing of relu4_2"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_it_cannot_serve_is_refused_before_the_run(options, message, learnt):
    with pytest.raises(StyleError, match=message):
        impasto.iterate(CONTENT, learnt, **{**QUICK, **options})


def test_other_weights_are_refused_before_the_run(learnt, vgg_file):
    with pytest.raises(
        StyleError, match="was learnt with other weights, compact; give --backbone compact --weights compact"
    ):
        impasto.iterate(CONTENT, learnt, **{**QUICK, "backbone": "vgg19"}, weights=vgg_file, padding="replicate-all")


def test_pictures_are_checked_before_anything_is_learnt(tmp_path):
    with pytest.raises(PictureError, match="there is no file"):
        learn_style(tmp_path / "nowhere.jpg", backbone="compact")
    with pytest.raises(PictureError, match="give a picture of at least 16 px a side"):
        learn_style(picture(8, 20), backbone="compact")
