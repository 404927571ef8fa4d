"""Regions: what a run makes of masks, maps and records, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.config.options import StylizeConfig
from impasto.errors import ConfigError, PictureError
from impasto.images.files.io import read_picture, save_picture
from impasto.regions.region import Region, read_regions, recorded_regions, regions_of_maps
from impasto.styles import LearntStyle
from synthetic import picture

CONTENT = read_picture(picture(32, 48, 1))
ONE, TWO = picture(24, 36, 2), picture(30, 20, 3)
LEFT, RIGHT = (np.tile(np.arange(48) < 24, (32, 1)), np.tile(np.arange(48) >= 24, (32, 1)))
CONFIG = StylizeConfig().resolve()
RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)


def map_of(height: int, width: int, *colors: tuple[int, int, int]) -> np.ndarray:
    """Upright stripes of plain colours."""
    return np.stack([np.array(colors, np.uint8)[np.arange(width) * len(colors) // width]] * height)


def test_each_region_has_its_mask_its_styles_and_their_masks():
    top = np.arange(24)[:, None] < np.full((24, 36), 12)
    zones = read_regions([Region(LEFT, ONE), Region(RIGHT, [ONE, TWO], [top, None])], CONTENT, CONFIG)
    assert [len(zone.styles) for zone in zones] == [1, 2]
    assert zones[0].mask.values[0, 0].bool().numpy().tolist() == LEFT.tolist()
    assert [zone.config for zone in zones] == [CONFIG, CONFIG]
    assert zones[0].style_masks == (None,)
    assert (zones[1].style_masks[0] is zones[1].styles[0].mask, zones[1].style_masks[1]) == (True, None)


@pytest.mark.parametrize("style", [None, (), []])
def test_a_region_may_have_no_style(style):
    (zone,) = read_regions([Region(LEFT, style)], CONTENT, CONFIG)
    assert (zone.styles, zone.record()["styles"]) == ((), [])


def test_values_are_for_each_region_or_for_each_of_all_styles():
    config = CONFIG.overlay(
        {
            "region_strength": (0.2, 0.9),
            "region_style_weight": (3, 4),
            "region_content_weight": (0.5, 0),
            "region_color": ("content", "match"),
            "style_blend": (1, 2, 3),
            "style_scale": (0.5, 1, 2),
        }
    )
    one, two = (z.config for z in read_regions([Region(LEFT, ONE), Region(RIGHT, [ONE, TWO])], CONTENT, config))
    assert (one.strength, one.style_weight, one.content_weight, one.color) == (0.2, 3, 0.5, "content")
    assert (two.strength, two.style_weight, two.content_weight, two.color) == (0.9, 4, 0, "match")
    assert (one.style_blend, one.style_scale, two.style_blend, two.style_scale) == ((1,), (0.5,), (2, 3), (1, 2))


def test_one_style_scale_is_that_of_all():
    config = CONFIG.overlay({"style_scale": 0.5})
    assert [z.config.style_scale for z in read_regions([Region(LEFT, ONE), Region(RIGHT, TWO)], CONTENT, config)] == [
        (0.5,)
    ] * 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("region_strength", 0.5), ("region_style_weight", 1), ("region_content_weight", 1), ("region_color", "match")],
)
@pytest.mark.parametrize("count", [1, 3])
def test_values_for_another_number_of_regions_are_refused(name, value, count):
    config = CONFIG.overlay({name: (value,) * count})
    with pytest.raises(ConfigError, match=f"{count} values of {name} for 2 regions; give one for each region"):
        read_regions([Region(LEFT, ONE), Region(RIGHT, TWO)], CONTENT, config)


def test_values_for_regions_are_refused_where_there_are_none():
    with pytest.raises(ConfigError, match="1 values of region_strength for 0 regions"):
        read_regions([], CONTENT, CONFIG.overlay({"region_strength": 0.5}))


def test_a_mask_has_the_proportions_of_its_picture():
    with pytest.raises(PictureError, match="the mask 'array' is 36 x 20 px, and its picture 'array' 36 x 24 px"):
        read_regions([Region(LEFT, ONE, np.ones((20, 36)))], CONTENT, CONFIG)
    with pytest.raises(PictureError, match="the mask 'array' is 20 x 32 px, and its picture 'array' 48 x 32 px"):
        read_regions([Region(LEFT[:, :20], ONE)], CONTENT, CONFIG)


def test_a_mask_is_of_one_picture(tmp_path):
    for number in range(2):
        save_picture(picture(24, 24, number), tmp_path / f"{number}.png")
    learnt = LearntStyle({"colors": torch.zeros(3, 1)}, {}, "waves.style")
    for style, name in ((tmp_path, tmp_path.name), (learnt, "waves.style")):
        with pytest.raises(PictureError, match=f"the mask 'array' is of the style .*{name}', which is not one picture"):
            read_regions([Region(LEFT, style, np.ones((24, 24)))], CONTENT, CONFIG)


def test_masks_of_a_list_of_styles_are_as_many():
    with pytest.raises(ConfigError, match="1 style masks for 2 styles of a region; give one for each, or None"):
        read_regions([Region(LEFT, [ONE, TWO], [None])], CONTENT, CONFIG)


def test_regions_do_not_tile():
    with pytest.raises(
        ConfigError, match="regions are painted one by one, and do not wrap; leave out the masks, or wrap"
    ):
        read_regions([Region(LEFT, ONE)], CONTENT, CONFIG.overlay({"wrap": "x"}))


# Maps


def test_a_region_for_each_colour_in_all_styles_that_have_it():
    maps = [map_of(24, 36, RED, BLUE), map_of(30, 20, GREEN, BLUE)]
    regions = regions_of_maps(map_of(32, 48, BLUE, BLUE, RED), ["one", "two"], maps)
    assert [region.style for region in regions] == [["one", "two"], ["one"]]
    assert [region.mask.color for region in regions] == ["#0000ff", "#ff0000"]
    assert regions[0].mask.values.mean().item() == pytest.approx(2 / 3)
    assert regions[0].style_mask[1].values[0, 0, 0].tolist() == [0] * 10 + [1] * 10
    assert regions[1].style_mask[0].values[0, 0, 0].tolist() == [1] * 18 + [0] * 18


def test_a_colour_that_no_style_has_is_refused():
    with pytest.raises(
        PictureError, match="the colour #00ff00 of the map 'array' is in no map of a style; paint it there, or"
    ):
        regions_of_maps(map_of(32, 48, RED, GREEN), ["one"], [map_of(24, 36, RED, BLUE)])


def test_a_style_that_has_no_colour_of_the_content_is_refused(tmp_path):
    save_picture(torch.from_numpy(map_of(24, 36, BLUE) / 255.0).permute(2, 0, 1)[None], tmp_path / "blue.png")
    with pytest.raises(
        PictureError, match=r"the map '.*blue.png' has no colour of the map 'array'; use the same colours"
    ):
        regions_of_maps(map_of(32, 48, RED), ["one", "two"], [map_of(24, 36, RED), tmp_path / "blue.png"])


def test_there_is_a_map_for_each_style():
    with pytest.raises(ConfigError, match="1 style maps for 2 styles; give a map for each style"):
        regions_of_maps(map_of(32, 48, RED), ["one", "two"], [map_of(24, 36, RED)])


# Records


def test_a_record_gives_the_same_regions_again(tmp_path):
    for name, values in (
        ("map", map_of(32, 48, RED, BLUE)),
        ("part", map_of(24, 36, RED, BLUE)),
        ("mask", np.dstack([LEFT] * 3)),
    ):
        pixels = torch.from_numpy(values / values.max()).float().permute(2, 0, 1)[None]
        save_picture(pixels, tmp_path / f"{name}.png")
    mapped = regions_of_maps(tmp_path / "map.png", [ONE], [tmp_path / "part.png"])
    for regions in (mapped, [Region(tmp_path / "mask.png", [ONE, TWO])]):
        zones = read_regions(regions, CONTENT, CONFIG)
        entries = [zone.record() for zone in zones]
        again = read_regions(
            recorded_regions(entries, [style for region in regions for style in region.style]), CONTENT, CONFIG
        )
        assert [zone.record() for zone in again] == entries
        assert all(torch.equal(a.mask.values, b.mask.values) for a, b in zip(again, zones, strict=True))
        assert all(entry["mask"]["sha256"] and entry["mask"]["name"].startswith(str(tmp_path)) for entry in entries)


def test_a_recorded_map_that_lost_a_colour_is_refused(tmp_path):
    save_picture(torch.zeros(1, 3, 8, 8), tmp_path / "map.png")
    entry = {"name": str(tmp_path / "map.png"), "sha256": "", "color": "#ff0000"}
    with pytest.raises(PictureError, match="has no #ff0000 any more; give --content-map and --style-map"):
        recorded_regions([{"mask": entry, "styles": []}], [])
