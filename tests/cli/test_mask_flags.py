"""Masks on the command line: what is painted where, what is refused on one line, and what a record repeats."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import TINY, paint_picture

RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)


def save(path: Path, left: object, right: object, size: tuple[int, int] = (48, 32)) -> Path:
    """A picture whose halves are plain, (width, height)."""
    pixels = np.empty((size[1], size[0], 3), np.uint8)
    pixels[:, : size[0] // 2], pixels[:, size[0] // 2 :] = left, right
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return paint_picture(tmp_path / "other.png", (40, 40), seed=3)


@pytest.fixture
def left(tmp_path: Path) -> Path:
    return save(tmp_path / "left.png", 255, 0)


@pytest.fixture
def right(tmp_path: Path) -> Path:
    return save(tmp_path / "right.png", 0, 255)


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


def test_each_style_is_painted_where_its_mask_is(impasto, photo, painting, other, left, right, out):
    assert impasto("stylize", photo, painting, other, "--mask", left, "--mask", right, "-o", out, *TINY).code == 0
    both = pixels(out)
    assert impasto("stylize", photo, painting, "--mask", left, "-o", out, *TINY).code == 0
    assert (pixels(out)[:, :14] == both[:, :14]).all()
    assert (pixels(out)[:, 18:] != both[:, 18:]).any()


def test_styles_with_the_same_mask_are_mixed_and_may_have_masks(
    impasto, photo, painting, other, left, right, out, tmp_path
):
    part = save(tmp_path / "part.png", 255, 0, (64, 48))
    masks = ("--mask", left, "--mask", left, "--style-mask", part, "--style-mask", "none")
    assert impasto("stylize", photo, painting, other, *masks, "--region-strength", "0.8", "-o", out, *TINY).code == 0
    (region,) = json.loads(impasto("inspect", out, "--json").out)["regions"]
    assert (region["mask"]["name"], region["styles"][0]["name"], region["styles"][1]) == (left.name, part.name, None)


def test_maps_say_it_for_all_regions(impasto, photo, painting, out, tmp_path):
    ours, theirs = save(tmp_path / "map.png", RED, BLUE), save(tmp_path / "style-map.png", BLUE, RED, (64, 48))
    flags = ("--content-map", ours, "--style-map", theirs)
    assert impasto("stylize", photo, painting, *flags, "-o", out, *TINY).code == 0
    again = impasto("stylize", "--from", out, "-o", tmp_path / "again.png")
    assert (again.code, "warning" in again.err) == (0, False)
    assert f"the pixels are those of {out}" in again.out


def test_a_run_with_masks_is_repeated(impasto, photo, painting, other, left, right, out, tmp_path):
    part = save(tmp_path / "part.png", 255, 0, (64, 48))
    flags = (
        "--mask",
        left,
        "--mask",
        right,
        "--style-mask",
        part,
        "--style-mask",
        "none",
        "--region-strength",
        "0.3,0.9",
    )
    assert impasto("stylize", photo, painting, other, *flags, "-o", out, *TINY).code == 0
    again = impasto("stylize", "--from", out, "-o", tmp_path / "again.png")
    assert f"the pixels are those of {out}" in again.out
    save(left, 255, 128)
    changed = impasto("stylize", "--from", out, "-o", tmp_path / "again.png")
    assert f"warning: {left.name} is not the picture that was recorded: its bytes differ" in changed.err
    assert "the pixels are not those" in changed.out
    left.unlink()
    assert (
        f"there is no file {left.name!r}" in impasto("stylize", "--from", out, "-o", tmp_path / "again.png").refused()
    )


def test_other_styles_of_a_repeated_run_need_masks(impasto, photo, painting, other, left, out, tmp_path):
    assert impasto("stylize", photo, painting, "--mask", left, "-o", out, *TINY).code == 0
    again = ("stylize", "--from", out, photo, other, "-o", tmp_path / "again.png")
    assert "has masks, and other styles are given; give masks for them, with --mask" in impasto(*again).refused()
    assert impasto(*again, "--mask", left).code == 0


REFUSED = {
    "--mask {left} --mask {right}": "--mask is given 2 times for 1 styles; give it for each style, and",
    "--mask {left} --style-mask none --style-mask none": "--style-mask is given 2 times for 1 styles",
    "--style-mask {left}": "--style-mask is given without --mask; say with --mask where",
    "--mask {left} --content-map {map} --style-map {map}": "both masks and maps are given; give --mask and",
    "--content-map {map}": "--content-map and --style-map go together; give both, with the same colours",
    "--style-map {map}": "--content-map and --style-map go together",
    "--content-map {map} --style-map {green}": "the colour #ff0000 of the map '{map}' is in no map of a style",
    "--mask {wide}": "the mask '{wide}' is 90 x 30 px, and its picture '{photo}' 48 x 32 px; give a mask of",
    "--mask {black}": "the mask '{black}' is empty; paint the region white, or opaque",
    "--mask nowhere.png": "there is no file 'nowhere.png'; check the name",
    "--mask {map}": "the mask '{map}' has colours; give a grey or transparent picture, or a map",
    "--mask {left} --region-strength 0.1,0.2": "2 values of region_strength for 1 regions; give one for each region",
    "--mask {left} --style-mask {left}": "the mask '{left}' is of the style '{folder}', which is not one picture",
    "--mask {left} --wrap x": "regions are painted one by one, and do not wrap",
    "--region-strength 0.1": "1 values of region_strength for 0 regions",
}


@pytest.mark.parametrize(("flags", "told"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_is_told_on_one_line(flags, told, impasto, photo, painting, left, right, out, tmp_path):
    names = {
        "left": left,
        "right": right,
        "photo": photo,
        "map": save(tmp_path / "map.png", RED, BLUE),
        "green": save(tmp_path / "green.png", GREEN, BLUE, (64, 48)),
        "wide": save(tmp_path / "wide.png", 255, 0, (90, 30)),
        "black": save(tmp_path / "black.png", 0, 0),
        "folder": tmp_path / "folder",
    }
    names["folder"].mkdir()
    paint_picture(names["folder"] / "one.png"), paint_picture(names["folder"] / "two.png")
    style = names["folder"] if "folder" in told else painting
    said = impasto("stylize", photo, style, *flags.format(**names).split(), "-o", out, *TINY)
    assert told.format(**names) in said.refused()
    assert list(out.parent.iterdir()) == []


def test_styles_of_a_region_stand_side_by_side(impasto, photo, painting, other, left, right, out):
    flags = [flag for mask in (left, right, left) for flag in ("--mask", mask)]
    said = impasto("stylize", photo, painting, other, painting, *flags, "-o", out, *TINY)
    assert (
        "styles with the same mask do not follow one another; give the styles of a region side by side"
        in said.refused()
    )


def test_a_mask_is_not_written_over(impasto, photo, painting, left):
    said = impasto("stylize", photo, painting, "--mask", left, "-o", left, *TINY)
    assert "which goes in" in said.refused()


def test_a_batch_has_no_masks(impasto, photo, painting, left, out):
    said = impasto("batch", photo, "--style", painting, "--mask", left, "-o", out, *TINY)
    assert "masks are of one picture; paint it with: impasto stylize" in said.refused()
