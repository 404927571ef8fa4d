"""Many pictures with one network: names, what is there already, errors that end one picture only, and what is done
once."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from impasto import StylizeConfig, stylize
from impasto.apps.batch import Painted, batch
from impasto.config.options import OutputConfig
from impasto.errors import ConfigError, OutputError, PictureError
from impasto.images.files.io import read_record
from impasto.styles import PictureStyle
from impasto.weights.store import Store
from synthetic import DEVICE, picture
from test_api import as_array

QUICK = {
    "backbone": "compact",
    "size": 32,
    "iterations": 1,
    "neighbour_bank": 64,
    "neighbour_rotations": 1,
    "precision": "float32",
    "device": DEVICE,
}


def save(path: Path, seed: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(as_array(picture(24, 32, seed))).save(path)
    return path


@pytest.fixture
def photos(tmp_path) -> Path:
    """A folder of two photographs, and what is none."""
    for seed, name in enumerate(("b.png", "a.jpg"), start=1):
        save(tmp_path / "photos" / name, seed)
    (tmp_path / "photos" / "notes.txt").write_text("none")
    return tmp_path / "photos"


@pytest.fixture
def flow(tmp_path) -> Path:
    return save(tmp_path / "flow.png", 3)


@pytest.fixture
def waves(tmp_path) -> Path:
    return save(tmp_path / "waves.jpg", 4)


def paint(contents, styles, output=None, **options) -> list[Painted]:
    return list(batch(contents, styles, output=output, **{**QUICK, **options}))


def pixels(painted: Painted) -> str:
    assert painted.result is not None
    return painted.result.record["pixels_sha256"]


# Names


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("{content}_{style}.png", ["a_flow.png", "b_flow.png", "a_waves.png", "b_waves.png"]),
        ("{index:03}.jpg", ["001.jpg", "002.jpg", "003.jpg", "004.jpg"]),
        ("{style}/{content}.tif", ["flow/a.tif", "flow/b.tif", "waves/a.tif", "waves/b.tif"]),
        ("all", ["all/a_flow.png", "all/b_flow.png", "all/a_waves.png", "all/b_waves.png"]),
        ("{{{index}}}.png", ["{1}.png", "{2}.png", "{3}.png", "{4}.png"]),
    ],
    ids=["fields", "numbers", "folders", "folder", "braces"],
)
def test_names_follow_the_pattern(output, expected, photos, flow, waves, tmp_path):
    painted = paint(photos, [flow, waves], tmp_path / "out" / output)
    assert [each.job.output for each in painted] == [tmp_path / "out" / name for name in expected]
    assert all(each.job.output.exists() for each in painted)


def test_mixed_styles_are_one_picture_named_by_all(photos, flow, waves, tmp_path):
    (one,) = paint(photos / "a.jpg", [[flow, waves]], tmp_path / "{style}.png", style_blend=(1, 3))
    assert one.job.output.name == "flow+waves.png"
    assert pixels(one) == stylize(photos / "a.jpg", [flow, waves], **QUICK, style_blend=(1, 3)).record["pixels_sha256"]


def test_without_an_output_nothing_is_written(flow, tmp_path):
    before = set(tmp_path.rglob("*"))
    (one,) = paint(as_array(picture(24, 32, 1)), flow)
    assert (one.job.output, one.job.name) == (None, "array, flow.png")
    assert set(tmp_path.rglob("*")) == before


# What each picture is


def test_each_picture_is_that_of_stylize(photos, flow, waves, tmp_path):
    """What is kept of a style changes nothing, and a finished file carries the record of its own run."""
    for each in paint(photos, [flow, waves], tmp_path / "out"):
        content, (style,) = each.job.content, each.job.styles
        assert pixels(each) == stylize(content, style, **QUICK).record["pixels_sha256"]
        assert f'"name": "{content.name}"' in (read_record(each.job.output) or "")


def test_the_network_is_loaded_once_and_each_style_seen_once(photos, flow, waves, monkeypatch):
    loaded, seen, load, at = [], [], Store.load, PictureStyle.at
    monkeypatch.setattr(Store, "load", lambda *given: loaded.append(1) or load(*given))
    monkeypatch.setattr(PictureStyle, "at", lambda *given: seen.append(1) or at(*given))
    painted = paint(photos, [flow, waves], size=96, coarsest=48)
    scales = 2
    assert [each.error for each in painted] == [None] * 4
    assert (len(loaded), len(seen)) == (1, 2 * scales)


# What goes on, and what does not


def test_what_is_there_is_left_alone_unless_forced(photos, flow, tmp_path):
    there = tmp_path / "a_flow.png"
    there.write_text("mine")
    first, second = paint(photos, flow, tmp_path / "{content}_{style}.png")
    assert (first.result, first.error) == (None, None)
    assert second.result is not None
    assert there.read_text() == "mine"
    assert paint(photos, flow, tmp_path / "{content}_{style}.png", force=True)[0].result is not None
    assert there.read_bytes().startswith(b"\x89PNG")


def test_names_are_looked_for_just_before_they_are_painted(photos, flow, tmp_path):
    """Two processes may share a batch."""
    painting = batch(photos, flow, output=tmp_path / "{content}.png", **QUICK)
    (tmp_path / "b.png").write_text("somebody else's")
    assert [each.result is None for each in painting] == [False, True]


def test_an_error_ends_one_picture_only(photos, flow, tmp_path):
    (photos / "a.jpg").write_text("none")
    bad, good = paint(photos, flow, tmp_path / "{content}.png")
    assert isinstance(bad.error, PictureError)
    assert "a.jpg' is not a picture" in str(bad.error)
    assert (good.error, good.job.output.exists()) == (None, True)
    assert not bad.job.output.exists()


def test_a_style_that_cannot_be_read_ends_its_own_pictures_only(photos, flow, tmp_path):
    painted = paint(photos, [tmp_path / "nowhere.jpg", flow], tmp_path / "{content}_{style}.png")
    assert [each.error is None for each in painted] == [False, False, True, True]


def test_the_caller_may_drive_each_run_and_cancel(photos, flow, tmp_path):
    seen = []

    def drive(job, run):
        for progress in run:
            seen.append((job.name, progress.step))
            if len(seen) == 3:
                raise KeyboardInterrupt

    painting = batch(photos, flow, output=tmp_path / "{content}.png", paint=drive, **{**QUICK, "iterations": 2})
    assert next(painting).result is not None
    with pytest.raises(KeyboardInterrupt):
        next(painting)
    assert seen == [("a.jpg, flow.png", 1), ("a.jpg, flow.png", 2), ("b.png, flow.png", 1)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "flow.png", "photos"]


# Refused before anything is painted


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("{contents}.png", r"unknown field \{contents\}; did you mean 'content'\?"),
        ("{}.png", r"unknown field \{\}"),
        ("{content.png", "a brace too many or too few"),
        ("{content:d}.png", "unknown format"),
    ],
)
def test_a_pattern_that_means_nothing_is_refused(output, message, photos, flow):
    with pytest.raises(ConfigError, match=message):
        batch(photos, flow, output=output)


def test_pictures_of_one_name_get_numbers(photos, flow, waves, tmp_path):
    save(photos / "a.png", 5)  # beside a.jpg
    jobs = batch(photos, [flow, waves], output=tmp_path / "{content}.png", **QUICK).jobs
    assert [job.output.name for job in jobs] == ["a.png", "a-2.png", "b.png", "a-3.png", "a-4.png", "b-2.png"]


def test_a_tree_is_painted_into_a_tree(photos, flow, tmp_path):
    (photos / "deep").mkdir()
    save(photos / "deep" / "er" / "c.png", 6)
    out = photos / "painted" / "{content}.png"
    names = ["a.png", "b.png", "deep/er/c.png"]
    done = paint(photos, flow, out, recursive=True)
    assert [each.job.output.relative_to(photos / "painted").as_posix() for each in done] == names
    assert all(each.job.output.exists() for each in done)
    again = paint(photos, flow, out, recursive=True)  # what it has written is no content
    assert [(each.result, each.otherwise) for each in again] == [(None, False)] * 3
    assert len(batch(photos, flow, output=out, **QUICK).jobs) == 2


def test_what_is_there_already_may_be_of_another_run(photos, flow, waves, tmp_path):
    def otherwise(style: Path = flow, **options) -> list[bool]:
        return [each.otherwise for each in paint(photos, style, tmp_path / "out" / "{content}.png", **options)]

    assert otherwise() == [False, False]
    assert otherwise() == [False, False]
    assert otherwise(tile_size=0, precision="float32") == [False, False]
    assert otherwise(seed=4) == [True, True]
    assert otherwise(waves) == [True, True]
    save(photos / "b.png", 9)
    assert otherwise() == [False, True]
    (tmp_path / "out" / "a.png").write_bytes((photos / "b.png").read_bytes())  # a picture without a record
    assert otherwise() == [True, True]


def test_inputs_are_not_replaced(photos, flow):
    with pytest.raises(OutputError, match="which goes in"):
        batch(photos, flow, output=photos / "{content}.jpg")


def test_suffixes_folders_and_shares_are_checked_first(photos, flow, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(OutputError, match=r"unknown suffix '\.xyz'"):
        batch(photos, flow, output=tmp_path / "{content}.xyz")
    with pytest.raises(OutputError, match="cannot make the folder"):
        batch(photos, flow, output=flow / "{content}.png")
    with pytest.raises(PictureError, match="there is no picture in the folder"):
        batch(tmp_path / "empty", flow)
    with pytest.raises(ConfigError, match="2 values of style_blend for 1 style"):
        batch(photos, flow, style_blend=(1, 2), backbone="compact")
    with pytest.raises(ConfigError, match="record names one file"):
        batch(photos, flow, output=tmp_path / "{content}.png", save=OutputConfig(record="r.json"))
    with pytest.raises(ConfigError, match="unknown option 'sizes'"):
        batch(photos, flow, config=StylizeConfig(), sizes=3)
