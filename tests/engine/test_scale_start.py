"""Where a scale starts: the enlarged canvas, and the strokes that are laid over it beside the content's edges."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.engine.scale_start import Voting, enlarged_canvas, painted_over
from impasto.images.laplacian import split_bands
from impasto.matching import Field, voted
from synthetic import picture

SIZE = (32, 40)
CANVAS, CONTENT, STYLE = picture(*SIZE, 1), picture(*SIZE, 2), picture(24, 28, 3)
FIELD = Field(torch.randint(42, (80,), generator=torch.Generator().manual_seed(4)), (8, 10), ((6, 7),))
STROKES = voted(FIELD, [STYLE])


def paint(content: Tensor = CONTENT, share: float = 1.0, edges: float = 0.35, canvas: Tensor = CANVAS) -> Tensor:
    return painted_over(canvas, content, FIELD, [STYLE], Voting(share, edges))


def shares(content: Tensor, edges: float) -> Tensor:
    """How much of the strokes lies at each pixel, ``(32, 40)``; the same for every channel."""
    return ((paint(content, 1.0, edges) - CANVAS) / (STROKES - CANVAS)).median(1).values[0]


def step(height: int = 32, width: int = 40) -> Tensor:
    """Black at the left, white from column 20 on."""
    return (torch.arange(width) >= 20).float().expand(1, 3, height, width)


@pytest.mark.parametrize("detail", [0.0, 0.5, 1.0])
def test_the_canvas_is_enlarged_and_takes_its_share_of_the_finest_band(detail):
    coarse = picture(16, 20, 5)
    larger = F.interpolate(coarse, size=SIZE, mode="bicubic", align_corners=False)
    assert torch.equal(enlarged_canvas(coarse, CONTENT, detail), larger + detail * split_bands(CONTENT, 1)[0])


def test_an_enlarged_constant_is_constant():
    flat = torch.full((1, 3, 11, 9), 0.3)
    torch.testing.assert_close(
        enlarged_canvas(flat, torch.full((1, 3, *SIZE), 0.8), 1.0), torch.full((1, 3, *SIZE), 0.3)
    )


@pytest.mark.parametrize("edges", [0.0, 0.35])
def test_no_share_leaves_the_canvas(edges):
    assert torch.equal(paint(share=0.0, edges=edges), CANVAS)


def test_where_edges_count_for_nothing_every_place_has_the_same_share():
    torch.testing.assert_close(paint(share=0.3, edges=0.0), CANVAS + 0.3 * (STROKES - CANVAS))


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("edges", [0.0, 1e-3, 0.35, 10.0])
def test_flat_content_takes_all_of_the_strokes(grey, edges):
    torch.testing.assert_close(paint(torch.full((1, 3, *SIZE), grey), 1.0, edges), STROKES)


def test_a_strong_edge_keeps_the_canvas_and_what_is_far_from_it_takes_the_strokes():
    found = shares(step(), 0.35)
    assert found[:, 19].max() < 0.05
    assert found[:, :13].min() > 0.999
    assert found[:, 27:].min() > 0.999
    middle = found[16, 12:20]
    assert (middle.diff() <= 1e-4).all()  # less and less towards the edge


def test_the_strength_is_where_half_of_the_strokes_are_laid_down():
    """A slope is an edge of the same strength everywhere but at the last column, which has no neighbour."""
    slope = torch.linspace(0, 1, 40).expand(1, 3, *SIZE)
    assert shares(slope, 1.0)[:, :30].mean().item() == pytest.approx(0.5, abs=0.01)
    assert shares(slope, 2.0)[:, :30].mean().item() == pytest.approx(0.8, abs=0.01)


def test_edges_are_judged_by_the_picture_they_are_in():
    torch.testing.assert_close(shares(0.1 * CONTENT, 0.35), shares(CONTENT, 0.35), atol=1e-3, rtol=0)
    assert shares(CONTENT, 1.0).mean() > shares(CONTENT, 0.35).mean()


def test_an_edge_counts_whatever_its_direction():
    down = shares(step(width=32, height=40).mT, 0.35)
    assert down[19].max() < 0.05
    assert down[:13].min() > 0.999


def test_strokes_stay_where_they_are_and_the_last_ones_go_on_to_the_edges_of_the_canvas():
    canvas, content = picture(35, 43, 1), torch.full((1, 3, 35, 43), 0.5)
    found = painted_over(canvas, content, FIELD, [STYLE], Voting(1.0, 0.35))
    down, right = 35 - STROKES.shape[2], 43 - STROKES.shape[3]
    torch.testing.assert_close(found, F.pad(STROKES, (0, right, 0, down), mode="replicate"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pictures_may_have_any_precision(dtype):
    found = painted_over(CANVAS.to(dtype), CONTENT.to(dtype), FIELD, [STYLE.to(dtype)], Voting(0.9, 0.35))
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), paint(share=0.9))


def test_with_bands_given_what_is_coarser_stays():
    """Strokes that are all brighter than the canvas leave it as bright as it was, and bring their detail."""
    canvas, bright = CANVAS * 0.2, [STYLE * 0.3 + 0.7]
    change = painted_over(canvas, CONTENT, FIELD, bright, Voting(1.0, 0.0, 2)) - canvas
    whole = painted_over(canvas, CONTENT, FIELD, bright, Voting(1.0)) - canvas
    assert change.mean().abs() < 0.02 < 0.5 < whole.mean()
    ours, expected = split_bands(change, 2)[0], split_bands(whole, 2)[0]
    assert F.cosine_similarity(ours.flatten(), expected.flatten(), dim=0) > 0.9
