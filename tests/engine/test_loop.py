"""The loop: what it yields, how it ends, what it does when the loss runs away."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from impasto.backbones import VGG
from impasto.config.options import StylizeConfig
from impasto.engine import clock, stage
from impasto.engine import scale_start as starts
from impasto.engine.inputs import PaintInputs
from impasto.engine.loop import paint as run
from impasto.engine.progress import Carry, Outcome, Progress
from impasto.engine.scale import ScaleState
from impasto.engine.schedule import plan_scales
from impasto.images.color.transfer import fit_moments, recolor
from impasto.images.laplacian import split_bands
from impasto.images.resample import resize
from impasto.losses import sums
from impasto.matching import Field, Search, enlarged, voted
from impasto.objective.build import build_objective
from impasto.objective.objective import Objective, Report
from impasto.objective.terms import ContentTerm, StyleTerm
from impasto.optim import Bands
from impasto.styles import PictureStyle, learn
from synthetic import STYLE_LAYERS, picture, random_weights

CONTENT, STYLE = picture(64, 80, 1), picture(60, 48, 2)
QUICK = {"objective": "gram", "style_layers": STYLE_LAYERS, "size": 80, "coarsest": 40, "iterations": (6, 4)}

Build = Callable[..., Objective]


def begin(
    backbone, *, content: Tensor = CONTENT, models=(STYLE,), start: Tensor = CONTENT, build=build_objective, **options
) -> Iterator[Progress]:
    config = StylizeConfig(**{**QUICK, **options}).resolve()
    wanted = [model if isinstance(model, PictureStyle) else PictureStyle((model,)) for model in models]
    return run(
        PaintInputs(content, wanted, config, backbone, build=build),
        plan_scales(config, tuple(content.shape[2:])),
        None if start is None else Carry(start),
    )


def paint(backbone, **options) -> tuple[list[Progress], Outcome]:
    steps, painting = [], begin(backbone, **options)
    while True:
        try:
            steps.append(next(painting))
        except StopIteration as end:
            return steps, end.value


def losses(steps: list[Progress], scale: int) -> list[float]:
    return [step.loss for step in steps if step.scale == scale]


# What it yields


@pytest.mark.parametrize(("options", "each"), [({"optimizer": "adam"}, 1), ({"optimizer": "lbfgs"}, 1)], ids=str)
def test_every_iteration_is_told(options, each, vgg):
    steps, outcome = paint(vgg, **options)
    assert [(s.scale, s.iteration, s.iterations) for s in steps] == [
        *((1, i, 6) for i in range(1, 7)),
        *((2, i, 4) for i in range(1, 5)),
    ]
    assert [s.step for s in steps] == list(range(1, 11))
    assert {s.steps for s in steps} == {10}
    assert {s.scales for s in steps} == {2}
    assert [(s.height, s.width) for s in steps] == [(32, 40)] * 6 + [(64, 80)] * 4
    assert [s.evaluations for s in steps] == [each * s.step for s in steps]
    assert [s.seconds for s in steps] == sorted(s.seconds for s in steps)
    assert all(s.peak_memory > 2**20 and s.note == "" for s in steps)
    assert all(s.loss == pytest.approx(sum(s.terms.values()), rel=1e-6) for s in steps)
    assert (outcome.reason, outcome.message) == ("finished", "every iteration was done")
    assert outcome.pixels.shape == CONTENT.shape


def test_evaluations_of_a_line_search_are_counted(vgg, monkeypatch):
    counted = [0]
    original = Objective.value_and_grad

    def count(self, canvas):
        counted[0] += 1
        return original(self, canvas)

    monkeypatch.setattr(Objective, "value_and_grad", count)
    steps = []
    for step in begin(vgg, optimizer="lbfgs", line_search="strong-wolfe"):
        steps.append(step)
        assert step.evaluations == counted[0]
    assert counted[0] > len(steps) == 10


def test_a_preview_is_the_picture_of_its_scale_now(vgg):
    previews, painting = [], begin(vgg, init="noise")
    for step in painting:
        previews.append(step.preview())
        assert previews[-1].shape == (1, 3, step.height, step.width)
        assert 0 <= previews[-1].min() <= previews[-1].max() <= 1
    assert not any(torch.equal(a, b) for a, b in pairwise(previews) if a.shape == b.shape)


def test_the_last_preview_is_the_outcome(vgg):
    steps, outcome = paint(vgg)
    assert torch.equal(steps[-1].preview(), outcome.pixels)


def test_nothing_is_computed_before_the_first_step_is_asked_for(vgg):
    begin(vgg, build=lambda *_: pytest.fail("the objective was built"))


def test_closing_cancels(vgg):
    painting = begin(vgg)
    last = next(painting)
    painting.close()
    assert list(painting) == []
    assert last.preview().shape == (1, 3, 32, 40)


def test_without_iterations_the_start_comes_back(vgg):
    steps, outcome = paint(vgg, iterations=0, scale_count=1)
    assert steps == []
    assert torch.equal(outcome.pixels, CONTENT)
    assert outcome.reason == "finished"


# What it does


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "adam"},
        {"optimizer": "adam", "variable": "pixels", "clamp": True},
        {"optimizer": "lbfgs"},
        {"optimizer": "lbfgs", "variable": "pixels255"},
        {"optimizer": "lbfgs", "line_search": "strong-wolfe"},
        {"objective": "blend"},
        {"objective": "neighbours", "style_layers": ()},
        {"objective": "wasserstein"},
        {"objective": "meanstd"},
    ],
    ids=lambda options: " ".join(map(str, options.values())),
)
def test_the_loss_falls_at_every_scale(options, vgg):
    steps, outcome = paint(vgg, iterations=30, **options)
    assert outcome.reason == "finished"
    for scale in (1, 2):
        falling = losses(steps, scale)
        assert falling[-1] < 0.9 * falling[0]
        assert min(falling) == pytest.approx(falling[-1], rel=0.1)


def test_bfloat16_and_float32_end_alike():
    """On 16 channels; benchmarks/precision.py measures both networks."""
    weights = random_weights((16, 16, 16, 16, 16))
    exact, half = (VGG(weights, pooling="avg", dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    options = {
        "iterations": 120,
        "scale_count": 1,
        "content_weight": 10,
    }  # after few, runs scatter more than formats differ
    config = StylizeConfig(**{**QUICK, **options})
    judge = build_objective(CONTENT, [learn(resize(STYLE, (80, 64)), config, exact)], config, exact)
    ends = [judge.value_and_grad(paint(backbone, **options)[1].pixels)[0].total for backbone in (exact, half)]
    assert ends[1] == pytest.approx(ends[0], rel=0.02)
    assert ends[0] < 0.5 * judge.value_and_grad(CONTENT)[0].total


@pytest.mark.parametrize(("iterations", "exact"), [((8, 5), (2, 1)), ((1, 1), (0, 0)), ((0, 4), (0, 1))], ids=str)
def test_a_mixed_run_ends_each_scale_in_float32(iterations, exact, monkeypatch):
    seen = []

    def step(self, share):
        seen.append(self.objective.features(self.canvas)["relu1_1"].dtype)
        return original(self, share)

    original = ScaleState.step
    monkeypatch.setattr(ScaleState, "step", step)
    backbone = VGG(random_weights(), pooling="avg", dtype=torch.bfloat16, mixed=True)
    paint(backbone, optimizer="lbfgs", precision="mixed", iterations=iterations)
    assert seen == [
        torch.float32 if k >= n - last else torch.bfloat16
        for n, last in zip(iterations, exact, strict=True)
        for k in range(n)
    ]


def test_the_end_of_a_mixed_run_is_judged_by_targets_of_its_own():
    """The content has no loss: its targets are what the network of the moment sees of it."""
    backbone = VGG(random_weights(), pooling="avg", dtype=torch.bfloat16, mixed=True)
    options = {"content_weight": 1.0, "style_weight": 0.0, "scale_count": 1, "recolor": False}
    assert paint(backbone, precision="mixed", iterations=4, **options)[0][-1].loss == 0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"objective": "blend", "neighbour_bank": 64},
        {"objective": "blend", "full_scales": 1},
        {"objective": "blend", "full_scales": 1, "optimizer": "lbfgs", "neighbour_refresh": 2},
        {"optimizer": "lbfgs"},
    ],
    ids=str,
)
def test_a_run_repeats_to_the_bit(options, vgg):
    (steps, one), (_, two) = paint(vgg, **options), paint(vgg, **options)
    assert torch.equal(one.pixels, two.pixels)
    assert not torch.equal(one.pixels, CONTENT)
    assert len(steps) == 10


def test_inputs_are_left_alone(vgg):
    before = [CONTENT.clone(), STYLE.clone()]
    paint(vgg, init="content", scale_count=1, objective="blend")
    assert torch.equal(CONTENT, before[0])
    assert torch.equal(STYLE, before[1])


class Watched(PictureStyle):
    """A style that keeps the sizes at which it was looked at."""

    @cached_property
    def seen(self) -> list[tuple[int, ...]]:
        return []

    def resized(self, length, config):
        for shown in super().resized(length, config):
            self.seen.append(tuple(shown.shape[2:]))
            yield shown


def test_styles_follow_the_size_of_the_canvas(vgg):
    styles = [Watched((model,)) for model in (STYLE, CONTENT)]
    paint(vgg, models=styles, iterations=1, style_scale=0.75)
    assert [style.seen for style in styles] == [[(30, 24), (60, 48)], [(24, 30), (48, 60)]]


def test_each_style_may_have_its_own_size(vgg):
    styles = [Watched((model,)) for model in (STYLE, CONTENT)]
    paint(vgg, models=styles, iterations=1, scale_count=1, style_scale=(0.5, 2))
    assert [style.seen for style in styles] == [[(40, 32)], [(128, 160)]]


@pytest.mark.parametrize("shares", [(1, 0), (1, 1), (0, 1)], ids=str)
def test_a_painting_in_two_styles_has_statistics_between_them(vgg, shares):
    """Measured in the finished picture: how far its second moments went from the first style's to the second's."""
    options = {
        "content_weight": 0,
        "iterations": 60,
        "scale_count": 1,
        "step_size": 0.03,
        "style_layers": ("relu1_1", "pixels"),
    }
    models = (0.7 * STYLE, 0.3 + 0.7 * picture(60, 48, 8))
    painted = paint(vgg, models=models, style_blend=shares, recolor=False, style_weight=100, **options)[1].pixels
    here, one, two = (sums(vgg(image, ["relu1_1"])["relu1_1"]).moment for image in (painted, *models))
    way = ((here - one) * (two - one)).sum() / (two - one).square().sum()
    assert way.item() == pytest.approx(shares[1] / sum(shares), abs=0.02)


def test_the_canvas_has_the_colours_of_the_styles_whose_pixels_count(vgg):
    models = (STYLE, 1 - STYLE)
    options = {"iterations": 0, "scale_count": 1, "recolor": True, "start": None}
    expected = paint(vgg, models=models[:1], **options)[1].pixels
    assert torch.equal(paint(vgg, models=models, style_blocks=("1-2", "3-5"), **options)[1].pixels, expected)
    neither = paint(vgg, models=models, style_blocks=("2", "3-5"), **options)[1].pixels
    torch.testing.assert_close(neither, paint(vgg, models=models, **options)[1].pixels)


@pytest.mark.parametrize("options", [{"style_scale": 0.01}, {"models": (picture(16, 300),)}], ids=["small", "narrow"])
def test_a_style_is_never_too_small_for_the_network(options, vgg):
    """relu5_1 halves a picture four times, so a short side below 16 px would leave nothing of it."""
    assert paint(vgg, iterations=1, **options)[1].reason == "finished"


@pytest.mark.parametrize("recolored", [False, True])
@pytest.mark.parametrize("detail", [0.0, 0.5])
def test_a_scale_starts_from_the_one_below_with_detail_of_the_content(detail, recolored, vgg):
    options = {"iterations": 0, "detail": detail, "recolor": recolored, "start": picture(20, 20, 7)}
    shown = recolor(CONTENT, fit_moments([STYLE])) if recolored else CONTENT
    coarse = resize(options["start"], (32, 40))
    larger = torch.nn.functional.interpolate(coarse, size=(64, 80), mode="bicubic", align_corners=False)
    expected = (larger + detail * split_bands(shown, 1)[0]).clamp(0, 1)
    torch.testing.assert_close(paint(vgg, **options)[1].pixels, expected)


def test_the_canvas_is_clamped_on_request_and_in_the_end(vgg):
    seen, build = fake(lambda canvas: canvas.sum())
    for clamp in (True, False):
        seen.clear()
        _, outcome = paint(
            vgg, build=build, clamp=clamp, variable="pixels", step_size=0.4, iterations=9, cooling=1, scale_count=1
        )
        assert (seen[-1].min() < 0) != clamp
        assert torch.equal(outcome.pixels, torch.zeros_like(CONTENT))


def test_the_average_over_iterates_is_returned_and_goes_on(vgg):
    seen, build = fake(lambda canvas: canvas.sum())
    options = {
        "variable": "pixels",
        "step_size": 0.01,
        "cooling": 1,
        "detail": 0,
        "start": torch.full((1, 3, 64, 80), 0.5),
    }
    _, outcome = paint(vgg, build=build, average=0.5, iterations=(2, 0), **options)
    iterates = [0.5, 0.49, 0.48]  # Adam's first steps under a constant gradient are as long as its step size
    weights = [0.25, 0.5, 1.0]
    expected = sum(w * x for w, x in zip(weights, iterates, strict=True)) / sum(weights)
    torch.testing.assert_close(outcome.pixels, torch.full_like(CONTENT, expected), atol=1e-5, rtol=0)
    assert len(seen) == 2


def test_the_best_canvas_of_the_last_scale_is_returned(vgg):
    values = iter([9.0, 1.0, 8.0, 5.0, 3.0, 4.0])
    seen, build = fake(lambda canvas: canvas.sum() * 0 + next(values), slope=1.0)
    steps, outcome = paint(vgg, build=build, best=True, iterations=3, clamp=True, variable="pixels")
    assert losses(steps, 2) == [5.0, 3.0, 4.0]
    assert torch.equal(outcome.pixels, seen[4])
    assert torch.equal(steps[-1].preview(), seen[4])


def test_without_best_the_last_canvas_is_returned(vgg):
    values = iter([5.0, 3.0, 4.0])
    seen, build = fake(lambda canvas: canvas.sum() * 0 + next(values), slope=1.0)
    _, outcome = paint(vgg, build=build, iterations=3, variable="pixels", scale_count=1)
    assert not any(torch.equal(outcome.pixels, canvas) for canvas in seen)


def test_neighbours_are_looked_for_again_at_the_interval(vgg, monkeypatch):
    at, refreshed = [], Objective.refreshed
    painting = begin(vgg, objective="blend", neighbour_refresh=3, iterations=(8, 3))
    monkeypatch.setattr(
        Objective, "refreshed", lambda self, canvas: at.append(tuple(canvas.shape[2:])) or refreshed(self, canvas)
    )
    count = [len(at) for _ in painting]
    assert count == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2]
    assert at == [(32, 40)] * 2


def test_the_first_search_above_the_coarsest_scale_sees_the_canvas(vgg):
    built, build = watch()
    paint(vgg, build=build, objective="blend", iterations=1)
    assert built[0][0][4].canvas is None
    assert built[1][0][4].canvas.shape == CONTENT.shape
    assert built[1][0][4].field is None  # no matches to keep: they are searched


# Scales that refine

MATCH = {"objective": "blend", "scale_ratio": 1.25, "neighbour_layers": ("relu1_1", "relu3_1", "relu4_1")}


def watch() -> tuple[list[tuple[tuple, Objective]], Build]:
    """What `build_objective` is given while painting, and what it makes of that; and what is to build, for that to be
    seen."""
    built = []

    def spy(*given):
        built.append((given, build_objective(*given)))
        return built[-1][1]

    return built, spy


def watch_searches(monkeypatch) -> list[Field]:
    """The matches of every search."""
    found, find = [], Search.find

    def spy(self, *given):
        found.append(find(self, *given))
        return found[-1]

    monkeypatch.setattr(Search, "find", spy)
    return found


@pytest.mark.parametrize(
    ("full", "searched"), [(2, [0, 0, 1, 1]), (0, [0, 0, 1, 1, 2, 2, 3, 3]), (9, [0, 0, 1, 1, 2, 2, 3, 3])]
)
def test_scales_above_the_full_ones_do_not_search(full, searched, vgg, monkeypatch):
    """Each full scale searches when it begins and once more, after two of its three iterations."""
    found = watch_searches(monkeypatch)
    steps, _ = paint(vgg, **MATCH, full_scales=full, iterations=3, neighbour_refresh=2)
    grids = list(dict.fromkeys((step.height // 4, step.width // 4) for step in steps))
    assert [field.grid for field in found] == [grids[scale] for scale in searched]
    assert len(grids) == 4


def test_scales_that_refine_keep_the_last_matches_of_the_scale_below(vgg, monkeypatch):
    found, (built, build) = watch_searches(monkeypatch), watch()
    paint(vgg, build=build, **MATCH, full_scales=2, iterations=3, neighbour_refresh=2, step_size=0.05)
    assert not torch.equal(found[2].rows, found[3].rows)
    field = found[-1]
    for given, objective in built[2:]:
        field = enlarged(field, objective.matching.field.grid, given[1][0].grids)
        assert torch.equal(objective.matching.field.rows, field.rows)
        assert len(field.rows) > len(found[-1].rows)


def test_scales_that_refine_leave_the_deep_layers_and_the_coarse_bands(vgg, monkeypatch):
    (built, build), moved, push = watch(), [], Bands.push
    monkeypatch.setattr(Bands, "push", lambda self, *given: moved.append(self.fall) or push(self, *given))
    paint(vgg, build=build, **MATCH, full_scales=2, iterations=1)
    assert [objective.matching.layers for _, objective in built] == [MATCH["neighbour_layers"]] * 2 + [
        ("relu1_1", "relu3_1")
    ] * 2
    style = [[term.layers[0] for term in objective.terms if isinstance(term, StyleTerm)] for _, objective in built]
    assert style == [list(STYLE_LAYERS)] * 2 + [["relu1_1", "relu2_1", "relu3_1"]] * 2
    assert [fall < 1 for fall in moved] == [False, False, True, True]


def test_where_nothing_is_matched_every_scale_is_painted_in_full(vgg):
    built, build = watch()
    paint(vgg, build=build, **{**MATCH, "objective": "gram"}, full_scales=1, iterations=1)
    assert [sum(isinstance(term, StyleTerm) for term in objective.terms) for _, objective in built] == [5] * 4


def test_scales_begin_with_the_strokes_of_their_matches(vgg):
    """No iterations, no detail: the canvas at the end is what was laid down last, here all over the canvas."""
    built, build = watch()
    _, outcome = paint(vgg, build=build, **MATCH, full_scales=9, iterations=0, voting=1.0, voting_edges=0.0, detail=0.0)
    given, objective = built[-1]
    torch.testing.assert_close(outcome.pixels, voted(objective.matching.field, given[1][0].pictures))
    assert not torch.equal(
        paint(vgg, build=build, **MATCH, full_scales=9, iterations=0, voting=0.0)[1].pixels, outcome.pixels
    )


def test_scales_that_refine_lay_down_the_finest_bands_of_the_strokes_and_spare_weaker_edges(vgg, monkeypatch):
    asked, paint_over = [], starts.painted_over
    monkeypatch.setattr(starts, "painted_over", lambda *given: asked.append(given[4]) or paint_over(*given))
    paint(vgg, **MATCH, full_scales=3, iterations=1, voting=0.7, voting_edges=0.5)
    full, finer = asked[1:]
    assert asked[0] == full == starts.Voting(0.7, 0.5, None)  # the coarsest scale starts without strokes
    assert finer.share == full.share
    assert finer.edges < full.edges
    assert finer.bands > 0


def test_each_scale_lays_down_its_own_share_of_the_strokes(vgg, monkeypatch):
    asked, paint_over = [], starts.painted_over
    monkeypatch.setattr(starts, "painted_over", lambda *given: asked.append(given[4]) or paint_over(*given))
    paint(vgg, **MATCH, iterations=1, voting=(0.3, 0.1, 0.7))
    assert [voting.share for voting in asked] == [0.1, 0.7, 0.7]  # the coarsest of four scales starts without strokes


def test_finer_scales_let_go_of_the_content(vgg):
    built, build = watch()
    paint(vgg, build=build, **MATCH, iterations=1, content_weight=8.0, content_fade=0.5)
    weights = [[term.weight for term in objective.terms if isinstance(term, ContentTerm)] for _, objective in built]
    assert weights == [[8.0], [4.0], [2.0], [1.0]]
    built.clear()
    paint(vgg, build=build, **MATCH, iterations=1, content_weight=8.0, content_fade=0.0)
    assert [any(isinstance(term, ContentTerm) for term in objective.terms) for _, objective in built] == [
        True,
        False,
        False,
        False,
    ]


def test_a_scale_without_steps_lays_down_the_strokes_that_any_network_would(vgg, monkeypatch):
    """It keeps the matches of the scale below, so that what the network sees there is not asked for."""
    built, build = watch()
    options = {**MATCH, "full_scales": 3, "iterations": (1, 1, 1, 0), "content_weight": 1.0}
    _, outcome = paint(vgg, build=build, **options)
    given, last = built[-1]
    assert [term.name for term in last.terms] == ["neighbours"]
    assert len(last.matching.layers) == 1
    below = built[-2][1].matching.field
    assert torch.equal(last.matching.field.rows, enlarged(below, last.matching.field.grid, given[1][0].grids).rows)
    monkeypatch.setattr(stage, "_strokes_alone", lambda config: config)
    torch.testing.assert_close(paint(vgg, build=build, **options)[1].pixels, outcome.pixels)


def test_finding_nothing_new_is_no_reason_to_forget_the_best_canvas(vgg):
    """A scale that refines compares its losses from its first iteration to its last."""
    values = iter([9.0, 1.0, 8.0, 5.0, 3.0, 4.0])
    seen, build = fake(lambda canvas: canvas.sum() * 0 + next(values), slope=1.0)
    options = {"iterations": 6, "neighbour_weight": 1.0, "neighbour_refresh": 2, "variable": "pixels", "clamp": True}
    _, outcome = paint(vgg, build=build, best=True, scale_count=1, **options)
    assert torch.equal(outcome.pixels, seen[1])


def test_steps_cool_along_a_cosine(vgg):
    seen, build = fake(lambda canvas: canvas.sum())
    paint(
        vgg,
        build=build,
        cooling=0.2,
        iterations=5,
        scale_count=1,
        variable="pixels",
        step_size=0.01,
        start=torch.ones(1, 3, 64, 80),
    )
    moves = [(a - b).mean().item() for a, b in pairwise(seen)]
    expected = [0.01 * (0.2 + 0.8 * (1 + math.cos(math.pi * k / 5)) / 2) for k in range(4)]
    assert moves == pytest.approx(expected, rel=1e-4)


# How it ends


def fake(
    loss: Callable[[Tensor], Tensor], *, slope: float | None = None, searches: bool = False
) -> tuple[list[Tensor], Build]:
    """The canvases that another loss is asked at, and what builds it. ``slope`` stands for its gradient."""
    seen: list[Tensor] = []

    class Fake:
        terms = ()
        matching, tile_size, tileable = None, 0, False

        def in_tiles(self, tile_size: int) -> Fake:
            return self

        @property
        def searches(self) -> bool:
            return searches

        def value_and_grad(self, canvas: Tensor) -> tuple[Report, Tensor]:
            seen.append(canvas.clone())
            leaf = canvas.clone().requires_grad_()
            value = loss(leaf)
            gradient = torch.autograd.grad(value, leaf)[0] if slope is None else torch.full_like(canvas, slope)
            return Report(value.item(), {"content": 0.0, "style": value.item(), "tv": 0.0}), gradient

        def total(self, canvas: Tensor) -> float:
            return 1.0

        def refreshed(self, canvas: Tensor) -> Fake:
            return self

    return seen, lambda *_: Fake()


def test_a_plateau_ends_the_run_and_says_so(vgg):
    _, build = fake(lambda canvas: 3 + 0 * canvas.sum())
    steps, outcome = paint(vgg, build=build, plateau=0.01, iterations=200, scale_count=1)
    assert len(steps) == 100
    assert (steps[-1].step, steps[-1].steps) == (100, 200)
    assert (outcome.reason, outcome.message) == ("plateau", "50 iterations improved the loss by less than 0.01 of it")


def test_a_plateau_ends_its_scale_alone(vgg):
    values = iter([3.0] * 100 + [2.0**-k for k in range(120)])
    _, build = fake(lambda canvas: next(values) + 0 * canvas.sum())
    steps, outcome = paint(vgg, build=build, plateau=0.01, iterations=(200, 120))
    assert (len(losses(steps, 1)), len(losses(steps, 2))) == (100, 120)
    assert outcome.reason == "finished"


@pytest.mark.parametrize(("gain", "ends"), [(0.9, True), (1.1, False)])
def test_a_plateau_is_a_share_of_the_loss(gain, ends, vgg):
    """Two windows of a quarter of 100; the later one improves by a little less, or more, than the 2 % asked for."""
    values = iter([1000.0] * 25 + [1000.0 * (1 - 0.02 * gain)] * 25 + [900.0 * 0.8**k for k in range(50)])
    _, build = fake(lambda canvas: next(values) + 0 * canvas.sum())
    steps, outcome = paint(vgg, build=build, plateau=0.02, iterations=100, scale_count=1)
    assert (outcome.reason, len(steps)) == (("plateau", 50) if ends else ("finished", 100))


def test_looking_again_begins_the_windows_anew(vgg):
    for searches, ended in ((True, (150, "finished")), (False, (74, "plateau"))):
        _, build = fake(lambda canvas: 3 + 0 * canvas.sum(), searches=searches)
        steps, outcome = paint(vgg, build=build, plateau=0.01, iterations=150, scale_count=1, neighbour_refresh=60)
        assert (len(steps), outcome.reason) == ended


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e9])
def test_a_loss_that_runs_away_backs_off_once_and_recovers(bad, vgg):
    values = iter([5.0, 4.0, bad, 3.0, 2.0, 1.0])
    seen, build = fake(lambda canvas: canvas.sum() * 0 + next(values), slope=1.0)
    options = {"iterations": 6, "variable": "pixels", "step_size": 0.04, "cooling": 1, "scale_count": 1}
    steps, outcome = paint(vgg, build=build, **options)
    assert [bool(step.note) for step in steps] == [False, False, True, False, False, False]
    assert steps[2].note == f"the loss became {bad:.3g}: back to the best canvas with a step size of 0.02"
    assert torch.equal(seen[3], seen[1])  # the canvas of the lowest loss so far
    assert (seen[1] - seen[2]).mean().item() == pytest.approx(0.04, rel=1e-4)
    assert (seen[3] - seen[4]).mean().item() == pytest.approx(0.02, rel=1e-4)
    assert [step.evaluations for step in steps] == [1, 2, 3, 4, 5, 6]
    assert outcome.reason == "finished"


def test_a_gradient_that_is_not_finite_backs_off(vgg):
    _, build = fake(lambda canvas: canvas.sum() * 0 + 3, slope=math.nan)
    steps, outcome = paint(vgg, build=build, iterations=9, scale_count=1)
    assert (len(steps), outcome.reason) == (6, "diverged")
    assert torch.equal(outcome.pixels, CONTENT)


def test_a_smaller_step_lasts_to_the_next_scale(vgg):
    values = iter([5.0, math.nan, *[4.0] * 9])
    seen, build = fake(lambda canvas: canvas.sum() * 0 + next(values), slope=1.0)
    paint(vgg, build=build, iterations=(3, 3), variable="pixels", step_size=0.04, cooling=1)
    assert (seen[3] - seen[4]).mean().item() == pytest.approx(0.02, rel=1e-4)


def test_too_many_back_offs_end_the_run_with_the_last_good_canvas_and_a_hint(vgg):
    values = iter([5.0, 4.0, *[math.nan] * 99])
    seen, build = fake(lambda canvas: canvas.sum() * 0 + next(values), slope=1.0)
    steps, outcome = paint(vgg, build=build, iterations=(50, 50), variable="pixels", clamp=True)
    assert len(steps) == 8
    assert all(step.note for step in steps[2:])
    assert outcome.reason == "diverged"
    assert outcome.message == "the loss kept growing; try a smaller --step-size, or --precision float32"
    assert torch.equal(outcome.pixels, seen[1])


def test_a_loss_that_is_never_finite_ends_with_the_start(vgg):
    _, build = fake(lambda canvas: canvas.sum() * math.nan)
    steps, outcome = paint(vgg, build=build, iterations=50, scale_count=1)
    assert (len(steps), outcome.reason) == (6, "diverged")
    assert torch.equal(outcome.pixels, CONTENT)


def test_an_absurd_step_size_is_taken_back(vgg):
    options = {"objective": "gram", "optimizer": "lbfgs", "variable": "pixels", "step_size": 1e4, "iterations": 40}
    steps, outcome = paint(vgg, scale_count=1, **options)
    assert any(step.note for step in steps)
    assert outcome.pixels.isfinite().all()


def test_a_back_off_begins_the_windows_of_a_plateau_anew(vgg):
    values = iter([3.0] * 60 + [math.nan] + [3.0] * 200)
    _, build = fake(lambda canvas: next(values) + 0 * canvas.sum())
    steps, outcome = paint(vgg, build=build, plateau=0.01, iterations=200, scale_count=1)
    assert (len(steps), outcome.reason) == (161, "plateau")


@pytest.mark.parametrize("objective", ["gram", "blend"])
def test_a_picture_in_its_own_style_stays_and_does_not_diverge(objective, vgg):
    """The loss begins at nothing but rounding, and any step is a hundred times that."""
    steps, outcome = paint(
        vgg, models=(CONTENT,), objective=objective, scale_count=1, iterations=30, neighbour_rotations=1
    )
    assert outcome.reason == "finished"
    assert not any(step.note for step in steps)
    assert (outcome.pixels - CONTENT).abs().mean() < 0.05


def test_memory_is_told_where_the_system_counts_otherwise(monkeypatch):
    assert clock._peak_resident(5) > 2**20
    peak = clock._peak_resident(5)
    monkeypatch.setattr("sys.platform", "darwin")
    assert clock._peak_resident(5) < peak  # bytes there, kilobytes here
    monkeypatch.setitem(__import__("sys").modules, "resource", None)
    assert clock._peak_resident(5) == 5


@pytest.mark.parametrize("full", [0, 1])
def test_the_last_pass_matches_layers_one_by_one_and_goes_on_from_the_canvas_as_it_is(full, vgg, monkeypatch):
    """With all layers, even where the scale before it only refined."""
    seen, value = [], Objective.value_and_grad

    def look(self, canvas):
        seen.append([(type(term).__name__, term.layers, getattr(term, "turn", None)) for term in self.terms])
        return value(self, canvas)

    monkeypatch.setattr(Objective, "value_and_grad", look)
    layers = ("relu1_1", "relu4_1")
    options = {
        "objective": "neighbours",
        "neighbour_layers": layers,
        "iterations": (2, 2),
        "split_iterations": 3,
        "full_scales": full,
    }
    steps, outcome = paint(vgg, **options)
    assert [(step.scale, step.iteration, step.height) for step in steps][-4:] == [
        (2, 2, 64),
        (3, 1, 64),
        (3, 2, 64),
        (3, 3, 64),
    ]
    assert [terms[0][0] for terms in seen[:4]] == ["NeighbourTerm"] * 4
    assert seen[4:] == [[("SplitTerm", (layer,), turn) for layer in layers] for turn in range(3)]
    assert not torch.equal(outcome.pixels, steps[3].preview())
    still = paint(vgg, **options, step_size=1e-9)[0]
    torch.testing.assert_close(still[-1].preview(), still[3].preview(), atol=1e-5, rtol=0)


# Where memory runs out


class Scarce:
    """A network that sees no more than so many px at once; told of nothing before ``calls``."""

    def __init__(self, backbone, most: int, calls: int = 0) -> None:
        self._backbone, self._most, self._calls, self.largest = backbone, most, calls, 0

    def __getattr__(self, name: str):
        return getattr(self._backbone, name)

    def __call__(self, image, layers):
        self._calls -= 1
        if image.shape[2] * image.shape[3] > self._most and self._calls < 0:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes")
        return self._backbone(image, layers)


SCARCE = {
    "style_layers": ("relu1_1", "relu2_1"),
    "content_layers": ("relu2_1",),
    "size": 160,
    "coarsest": 160,
    "iterations": 4,
}


@pytest.mark.parametrize("calls", [0, 2, 3, 5])
def test_where_memory_runs_out_the_run_goes_on_in_tiles_from_where_it_was(calls, vgg):
    expected, whole = paint(vgg, **SCARCE)
    steps, outcome = paint(Scarce(vgg, 100 * 100, calls), **SCARCE)
    assert len(steps) == len(expected)
    assert losses(steps, 1) == pytest.approx(losses(expected, 1), rel=1e-4)
    assert (outcome.pixels - whole.pixels).abs().mean() < 1e-3
    assert [step.note for step in steps if step.note] == (["out of memory: on in tiles of 80 px"] if calls else [])


def test_memory_that_runs_out_at_once_is_told(vgg):
    with pytest.raises(RuntimeError, match="not enough memory"):
        paint(Scarce(vgg, 10), **SCARCE)


def test_tiles_that_were_halved_stay_so_at_the_next_scale(vgg):
    built, build = watch()
    options = {**SCARCE, "coarsest": 150, "size": 300, "iterations": 1}
    paint(Scarce(vgg, 120 * 120), build=build, **options, tile_size=300)
    assert [given[2].tile_size for given, _ in built] == [75, 75]
