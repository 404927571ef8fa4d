"""Colour modes from one end to the other: what each promises of the finished picture, in every objective and preset."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto import Result, iterate, load_preset, stylize
from impasto.apps.batch import batch
from impasto.config.choices import OBJECTIVES
from impasto.config.fields import options_of
from impasto.config.options import StylizeConfig
from impasto.config.presets import preset_names
from impasto.images.color.histogram import match_histogram
from impasto.images.color.transfer import fit_moments, recolor
from impasto.images.resample import resize
from impasto.runs.record import config_of
from impasto.runs.run import Run
from impasto.styles import PictureStyle
from synthetic import DEVICE, picture

MODES = options_of(StylizeConfig)["color"][2].choices
QUICK = {
    "backbone": "compact",
    "size": 64,
    "coarsest": 32,
    "iterations": (2, 2),
    "neighbour_bank": 64,
    "neighbour_rotations": 1,
    "precision": "float32",
    "device": DEVICE,
}
CONTENT, STYLE, OTHER = 0.3 + 0.4 * picture(64, 64, 1), picture(64, 64, 2), picture(48, 40, 3)
YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
every_mode = pytest.mark.parametrize("mode", MODES)
laid_over = pytest.mark.parametrize("mode", ["content", "luminance"])


def begin(mode: str, content: Tensor = CONTENT, styles: Tensor | list[Tensor] = STYLE, **options: object) -> Run:
    return iterate(content, styles, **{**QUICK, "color": mode, **options})


def paint(mode: str, content: Tensor = CONTENT, styles: Tensor | list[Tensor] = STYLE, **options: object) -> Result:
    return stylize(content, styles, **{**QUICK, "color": mode, **options})


def yiq(pixels: Tensor) -> Tensor:
    return torch.einsum("dc,bchw->bdhw", YIQ, pixels)


def assert_chroma_is(shown: Tensor, content: Tensor, resample: str = "lanczos") -> None:
    """The content's wherever it fits; less of it, in the same hue, where it does not."""
    ours, theirs = yiq(shown)[:, 1:], yiq(resize(content, tuple(shown.shape[2:]), resample))[:, 1:]
    inside = (shown.amin(1, keepdim=True) > 1e-4) & (shown.amax(1, keepdim=True) < 1 - 1e-4)
    assert inside.float().mean() > 0.5
    torch.testing.assert_close(ours * inside, theirs * inside, atol=1e-4, rtol=0)
    assert (ours.norm(dim=1) <= theirs.norm(dim=1) + 1e-4).all()


# What each mode promises


@laid_over
def test_the_picture_has_the_contents_chroma(mode):
    shown = paint(mode).pixels
    assert_chroma_is(shown, CONTENT)
    assert (shown - CONTENT).abs().mean() > 0.01


def test_content_is_the_ordinary_painting_with_other_chroma():
    ordinary, shown = paint("style").pixels, paint("content").pixels
    torch.testing.assert_close(yiq(shown)[:, 0], yiq(ordinary)[:, 0], atol=1e-4, rtol=0)


@pytest.mark.parametrize("init", ["content", "noise", "style"])
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_luminance_is_painted_in_grey_alone(init, optimizer):
    """The loss must see what is shown; a canvas that drifts into colours would lose them in the end."""
    run = begin("luminance", init=init, optimizer=optimizer)
    for _ in run:
        pass
    canvas = run.carry().canvas
    torch.testing.assert_close(canvas[:, 1:], canvas[:, :1].expand(1, 2, -1, -1), atol=1e-5, rtol=0)
    assert canvas.std() > 0.01


@pytest.mark.parametrize(
    ("mode", "options", "expected"),
    [
        ("match", {}, recolor(STYLE, fit_moments([CONTENT], space="oklab"), rounds=10)),
        (
            "match",
            {"color_method": "cholesky", "color_space": "linear"},
            recolor(STYLE, fit_moments([CONTENT], space="linear"), method="cholesky", rounds=10),
        ),
        ("histogram", {}, match_histogram(STYLE, CONTENT)),
        ("style", {}, STYLE),
        ("content", {}, STYLE),
    ],
    ids=["match", "cholesky linear", "histogram", "style", "content"],
)
def test_the_style_is_seen_in_the_colours_asked_for(mode, options, expected):
    seen: list[Tensor] = []

    class Watched(PictureStyle):
        def resized(self, *given):
            seen.extend(super().resized(*given))
            return iter(seen)

    next(begin(mode, styles=Watched((STYLE,)), scale_count=1, **options))
    torch.testing.assert_close(seen[0], expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("mode", ["match", "histogram", "luminance"])
@pytest.mark.parametrize("recolored", [None, True])
def test_a_canvas_starts_in_the_contents_colours_whatever_recolor_says(mode, recolored):
    shown = paint(mode, recolor=recolored, iterations=0, scale_count=1).pixels
    torch.testing.assert_close(
        shown, paint("style", recolor=False, iterations=0, scale_count=1).pixels, atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("mode", ["match", "histogram"])
def test_a_canvas_that_starts_from_the_style_has_the_contents_colours_too(mode):
    shown = paint(mode, init="style", iterations=0, scale_count=1).pixels
    torch.testing.assert_close(shown.mean((2, 3)), CONTENT.mean((2, 3)), atol=0.01, rtol=0)


def test_every_style_of_several_is_matched():
    one = paint("match", styles=[STYLE, OTHER], style_blend=(1, 0))
    torch.testing.assert_close(one.pixels, paint("match").pixels)
    assert paint("match", styles=[STYLE, OTHER]).pixels.isfinite().all()


# In any company


@every_mode
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_paints_in_every_mode(mode, objective):
    result = paint(mode, objective=objective, iterations=1, scale_count=1)
    assert result.reason == "finished"
    assert result.pixels.isfinite().all()
    if mode in ("content", "luminance"):
        assert_chroma_is(result.pixels, CONTENT)


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_paints_with_colours_laid_over_and_matched(preset, vgg_file):
    small = {"size": 32, "scale_count": 1, "iterations": 1, "device": DEVICE, "precision": "float32"}
    config = load_preset(preset).overlay({**small, "backbone": "vgg19", "weights": str(vgg_file)})
    for mode in ("luminance", "match"):
        pixels = stylize(CONTENT, STYLE, config=config, color=mode).pixels
        assert pixels.isfinite().all()
        if mode == "luminance":
            assert_chroma_is(pixels, CONTENT, config.resample)


GREYS = {
    "grey": CONTENT[:, :1].repeat(1, 3, 1, 1),
    "constant": torch.tensor([0.8, 0.5, 0.2]).reshape(1, 3, 1, 1).repeat(1, 1, 64, 64),
    "black": torch.zeros(1, 3, 64, 64),
    "colourful": CONTENT,
}
LONE_GREYS = [pair for kind in list(GREYS)[:3] for pair in ((kind, "colourful"), ("colourful", kind))]


@pytest.mark.parametrize("mode", MODES[1:])
@pytest.mark.parametrize("kinds", [("grey", "grey"), ("constant", "black"), *LONE_GREYS], ids=" on ".join)
def test_grey_pictures_are_painted_without_nan(mode, kinds):
    content, style = (GREYS[kind] for kind in kinds)
    result = paint(mode, content, style, iterations=1, scale_count=1)
    assert result.pixels.isfinite().all()
    assert result.reason == "finished"
    if kinds[0] in ("grey", "black") and mode != "match":  # what is left of colour comes from the solver alone
        assert (result.pixels.amax(1) - result.pixels.amin(1)).mean() < 0.05


@every_mode
def test_alpha_is_kept(mode):
    alpha = picture(64, 64, 7)[:, :1]
    result = paint(mode, torch.cat([CONTENT, alpha], dim=1), iterations=0)
    torch.testing.assert_close(result.alpha, alpha)
    assert torch.equal(result.pixels, paint(mode, iterations=0).pixels)


# On the way, and again


@every_mode
def test_a_preview_is_in_the_colours_of_the_finished_picture(mode):
    run = begin(mode)
    previews = [progress.preview() for progress in run]
    torch.testing.assert_close(previews[-1], run.result().pixels, atol=1e-5, rtol=0)
    if mode in ("content", "luminance"):
        for preview in previews:
            assert_chroma_is(preview, CONTENT)


@laid_over
@pytest.mark.parametrize("done", [0, 1, 3])
def test_a_run_that_is_stopped_has_the_contents_chroma_at_full_size(mode, done):
    run = begin(mode)
    for _ in range(done):
        next(run)
    result = run.result()
    assert (result.reason, tuple(result.pixels.shape)) == ("stopped", (1, 3, 64, 64))
    assert_chroma_is(result.pixels, CONTENT)


@every_mode
def test_the_record_repeats_the_run(mode):
    first = paint(mode, color_method="pca", color_space="srgb", scale_count=1)
    config = config_of(first.record)
    assert (config.color, config.color_method, config.color_space) == (mode, "pca", "srgb")
    assert stylize(CONTENT, STYLE, config=config).record["pixels_sha256"] == first.record["pixels_sha256"]


def test_a_style_that_is_kept_is_matched_to_each_content():
    contents = [CONTENT, 0.2 + 0.5 * OTHER]
    for content, painted in zip(contents, batch(contents, STYLE, **QUICK, color="match"), strict=True):
        assert torch.equal(painted.result.pixels, paint("match", content).pixels)
