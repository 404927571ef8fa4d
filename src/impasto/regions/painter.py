"""Pictures of several regions: each is painted by itself, on a canvas a little larger than it, and laid into the picture softly.

So no region learns anything of another one: not by statistics, not by what a network sees across their border, not by a
solver that moves both. What lies beyond a region's edge, on its own canvas, is content that is free to become paint.
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


_MARGIN = 32  # px of the finished picture around a region, that are painted with it
_SHORT = 32  # px: a coarser scale of a patch is left out where its short side would be less
_LEAST = 64  # px that a patch has along each side, where the picture has
_UNDER = 4  # px that count as a region's beyond its soft edge, so that what shows through there is painted as well
_ROUNDED = 2 / 255  # masks that leave no more than this of a pixel leave nothing


@dataclass(frozen=True, eq=False)
class Patch:
    """A region that is painted, as a rectangle of the finished picture.

    Attributes:
        styles: what it is painted in.
        config: its own, with ``style_scale`` as a ratio of the patch.
        corner: (top, left).
        share: ``(1, 1, h, w)``, how much of the patch each pixel of the picture gets.
        counted: the same, a little larger: how much each pixel counts while it is painted.
        scales: of the patch, coarse to fine.
        whole: the same scales, with the size of the whole picture.
    """

    styles: tuple[Style, ...]
    config: StylizeConfig
    corner: tuple[int, int]
    share: Tensor
    counted: Tensor
    scales: tuple[ScalePlan, ...]
    whole: tuple[ScalePlan, ...]

    def cut(self, picture: Tensor) -> Tensor:
        """Its rectangle of a picture of the finished size."""
        (top, left), (height, width) = self.corner, self.share.shape[2:]
        return picture[..., top : top + height, left : left + width]

    def laid(self, picture: Tensor, ground: Tensor, painted: Tensor) -> Tensor:
        """A picture with what is painted on this patch, as it is shown, in the place of the ground, both of the finished size."""
        (top, left), (height, width), own = self.corner, self.share.shape[2:], self.cut(ground)
        shown = shown_colors(resize(painted, (height, width)), own, self.config)
        change = self.share.to(painted) * (shown - own)
        below, beside = picture.shape[2] - top - height, picture.shape[3] - left - width
        return picture + F.pad(change, (left, beside, top, below))


def plan_patches(zones: Sequence[Zone], scales: Sequence[ScalePlan]) -> tuple[Patch, ...]:
    """The patches of all regions that are painted at all.

    Where masks overlap, they share; what they leave, and what is of no style or of no strength, is content.

    Args:
        zones: the regions.
        scales: those of the whole picture, coarse to fine.
    """
    size = scales[-1].size
    reach = round(zones[0].config.feather * max(size) / 2)
    masks = torch.cat([zone.mask.at(size, reach) for zone in zones])
    total = masks.sum(0, keepdim=True)
    shares = masks / torch.where(total > 1 - _ROUNDED, total, 1.0)
    painted = [(zone, shares[k : k + 1]) for k, zone in enumerate(zones) if zone.styles and zone.config.strength]
    return tuple(_patch(zone, share, scales, reach) for zone, share in painted if share.any())


def _patch(zone: Zone, share: Tensor, scales: Sequence[ScalePlan], reach: int) -> Patch:
    whole = scales[-1].size
    (top, bottom), (left, right) = (_span(share.amax((0, 1, 3 - axis)), max(whole)) for axis in (0, 1))
    inner = share[..., top:bottom, left:right]
    size, under = (bottom - top, right - left), reach + _UNDER
    counted = F.max_pool2d(inner, 2 * under + 1, stride=1, padding=under)
    shrunk = [ScalePlan(_scaled(size, scale.size, whole), scale.iterations, scale.split) for scale in scales]
    kept = [k for k, scale in enumerate(shrunk) if min(scale.size) >= _SHORT or scale.size == size]
    ratio = style_length(whole, zone.config.side) / style_length(size, zone.config.side)
    config = zone.config.overlay({"style_scale": [scale * ratio for scale in zone.config.style_scale]})
    own = refining_from(config.resolve(), [shrunk[k] for k in kept])
    return Patch(zone.styles, config, (top, left), inner, counted, own, tuple(scales[k] for k in kept))


def _span(along: Tensor, longest: int) -> tuple[int, int]:
    """From where to where a patch goes along one side: what is above 0, and a margin, and no less than the least."""
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
    """Paint one patch after the other, as `engine.loop.paint` paints a picture.

    ``Progress`` is that of the patch being painted: its losses are of it alone, sizes and previews are of the whole picture, and
    scales, steps, evaluations and seconds are counted over all patches. A change goes to the patch being painted and to those
    after it.

    Args:
        ground: the content, ``(1, 3, H, W)`` in [0, 1], of the finished size.
        patches: from `plan_patches`.
        backbone: on the content's device.
        start: the canvas to begin with, of the finished size; None for the content.
        since, events: as of `engine.loop.paint`.
    """
    picture, since = ground, since or {}
    ended, done = Outcome(picture, "finished", "every iteration was done"), _Done(patches, events=list(events))
    for number, patch in enumerate(patches):
        if number < since.get("patch", 0):
            done.pass_over(patch)
            continue
        here = since if since.get("patch") == number else {}
        if here:
            picture, done.evaluations, done.seconds = here["picture"], here["earlier_evaluations"], here["earlier_seconds"]
        painting = _painting(patch, ground, start, backbone, here, done.own_events())
        outcome = yield from _told(painting, patch, picture, ground, done)
        picture = patch.laid(picture, ground, outcome.pixels)
        if ended.reason != "diverged":
            ended = outcome
    return Outcome(picture, ended.reason, ended.message)


def _painting(
    patch: Patch, ground: Tensor, start: Tensor | None, backbone: Backbone, since: Mapping[str, Any], events: Sequence[Event]
) -> Painting:
    """One patch, in its colours; the colours of the content are those of the region."""
    own, config, mask = patch.cut(ground), patch.config, patch.counted.to(ground.device)
    colors = own[..., patch.share[0, 0].to(own.device) > 0][:, :, None]
    change = style_colors(colors.cpu(), config)
    styles = [style.recolored(change) for style in patch.styles] if change else patch.styles
    begin = None if start is None else Carry(painted_from(patch.cut(start), config))
    inputs = PaintInputs(painted_from(own, config), styles, config, backbone, mask)
    return paint(inputs, patch.scales, begin, since, events)


@dataclass
class _Done:
    """Counts over the patches that are painted."""

    patches: Sequence[Patch]
    number: int = 0
    scale: int = 0
    step: int = 0
    evaluations: int = 0
    seconds: float = 0.0
    events: list[Event] = dataclasses.field(default_factory=list)

    def own_events(self) -> list[Event]:
        """The changes so far and those to come, by the steps of the patch that is next."""
        return [Event(max(0, event.step - self.step), event.change) for event in self.events]

    def pass_over(self, patch: Patch) -> None:
        """Count a patch that is done with."""
        self.number, self.scale = self.number + 1, self.scale + len(patch.scales)
        self.step += sum(scale.iterations for scale in patch.scales)

    def told(self, progress: Progress, patch: Patch) -> Progress:
        """The progress of one patch as one of all."""
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


def _told(painting: Painting, patch: Patch, picture: Tensor, ground: Tensor, done: _Done) -> Painting:
    """The progress of one patch, shown in the whole picture."""
    told: Progress | None = None
    sent: Change | None = None
    while True:
        try:
            progress = painting.send(sent)
        except StopIteration as end:
            if told is not None:
                done.evaluations, done.seconds = told.evaluations, told.seconds
            done.pass_over(patch)
            outcome: Outcome = end.value
            return outcome
        told = done.told(progress, patch)

        def preview(size: Size = (told.height, told.width), own: Progress = progress) -> Tensor:
            return resize(patch.laid(picture, ground, own.preview()), size)

        earlier = {"patch": done.number, "earlier_evaluations": done.evaluations, "earlier_seconds": done.seconds}

        def saved(own: Progress = progress, beside: Mapping[str, Any] = earlier) -> dict[str, Any]:
            return {**own.saved(), **beside, "picture": picture}

        sent = yield dataclasses.replace(told, preview=preview, saved=saved)
        if sent:
            done.events.append(Event(told.step, sent))
