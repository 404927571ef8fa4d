"""Runs that are changed on their way: what is recorded, repeated, resumed and branched."""

from __future__ import annotations

import json

import pytest
import torch

import impasto
from impasto.api import Begin
from impasto.errors import ConfigError, OutputError, PictureError
from impasto.images.files.io import to_pil
from impasto.objective.pixel_term import pixel_target
from impasto.runs.record import parse_record, record_text
from impasto.runs.steer import recorded_steers
from synthetic import DEVICE, picture

pytestmark = pytest.mark.bits

CONTENT, STYLE = picture(40, 48, 1), picture(36, 44, 2)
TINY = {"backbone": "compact", "precision": "float32", "device": DEVICE, "size": 48, "scale_count": 1, "iterations": 6}
GRAM = {**TINY, "objective": "gram"}


def begin(begun: Begin | None = None, **options) -> impasto.api.Run:
    return impasto.Stylizer(**{**GRAM, **options}).iterate(CONTENT, [STYLE], begun)


def finished(run) -> impasto.Result:
    for _ in run:
        pass
    return run.result()


def steered(**options) -> impasto.Result:
    run = begin(**options)
    for progress in run:
        if progress.step == 2:
            run.steer(style_weight=5.0)
            run.steer(tv_weight=0.01)
        if progress.step == 4:
            run.steer(step_size=0.02)
    return run.result()


def test_a_steered_run_is_recorded_and_repeated_to_the_byte():
    result = steered()
    assert result.record["events"] == [
        {"step": 2, "options": {"style_weight": 5.0}},
        {"step": 2, "options": {"tv_weight": 0.01}},
        {"step": 4, "options": {"step_size": 0.02}},
    ]
    record = parse_record(record_text(result.record))
    again = finished(begin(Begin(steers=recorded_steers(record["events"]))))
    assert torch.equal(again.pixels, result.pixels)
    assert again.record["events"] == result.record["events"]
    assert not torch.equal(finished(begin()).pixels, result.pixels)
    assert "events" not in finished(begin()).record


def test_several_changes_after_one_step_repeat_to_the_byte():
    """However many there were: what rounds on the way from one step size to the next is not taken."""
    run = begin(optimizer="adam", step_size=0.05)
    for progress in run:
        if progress.step == 2:
            run.steer(step_size=0.013)
            run.steer(strength=0.7)
            run.steer(step_size=0.029, style_weight=3.0)
    steers = recorded_steers(run.result().record["events"])
    assert len(steers) == 3
    again = finished(begin(Begin(steers=steers), optimizer="adam", step_size=0.05))
    assert torch.equal(again.pixels, run.result().pixels)


@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_a_steered_run_goes_on_from_a_checkpoint(at, tmp_path):
    run = begin()
    for progress in run:
        if progress.step == 2:
            run.steer(style_weight=5.0)
        if progress.step == at:
            run.checkpoint(tmp_path / "run.checkpoint")
    again = finished(impasto.resume(tmp_path / "run.checkpoint", CONTENT, [STYLE]))
    if at == 1:  # of the change that came later nothing is known
        assert "events" not in again.record
    else:
        assert torch.equal(again.pixels, run.result().pixels)
        assert again.record["events"] == run.result().record["events"]


def test_before_the_first_iteration():
    run = begin()
    run.steer(content_weight=0.3)
    assert torch.equal(finished(run).pixels, finished(begin(content_weight=0.3)).pixels)
    assert run.result().record["events"] == [{"step": 0, "options": {"content_weight": 0.3}}]


def test_a_branch_goes_its_own_way_and_names_its_parent():
    run = begin()
    next(run), next(run), next(run)
    branch = run.branch()
    branch.steer(style_weight=9.0)
    other, own = finished(branch), finished(run)
    assert torch.equal(own.pixels, finished(begin()).pixels)  # who branches is not changed by it
    assert not torch.equal(other.pixels, own.pixels)
    assert (other.record["parent"]["step"], len(other.record["parent"]["run"])) == (3, 64)
    assert [event["step"] for event in other.record["events"]] == [3]
    again = finished(begin(Begin(steers=recorded_steers(other.record["events"]))))
    assert torch.equal(again.pixels, other.pixels)  # and the branch repeats from its record


def test_a_branch_of_a_branch_and_of_regions():
    mask = torch.zeros(40, 48)
    mask[:, :24] = 1
    run = impasto.iterate(CONTENT, [impasto.Region(mask.numpy(), STYLE)], **GRAM)
    next(run), next(run)
    first = run.branch()
    next(first)
    second = first.branch()
    second.steer(style_weight=3.0)
    assert finished(second).record["parent"] != finished(first).record["parent"]


def test_a_mask_says_where_the_rest_is_painted(tmp_path):
    half = torch.zeros(1, 3, 40, 48)
    half[..., :24] = 1
    to_pil(half).save(tmp_path / "half.png")
    run = begin(optimizer="lbfgs", iterations=12)  # Adam steps as far on a small gradient as on a large one
    at = None
    for progress in run:
        if progress.step == 3:
            at = run.result().pixels
            run.steer(mask=tmp_path / "half.png")
    result = run.result()
    moved = (result.pixels - at).abs().mean((0, 1, 2))
    assert moved[:16].mean() > 1.2 * moved[-8:].mean()  # whatever is seen of the half from beside it moves as well
    assert result.record["events"][0]["mask"]["name"] == str(tmp_path / "half.png")
    steers = recorded_steers(result.record["events"])
    again = finished(begin(Begin(steers=steers), optimizer="lbfgs", iterations=12))
    assert torch.equal(again.pixels, result.pixels)


def test_regions_are_steered_together():
    mask = torch.zeros(40, 48)
    mask[:, :24] = 1
    regions = [impasto.Region(mask.numpy(), STYLE), impasto.Region(1 - mask.numpy(), picture(36, 44, 5))]
    runs = [impasto.iterate(CONTENT, regions, **GRAM) for _ in range(2)]
    for progress in runs[0]:
        if progress.step == 2:
            runs[0].steer(style_weight=5.0)
    steers = recorded_steers(runs[0].result().record["events"])
    again = finished(impasto.Stylizer(**GRAM).iterate(CONTENT, regions, Begin(steers=steers)))
    assert torch.equal(again.pixels, runs[0].result().pixels)
    assert not torch.equal(again.pixels, finished(runs[1]).pixels)


@pytest.mark.parametrize(
    ("error", "message", "options"),
    [
        (ConfigError, "size cannot be changed while a run paints", {"size": 32}),
        (ConfigError, "style_weight cannot go from or to 0", {"style_weight": 0}),
        (ConfigError, "strength cannot go from or to 0", {"strength": 0.0}),
        (ConfigError, "style_blend", {"style_blend": (1.0, 2.0)}),
        (ConfigError, "5 style_layer_weights|3 style_layer_weights", {"style_layer_weights": (1.0, 2.0, 3.0)}),
        (PictureError, "there is no file 'nowhere.png'", {"mask": "nowhere.png"}),
        (PictureError, "the mask 'array' is 48 x 20 px", {"mask": torch.ones(20, 48).numpy()}),
    ],
)
def test_what_cannot_be_steered_is_told_at_once_and_changes_nothing(error, message, options):
    run = begin()
    next(run)
    with pytest.raises(error, match=message):
        run.steer(**options)
    assert torch.equal(finished(run).pixels, finished(begin()).pixels)


@pytest.mark.parametrize(
    "events", ["x", [1], [{"step": "1", "options": {}}], [{"step": 1}], [{"step": 1, "options": {}, "mask": 1}]]
)
def test_damaged_events_are_refused(events):
    record = {**finished(begin(iterations=1)).record, "events": events}
    with pytest.raises(ConfigError, match="damaged at 'events'"):
        parse_record(json.dumps(record))


def test_the_command_line_repeats_a_steered_run(tmp_path, monkeypatch, capsys):
    from impasto.cli.main import main

    monkeypatch.chdir(tmp_path)
    to_pil(CONTENT).save("photo.png")
    to_pil(STYLE).save("style.png")
    run = impasto.iterate("photo.png", ["style.png"], **GRAM)
    for progress in run:
        if progress.step == 2:
            run.steer(style_weight=5.0)
    run.result().save("out.png")
    assert main(["stylize", "--from", "out.png", "-o", "again.png"]) == 0
    assert "the pixels are those of out.png" in capsys.readouterr().out


# What a run begins with


def test_the_next_frame_begins_where_the_last_one_ended():
    first = begin()
    finished(first)
    second = begin(Begin(carry=first.carry(), finest=1))
    warm, cold = next(second), next(begin())
    assert warm.loss < cold.loss


def test_a_run_with_a_guest_tells_of_it_and_has_no_checkpoint(tmp_path):
    guest = pixel_target(picture(40, 48, 7), torch.ones(1, 1, 40, 48), 10.0)
    run = begin(Begin(guests=(guest,)))
    assert next(run).terms["pixels"] > 0
    with pytest.raises(OutputError, match="cannot be kept in a checkpoint"):
        run.checkpoint(tmp_path / "run.checkpoint")


@pytest.mark.parametrize("kind", ["finest", "carry", "colors"])
def test_what_a_checkpoint_cannot_hold_is_refused_and_not_forgotten(kind, tmp_path):
    first = begin(scale_count=2)
    finished(first)
    colors = impasto.Stylizer(**GRAM).session(STYLE).colors(CONTENT)
    value = {"finest": 1, "carry": first.carry(), "colors": colors}[kind]
    run = begin(Begin(**{kind: value}), scale_count=2)
    next(run)
    with pytest.raises(OutputError, match="cannot be kept in a checkpoint"):
        run.checkpoint(tmp_path / "run.checkpoint")
    assert not (tmp_path / "run.checkpoint").exists()
