"""The benchmark beside pastiche: what it reads, what it keeps, and that both sides are asked for the same loss."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
import torch
from painting_trace import paint
from pastiche_loss import PasticheLoss
from peers import Task, goals_of, kept, table_of
from PIL import Image
from safetensors.torch import load_file

from impasto import build_objective, create_backbone, iterate, load_preset
from impasto.images.files.io import read_picture
from synthetic import picture

PRINTED = """device[0]: cpu (0-29)
size: 128x96

step elapsed loss
---- ------- ----
0    8.2     6140223.00
10   11.0    853520.19
20   13.3    410220.66
"""


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    files = tmp_path / "content.png", tmp_path / "style.png"
    for seed, (file, shape) in enumerate(zip(files, [(48, 64), (64, 48)], strict=True)):
        Image.fromarray((picture(*shape, seed)[0].permute(1, 2, 0) * 255).round().byte().numpy()).save(file)
    return files


def test_what_pastiche_prints_is_read_but_for_the_step_that_is_none():
    assert table_of(PRINTED) == [(11.0, 853520.19), (13.3, 410220.66)]


def test_a_goal_is_what_pastiche_has_after_so_many_steps():
    theirs = [(2.0 * k, 1000.0 / k) for k in range(1, 31)]
    results = {
        "pastiche": {"trace": theirs},
        "preset": {"trace": [(1.0, 150.0), (3.0, 100.0)]},
        "default": {"trace": []},
    }
    assert goals_of(results, 300) == [
        {"steps": 100, "seconds": 20.0, "loss": 100.0, "reached": {"preset": 3.0}},
        {"steps": 300, "seconds": 60.0, "loss": pytest.approx(33.333, abs=1e-3), "reached": {"preset": None}},
    ]
    assert goals_of({"preset": results["preset"]}, 300) == []


def test_results_of_the_same_pictures_size_and_steps_are_kept(tmp_path, pair):
    head = Task(*pair, size=64, steps=10).head()
    file = tmp_path / "peers.json"
    assert kept(file, head) == {}
    file.write_text(json.dumps({**head, "results": {"preset": {"loss": 1.0}}}))
    assert kept(file, head) == {"preset": {"loss": 1.0}}
    assert kept(file, {**head, "steps": 20}) == {}


def test_the_loss_is_the_one_that_the_preset_has(pair):
    task = Task(*pair, size=64, steps=10)
    theirs = PasticheLoss(*pair, task.root**2)
    assert theirs.size == task.shape == (48, 64)
    canvas = picture(48, 64, 5) * 1.2 - 0.1  # solvers leave the range
    backbone = create_backbone("vgg19", pooling="max", device="cpu", precision="float32")
    ours = build_objective(*pair, load_preset("pastiche"), backbone)
    assert theirs(canvas) == pytest.approx(
        ours.value_and_grad(canvas)[0].total, rel=1e-3
    )  # the style's sides are rounded apart
    with pytest.raises(ValueError, match="pastiche paints"):
        theirs(canvas[..., 1:])


@pytest.mark.parametrize("shapes", [((90, 130), (110, 76)), ((100, 75), (64, 103))], ids=str)
def test_traced_parts_begin_with_the_loss_that_pastiche_begins_with(shapes, tmp_path):
    """Of pictures that have to be resized, to the pixel: losses of rounded pixels and of others are apart."""
    files = tmp_path / "content.jpg", tmp_path / "style.jpg"
    for seed, (file, shape) in enumerate(zip(files, shapes, strict=True)):
        Image.fromarray((picture(*shape, seed)[0].permute(1, 2, 0) * 255).round().byte().numpy()).save(file)
    task = Task(*files, size=64, steps=1)
    same = task.resized(tmp_path)
    theirs = PasticheLoss(*files, task.root**2)(read_picture(same.content).pixels)
    begun = iterate(same.content, same.style, **{**same.options("preset"), "precision": "float32"})
    assert next(begun).loss == pytest.approx(theirs, rel=1e-4)


def test_a_trace_holds_canvases_that_are_not_clipped_and_their_seconds(tmp_path, pair):
    flags = {
        "backbone": "compact",
        "objective": "gram",
        "size": 64,
        "scale_count": 1,
        "iterations": [5],
        "optimizer": "lbfgs",
    }
    paint(*pair, tmp_path / "run", 2, {**flags, "device": "cpu", "variable": "pixels"})
    seconds = json.loads((tmp_path / "run" / "seconds.json").read_text())
    assert list(seconds) == ["2", "4", "5"]
    assert 0 < seconds["2"] < seconds["4"] < seconds["5"]
    last = load_file(tmp_path / "run" / "canvases" / "5.safetensors")["canvas"]
    finished = read_picture(tmp_path / "run" / "out.png").pixels
    assert (last.clamp(0, 1) - finished).abs().max() <= 0.5 / 255 + 1e-6
    assert not torch.equal(last, last.clamp(0, 1))


def test_the_document_says_whether_the_bars_are_met():
    part = {"seconds": 100.0, "peak_gb": 2.0, "loss": 5.0, "style": 0.5, "content": 0.5}
    quick = {**part, "seconds": 30.0, "peak_gb": 1.5}
    goal = {"steps": 1000, "seconds": 90.0, "loss": 5.0, "reached": {"preset": 18.0, "coarse to fine": None}}
    machine = {"processor": ["Some"], "cores": 2, "bfloat16": False, "torch": "2"}
    head = {"pictures": ["a_b", "c"], "size": 512, "steps": 1000, "machine": machine}
    report = {**head, "results": {"pastiche": part, "preset": quick}, "goals": [goal]}
    script = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "document_speed"))
    written = "\n".join(script["_peers"](report))
    assert "| preset | 30 | 0.30 | 1.50 | 0.75 | 5 | 0.500 | 0.500 |" in written
    assert "| 1000 | 5 | 90 | 18 | 0.20 | not reached |  |" in written
    assert "(0.20: met) and half of\nthe memory for the preset (0.75: not met)" in written
