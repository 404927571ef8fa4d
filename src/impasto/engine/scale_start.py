"""The start of a scale: the enlarged canvas of the scale below, with detail of the content and patch voting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..config import StylizeConfig
from ..devices import release_freed_memory
from ..images.color.spaces import luma_of
from ..images.laplacian import merge_bands, split_bands
from ..images.periodic import bordered, differences, interpolated
from ..images.resample import resize
from ..matching import Field, voted
from ..objective.build import MatchStart
from ..objective.objective import Objective
from ..objective.state import field_of, restored
from ..optim import State
from ..styles import parts_of, style_length
from ..types import Size
from .inputs import PaintInputs
from .progress import Carry
from .stage import Stage

__all__ = ["ScaleResult", "Voting", "begin", "begin_again", "enlarged_canvas", "painted_over"]

_AROUND = 2.0  # px: standard deviation of the blur of the squared gradient
_FINE_EDGES = 0.6  # factor of ``voting_edges`` at scales that refine, so that weaker edges are kept
_FINE_BANDS = 2  # Laplacian bands that voting changes at scales that refine: the new octave, and the next coarser one


@dataclass(frozen=True, eq=False)
class ScaleResult:
    """What a scale leaves to the next one. Not its objective, whose targets are large.

    Attributes:
        canvas: the picture, ``(1, 3, h, w)``.
        field: its matches; None if it had none.
        solver: the solver's state.
        step_size: halved each time the loss diverged.
        tile_size: in px, smaller than planned if memory ran out.
    """

    canvas: Tensor
    field: Field | None
    solver: State
    step_size: float
    tile_size: int


@dataclass(frozen=True)
class Voting:
    """How the patch voting of the matches is blended into a canvas.

    Attributes:
        share: weight of the strokes where the content is flat, in 0..1.
        edges: gradient of the content's luma at which the weight is halved, relative to its root mean square, 0 or
            more; 0 gives the same weight everywhere.
        bands: number of Laplacian bands of the change that are added, the finest ones; None adds all of it. Without
            the coarse bands, patches from places of different brightness leave no seams.
    """

    share: float
    edges: float = 0.0
    bands: int | None = None

    @staticmethod
    def of(config: StylizeConfig, *, refines: bool) -> Voting:
        """The voting of a scale.

        Args:
            config: its ``voting``, which has one value, and ``voting_edges``.
            refines: whether the scale keeps the matches of the scale below.

        Returns:
            The `Voting`.
        """
        (share,), edges = config.voting or (0.0,), config.voting_edges or 0.0
        return Voting(share, edges * _FINE_EDGES, _FINE_BANDS) if refines else Voting(share, edges)


def begin(
    inputs: PaintInputs, stage: Stage, config: StylizeConfig, shown: Tensor, start: ScaleResult | Carry
) -> tuple[Tensor, Objective]:
    """Initial canvas and objective of a scale.

    At the first scale the canvas is that of ``start``, resized. At the others it is the canvas below, enlarged by
    `enlarged_canvas`; where nearest neighbours are matched, `painted_over` then adds the strokes of the matches.

    Args:
        inputs: pictures, options and network.
        stage: of this scale.
        config: the options of the stage, with the size of tiles; ``voting`` has one value.
        shown: the content in the palette of the styles, ``(1, 3, H, W)``.
        start: the scale below, or what the first scale starts from.

    Returns:
        The canvas ``(1, 3, *stage.plan.size)``, and the objective.
    """
    size, refines = stage.plan.size, stage.plan.refines
    target, colored = (resize(picture, size, config.resample, config.wrap) for picture in (inputs.content, shown))
    if isinstance(start, Carry):
        canvas = resize(start.canvas, size, config.resample, config.wrap)
        matches = MatchStart(canvas, start.field, keep=refines) if start.field else MatchStart()
        return canvas, _objective(inputs, size, config, target, matches)
    canvas = start.canvas
    if canvas.shape[2:] != size:
        canvas = enlarged_canvas(canvas, colored, config.detail or 0.0, config.wrap)
    del colored  # pictures of the finest sizes are large
    kept = start.field if refines else None
    objective = _objective(inputs, size, config, target, MatchStart(canvas, kept, keep=refines))
    voting = Voting.of(config, refines=refines)
    if (matching := objective.matching) and voting.share:
        release_freed_memory()
        canvas = painted_over(canvas, target, matching.field, matching.pictures, voting)
    return canvas, objective


def begin_again(inputs: PaintInputs, stage: Stage, found: Mapping[str, Any]) -> Objective:
    """Rebuild the objective of a scale that was begun before.

    Args:
        inputs: pictures, options and network.
        stage: of this scale.
        found: the state dict of the objective, see `objective.state`.

    Returns:
        The objective in that state.
    """
    size, config = stage.plan.size, stage.config.overlay({"tile_size": found["tile_size"]})
    kept = field_of(found, config.wrap) if stage.plan.refines else None
    target = resize(inputs.content, size, config.resample, config.wrap)
    return restored(_objective(inputs, size, config, target, MatchStart(field=kept, keep=True)), found)


def _objective(
    inputs: PaintInputs,
    size: Size,
    config: StylizeConfig,
    target: Tensor,
    start: MatchStart,
) -> Objective:
    backbone, mask = inputs.backbone, inputs.mask
    length, parts = style_length(size, config.side), parts_of(config, len(inputs.styles))
    known = [style.at(length * part.scale, config, backbone) for style, part in zip(inputs.styles, parts, strict=True)]
    counted = None if mask is None else resize(mask, size, "bilinear")
    objective = inputs.build(target, known, config, backbone, start, counted)
    guests = [guest(size, objective.backbone) for guest in inputs.guests]
    return objective.with_terms(guests) if guests else objective


def enlarged_canvas(canvas: Tensor, content: Tensor, detail: float, wrap: str = "none") -> Tensor:
    """Enlarge a canvas bicubically, and add a share of the content's finest Laplacian band.

    Args:
        canvas: ``(1, 3, h, w)``.
        content: ``(1, 3, H, W)`` in [0, 1].
        detail: share of the band.
        wrap: axes along which both wrap around, see `images.periodic`.

    Returns:
        ``(1, 3, H, W)``, not clamped.

    Examples:
        >>> import torch
        >>> enlarged_canvas(torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 8, 8), detail=0.5).abs().max().item()
        0.0
    """
    larger = interpolated(canvas, (content.shape[2], content.shape[3]), wrap, "bicubic")
    return larger + detail * split_bands(content, 1, wrap)[0]


def painted_over(canvas: Tensor, content: Tensor, field: Field, pictures: Sequence[Tensor], voting: Voting) -> Tensor:
    """Blend a canvas with the patch voting of its matches, less so at edges of the content.

    canvas + share x f x (voted - canvas), with f = 1 / (1 + e / (edges^2 mean(e))), where e is the squared gradient of
    the content's luma, blurred by a Gaussian of 2 px. Style statistics alone can be met by noise as well as by strokes;
    a search for matches that starts from strokes keeps them. The edges of the content are what makes it recognisable.

    Args:
        canvas: ``(1, 3, H, W)``.
        content: ``(1, 3, H, W)`` in [0, 1].
        field: the matches of this scale.
        pictures: of the style, ``(1, 3, h, w)``, one for each grid of the field.
        voting: ``share`` and ``edges`` of the formula, and the ``bands`` of the change voted - canvas that are
            added; an ``edges`` of 0 sets f to 1.

    Returns:
        ``(1, 3, H, W)``, not clamped.
    """
    strokes = voted(field, pictures)
    down, right = canvas.shape[2] - strokes.shape[2], canvas.shape[3] - strokes.shape[3]
    if down or right:  # pixels beyond the last whole cell
        strokes = F.pad(strokes, (0, right, 0, down), mode="replicate")
    change = strokes.sub_(canvas)  # in place, as below: these are as large as the canvas
    del strokes
    if voting.bands is not None:
        *fine, coarse = split_bands(change, voting.bands, field.wrap)
        del change
        change = merge_bands([*fine, coarse.zero_()], field.wrap)
        del fine, coarse
    return change.mul_(voting.share * _flatness(content, voting.edges, field.wrap)).add_(canvas)


def _flatness(content: Tensor, edges: float, wrap: str) -> Tensor | float:
    """The factor f of `painted_over`, ``(1, 1, H, W)`` in (0, 1]: 1 where the content is flat."""
    if not edges:
        return 1.0
    energy = _blurred(_squared_gradient(content, wrap), wrap)
    return 1 / (1 + energy / (edges**2 * energy.mean()).clamp_min(1e-12))


def _squared_gradient(content: Tensor, wrap: str) -> Tensor:
    luminance = luma_of(content)
    right, down = differences(luminance, -1, wrap), differences(luminance, -2, wrap)
    height, width = luminance.shape[2:]
    right, down = F.pad(right, (0, width - right.shape[3])), F.pad(down, (0, 0, 0, height - down.shape[2]))
    return right.square() + down.square()


def _blurred(energy: Tensor, wrap: str) -> Tensor:
    reach = round(3 * _AROUND)
    offset = torch.arange(-reach, reach + 1, device=energy.device, dtype=energy.dtype)
    bell = torch.exp(-offset.square() / (2 * _AROUND**2))
    bell = bell / bell.sum()
    padded = bordered(energy, reach, wrap)
    return F.conv2d(F.conv2d(padded, bell[None, None, None]), bell[None, None, :, None])  # (1, 1, H, W)
