"""Textures: a style at any size, without content."""

from __future__ import annotations

import pytest
import torch

from impasto import api
from impasto.api import iterate
from impasto.apps.texture import iterate_texture, texture
from impasto.backbones import compact
from impasto.config.options import StylizeConfig
from impasto.errors import ConfigError, ImpastoError, PictureError
from impasto.losses import moments_distance, sums
from impasto.runs.record import config_of, parse_record, record_text
from synthetic import DEVICE, picture

STYLE, OTHER = picture(48, 64, 2), picture(64, 48, 3)
QUICK = {
    "backbone": "compact",
    "coarsest": 32,
    "iterations": (3, 2),
    "neighbour_rotations": 1,
    "precision": "float32",
    "device": DEVICE,
}


def paint(style=STYLE, size=(32, 48), **options) -> api.Result:
    return texture(style, size, **{**QUICK, **options})


@pytest.mark.parametrize("tile", ["none", "xy"])
@pytest.mark.parametrize("size", [(32, 48), (37, 50), (90, 33), (16, 64), 33], ids=str)
def test_a_texture_has_the_size_asked_for(size, tile):
    assert tuple(paint(size=size, wrap=tile, iterations=1).pixels.shape[2:]) == (
        size if isinstance(size, tuple) else (size, size)
    )


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_texture():
    one, again, other = (paint(seed=seed) for seed in (0, 0, 1))
    assert one.record["pixels_sha256"] == again.record["pixels_sha256"]
    assert (one.pixels - other.pixels).abs().mean() > 0.05


def distance(pixels: torch.Tensor) -> float:
    """How far the moments of a few layers are from the style's, to its own."""
    layers = ("relu1_1", "relu2_1", "relu3_1")
    backbone = compact()
    here, there = (backbone(image, layers) for image in (pixels, STYLE))
    return sum(moments_distance(sums(here[n]), sums(there[n]), distance="relative").item() for n in layers)


@pytest.mark.parametrize(("objective", "init"), [("blend", "noise"), ("blend", "pieces"), ("gram", "noise")])
def test_statistics_come_near_to_those_of_the_style(objective, init):
    run = iterate_texture(STYLE, 64, objective=objective, init=init, **{**QUICK, "iterations": 60})
    before = distance(run.result().pixels if init == "noise" else torch.full((1, 3, 64, 64), 0.5))
    for _ in run:
        pass
    assert distance(run.result().pixels) < 0.1 * before


def test_matches_are_found_from_the_canvas_alone():
    """Nothing of what stands in for the content is left: no weight, no detail, no edges, no share in the search."""
    config = iterate_texture(STYLE, **QUICK).config
    assert (config.neighbour_mix, config.content_weight, config.detail, config.voting_edges) == (1, 0, 0, 0)
    assert (config.recolor, config.init, config.voting) == (
        False,
        "pieces",
        StylizeConfig(backbone="compact").resolve().voting,
    )


@pytest.mark.usefixtures("narrow_vgg19")
@pytest.mark.parametrize("preset", ["gatys2016", "nnst", "holberton", "crowsonkb"])
def test_presets_and_objectives_paint_textures(preset, vgg_file):
    result = paint(preset=preset, backbone="compact", iterations=2, split_iterations=1, size=(40, 48))
    assert result.reason == "finished"
    assert result.record["preset"] == preset
    assert result.record["losses"].get("content", 0) == 0


def test_presets_without_matches_start_from_noise():
    assert StylizeConfig(objective="gram").of_texture(32, 32, {}).init == "noise"
    assert StylizeConfig(objective="gram", init="style").of_texture(32, 32, {}).init == "style"
    assert StylizeConfig().of_texture(32, 32, {}).init == "pieces"


def test_several_styles_are_mixed():
    both = paint([STYLE, OTHER], style_blend=(1, 1), style_scale=(1, 0.5))
    assert [style["name"] for style in both.record["styles"]] == ["array", "array"]
    assert both.record["pixels_sha256"] != paint([STYLE]).record["pixels_sha256"]


def seam(pixels: torch.Tensor, axis: int) -> float:
    """Mean difference over the border, to the median of those inside."""
    away = (pixels - pixels.roll(1, axis)).abs().transpose(0, axis).flatten(1).mean(1)
    return (away[0] / away[1:].median()).item()


def test_a_tiled_texture_has_no_seam():
    style = torch.nn.functional.interpolate(picture(12, 16, 8), size=(72, 96), mode="bicubic").clamp(0, 1)
    open_, closed = (paint(style, (60, 90), wrap=tile, iterations=(20, 10)).pixels for tile in ("none", "xy"))
    for axis in (2, 3):
        assert seam(open_, axis) > 2
        assert seam(closed, axis) < 1.3


def test_the_record_repeats_it(tmp_path):
    result = paint(wrap="x", seed=3)
    record = parse_record(record_text(result.record))
    assert (record["content"], record["size"], record["config"]["texture"]) == (None, [32, 48], [32, 48])
    again = iterate(None, [STYLE], config=config_of(record))
    list(again)
    assert again.result().record["pixels_sha256"] == result.record["pixels_sha256"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"content_weight": 1.0}, "content_weight speaks of the content, and a texture has none; leave it out"),
        ({"content_layers": "relu4_2"}, "content_layers speaks of the content, and a texture has none; leave it out"),
        ({"neighbour_mix": 0.5}, "neighbour_mix speaks of the content, and a texture has none; leave it out"),
        ({"init": "content"}, "init speaks of the content, and a texture has none; leave it out"),
        ({"size": (5, 40)}, "texture is 5 and out of range; it takes a whole number in px from 16 to 100000"),
        ({"size": (40, 40, 40)}, "size is (40, 40, 40); give (height, width) in px, or the side of a square"),
        ({"style": []}, "there is no style picture; give at least one"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(options, said):
    with pytest.raises(ImpastoError) as caught:
        paint(**options)
    assert str(caught.value) == said


def test_content_is_needed_where_it_is_not_a_texture_and_refused_where_it_is():
    with pytest.raises(PictureError, match="content is of type NoneType"):
        iterate(None, STYLE, **QUICK)
    with pytest.raises(ConfigError, match="a texture has no content"):
        iterate(OTHER, STYLE, config=StylizeConfig(**QUICK).of_texture(32, 32, {}))
    with pytest.raises(ConfigError, match="texture has 3 sides"):
        StylizeConfig(texture=(32, 32, 32))
