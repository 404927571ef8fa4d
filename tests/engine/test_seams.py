"""What guests of the engine build on: values that stay, terms of their own, what is carried on, and changes on the
way."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from impasto.config import StylizeConfig
from impasto.engine.inputs import PaintInputs
from impasto.engine.loop import paint
from impasto.engine.progress import Carry, Outcome, Progress
from impasto.engine.schedule import plan_scales
from impasto.engine.steering import Change, Event
from impasto.errors import ConfigError
from impasto.matching import Search
from impasto.objective.build import build_objective
from impasto.objective.pixel_term import PixelTerm, pixel_target
from impasto.styles import KeptStyle, PictureStyle
from synthetic import DEVICE, picture

CONTENT, STYLE = picture(64, 80, 1), picture(56, 48, 2)
LAYERS = ("relu1_1", "relu3_1", "relu4_1")
QUICK = {"size": 80, "coarsest": 40, "iterations": (5, 4), "precision": "float32", "device": DEVICE, "recolor": False}
OBJECTIVES = {
    "gram": {"objective": "gram"},
    "blend": {"neighbour_layers": LAYERS, "neighbour_refresh": 2, "full_scales": 1},
    "L-BFGS": {"objective": "gram", "optimizer": "lbfgs"},
}


def prepared(backbone, options, guests=(), mask=None, content=CONTENT):
    config = StylizeConfig(**{**QUICK, **options}).resolve()
    inputs = PaintInputs(content, [PictureStyle((STYLE,))], config, backbone, mask, tuple(guests))
    return inputs, plan_scales(config, (64, 80))


def ended(painting, changes=None) -> tuple[list[Progress], Outcome]:
    """All records and the outcome; ``changes`` are sent after these steps."""
    steps, sent = [], None
    while True:
        try:
            steps.append(painting.send(sent))
        except StopIteration as end:
            return steps, end.value
        sent = (changes or {}).get(steps[-1].step)


# Values


def test_an_old_record_tells_of_its_own_iteration(vgg):
    painting = paint(*prepared(vgg, OBJECTIVES["gram"]))
    first = next(painting)
    shown, saved = (
        first.preview().clone(),
        {k: v.clone() if isinstance(v, Tensor) else v for k, v in first.saved().items()},
    )
    ended(painting)
    assert torch.equal(first.preview(), shown)
    later = first.saved()
    assert later.keys() == saved.keys()
    assert all(torch.equal(later[k], v) for k, v in saved.items() if isinstance(v, Tensor))
    assert (
        [later[k] for k in ("iteration", "step", "scale")]
        == [saved[k] for k in ("iteration", "step", "scale")]
        == [1, 1, 1]
    )
    assert later["loss"] == first.loss


# Guests


class Held:
    """What a film's temporal loss asks for: a picture, where it counts."""

    target, mask = picture(64, 80, 9), torch.zeros(1, 1, 64, 80)
    mask[..., :40] = 1


def test_a_guest_holds_the_canvas_where_it_counts(vgg):
    guest = pixel_target(Held.target, Held.mask, 1e4)
    free = ended(paint(*prepared(vgg, OBJECTIVES["gram"])))[1].pixels
    steps, outcome = ended(paint(*prepared(vgg, OBJECTIVES["gram"], [guest])))
    assert all(step.terms["pixels"] > 0 for step in steps)
    near, far = ((pixels - Held.target).abs()[..., :36].mean() for pixels in (outcome.pixels, free))
    assert near < 0.75 * far  # as far as Adam's steps reach
    assert steps[-1].loss == pytest.approx(sum(steps[-1].terms.values()), rel=1e-6)


@pytest.mark.parametrize("tile_size", [16, 32])
def test_a_guest_is_exact_in_tiles(tile_size, vgg64):
    inputs, _ = prepared(vgg64, {"objective": "gram"})
    from impasto.objective.build import build_objective
    from impasto.styles import learn

    content, style = CONTENT.double(), learn(STYLE.double(), inputs.config, vgg64)
    term = PixelTerm(3.0, Held.target.double(), Held.mask.double())
    objective = build_objective(content, [style], inputs.config, vgg64).with_terms([term])
    canvas = picture(64, 80, 5).double()
    whole, gradient = objective.value_and_grad(canvas)
    parts, pieced = objective.in_tiles(tile_size).value_and_grad(canvas)
    assert parts.terms["pixels"] == pytest.approx(whole.terms["pixels"], rel=1e-12)
    torch.testing.assert_close(pieced, gradient, rtol=1e-9, atol=1e-12)


def test_a_guest_that_counts_nowhere_changes_nothing(vgg):
    guest = pixel_target(Held.target, torch.zeros_like(Held.mask), 1e4)
    alone, beside = (ended(paint(*prepared(vgg, OBJECTIVES["gram"], guests)))[1].pixels for guests in ((), [guest]))
    assert torch.equal(alone, beside)


# What is carried


def test_a_run_hands_on_its_canvas_its_matches_and_its_solver(vgg, monkeypatch):
    options = {**OBJECTIVES["blend"], "full_scales": 0, "step_size": 2e-3}  # few channels are moved far by larger ones
    first = ended(paint(*prepared(vgg, options)))[1]
    assert first.carry is not None
    assert first.carry.field is not None
    searches = []
    find = Search.find
    monkeypatch.setattr(Search, "find", lambda *given: searches.append(given) or find(*given))
    inputs, plans = prepared(vgg, {**options, "neighbour_refresh": 100})
    steps, second = ended(paint(inputs, plans[-1:], first.carry))
    assert searches == []  # the frame before has found them
    assert len(steps) == 4
    assert steps[0].evaluations == 10  # the solver went on
    cold = ended(paint(*prepared(vgg, options)))[0]
    assert steps[0].loss < cold[5].loss  # where the first one's finest scale began
    assert (second.pixels - first.pixels).abs().mean() < (CONTENT - first.pixels).abs().mean()


def test_a_canvas_alone_may_be_carried(vgg):
    inputs, plans = prepared(vgg, OBJECTIVES["gram"])
    start = picture(20, 30, 4)
    (first, *_), _ = ended(paint(inputs, plans[-1:], Carry(start)))
    assert first.scales == 1
    assert first.height == 64


def test_styles_are_worked_out_once_for_all_frames(vgg, monkeypatch):
    kept, seen = KeptStyle(PictureStyle((STYLE,))), []
    at = PictureStyle.at
    monkeypatch.setattr(PictureStyle, "at", lambda *given: seen.append(given[1]) or at(*given))
    inputs, plans = prepared(vgg, OBJECTIVES["blend"])
    for frame in (1, 2, 3):
        ended(paint(PaintInputs(picture(64, 80, frame), [kept], inputs.config, vgg), plans))
    assert len(seen) == len(plans)


# Steering


CHANGES = {
    "weight": {2: Change({"style_weight": 30.0})},
    "several": {1: Change({"content_weight": 0.5}), 5: Change({"tv_weight": 0.01}), 7: Change({"step_size": 0.01})},
    "at the end of a scale": {5: Change({"style_weight": 30.0})},
    "strength": {3: Change({"strength": 0.7})},
    "mask": {3: Change(mask=Held.mask)},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("options", OBJECTIVES.values(), ids=OBJECTIVES)
def test_a_steered_run_repeats_to_the_bit_and_goes_on_from_anywhere(options, changes, vgg):
    steps, outcome = ended(paint(*prepared(vgg, options)), changes)
    plain = ended(paint(*prepared(vgg, options)))[1]
    assert not torch.equal(outcome.pixels, plain.pixels)
    events = [Event(step, change) for step, change in changes.items()]
    assert torch.equal(ended(paint(*prepared(vgg, options), events=events))[1].pixels, outcome.pixels)
    for since in (steps[0], steps[1], steps[2], steps[4], steps[6]):  # also where the change has not yet been made
        again = ended(paint(*prepared(vgg, options), since=since.saved(), events=events))[1]
        assert torch.equal(again.pixels, outcome.pixels)


def test_a_change_counts_from_the_next_iteration_on(vgg):
    painting = paint(*prepared(vgg, OBJECTIVES["gram"]))
    next(painting)
    before = next(painting)
    after = painting.send(Change({"style_weight": 2 * (prepared(vgg, OBJECTIVES["gram"])[0].config.style_weight or 1)}))
    plain = paint(*prepared(vgg, OBJECTIVES["gram"]))
    same = [next(plain) for _ in range(3)][-1]
    assert after.terms["style"] == pytest.approx(2 * same.terms["style"], rel=1e-5)
    assert before.terms["style"] < after.terms["style"]


def test_a_change_before_the_first_step(vgg):
    events = [Event(0, Change({"content_weight": 0.5}))]
    steered = ended(paint(*prepared(vgg, OBJECTIVES["gram"]), events=events))[1]
    told = ended(paint(*prepared(vgg, {**OBJECTIVES["gram"], "content_weight": 0.5})))[1]
    assert torch.equal(steered.pixels, told.pixels)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 3}, "size cannot be changed while a run paints"),
        ({"style_wieght": 3}, "style_wieght cannot be changed while a run paints; did you mean 'style_weight'"),
        ({"style_weight": 0}, "style_weight cannot go from or to 0 while a run paints"),
        ({"style_weight": "much"}, "style_weight is 'much'"),
    ],
)
def test_what_cannot_be_changed(options, message):
    with pytest.raises(ConfigError, match=message.split(";")[0]):
        Change(options).check(StylizeConfig(objective="gram").resolve())


# One plan


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [False, False, False, True]),
        ({"full_scales": 0}, [False] * 4),
        ({"full_scales": 2}, [False, False, True, True]),
        ({"objective": "gram"}, [False] * 4),
        ({"neighbour_match": "layers", "full_scales": 1}, [False] * 4),
    ],
    ids=str,
)
def test_which_scales_refine_is_decided_once(options, expected, vgg):
    config = StylizeConfig(**options).resolve()
    plans = plan_scales(config, (384, 512))
    assert [plan.refines for plan in plans] == expected
    from impasto.engine.stage import plan_stages

    stages = plan_stages(config, vgg, plans)
    assert [
        len(stage.config.neighbour_layers or ()) < len(config.neighbour_layers or ()) for stage in stages
    ] == expected


def test_memory_and_time_read_the_same_plan(vgg):
    """Layers matched one by one refine no scale: neither is told less for it than the same run with no refining asked
    for."""
    from impasto.runs.forecast import Trial, forecast
    from impasto.runs.memory import peak_bytes

    class Told(Trial):
        def pixel(self, config, backbone):
            return 1e-6 * len(config.neighbour_layers or ())

        def pair(self, config, backbone):
            return 1e-9

    layers = {"objective": "neighbours", "neighbour_match": "layers", "size": 1024}
    configs = [StylizeConfig(**layers, full_scales=full, tile_size=0).resolve() for full in (0, 2)]
    assert len({peak_bytes(config, vgg, (768, 1024)) for config in configs}) == 1
    told = [forecast(config, vgg, plan_scales(config, (768, 1024)), trial=Told()).seconds for config in configs]
    assert told[0] == told[1]


def test_a_closed_painter_is_over(vgg):
    painting = paint(*prepared(vgg, OBJECTIVES["gram"]))
    next(painting)
    painting.close()
    with pytest.raises(StopIteration):
        next(painting)


def test_an_old_record_keeps_no_targets(vgg):
    """What is searched anew is large; a record of before would keep both, beside each other, in memory."""
    inputs, plans = prepared(vgg, {**OBJECTIVES["blend"], "full_scales": 0})
    gone = []

    def built(*given: object) -> object:
        objective = build_objective(*given)
        gone.append(weakref.ref(objective))
        return objective

    painting = paint(replace(inputs, build=built), plans)
    records = [next(painting) for _ in range(4)]  # neighbours are looked for again after the second
    gc.collect()
    assert gone[0]() is None
    assert len({record.loss for record in records}) == 4
