"""A run that goes on from a saved state ends in the same bits as one that was never stopped."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch import Tensor

import impasto
from impasto.api import Begin
from impasto.backbones import VGG
from impasto.config.options import StylizeConfig
from impasto.engine.inputs import PaintInputs
from impasto.engine.loop import paint as run
from impasto.engine.progress import Carry, Outcome, Progress
from impasto.engine.schedule import plan_scales
from impasto.errors import CheckpointError
from impasto.images.files.io import to_pil
from impasto.runs.checkpoint import read_checkpoint
from impasto.runs.record_files import portable
from impasto.runs.run import Run
from impasto.styles import PictureStyle
from synthetic import DEVICE, picture, random_weights

pytestmark = pytest.mark.bits

CONTENT, STYLE = picture(40, 48, 1), picture(44, 40, 2)
QUICK = {"size": 64, "scale_count": 2, "scale_ratio": 1.25, "iterations": (3, 3), "neighbour_rotations": 1}
TINY = {
    "backbone": "compact",
    **QUICK,
    "size": 40,
    "scale_count": 1,
    "precision": "float32",
    "device": DEVICE,
    "objective": "gram",
}
LAYERS = ("relu1_1", "relu3_1", "relu4_1")


def paint(backbone, options, since=None, start=None) -> tuple[list[Progress], list[dict], Outcome]:
    """Every record, what each saves, and the outcome."""
    config = StylizeConfig(**{**QUICK, **options}).resolve()
    painting = run(
        PaintInputs(CONTENT, [PictureStyle((STYLE,))], config, backbone),
        plan_scales(config, (40, 48)),
        start and Carry(start),
        since,
    )
    steps, saved = [], []
    while True:
        try:
            steps.append(next(painting))
            saved.append(
                {
                    name: value.clone() if isinstance(value, Tensor) else value
                    for name, value in steps[-1].saved().items()
                }
            )
        except StopIteration as end:
            return steps, saved, end.value


def told(step: Progress) -> tuple:
    return step.scale, step.iteration, step.step, step.evaluations, step.loss, step.terms, step.height


RUNS = {
    "default": {
        "neighbour_layers": LAYERS,
        "neighbour_refresh": 2,
        "full_scales": 2,
        "scale_count": 3,
        "iterations": (3, 3, 2),
    },
    "all full": {"neighbour_layers": LAYERS, "full_scales": 0, "neighbour_refresh": 2, "neighbour_bank": 40},
    "pictures": {"neighbour_layers": LAYERS, "neighbour_sees": "pictures", "neighbour_refresh": 2},
    "gram L-BFGS": {"objective": "gram", "optimizer": "lbfgs", "history": 2},
    "line search": {"objective": "gram", "optimizer": "lbfgs", "line_search": "strong-wolfe", "variable": "pixels255"},
    "average": {"objective": "gram", "average": 0.9, "best": True, "carry": True, "clamp": True},
    "repeats": {"neighbour_layers": LAYERS, "wrap": "xy", "full_scales": 1, "neighbour_refresh": 2},
    "in tiles": {"neighbour_layers": LAYERS, "tile_size": 32, "neighbour_refresh": 2},
    "noise": {"objective": "meanstd", "init": "noise", "seed": 5},
    "colour": {"objective": "gram", "color": "luminance"},
    "split": {
        "objective": "neighbours",
        "neighbour_layers": LAYERS,
        "split_iterations": 2,
        "full_scales": 1,
        "iterations": 2,
    },
    "mixed": {"objective": "gram", "optimizer": "lbfgs", "precision": "mixed", "iterations": (4, 6), "best": True},
    "mixed, matched": {
        **{"neighbour_layers": LAYERS, "neighbour_refresh": 3, "full_scales": 1, "iterations": (8, 4)},
        **{"optimizer": "lbfgs", "precision": "mixed"},
    },
    "backs off": {
        "objective": "gram",
        "optimizer": "lbfgs",
        "variable": "pixels",
        "step_size": 1e4,
        "iterations": (5, 4),
    },
    "plateau": {"objective": "gram", "plateau": 1.0, "iterations": (2, 101)},
    "diverges": {
        "objective": "gram",
        "step_size": 1e5,
        "variable": "pixels",
        "cooling": 1.0,
        "iterations": 14,
        "scale_count": 1,
    },
}


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_going_on_after_any_iteration_is_as_if_never_stopped(options, vgg):
    if options.get("precision") == "mixed":
        vgg = VGG(random_weights(), pooling="avg", dtype=torch.bfloat16, mixed=True)
    steps, saved, outcome = paint(vgg, options)
    assert len({step.scale for step in steps}) > 1 or outcome.reason == "diverged"
    assert len(steps) >= 6
    for k in range(0, len(saved), 1 + len(saved) // 16):  # after every one, but of the hundred of a plateau
        again, _, end = paint(vgg, options, saved[k])
        assert [told(step) for step in again] == [told(step) for step in steps[k:]]
        assert torch.equal(end.pixels, outcome.pixels)
        assert (end.reason, end.message) == (outcome.reason, outcome.message)
        assert [step.note for step in again[1:]] == [step.note for step in steps[k + 1 :]]


# Through a file


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with the two pictures, to be in."""
    monkeypatch.chdir(tmp_path)
    to_pil(CONTENT).save("photo.png")
    to_pil(STYLE).save("style.png")
    to_pil(1 - STYLE).save("other.png")
    return tmp_path


def begin(**options) -> Run:
    return impasto.iterate("photo.png", ["style.png", "other.png"], **{**TINY, **options})


def stopped(after: int = 2, **options) -> impasto.Result:
    """The result of the whole run; its checkpoint after so many iterations is ``run.checkpoint``."""
    run = begin(**options)
    for progress in run:
        if progress.step == after:
            run.checkpoint("run.checkpoint")
    return run.result()


@pytest.mark.parametrize(
    "options", [{}, {"init": "noise", "seed": 3}, {"init": "other.png", "objective": "blend"}], ids=str
)
def test_a_run_goes_on_from_a_file(files, options):
    whole, run = stopped(**options), impasto.resume("run.checkpoint")
    assert (run.last.step, run.result().reason) == (2, "stopped")
    assert [progress.step for progress in run] == [3]
    result = run.result()
    assert torch.equal(result.pixels, whole.pixels)
    kept = {"seconds", "peak_memory"}
    told, wholly = ({k: v for k, v in portable(each.record).items() if k not in kept} for each in (result, whole))
    assert told == wholly
    assert result.record["seconds"] >= read_checkpoint("run.checkpoint").state["seconds"] > 0


def test_a_run_that_has_not_begun_or_is_over_goes_on_too(files):
    run = begin()
    run.checkpoint("none.checkpoint")
    assert [progress.step for progress in impasto.resume("none.checkpoint")] == [1, 2, 3]
    result = stopped(after=3)
    over = impasto.resume("run.checkpoint")
    assert list(over) == []
    assert torch.equal(over.result().pixels, result.pixels)
    assert over.result().reason == "finished"


def test_a_run_that_went_on_may_be_stopped_again(files):
    whole, run = stopped(after=1), impasto.resume("run.checkpoint")
    run.checkpoint("same.checkpoint")  # before it did anything
    next(impasto.resume("same.checkpoint"))
    next(run)
    run.checkpoint("later.checkpoint")
    again = impasto.resume("later.checkpoint")
    assert [progress.step for progress in again] == [3]
    assert torch.equal(again.result().pixels, whole.pixels)


def test_pictures_may_lie_elsewhere_or_be_arrays(files):
    whole = stopped()
    (files / "photo.png").rename("moved.png")
    run = impasto.resume("run.checkpoint", content="moved.png")
    assert len(list(run)) == 1
    assert torch.equal(run.result().pixels, whole.pixels)
    run = impasto.iterate(CONTENT, STYLE, **TINY)
    next(run)
    run.checkpoint("arrays.checkpoint")
    with pytest.raises(impasto.ImpastoError):
        impasto.resume("arrays.checkpoint")
    assert impasto.resume("arrays.checkpoint", CONTENT, STYLE).last.step == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [("photo.png", "content picture"), ("other.png", "style 2"), ("style.png", "style 1, start picture")],
)
def test_other_pictures_are_refused(files, name, told):
    stopped(init="style.png")
    Image.new("RGB", (40, 40)).save(name)
    with pytest.raises(CheckpointError) as caught:
        impasto.resume("run.checkpoint")
    assert str(caught.value) == (
        f"this run cannot go on, for these are not what they were: {told}; give the same again, or begin anew"
    )


def test_other_options_and_fewer_styles_are_refused(files):
    stopped()
    since = read_checkpoint("run.checkpoint")
    with pytest.raises(CheckpointError, match="not what they were: option seed, style 2;"):
        impasto.Stylizer(**{**TINY, "seed": 1}).iterate("photo.png", "style.png", Begin.again(since))


def test_other_weights_are_refused(files, vgg_file, tmp_path):
    run = impasto.iterate("photo.png", "style.png", **{**TINY, "backbone": "vgg19"}, weights=str(vgg_file))
    run.checkpoint("run.checkpoint")
    since = read_checkpoint("run.checkpoint")
    since.record["weights"]["sha256"] = "of others"
    with pytest.raises(CheckpointError, match="not what they were: weights;"):
        impasto.resume(since)


def test_a_texture_goes_on_too(files):
    run = impasto.iterate_texture(
        "style.png",
        40,
        backbone="compact",
        precision="float32",
        device="cpu",
        iterations=3,
        scale_count=1,
        objective="gram",
    )
    for progress in run:
        if progress.step == 2:
            run.checkpoint("run.checkpoint")
    again = impasto.resume("run.checkpoint")
    assert [progress.step for progress in again] == [3]
    assert torch.equal(again.result().pixels, run.result().pixels)
