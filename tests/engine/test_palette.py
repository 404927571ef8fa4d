"""Whose colours: what each mode promises of content, styles and painting, whatever the pictures are."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from impasto.config.fields import options_of
from impasto.config.options import StylizeConfig
from impasto.engine.color_modes import painted_from, shown_colors, style_colors
from impasto.images.color.spaces import columns_in
from synthetic import picture

YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
MODES = options_of(StylizeConfig)["color"][2].choices
METHODS = options_of(StylizeConfig)["color_method"][2].choices
SPACES = options_of(StylizeConfig)["color_space"][2].choices
LAID_OVER = ("content", "luminance")
CONTENT, PAINTING = 0.35 + 0.3 * picture(20, 30, 1), 0.35 + 0.3 * picture(20, 30, 2)


def yiq(pixels: Tensor) -> Tensor:
    return torch.einsum("dc,bchw->bdhw", YIQ, pixels)


def of(mode: str, **options: str) -> StylizeConfig:
    return StylizeConfig(color=mode, **options)


@pytest.mark.parametrize("mode", LAID_OVER)
def test_the_painting_gives_luma_and_the_content_chroma(mode):
    shown = yiq(shown_colors(PAINTING, CONTENT, of(mode)))
    torch.testing.assert_close(shown[:, :1], yiq(PAINTING)[:, :1], atol=1e-5, rtol=0)
    torch.testing.assert_close(shown[:, 1:], yiq(CONTENT)[:, 1:], atol=1e-5, rtol=0)


def test_content_is_the_original_colors_of_neural_style():
    """YUV as its image library has it: the painting's Y, and the content's U and V."""
    yuv = torch.tensor(
        [[0.299, 0.587, 0.114], [-0.14713, -0.28886, 0.436], [0.615, -0.51499, -0.10001]], dtype=torch.float64
    )
    painting, content = (x[0].flatten(1).double() for x in (PAINTING, CONTENT))
    expected = yuv.inverse() @ torch.cat([(yuv @ painting)[:1], (yuv @ content)[1:]])
    shown = shown_colors(PAINTING, CONTENT, of("content"))[0].flatten(1).double()
    torch.testing.assert_close(shown, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("method", METHODS)
def test_a_matched_style_has_the_contents_mean_and_covariance(method, space):
    """Some of it is clamped on the way."""
    content, style = 0.1 + 0.8 * picture(40, 50, 1), picture(30, 44, 2).pow(2)
    changed = style_colors(content, of("match", color_method=method, color_space=space))(style)
    ours, theirs = (columns_in(space, x) for x in (changed, content))
    torch.testing.assert_close(ours.mean(1), theirs.mean(1), atol=1e-4, rtol=0)
    torch.testing.assert_close(ours.cov(correction=0), theirs.cov(correction=0), atol=1e-4, rtol=0)


def test_outside_the_gamut_luma_and_hue_stay_and_chroma_gives_way():
    red, light = torch.tensor([0.9, 0.1, 0.1]).reshape(1, 3, 1, 1), torch.full((1, 3, 1, 1), 0.9)
    shown = yiq(shown_colors(light, red, of("content")))[0, :, 0, 0]
    wanted = yiq(red)[0, :, 0, 0]
    assert shown[0].item() == pytest.approx(0.9, abs=1e-6)
    share = shown[1] / wanted[1]
    assert 0 < share < 0.2
    assert (shown[2] / wanted[2]).item() == pytest.approx(share.item(), rel=1e-4)
    assert shown_colors(light, red, of("content")).max().item() == pytest.approx(
        1, abs=1e-6
    )  # as much as there is room for


@pytest.mark.parametrize("mode", LAID_OVER)
def test_laying_colours_over_twice_is_once(mode):
    painting = picture(20, 30, 5).pow(3)  # much of it dark
    once = shown_colors(painting, picture(20, 30, 6), of(mode))
    torch.testing.assert_close(shown_colors(once, picture(20, 30, 6), of(mode)), once, atol=1e-6, rtol=0)


@pytest.mark.parametrize("mode", ["style", "match", "histogram"])
def test_elsewhere_the_painting_is_what_is_shown(mode):
    assert shown_colors(PAINTING, CONTENT, of(mode)) is PAINTING
    assert painted_from(CONTENT, of(mode)) is CONTENT


@pytest.mark.parametrize("mode", ["style", "content"])
def test_there_styles_stay_as_they_are(mode):
    assert style_colors(CONTENT, of(mode)) is None


def test_luminance_paints_in_grey_with_the_contents_mean_and_deviation():
    grey = painted_from(CONTENT, of("luminance"))
    torch.testing.assert_close(grey, yiq(CONTENT)[:, :1].expand_as(CONTENT), atol=1e-6, rtol=0)
    style = style_colors(CONTENT, of("luminance"))(0.2 + 0.5 * picture(11, 13, 3))
    torch.testing.assert_close(style[:, 1:], style[:, :1].expand(1, 2, -1, -1), atol=1e-6, rtol=0)
    torch.testing.assert_close(style.mean(), grey.mean(), atol=1e-5, rtol=0)
    torch.testing.assert_close(style[:, 0].std(correction=0), grey[:, 0].std(correction=0), atol=1e-5, rtol=0)


def drawn(kind: str, seed: int) -> Tensor:
    """A picture of the kind, with any seed."""
    whole = picture(9 + seed % 5, 8 + seed % 7, seed)
    generator = torch.Generator().manual_seed(seed)
    flat = torch.rand(1, 3, 1, 1, generator=generator)
    return {
        "any": whole,
        "constant": flat.expand_as(whole),
        "one hue": flat * whole[:, :1],
        "grey": whole[:, :1].expand_as(whole),
        "nearly grey": (whole[:, :1] + 0.004 * (whole - 0.5)).clamp(0, 1),
        "black": torch.zeros_like(whole),
        "white": torch.ones_like(whole),
        "black and white": whole[:, :1].round().expand_as(whole),
        "extremes": whole.round(),
    }[kind].contiguous()


KINDS = ("any", "constant", "one hue", "grey", "nearly grey", "black", "white", "black and white", "extremes")


@settings(max_examples=150, deadline=None)
@given(
    mode=st.sampled_from(MODES),
    method=st.sampled_from(METHODS),
    space=st.sampled_from(SPACES),
    kinds=st.tuples(*[st.sampled_from(KINDS)] * 2),
    seed=st.integers(0, 50),
)
def test_nothing_gives_nan_or_leaves_the_range(mode, method, space, kinds, seed):
    config = of(mode, color_method=method, color_space=space)
    content, style = drawn(kinds[0], seed), drawn(kinds[1], seed + 1)
    changed = (style_colors(content, config) or torch.clone)(style)
    shown = shown_colors(drawn("any", seed + 2), content, config)
    for pixels in (changed, shown, painted_from(content, config)):
        assert pixels.isfinite().all()
        assert 0 <= pixels.min() <= pixels.max() <= 1
    assert changed.shape == style.shape


@pytest.mark.parametrize("mode", ["match", "histogram"])
@pytest.mark.parametrize("kind", ["grey", "black", "white", "constant", "black and white"])
def test_a_style_becomes_as_colourless_as_the_content(mode, kind):
    content = drawn(kind, 3)
    changed = style_colors(content, of(mode))(picture(20, 24, 4))
    spread, allowed = ((x.amax(1) - x.amin(1)).max().item() for x in (changed, content))
    assert spread <= allowed + 2e-3


@pytest.mark.parametrize("mode", ["match", "histogram"])
def test_a_grey_style_is_tinted_and_never_stained(mode):
    """Where a style has no colours, the same grey has to get the same colour everywhere."""
    grey = picture(20, 24, 4)[:, :1].mul(255).round().div(255).repeat(1, 3, 1, 1)
    changed = style_colors(CONTENT, of(mode))(grey)
    for value in grey.unique():
        shades = changed[0][:, (grey[0, 0] == value)]
        torch.testing.assert_close(shades, shades[:, :1].expand_as(shades), atol=1e-5, rtol=0)
    assert (changed.mean((2, 3)) - CONTENT.mean((2, 3))).abs().max() < 0.02
