"""Builds an objective from content, styles and options: one weighted term for each loss and layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ..backbones import Backbone, weighing
from ..config import StylizeConfig
from ..errors import ConfigError
from ..images.masks import resized_mask
from ..losses import (
    Sums,
    blend,
    content_divisor,
    content_size,
    gram_distance,
    mean_std_distance,
    moments_distance,
    wasserstein_distance,
)
from ..matching import CELL, Field, Search, directions, enlarged, grid_of
from ..styles import Part, StyleTargets, drawn, joined, kept, layer_bank, parts_of
from ..tiling import Anew, is_tiled, picture_features, picture_hypercolumns
from ..types import Size
from .objective import Objective
from .terms import ContentTerm, NeighbourTerm, SplitTerm, StyleDistance, StyleTerm, Term, VariationTerm

__all__ = ["Carried", "build_objective", "no_sum", "refining", "tileable"]

Matched = tuple[StyleTargets, float]  # targets of a style, and its mixing weight


@dataclass(frozen=True)
class Carried:
    """Matches of another canvas to start with, of any size; unlike those of the scale below, they are searched again.

    Attributes:
        field: the matches.
    """

    field: Field


@torch.no_grad()
def build_objective(
    content: Tensor,
    styles: Sequence[StyleTargets],
    config: StylizeConfig,
    backbone: Backbone,
    canvas: Tensor | None = None,
    below: Field | Carried | None = None,
    mask: Tensor | None = None,
) -> Objective:
    """Build the objective of one scale. The content is used at its own size; nothing is resized.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1]; the canvas has its size.
        styles: features and statistics of each style, mixed by ``config.style_blend``.
        config: layers, forms and coefficients; resolved if it is not yet.
        backbone: the network, on the content's device. With ``config.wrap`` it pads content and canvas circularly;
            styles never wrap.
        canvas: ``(1, 3, H, W)``, what the first search compares, mixed with the content; None: the content alone.
        below: the matches of the scale below, which are kept; or `Carried` ones, to start with; None searches for
            matches.
        mask: ``(1, 1, H, W)`` in [0, 1], weight of each pixel; None is 1 everywhere.

    Returns:
        The `Objective`, for canvases of the content's size.

    Raises:
        ConfigError: an option is for another number of styles, a layer is unknown to the backbone, or the loss cannot
            be evaluated in tiles as asked.
        PictureError: there is no style.
    """
    config = config.resolve()
    if is_tiled(content, config.tile_size) and not tileable(config):
        raise no_sum()
    backbone = backbone.wrapped(config.wrap) if config.wrap != "none" else backbone
    parts = parts_of(config, len(styles))
    masks = _Masks(mask, backbone)
    terms: list[Term] = [*_content_terms(content, config, backbone, masks)]
    terms += _style_terms(styles, parts, config, masks)
    if config.neighbour_weight:
        matched = [(style, part.share) for style, part in zip(styles, parts, strict=True) if part.share]
        if config.neighbour_match == "layers":
            terms += _split_terms(matched, config, masks)
        elif below is None or isinstance(below, Carried):
            carried = below.field if below else None
            terms.append(_searched_term(content, canvas, matched, config, backbone, masks, carried))
        else:
            terms.append(_carried_term(content, matched, config, below, masks))
    if config.tv_weight:
        terms.append(VariationTerm(config.tv_weight, config.tv_loss, config.wrap))
    return Objective(backbone, tuple(terms), config.tile_size)


@dataclass(frozen=True)
class _Masks:
    """Weights of the positions of each grid, from a mask of the content; None where all weigh alike.

    Each cell has the mean of the mask over its own pixels, also at the edges of a region: what its receptive field
    covers beyond them is not painted by another region, because each region has a canvas of its own (see
    `regions.painter`).
    """

    mask: Tensor | None
    backbone: Backbone

    def of(self, name: str) -> Tensor | None:
        """The mask of a layer, ``(1, 1, h, w)``."""
        if self.mask is None:
            return None
        stride = self.backbone.layers[name].stride
        return resized_mask(self.mask, (self.mask.shape[2] // stride, self.mask.shape[3] // stride))

    def on(self, grid: Size) -> Tensor | None:
        """The mask of the positions that are matched, ``(h * w,)``."""
        return None if self.mask is None else resized_mask(self.mask, grid).flatten()


def _content_terms(content: Tensor, config: StylizeConfig, backbone: Backbone, masks: _Masks) -> list[ContentTerm]:
    layers, form = config.content_layers or (), config.content_loss or "relative"
    if not config.content_weight or not layers:
        return []
    coefficients = config.content_layer_weights or (1.0,) * len(layers)
    scale = config.content_weight / sum(coefficients)
    given = {name: scale * w for name, w in zip(layers, coefficients, strict=True) if w}
    targets = _content_targets(content, tuple(given), config, backbone)

    def term(name: str, weight: float) -> ContentTerm:
        target, mask = targets[name], masks.of(name)
        size = target.size(name, mask) if isinstance(target, Anew) else content_size(target, mask)
        return ContentTerm((name,), weight, target, content_divisor(*size, form), mask)

    return [term(name, weight) for name, weight in given.items()]


def _content_targets(
    content: Tensor, layers: tuple[str, ...], config: StylizeConfig, backbone: Backbone
) -> Mapping[str, Tensor | Anew]:
    """Target features of each layer, or, with ``content_targets="recompute"``, how to recompute them for each tile."""
    if config.content_targets == "recompute" and is_tiled(content, config.tile_size):
        return dict.fromkeys(layers, Anew(backbone, content, layers, config.tile_size))
    return picture_features(backbone, content, layers, config.tile_size)


def _style_terms(
    styles: Sequence[StyleTargets],
    parts: Sequence[Part],
    config: StylizeConfig,
    masks: _Masks,
) -> list[StyleTerm]:
    """A term for each layer with a weight above 0 for which some style has a share above 0."""
    if not config.style_weight:
        return []
    layers, specs = config.style_layers or (), masks.backbone.layers
    coefficients = config.style_layer_weights or (1.0,) * len(layers)
    shares = {name: [part.share_of(specs[name].block) for part in parts] for name in layers}
    given = {name: w for name, w in zip(layers, coefficients, strict=True) if w and any(shares[name])}
    if not given:
        return []
    scale, distance = config.style_weight / sum(given.values()), _distance(config)
    targets = {name: blend([style.stats[name] for style in styles], shares[name]) for name in given}
    counted = {name: masks.of(name) for name in given}
    targets = {name: _as_many(target, counted[name]) for name, target in targets.items()}
    return [StyleTerm((n,), scale * w, distance, targets[n], counted[n]) for n, w in given.items()]


def _as_many(target: Sums, mask: Tensor | None) -> Sums:
    """The target scaled to the number of positions of the mask, for distances that compare sums, not means."""
    return target if mask is None else Sums(*(part * (mask.sum() / target.positions) for part in target))


def _distance(config: StylizeConfig) -> StyleDistance:
    form = config.style_distance or "relative"
    if config.objective == "wasserstein":
        return partial(wasserstein_distance, epsilon=config.covariance_epsilon, distance=form)
    if config.objective == "meanstd":
        return partial(mean_std_distance, distance=form)
    if config.objective == "gram":
        gram = partial(gram_distance, normalization=config.gram_normalization, distance=form)
        return partial(_with_mean_std, gram, config.meanstd_weight, form) if config.meanstd_weight else gram
    return partial(moments_distance, distance=form)


def _with_mean_std(gram: StyleDistance, weight: float, form: str, stats: Sums, target: Sums) -> Tensor:
    beside = form if form in ("sum", "relative") else "mean"
    return gram(stats, target) + weight * mean_std_distance(stats, target, distance=beside)


def _searched_term(
    content: Tensor,
    canvas: Tensor | None,
    matched: Sequence[Matched],
    config: StylizeConfig,
    backbone: Backbone,
    masks: _Masks,
    carried: Field | None,
) -> NeighbourTerm:
    layers, grid, search = config.neighbour_layers or (), grid_of(content), _search(content, matched, config, backbone)
    nothing = torch.zeros(len(search.query), dtype=torch.long, device=content.device)
    unmatched = Field(nothing, grid, search.grids, config.wrap)
    weight, pictures = config.neighbour_weight or 0.0, _pictures(matched)
    term = NeighbourTerm(layers, weight, unmatched, search.query, pictures, search, masks.on(grid))
    if carried is not None:
        return term.matched(enlarged(carried, grid, search.grids))

    def look(picture: Tensor, layers: Sequence[str]) -> Tensor:
        return picture_hypercolumns(backbone, picture, tuple(layers), config.tile_size)

    return term.looked_again(content if canvas is None else canvas, look)


def _search(content: Tensor, matched: Sequence[Matched], config: StylizeConfig, backbone: Backbone) -> Search:
    layers, banks = config.neighbour_layers or (), [style.bank for style, _ in matched]
    query = picture_hypercolumns(backbone, content, layers, config.tile_size)
    inside = _inside(matched)
    searched = _searched([len(bank) for bank in banks], [share for _, share in matched], config, inside)
    rows = None if searched is None else searched.to(content.device)
    mixed = content if config.neighbour_sees == "pictures" else None
    mix, coherence = config.neighbour_mix or 0.0, config.neighbour_coherence
    return Search(query, kept(joined(banks)), _grids(matched), rows, mix, coherence, mixed, config.wrap, inside)


def _inside(matched: Sequence[Matched]) -> Tensor | None:
    """The rows of the joint bank that may be matched, bool ``(n,)``; None for all."""
    given = [style.inside for style, _ in matched]
    if all(rows is None for rows in given):
        return None
    device = matched[0][0].pictures[0].device
    every = [torch.ones(len(style.bank), dtype=torch.bool, device=device) for style, _ in matched]
    return torch.cat([all_rows if rows is None else rows for rows, all_rows in zip(given, every, strict=True)])


def _searched(
    lengths: Sequence[int], shares: Sequence[float], config: StylizeConfig, inside: Tensor | None = None
) -> Tensor | None:
    """Rows to search: of each style a random sample of at most its share of ``neighbour_bank`` rows; None for all."""
    most = [max(1, round(config.neighbour_bank * share / sum(shares))) for share in shares]
    if inside is None and all(length <= limit for length, limit in zip(lengths, most, strict=True)):
        return None
    drawn, start, generator = [], 0, torch.Generator().manual_seed(config.seed)
    for length, limit in zip(lengths, most, strict=True):
        rows = start + torch.randperm(length, generator=generator)
        drawn.append(rows[:limit] if inside is None else rows[inside.cpu()[rows]][:limit])
        start += length
    return torch.cat(drawn)


def _split_terms(matched: Sequence[Matched], config: StylizeConfig, masks: _Masks) -> list[SplitTerm]:
    """One term for each layer, all with the same weight (Kolkin et al. 2022, feature splitting)."""
    whole = sum(share for _, share in matched)

    def bank(layer: str) -> Tensor:
        most = layer_bank(config) / whole
        return torch.cat([drawn(style.split[layer], share * most, config.seed) for style, share in matched])

    weight = config.neighbour_weight or 0.0
    return [SplitTerm((name,), weight, bank(name), mask=masks.of(name)) for name in config.neighbour_layers or ()]


def _carried_term(
    content: Tensor, matched: Sequence[Matched], config: StylizeConfig, below: Field, masks: _Masks
) -> NeighbourTerm:
    """The term of a scale that keeps the matches of the scale below, enlarged to its grid."""
    field = enlarged(below, grid_of(content), _grids(matched))
    wanted = directions(joined([style.bank for style, _ in matched]), field.rows)
    layers = config.neighbour_layers or ()
    mask = masks.on(field.grid)
    return NeighbourTerm(layers, config.neighbour_weight or 0.0, field, wanted, _pictures(matched), None, mask)


def _grids(matched: Sequence[Matched]) -> tuple[Size, ...]:
    return tuple(grid for style, _ in matched for grid in style.grids)


def _pictures(matched: Sequence[Matched]) -> tuple[Tensor, ...]:
    return tuple(picture for style, _ in matched for picture in style.pictures)


def tileable(config: StylizeConfig) -> bool:
    """Whether the loss can be evaluated in tiles: neither if layers are matched one by one nor if the canvas wraps."""
    layer_by_layer = bool(config.neighbour_weight) and config.neighbour_match == "layers"
    return config.wrap == "none" and not layer_by_layer


def no_sum() -> ConfigError:
    """The error for a loss that is not `tileable`."""
    return ConfigError(
        "layers matched one by one, and pictures that join, are no sum over tiles",
        "leave out --tile-size",
    )


def refining(config: StylizeConfig, backbone: Backbone) -> StylizeConfig:
    """The options of a scale that only refines: only style and neighbour layers with a stride of 4 px or less.

    Deeper layers see large shapes, which the scale below has painted.

    Args:
        config: of the scale.
        backbone: whose layers they are.

    Returns:
        The options with fewer layers.
    """
    weights = config.style_layer_weights or (1.0,) * len(config.style_layers or ())
    seen = {name for names in weighing(config).values() for name in names}  # others may be of no layer of this network
    fine = {name for name in seen if backbone.layers[name].stride <= CELL}
    style = [(n, w) for n, w in zip(config.style_layers or (), weights, strict=True) if n in fine]
    matched = [name for name in config.neighbour_layers or () if name in fine]
    kept = {"style_layers": [n for n, _ in style], "style_layer_weights": [w for _, w in style]}
    changed = kept if any(w for _, w in style) else {}
    return config.overlay({**changed, "neighbour_layers": matched or config.neighbour_layers})
