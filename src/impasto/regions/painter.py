"""Painting of pictures with several regions: each is optimised on its own canvas and blended into the picture.

The regions do not influence one another: statistics are not shared, no receptive field reaches from one region into
the painting of another one, and each has a solver of its own. The canvas of a region is a rectangle a little larger
than the region; its pixels outside of the region start from the content, and are discarded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..backbones import Backbone
from ..config import StylizeConfig
from ..engine.color_modes import painted_from, shown_colors, style_colors
from ..engine.inputs import PaintInputs
from ..engine.loop import Painting, paint
from ..engine.progress import Carry, Outcome, Progress
from ..engine.schedule import ScalePlan, refining_from
from ..engine.steering import Change, Event
from ..images.resample import resize
from ..styles import Style, style_length
from ..types import Size
from .region import Zone

__all__ = ["Patch", "paint_patches", "plan_patches"]


_MARGIN = 32  # px around a region that its patch includes
_SHORT = 32  # px: coarser scales of a patch with a smaller short side are left out
_LEAST = 64  # px: least side of a patch, if the picture is that large
_UNDER = 4  # px beyond the soft edge of a region that its loss includes, so that the blend there shows paint
_ROUNDED = 2 / 255  # where masks sum to 1 up to this rounding error, they are normalised to 1


@dataclass(frozen=True, eq=False)
class Patch:
    """A region to be painted: a rectangle of the finished picture.

    Attributes:
        styles: of the region.
        config: its options, with ``style_scale`` relative to the rectangle.
        corner: (top, left) in px.
        share: ``(1, 1, h, w)`` in [0, 1], weight of the painting in each pixel of the result.
        counted: ``(1, 1, h, w)`` in [0, 1], ``share`` dilated: weight of each pixel in the loss.
        scales: plans of the rectangle, coarse to fine.
        whole: the same plans, with the size of the whole picture.
    """

    styles: tuple[Style, ...]
    config: StylizeConfig
    corner: tuple[int, int]
    share: Tensor
    counted: Tensor
    scales: tuple[ScalePlan, ...]
    whole: tuple[ScalePlan, ...]

    def cut(self, picture: Tensor) -> Tensor:
        """The rectangle ``(..., h, w)`` of a picture ``(..., H, W)`` of the finished size."""
        (top, left), (height, width) = self.corner, self.share.shape[2:]
        return picture[..., top : top + height, left : left + width]

    def blended(self, picture: Tensor, ground: Tensor, painted: Tensor) -> Tensor:
        """Blend the painting of this rectangle into a picture.

        Args:
            picture: ``(1, 3, H, W)`` in [0, 1], of the finished size.
            ground: the content, ``(1, 3, H, W)``.
            painted: the rectangle's painting ``(1, 3, h', w')``, of the size of any of its scales.

        Returns:
            ``(1, 3, H, W)``: picture + share x (painted - ground).
        """
        (top, left), (height, width), own = self.corner, self.share.shape[2:], self.cut(ground)
        shown = shown_colors(resize(painted, (height, width)), own, self.config)
        change = self.share.to(painted) * (shown - own)
        below, beside = picture.shape[2] - top - height, picture.shape[3] - left - width
        return picture + F.pad(change, (left, beside, top, below))


def plan_patches(zones: Sequence[Zone], scales: Sequence[ScalePlan]) -> tuple[Patch, ...]:
    """Plan the patches of all regions that have a style and a strength above 0.

    Where masks overlap, they are divided by their sum. Where their sum is below 1, the rest shows the content.

    Args:
        zones: the regions.
        scales: plans of the whole picture, coarse to fine.

    Returns:
        One `Patch` for each region that is painted.
    """
    size = scales[-1].size
    reach = round(zones[0].config.feather * max(size) / 2)
    masks = torch.cat([zone.mask.at(size, reach) for zone in zones])  # (n, 1, H, W)
    total = masks.sum(0, keepdim=True)  # (1, 1, H, W)
    shares = masks / torch.where(total > 1 - _ROUNDED, total, 1.0)
    painted = [(zone, shares[k : k + 1]) for k, zone in enumerate(zones) if zone.styles and zone.config.strength]
    return tuple(_patch(zone, share, scales, reach) for zone, share in painted if share.any())


def _patch(zone: Zone, share: Tensor, scales: Sequence[ScalePlan], reach: int) -> Patch:
    whole = scales[-1].size
    (top, bottom), (left, right) = (_span(share.amax((0, 1, 3 - axis)), max(whole)) for axis in (0, 1))
    inner = share[..., top:bottom, left:right]
    size, under = (bottom - top, right - left), reach + _UNDER
    counted = F.max_pool2d(inner, 2 * under + 1, stride=1, padding=under)
    shrunk = [
        ScalePlan(_scaled(size, scale.size, whole), scale.iterations, scale.split, threads=scale.threads)
        for scale in scales
    ]
    kept = [k for k, scale in enumerate(shrunk) if min(scale.size) >= _SHORT or scale.size == size]
    ratio = style_length(whole, zone.config.side) / style_length(size, zone.config.side)
    config = zone.config.overlay({"style_scale": [scale * ratio for scale in zone.config.style_scale]})
    own = refining_from(config.resolve(), [shrunk[k] for k in kept])
    return Patch(zone.styles, config, (top, left), inner, counted, own, tuple(scales[k] for k in kept))


def _span(along: Tensor, longest: int) -> tuple[int, int]:
    """Along one axis: (start, stop) of the pixels above 0, with a margin, and at least the least side of a patch."""
    inside, length = along.flatten().nonzero().flatten(), along.numel()
    first, last = max(0, int(inside[0]) - _MARGIN), min(length, int(inside[-1]) + 1 + _MARGIN)
    short = max(0, max(_LEAST, longest // 50) - (last - first))
    return max(0, first - short), min(length, last + short)


def _scaled(size: Size, now: Size, whole: Size) -> Size:
    height, width = (max(1, round(side * new / old)) for side, new, old in zip(size, now, whole, strict=True))
    return height, width


def paint_patches(
    ground: Tensor,
    patches: Sequence[Patch],
    backbone: Backbone,
    start: Tensor | None = None,
    since: Mapping[str, Any] | None = None,
    events: Sequence[Event] = (),
) -> Painting:
    """Optimise one patch after another; yields what `engine.loop.paint` yields for one picture.

    The losses in a `Progress` are those of the patch being optimised; sizes and previews are those of the whole
    picture; scales, steps, evaluations and seconds are counted over all patches. A change applies to the present patch
    and to later ones.

    Args:
        ground: the content, ``(1, 3, H, W)`` in [0, 1], of the finished size.
        patches: from `plan_patches`.
        backbone: the network, on the content's device.
        start: the initial canvas, of the finished size; None for the content.
        since: see `engine.loop.paint`.
        events: see `engine.loop.paint`.

    Yields:
        A `Progress` after each iteration.

    Returns:
        The `Outcome`, of the whole picture.
    """
    picture, since = ground, since or {}
    ended, counts = Outcome(picture, "finished", "every iteration was done"), _Counts(patches, events=list(events))
    for number, patch in enumerate(patches):
        if number < since.get("patch", 0):
            counts.finish(patch)
            continue
        here = since if since.get("patch") == number else {}
        if here:
            picture = here["picture"]
            counts.evaluations, counts.seconds = here["earlier_evaluations"], here["earlier_seconds"]
        painting = _painting(patch, ground, start, backbone, here, counts.own_events())
        outcome = yield from _paint_patch(painting, patch, picture, ground, counts)
        picture = patch.blended(picture, ground, outcome.pixels)
        if ended.reason != "diverged":
            ended = outcome
    return Outcome(picture, ended.reason, ended.message)


def _painting(
    patch: Patch,
    ground: Tensor,
    start: Tensor | None,
    backbone: Backbone,
    since: Mapping[str, Any],
    events: Sequence[Event],
) -> Painting:
    """The run of one patch. Its colour mode takes the colours of the content within the region."""
    own, config, mask = patch.cut(ground), patch.config, patch.counted.to(ground.device)
    colors = own[..., patch.share[0, 0].to(own.device) > 0][:, :, None]  # (1, 3, 1, n)
    change = style_colors(colors.cpu(), config)
    styles = [style.recolored(change) for style in patch.styles] if change else patch.styles
    begin = None if start is None else Carry(painted_from(patch.cut(start), config))
    inputs = PaintInputs(painted_from(own, config), styles, config, backbone, mask)
    return paint(inputs, patch.scales, begin, since, events)


@dataclass
class _Counts:
    """Counts over all patches, up to the present one, and all changes of options so far."""

    patches: Sequence[Patch]
    number: int = 0
    scale: int = 0
    step: int = 0
    evaluations: int = 0
    seconds: float = 0.0
    events: list[Event] = dataclasses.field(default_factory=list)

    def own_events(self) -> list[Event]:
        """All changes, with their steps counted from the start of the next patch."""
        return [Event(max(0, event.step - self.step), event.change) for event in self.events]

    def finish(self, patch: Patch) -> None:
        """Count a patch that is finished."""
        self.number, self.scale = self.number + 1, self.scale + len(patch.scales)
        self.step += sum(scale.iterations for scale in patch.scales)

    def over_all(self, progress: Progress, patch: Patch) -> Progress:
        """The progress of one patch, counted over all patches, with the size of the whole picture."""
        plans = [scale for each in self.patches for scale in each.scales]
        height, width = patch.whole[progress.scale - 1].size
        return dataclasses.replace(
            progress,
            scale=self.scale + progress.scale,
            scales=len(plans),
            height=height,
            width=width,
            step=self.step + progress.step,
            steps=sum(scale.iterations for scale in plans),
            evaluations=self.evaluations + progress.evaluations,
            seconds=self.seconds + progress.seconds,
        )


def _paint_patch(painting: Painting, patch: Patch, picture: Tensor, ground: Tensor, counts: _Counts) -> Painting:
    """Run one patch, and yield its progress with previews of the whole picture."""
    last: Progress | None = None
    sent: Change | None = None
    while True:
        try:
            progress = painting.send(sent)
        except StopIteration as end:
            if last is not None:
                counts.evaluations, counts.seconds = last.evaluations, last.seconds
            counts.finish(patch)
            outcome: Outcome = end.value
            return outcome
        last = counts.over_all(progress, patch)

        def preview(size: Size = (last.height, last.width), own: Progress = progress) -> Tensor:
            return resize(patch.blended(picture, ground, own.preview()), size)

        earlier = {"patch": counts.number, "earlier_evaluations": counts.evaluations, "earlier_seconds": counts.seconds}

        def saved(own: Progress = progress, beside: Mapping[str, Any] = earlier) -> dict[str, Any]:
            return {**own.saved(), **beside, "picture": picture}

        sent = yield dataclasses.replace(last, preview=preview, saved=saved)
        if sent:
            counts.events.append(Event(last.step, sent))
