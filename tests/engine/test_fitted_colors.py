"""Colours of a video: fitted to its first frame, they are those of every other one, and what stands still does not
flicker."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.backbones import Backbone
from impasto.config.fields import options_of
from impasto.config.options import StylizeConfig
from impasto.engine.color_modes import FittedColors, fit_colors, painted_from, recolored, shown_colors, style_colors
from impasto.engine.inputs import PaintInputs
from impasto.engine.loop import paint
from impasto.engine.schedule import plan_scales
from impasto.styles import KeptStyle, PictureStyle
from synthetic import picture

CHOICES = {name: options_of(StylizeConfig)[name][2].choices for name in ("color", "color_method", "color_space")}
FIRST = 0.2 + 0.6 * picture(40, 60, 1)
NEXT = FIRST.clone()
NEXT[..., 30:] = picture(40, 60, 9).pow(3)[
    ..., 30:
]  # something dark comes in from the right; the left half stands still
STILL = (..., slice(30))
STYLE = picture(36, 44, 2).pow(2)  # part of it is clamped where it is matched
STYLES = (PictureStyle((STYLE,)), PictureStyle((1 - picture(30, 31, 3),)))
CHANGED = [
    *(
        {"color": "match", "color_method": m, "color_space": s}
        for m in CHOICES["color_method"]
        for s in CHOICES["color_space"]
    ),
    {"color": "histogram"},
    {"color": "luminance"},
]


def of(**options: object) -> StylizeConfig:
    return StylizeConfig(**{"recolor": True, **options}).resolve()


def half(left: float, right: float) -> Tensor:
    return torch.cat([torch.full((1, 1, 40, 30), left), torch.full((1, 1, 40, 30), right)], dim=3)


@pytest.mark.parametrize("options", CHANGED, ids=lambda options: " ".join(options.values()))
def test_styles_get_the_colours_of_the_frame_that_was_fitted(options):
    config = of(**options)
    fitted = fit_colors(FIRST, STYLES, config)
    today, anew = style_colors(FIRST, config), style_colors(NEXT, config)
    assert fitted.change is not None and today is not None and anew is not None
    for style, changed in zip(STYLES, fitted.painted_in(STYLES), strict=True):
        assert torch.equal(changed.picture(), today(style.picture()))
        assert (changed.picture() - anew(style.picture())).abs().max() > 0.05


@pytest.mark.parametrize("color", ["style", "content"])
@pytest.mark.parametrize("options", [{}, {"strength": 0.3}, {"style_blend": (0.2, 0.8)}], ids=str)
def test_a_later_frame_is_recolored_by_the_statistics_of_the_first(color, options):
    config = of(color=color, **options)
    fitted, today = fit_colors(FIRST, STYLES, config), recolored(FIRST, STYLES, config)
    assert torch.equal(fitted.recolored(FIRST), today)
    later, anew = fitted.recolored(NEXT), recolored(NEXT, STYLES, config)
    assert torch.equal(later[STILL], today[STILL])
    assert (anew[STILL] - today[STILL]).abs().max() > 0.02  # so much would flicker


def test_those_styles_stay_as_they_are():
    fitted = fit_colors(FIRST, STYLES, of(color="content"))
    assert fitted.painted_in(STYLES) == [*STYLES]


@pytest.mark.parametrize("options", [*CHANGED[-2:], {"recolor": False}], ids=str)
def test_elsewhere_no_frame_is_recolored(options):
    assert fit_colors(FIRST, STYLES, of(**options)).recolored(NEXT) is NEXT


@pytest.mark.parametrize("color", CHOICES["color"])
def test_each_frame_is_shown_with_its_own_chroma(color):
    config, painting = of(color=color), picture(40, 60, 5)
    fitted = fit_colors(FIRST, STYLES, config)
    for frame in (FIRST, NEXT):
        assert torch.equal(fitted.shown(painting, frame), shown_colors(painting, frame, config))
    assert torch.equal(fitted.shown(painting, NEXT)[STILL], fitted.shown(painting, FIRST)[STILL])


@pytest.mark.parametrize("options", [{"color": "style"}, *CHANGED[-3:]], ids=str)
def test_a_mask_says_which_colours_are_fitted_to(options):
    """What it leaves out may be anything: the fit is that of the rest, and today's where that takes a mask."""
    config, mask = of(**options), half(0.4, 0)
    one, other = (fit_colors(frame, STYLES, config, mask) for frame in (FIRST, NEXT))
    assert torch.equal(one.recolored(FIRST), recolored(FIRST, STYLES, config, mask))
    assert torch.equal(one.recolored(NEXT), other.recolored(NEXT))
    for changed, again in zip(one.painted_in(STYLES), other.painted_in(STYLES), strict=True):
        assert torch.equal(changed.picture(), again.picture())


def frames(config: StylizeConfig, backbone: Backbone, colors: FittedColors | None) -> list[Tensor]:
    """Both frames, painted one by one, as a video is; in colours of the first one, or each in its own."""
    shown = []
    for frame in (FIRST, NEXT):
        own = colors or fit_colors(frame, STYLES, config)
        styles = [KeptStyle(style) for style in own.painted_in(STYLES)]
        inputs = PaintInputs(painted_from(frame, config), styles, config, backbone, colors=colors)
        painting = paint(inputs, plan_scales(config, (40, 60)))
        while True:
            try:
                next(painting)
            except StopIteration as end:
                shown.append(own.shown(end.value.pixels, frame))
                break
    return shown


@pytest.mark.parametrize("color", CHOICES["color"])
def test_frames_are_painted_in_the_colours_of_the_first(color, vgg):
    quick = {
        "objective": "gram",
        "style_layers": ("relu1_1",),
        "content_layers": ("relu1_1",),
        "size": 60,
        "scale_count": 1,
    }
    still = of(color=color, iterations=0, **quick)
    fitted = fit_colors(FIRST, STYLES, still)
    first, later = frames(still, vgg, fitted)
    assert torch.equal(first, frames(still, vgg, None)[0])
    assert torch.equal(later[STILL], first[STILL])
    moving = of(color=color, iterations=2, **quick)
    ours, anew = frames(moving, vgg, fit_colors(FIRST, STYLES, moving)), frames(moving, vgg, None)
    assert torch.equal(ours[0], anew[0])
    assert not torch.equal(ours[1], anew[1])
