"""Sizes and iterations from coarse to fine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.config.options import StylizeConfig
from impasto.engine.schedule import ScalePlan, plan_scales
from impasto.errors import PictureError


def plan(picture=(300, 400), **options):
    return plan_scales(StylizeConfig(**{"iterations": (120, 100, 60, 30), **options}), picture)


def test_the_default_doubles_from_64_to_512():
    assert plan() == (
        ScalePlan((48, 64), 120),
        ScalePlan((96, 128), 100),
        ScalePlan((192, 256), 60),
        ScalePlan((384, 512), 30, refines=True),
    )


def test_a_portrait_is_the_landscape_turned():
    assert plan((400, 300)) == tuple(replace(scale, size=scale.size[::-1]) for scale in plan((300, 400)))


def test_the_count_brings_the_coarsest_near_the_one_asked_for():
    assert [max(scale.size) for scale in plan((100, 100), coarsest=64)] == [64, 128, 256, 512]
    config = StylizeConfig(size=448, iterations=(1,))
    assert [scale.size[0] for scale in plan_scales(config, (50, 50))] == [56, 112, 224, 448]
    config = StylizeConfig(size=512, coarsest=128, scale_ratio=2**0.5, iterations=(1000, 500))
    scales = plan_scales(config, (50, 50))
    assert [scale.size[0] for scale in scales] == [128, 181, 256, 362, 512]
    assert [scale.iterations for scale in scales] == [1000, 500, 500, 500, 500]


@pytest.mark.parametrize(("size", "coarsest"), [(64, 64), (50, 64), (20, 4000)])
def test_a_picture_no_larger_than_the_coarsest_has_one_scale(size, coarsest):
    config = StylizeConfig(size=size, coarsest=coarsest, iterations=(9, 8))
    assert plan_scales(config, (70, 70)) == (ScalePlan((size, size), 9),)


@pytest.mark.parametrize(("count", "sides"), [(1, [512]), (2, [256, 512]), (3, [128, 256, 512])])
def test_a_count_is_obeyed(count, sides):
    scales = plan((50, 50), scale_count=count)
    assert [scale.size[0] for scale in scales] == sides
    assert [scale.iterations for scale in scales] == [120, 100, 60][:count]


def test_a_narrow_picture_spends_on_each_size_what_others_do():
    square, narrow = plan((100, 100)), plan((25, 100))
    assert [scale.size for scale in narrow] == [(32, 128), (64, 256), (128, 512)]
    assert [scale.iterations for scale in narrow] == [scale.iterations for scale in square[1:]]


def test_the_finest_scale_stays_even_if_it_is_below_the_limit_of_the_coarser():
    assert plan((1, 30)) == (ScalePlan((17, 512), 30),)
    assert plan((512, 512), size=16) == (ScalePlan((16, 16), 120),)


def test_a_ratio_and_count_out_of_all_proportion_leave_what_can_be_painted():
    assert plan((50, 50), scale_count=64, scale_ratio=16, iterations=(5,)) == (
        ScalePlan((32, 32), 5),
        ScalePlan((512, 512), 5),
    )


@pytest.mark.parametrize("size", [(3, 5000), (5000, 3)])
def test_a_canvas_too_narrow_is_refused_with_the_size_that_would_do(size):
    with pytest.raises(PictureError) as error:
        plan(size)
    assert f"{size[1]} x {size[0]} px" in str(error.value)
    assert "crop the picture, or give a size of 26667 px or more" in str(error.value)
    assert min(plan(size, size=26667)[-1].size) == 16


@pytest.mark.parametrize(
    ("side", "sizes"),
    [
        ("short", [(64, 128), (128, 256)]),
        ("height", [(64, 128), (128, 256)]),
        ("width", [(32, 64), (64, 128)]),
    ],
)
def test_sizes_may_be_counted_along_another_side(side, sizes):
    assert [scale.size for scale in plan((100, 200), size=128, coarsest=64, side=side)] == sizes


def test_a_picture_need_not_be_enlarged():
    small, large = (plan(picture, size=256, coarsest=64, enlarge=False) for picture in ((96, 128), (600, 800)))
    assert small == (ScalePlan((48, 64), 120), ScalePlan((96, 128), 100))
    assert large == plan((600, 800), size=256, coarsest=64)


def test_a_last_pass_follows_at_the_last_size_where_neighbours_are_matched():
    assert plan(split_iterations=7) == (*plan(), ScalePlan((384, 512), 7, split=True))
    assert plan(split_iterations=7, scale_count=1) == (ScalePlan((384, 512), 120), ScalePlan((384, 512), 7, split=True))
    assert plan(split_iterations=7, objective="gram") == plan(objective="gram")


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(40, 3000),
    width=st.integers(40, 3000),
    size=st.integers(16, 4000),
    coarsest=st.integers(16, 600),
    ratio=st.floats(1.05, 4),
    count=st.integers(0, 9),
)
def test_scales_grow_to_the_size_asked_for_and_keep_the_aspect(height, width, size, coarsest, ratio, count):
    config = StylizeConfig(size=size, coarsest=coarsest, scale_ratio=ratio, scale_count=count, iterations=(3, 2))
    if min(height, width) * size < 17 * max(height, width):
        return
    scales = plan_scales(config, (height, width))
    assert max(scales[-1].size) == size
    assert [scale.size for scale in scales] == sorted({scale.size for scale in scales})
    assert all(min(scale.size) >= 32 for scale in scales[:-1])
    for scale in scales:
        shorter, longer = sorted(scale.size)
        assert abs(shorter - longer * min(height, width) / max(height, width)) <= 1
