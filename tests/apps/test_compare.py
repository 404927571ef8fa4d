"""A comparison: what is painted, with how many networks, what is noted, and what becomes of what fails."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from PIL import Image

from impasto import api, compare, learn_style, stylize
from impasto.errors import ConfigError, ImpastoError, OutputError, PictureError, WeightsError
from impasto.figures import loss_curves as curves
from impasto.images.files.io import read_record
from impasto.runs.record_files import portable
from impasto.weights.store import Store
from synthetic import DEVICE, picture
from test_api import as_array

QUICK = {
    "backbone": "compact",
    "size": 32,
    "iterations": 3,
    "objective": "gram",
    "precision": "float32",
    "device": DEVICE,
}


def save(path: Path, seed: int) -> Path:
    Image.fromarray(as_array(picture(24, 32, seed))).save(path)
    return path


@pytest.fixture
def photo(tmp_path) -> Path:
    return save(tmp_path / "photo.png", 1)


@pytest.fixture
def painting(tmp_path) -> Path:
    return save(tmp_path / "painting.png", 2)


def test_each_cell_is_the_picture_of_stylize(photo, painting):
    comparison = compare(photo, painting, vary={"style_weight": [1, 64], "seed": [0]}, **QUICK).finish()
    expected = [stylize(photo, painting, **QUICK, style_weight=weight, seed=0) for weight in (1, 64)]
    assert [tried.result.record["pixels_sha256"] for tried in comparison.tried] == [
        result.record["pixels_sha256"] for result in expected
    ]
    assert expected[0].record["pixels_sha256"] != expected[1].record["pixels_sha256"]


def test_losses_are_those_of_every_iteration(photo, painting):
    (tried, _) = compare(photo, painting, vary={"seed": [0, 1]}, **QUICK).finish().tried
    losses = [progress.loss for progress in api.iterate(photo, painting, **QUICK)]
    assert [row["loss"] for row in tried.losses] == losses
    assert [row["content"] + row["style"] + row["tv"] for row in tried.losses] == pytest.approx(losses, rel=1e-6)
    assert tried.result.record["losses"]["total"] == losses[-1]


def test_a_network_is_loaded_once_for_all_that_see_with_it(photo, painting, monkeypatch):
    loaded, load = [], Store.load
    monkeypatch.setattr(Store, "load", lambda *given: loaded.append(1) or load(*given))
    compare(photo, painting, vary={"pooling": ["avg", "max"], "style_weight": [1, 8, 64]}, **QUICK)
    assert len(loaded) == 2


def test_an_error_ends_one_cell_only(photo, painting, tmp_path):
    comparison = compare(photo, painting, vary={"init": [str(tmp_path / "none.png"), "content"]}, **QUICK).finish()
    bad, good = comparison.tried
    assert isinstance(bad.error, PictureError)
    assert bad.losses == []
    assert good.result is not None
    first, second = comparison.report()["cells"]
    assert "none.png" in first["error"]
    assert second["record"] == good.result.record


def test_what_is_saved(photo, painting, tmp_path):
    keep = tmp_path / "kept"
    comparison = compare(photo, painting, vary={"style_weight": [1, 8]}, keep=keep, **QUICK).finish()
    comparison.save(tmp_path / "sheet.png", cell=64)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 4 * 64
    report = json.loads((tmp_path / "sheet.json").read_text("utf-8"))
    assert (report["content"], report["styles"]) == (str(photo), [str(painting)])
    for cell, tried, name in zip(
        report["cells"], comparison.tried, ("01-style_weight-1.png", "02-style_weight-8.png"), strict=True
    ):
        assert cell["picture"] == str(keep / name)
        assert json.loads(read_record(keep / name)) == portable(cell["record"])
        assert cell["record"] == tried.result.record
        assert cell["curve"]["loss"] == pytest.approx([row["loss"] for row in tried.losses], rel=1e-5)
        assert {len(values) for values in cell["curve"].values()} == {3}


def test_the_sheet_shows_what_is_painted_so_far(photo, painting):
    comparison = compare(photo, painting, vary={"style_weight": [1, 8, 64]}, **QUICK)
    next(comparison)
    before = comparison.sheet(cell=64, curves=False)
    after = comparison.finish().sheet(cell=64, curves=False)
    assert before.size == after.size
    assert before.tobytes() != after.tobytes()


def test_curves_make_the_sheet_longer(photo, painting):
    comparison = compare(photo, painting, vary={"style_weight": [1, 8]}, **QUICK).finish()
    plain, drawn = (comparison.sheet(cell=64, curves=curves) for curves in (False, True))
    assert plain.width == drawn.width
    assert plain.height < drawn.height


def test_a_loss_that_json_does_not_know_is_none(photo, painting):
    comparison = compare(photo, painting, vary={"seed": [0, 1]}, **QUICK).finish()
    comparison.tried[0].losses[1]["loss"] = math.inf
    assert json.loads(json.dumps(comparison.report(), allow_nan=False))["cells"][0]["curve"]["loss"][1] is None
    comparison.sheet(cell=64)


# Refused before anything is painted


def test_weights_that_are_not_there_are_missed_at_once(photo, painting, tmp_path):
    with pytest.raises(WeightsError):
        compare(photo, painting, vary={"weights": ["compact", str(tmp_path / "none.h5")]}, **QUICK)


def test_pictures_and_shares_are_checked_at_once(photo, painting, tmp_path):
    with pytest.raises(PictureError, match="there is no file"):
        compare(tmp_path / "none.png", painting, vary={"seed": [1]})
    with pytest.raises(ConfigError, match="2 values of style_blend for 1 style"):
        compare(photo, painting, vary={"style_blend": [(1,), (1, 2)]}, **QUICK)


def test_the_sheet_replaces_nothing_that_goes_in(photo, painting, tmp_path):
    comparison = compare(photo, painting, vary={"seed": [1]}, **QUICK)
    with pytest.raises(OutputError, match="which goes in"):
        comparison.check(painting)
    with pytest.raises(OutputError, match="unknown suffix"):
        comparison.check(tmp_path / "sheet.xyz")


def test_without_matplotlib_one_line_names_the_extra(photo, painting, tmp_path, monkeypatch):
    monkeypatch.setattr(curves.importlib.util, "find_spec", lambda name: None)
    comparison = compare(photo, painting, vary={"seed": [0, 1]}, **QUICK)
    with pytest.raises(
        ImpastoError, match=r"loss curves need matplotlib; install it: pip install 'impasto\[plot\]', or"
    ):
        comparison.check(tmp_path / "sheet.png")
    comparison.finish().save(tmp_path / "sheet.png", cell=64, curves=False)


def test_a_style_without_a_picture_leaves_its_place_empty(photo, painting, tmp_path):
    learn_style([painting], sizes=[32], **QUICK).save(tmp_path / "a.style")
    comparison = compare(photo, tmp_path / "a.style", vary={"seed": [0, 1]}, **QUICK).finish()
    assert [tried.error for tried in comparison.tried] == [None, None]
    comparison.sheet(cell=64, curves=False)
