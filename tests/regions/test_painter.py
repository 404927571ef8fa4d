"""Patchwork: which part of the picture each region is painted on, and that none learns of another."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

import impasto
from impasto.config.options import StylizeConfig
from impasto.engine.progress import Outcome, Progress
from impasto.engine.schedule import ScalePlan, plan_scales
from impasto.errors import CheckpointError, ConfigError, PictureError
from impasto.images.color.spaces import luma_of
from impasto.images.files.io import read_picture
from impasto.images.resample import resize
from impasto.losses import Sums, sums
from impasto.regions.painter import Patch, plan_patches
from impasto.regions.region import Region, read_regions
from synthetic import DEVICE, STYLE_LAYERS, picture

SIZE = (64, 96)
CONTENT, ONE, TWO, THREE = (picture(*SIZE, seed) for seed in (1, 2, 3, 4))
LEFT, RIGHT = (np.tile(np.arange(96) < 48, (64, 1)), np.tile(np.arange(96) >= 48, (64, 1)))
QUICK = {
    "backbone": "compact",
    "size": 96,
    "coarsest": 48,
    "iterations": (4, 3),
    "precision": "float32",
    "device": DEVICE,
}
BLEND = {
    **QUICK,
    "neighbour_bank": 200,
    "neighbour_rotations": 1,
    "neighbour_layers": ("relu1_1", "relu2_1", "relu3_1"),
}
SPLIT = {**BLEND, "objective": "neighbours", "neighbour_match": "layers"}
GRAM = {**QUICK, "objective": "gram", "content_weight": 2.0}
EVERY = {
    "gram": GRAM,
    "meanstd": {**QUICK, "objective": "meanstd"},
    "wasserstein": {**QUICK, "objective": "wasserstein", "style_layers": ("relu1_1", "relu2_1", "pixels")},
    "blend": BLEND,
    "refining": {**BLEND, "full_scales": 1},
    "split": SPLIT,
    "sums": {**GRAM, "gram_normalization": "none", "style_distance": "gatys"},
}


def plan(*regions: Region, size: tuple[int, int] = SIZE, **options) -> tuple[Patch, ...]:
    config = StylizeConfig(**{**GRAM, "size": max(size), **options}).resolve()
    return plan_patches(read_regions(regions, read_picture(picture(*size)), config), plan_scales(config, size))


def block(top: int, left: int, bottom: int, right: int, height: int = 64, width: int = 96) -> np.ndarray:
    mask = np.zeros((height, width))
    mask[top:bottom, left:right] = 1
    return mask


def paint(*regions: Region, **options) -> Tensor:
    return impasto.stylize(CONTENT, list(regions), **options).pixels


def moments(pixels: Tensor, vgg, columns: slice = slice(None)) -> dict[str, Sums]:
    features = {**vgg(pixels[..., columns], STYLE_LAYERS[:3]), "pixels": pixels[..., columns]}
    return {name: sums(found) for name, found in features.items()}


def distances(ours: dict[str, Sums], theirs: dict[str, Sums]) -> dict[str, float]:
    return {n: ((ours[n].moment - theirs[n].moment).norm() / theirs[n].moment.norm()).item() for n in theirs}


# The plan


def test_a_patch_is_its_region_with_a_margin_within_the_picture():
    (patch,) = plan(Region(block(100, 300, 150, 340, 256, 512), ONE), size=(256, 512), feather=0)
    assert patch.corner == (68, 268)
    assert patch.share.shape == (1, 1, 114, 104)
    assert patch.share[0, 0, 32:82, 32:72].all()
    assert patch.share.sum() == 50 * 40
    left, right = plan(Region(LEFT, ONE), Region(RIGHT, TWO), feather=0)
    assert (left.corner, right.corner) == ((0, 0), (0, 16))
    assert left.share.shape == right.share.shape == (1, 1, 64, 80)


def test_a_small_region_has_a_patch_that_deep_layers_can_see():
    (patch,) = plan(Region(block(0, 0, 2, 2, 256, 512), ONE), size=(256, 512), feather=0)
    assert min(patch.share.shape[2:]) >= 64


def test_scales_are_those_of_the_whole_picture_and_strokes_keep_their_size():
    (patch,) = plan(
        Region(block(100, 300, 150, 340, 256, 512), ONE), size=(256, 512), feather=0, style_scale=0.5, coarsest=128
    )
    assert [scale.size for scale in patch.whole] == [(64, 128), (128, 256), (256, 512)][1:]
    assert [scale.size for scale in patch.scales] == [(57, 52), (114, 104)]
    assert [scale.iterations for scale in patch.scales] == [3, 3]
    assert patch.config.style_scale[0] * 114 == pytest.approx(0.5 * 512)


def test_what_overlaps_is_shared_and_what_is_left_is_content():
    soft = np.full((64, 96), 0.25)
    patches = plan(Region(LEFT, ONE), Region(LEFT, TWO), Region(soft, THREE), feather=0)
    assert [patch.share[0, 0, 0, 0].item() for patch in patches] == pytest.approx([4 / 9, 4 / 9, 1 / 9], abs=0.002)
    assert patches[2].share[0, 0, 0, -1].item() == pytest.approx(0.25, abs=0.002)
    assert patches[0].share[0, 0, 0, 60] == 0


def test_masks_that_meet_leave_nothing():
    """However they are rounded: no content shines through where two soft edges cross."""
    for feather in (0, 0.02, 0.1, 0.3):
        left, right = plan(Region(LEFT, ONE), Region(RIGHT, TWO), feather=feather)
        total = left.blended(
            torch.zeros(1, 3, *SIZE), torch.zeros(1, 3, *SIZE), torch.ones(1, 3, *left.share.shape[2:])
        )
        total = right.blended(total, torch.zeros(1, 3, *SIZE), torch.ones(1, 3, *right.share.shape[2:]))
        torch.testing.assert_close(total, torch.ones(1, 3, *SIZE))


def test_what_shows_through_a_soft_edge_counts_while_it_is_painted():
    (patch,) = plan(Region(block(100, 300, 150, 340, 256, 512), ONE), size=(256, 512), feather=0.02)
    assert patch.counted[patch.share > 0].min() > 0.9
    assert (patch.counted >= patch.share).all()
    assert not patch.counted[..., 0, :].any()


def test_a_region_without_style_or_strength_has_no_patch():
    assert plan(Region(LEFT), Region(RIGHT, ONE))[0].share[..., -48:].all()
    assert len(plan(Region(LEFT, ONE), Region(RIGHT, TWO), region_strength=(0, 0.5))) == 1


# Painting


@pytest.mark.parametrize("options", EVERY.values(), ids=EVERY)
def test_with_any_objective_a_region_is_what_it_is_whatever_the_other_is_painted_in(options):
    with_two, with_three = (paint(Region(LEFT, ONE), Region(RIGHT, other), **options) for other in (TWO, THREE))
    assert torch.equal(with_two[..., :40], with_three[..., :40])
    assert (with_two[..., 56:] - with_three[..., 56:]).abs().mean() > 0.01


@pytest.mark.parametrize("options", [GRAM, BLEND], ids=["gram", "blend"])
def test_statistics_in_a_region_become_those_of_its_own_style(options, vgg):
    longer = {**options, "iterations": (25, 15), "content_weight": 0.0}
    painted = paint(Region(LEFT, ONE * 0.4), Region(RIGHT, 1 - 0.4 * TWO), **longer)
    for columns, own, other in ((slice(0, 40), ONE * 0.4, 1 - 0.4 * TWO), (slice(56, 96), 1 - 0.4 * TWO, ONE * 0.4)):
        found = moments(painted, vgg, columns)
        to_own, to_other = (distances(found, moments(style, vgg)) for style in (own, other))
        before = distances(moments(CONTENT, vgg, columns), moments(own, vgg))
        for name in to_own:
            assert to_own[name] < 0.5 * before[name]
            assert to_own[name] < 0.5 * to_other[name]


@pytest.mark.parametrize("options", [GRAM, BLEND, {**GRAM, "optimizer": "lbfgs"}, {**GRAM, "average": 0.9}], ids=str)
def test_what_is_of_no_region_or_of_no_style_is_the_content_to_the_bit(options):
    painted = paint(Region(LEFT, ONE), Region(block(0, 70, 64, 96)), feather=0.04, **options)
    assert torch.equal(painted[..., 48 + 3 :], CONTENT[..., 48 + 3 :])
    assert not torch.equal(painted[..., 40:48], CONTENT[..., 40:48])
    smaller = paint(Region(LEFT, ONE), **{**options, "size": 72})
    assert torch.equal(smaller[..., 40:], resize(CONTENT, (48, 72))[..., 40:])


def test_a_masked_part_of_a_style_is_all_that_is_seen_of_it():
    """The rest of the style picture may be anything; when it is resized, a little of it gets across the edge."""
    part = block(0, 0, 64, 40)
    pictures = [torch.cat([ONE[..., :56], rest[..., 56:]], dim=3) for rest in (ONE, TWO * 0.1)]
    for options in ({**GRAM, "style_layers": ("relu1_1", "relu2_1", "pixels")}, BLEND, SPLIT):
        one, two = (paint(Region(LEFT, each, part), **options) for each in pictures)
        whole = paint(Region(LEFT, pictures[1]), **options)
        assert (one - two).abs().mean() < 0.05 * (whole - two).abs().mean()


def test_one_region_of_all_is_near_what_is_painted_without():
    masked, whole = paint(Region(np.ones(SIZE), ONE), **GRAM), impasto.stylize(CONTENT, ONE, **GRAM).pixels
    torch.testing.assert_close(masked, whole, atol=2e-3, rtol=0)


def test_regions_have_strengths_and_weights_of_their_own():
    strong = paint(Region(LEFT, ONE), Region(RIGHT, TWO), **GRAM)
    mild = paint(Region(LEFT, ONE), Region(RIGHT, TWO), region_strength=(0.5, 0), **GRAM)
    held = paint(Region(LEFT, ONE), Region(RIGHT, TWO), region_content_weight=(2, 1e4), **GRAM)
    for other in (mild, held):
        assert torch.equal(other[..., :40], strong[..., :40])
        assert not torch.equal(other[..., 56:], strong[..., 56:])
    assert torch.equal(mild[..., 56:], CONTENT[..., 56:])


@pytest.mark.parametrize("color", ["content", "luminance"])
def test_a_region_keeps_its_colours_where_the_other_does_not(color):
    plain = paint(Region(LEFT, ONE), Region(RIGHT, TWO), **GRAM)
    mixed = paint(Region(LEFT, ONE), Region(RIGHT, TWO), region_color=("style", color), **GRAM)
    assert torch.equal(mixed[..., :40], plain[..., :40])
    chroma = [image - luma_of(image) for image in (mixed, CONTENT)]
    inside = ((mixed > 0.002) & (mixed < 0.998)).all(1, keepdim=True)[..., 56:]
    assert ((chroma[0] - chroma[1])[..., 56:] * inside).abs().max() < 1e-4
    assert not torch.equal(mixed[..., 56:], plain[..., 56:])


@pytest.mark.parametrize("color", ["match", "histogram"])
def test_a_regions_style_is_given_the_colours_of_the_content_there_alone(color):
    """The content's left half may change: the right half's style still has the colours of the right half."""
    options = {**GRAM, "region_color": color, "iterations": (12, 8), "content_weight": 0.0}
    one, two = (
        impasto.stylize(torch.cat([left, CONTENT[..., 48:]], dim=3), Region(RIGHT, TWO), feather=0.0, **options).pixels
        for left in (CONTENT[..., :48], 1 - 0.3 * THREE[..., :48])
    )
    wanted = CONTENT[..., 56:].mean((0, 2, 3))
    for painted in (one, two):
        assert (painted[..., 56:].mean((0, 2, 3)) - wanted).abs().max() < 0.25 * (
            TWO.mean((0, 2, 3)) - wanted
        ).abs().max() + 0.01


@pytest.mark.parametrize("init", ["noise", "style"])
def test_a_region_begins_where_the_picture_does(init):
    painted = paint(Region(LEFT, ONE), Region(RIGHT, TWO), init=init, **{**GRAM, "iterations": 0, "scale_count": 1})
    start = paint(Region(np.ones(SIZE), ONE), init=init, **{**GRAM, "iterations": 0, "scale_count": 1})
    torch.testing.assert_close(painted, start)


# What is told


def follow(**options) -> tuple[list[Progress], Outcome]:
    run, steps = impasto.iterate(CONTENT, [Region(LEFT, ONE), Region(RIGHT, TWO)], **{**GRAM, **options}), []
    steps = list(run)
    return steps, run.result()


def test_progress_is_counted_over_all_patches_and_shows_the_whole_picture():
    steps, result = follow()
    assert [(s.scale, s.iteration) for s in steps] == [
        (k, i) for k, n in ((1, 4), (2, 3), (3, 4), (4, 3)) for i in range(1, n + 1)
    ]
    assert [s.step for s in steps] == [s.evaluations for s in steps] == list(range(1, 15))
    assert {(s.scales, s.steps) for s in steps} == {(4, 14)}
    assert [s.seconds for s in steps] == sorted(s.seconds for s in steps)
    assert {(s.height, s.width) for s in steps} == {(32, 48), (64, 96)}
    assert all(s.preview().shape == (1, 3, s.height, s.width) for s in steps)
    first, last = steps[6].preview(), steps[-1].preview()
    assert torch.equal(first[..., 60:], CONTENT[..., 60:])
    assert torch.equal(last, result.pixels)


@pytest.mark.parametrize("options", [GRAM, BLEND], ids=["gram", "blend"])
@pytest.mark.parametrize("steps", [3, 7, 9])
def test_a_run_goes_on_from_a_checkpoint_as_if_it_had_never_stopped(options, steps, tmp_path):
    regions = [Region(LEFT, ONE), Region(RIGHT, TWO)]
    whole, run = impasto.stylize(CONTENT, regions, **options), impasto.iterate(CONTENT, regions, **options)
    for progress in run:
        if progress.step == steps:
            run.checkpoint(tmp_path / "checkpoint")
            run.stop()
    again = impasto.resume(tmp_path / "checkpoint", CONTENT, regions)
    assert again.last.step == again.last.evaluations == steps
    assert [progress.step for progress in again] == list(range(steps + 1, 15))
    assert torch.equal(again.result().pixels, whole.pixels)
    with pytest.raises(CheckpointError, match="these are not what they were: region 1 mask"):
        impasto.resume(tmp_path / "checkpoint", CONTENT, [Region(RIGHT, ONE), Region(RIGHT, TWO)])


def test_a_run_that_is_stopped_has_what_was_painted():
    run = impasto.iterate(CONTENT, [Region(LEFT, ONE), Region(RIGHT, TWO)], **GRAM)
    for progress in run:
        if progress.step == 9:
            run.stop()
    assert run.result().reason == "stopped"
    assert not torch.equal(run.result().pixels[..., 60:], CONTENT[..., 60:])


def test_what_diverged_in_one_region_is_told():
    """A style that weighs more than a float holds is lost at once; the other region is painted all the same."""
    options = {**GRAM, "iterations": 8, "scale_count": 1, "style_weight": 1.0}
    regions = [Region(LEFT, ONE), Region(RIGHT, TWO)]
    result = impasto.stylize(CONTENT, regions, **options, region_style_weight=(1e300, 1.0))
    assert result.reason == "diverged"
    assert result.message.startswith("the loss kept growing")
    other = impasto.stylize(CONTENT, regions, **options)
    assert torch.equal(result.pixels[..., 60:], other.pixels[..., 60:])


def test_masks_go_into_the_record():
    result = impasto.stylize(
        CONTENT, [Region(LEFT, ONE), Region(RIGHT, [TWO, THREE], [RIGHT, None])], **{**GRAM, "iterations": 0}
    )
    one, two = result.record["regions"]
    assert (one["mask"]["name"], len(one["mask"]["sha256"]), one["styles"]) == ("array", 64, [None])
    assert two["styles"] == [two["mask"], None]
    assert one["mask"]["sha256"] != two["mask"]["sha256"]
    assert len(result.record["styles"]) == 3


def test_a_mask_too_small_to_be_seen_paints_nothing():
    dot = np.zeros((640, 960))
    dot[5, 5] = 0.1
    large = picture(640, 960, 1)
    assert torch.equal(impasto.stylize(large, Region(dot, ONE), **GRAM).pixels, resize(large, SIZE))


def test_styles_are_of_regions_or_of_the_whole_picture():
    with pytest.raises(
        ConfigError, match="some styles are of regions and some of the whole picture; give each style its Region"
    ):
        impasto.iterate(CONTENT, [Region(LEFT, ONE), TWO], **GRAM)
    with pytest.raises(PictureError, match="there is no style picture"):
        impasto.iterate(CONTENT, Region(LEFT), **GRAM)


def test_a_scale_of_a_patch_is_never_too_narrow():
    for scale in (scale for patch in plan(Region(block(3, 3, 5, 90), ONE)) for scale in patch.scales):
        assert isinstance(scale, ScalePlan)
        assert min(scale.size) >= 32
