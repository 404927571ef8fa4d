"""From content and styles to an objective: one weighted term for each target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ..backbones import Backbone, held_layer
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

Matched = tuple[StyleTargets, float]  # a style that is matched, and its share


@dataclass(frozen=True)
class Carried:
    """Matches to begin with, of another canvas of this or another size; they are looked for again in time."""

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
    """The objective of one scale; the content is taken as it is, nothing is resized.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1]; the canvas has its size.
        styles: what is known of each, mixed by ``config.style_blend``.
        config: layers, forms and coefficients; resolved here if it is not yet.
        backbone: the network that sees, on the content's device. Where ``config.wrap`` asks for it, content and canvas are seen
            to go on over their border; styles never are.
        canvas: what the first search for neighbours sees beside the content; None for the content alone.
        below: the matches of the scale below, to be kept; or `Carried` ones; None searches for matches.
        mask: ``(1, 1, H, W)`` in [0, 1], what each pixel counts for; None for 1.

    Raises:
        ConfigError: an option says something of another number of styles, or a layer is unknown to the backbone.
        PictureError: there is no style.
    """
    config = config.resolve()
    if is_tiled(content, config.tile_size) and not tileable(config):
        raise no_sum()
    backbone = backbone.wrapped(config.wrap) if config.wrap != "none" else backbone
    parts = parts_of(config, len(styles))
    weights = _Weights(mask, backbone)
    terms: list[Term] = [*_content_terms(content, config, backbone, weights), *_style_terms(styles, parts, config, weights)]
    if config.neighbour_weight:
        matched = [(style, part.share) for style, part in zip(styles, parts, strict=True) if part.share]
        if config.neighbour_match == "layers":
            terms += _split_terms(matched, config, weights)
        elif below is None or isinstance(below, Carried):
            carried = below.field if below else None
            terms.append(_searched_term(content, canvas, matched, config, backbone, weights, carried))
        else:
            terms.append(_carried_term(content, matched, config, below, weights))
    if config.tv_weight:
        terms.append(VariationTerm(config.tv_weight, config.tv_loss, config.wrap))
    return Objective(backbone, tuple(terms), config.tile_size)


@dataclass(frozen=True)
class _Weights:
    """What the positions of each grid count for; None where all count the same.

    A cell has the mean of its own pixels, at the edges too: what it sees beyond them is no other region's paint, because each
    region is painted on a canvas of its own (see `patchwork`).
    """

    mask: Tensor | None
    backbone: Backbone

    def of(self, name: str) -> Tensor | None:
        """Of a layer, ``(1, 1, h, w)``."""
        if self.mask is None:
            return None
        stride = self.backbone.layers[held_layer(name, self.backbone.layers)].stride
        return resized_mask(self.mask, (self.mask.shape[2] // stride, self.mask.shape[3] // stride))

    def on(self, grid: Size) -> Tensor | None:
        """Of the places that are matched, ``(h * w,)``."""
        return None if self.mask is None else resized_mask(self.mask, grid).flatten()


def _content_terms(content: Tensor, config: StylizeConfig, backbone: Backbone, weights: _Weights) -> list[ContentTerm]:
    layers, form = config.content_layers or (), config.content_loss or "relative"
    if not config.content_weight or not layers:
        return []
    coefficients = config.content_layer_weights or (1.0,) * len(layers)
    scale = config.content_weight / sum(coefficients)
    given = {name: scale * w for name, w in zip(layers, coefficients, strict=True) if w}
    targets = _content_targets(content, tuple(given), config, backbone)

    def term(name: str, weight: float) -> ContentTerm:
        target, mask = targets[name], weights.of(name)
        size = target.size(name, mask) if isinstance(target, Anew) else content_size(target, mask)
        return ContentTerm((name,), weight, target, content_divisor(*size, form), mask)

    return [term(name, weight) for name, weight in given.items()]


def _content_targets(
    content: Tensor, layers: tuple[str, ...], config: StylizeConfig, backbone: Backbone
) -> Mapping[str, Tensor | Anew]:
    """By layer. What fits into memory at once is kept, as no tile has to see it again."""
    if config.content_targets == "recompute" and is_tiled(content, config.tile_size):
        return dict.fromkeys(layers, Anew(backbone, content, layers, config.tile_size))
    return picture_features(backbone, content, layers, config.tile_size)


def _style_terms(
    styles: Sequence[StyleTargets], parts: Sequence[Part], config: StylizeConfig, weights: _Weights
) -> list[StyleTerm]:
    """A term for each layer that has a weight, and of which some style has a share."""
    layers = config.style_layers or ()
    coefficients = config.style_layer_weights or (1.0,) * len(layers)
    blocks = {name: weights.backbone.layers[held_layer(name, weights.backbone.layers)].block for name in layers}
    shares = {name: [part.share_of(block) for part in parts] for name, block in blocks.items()}
    given = {name: w for name, w in zip(layers, coefficients, strict=True) if w and any(shares[name])}
    if not config.style_weight or not given:
        return []
    scale, distance = config.style_weight / sum(given.values()), _distance(config)
    targets = {name: blend([style.stats[name] for style in styles], shares[name]) for name in given}
    masks = {name: weights.of(name) for name in given}
    return [StyleTerm((n,), scale * w, distance, _as_many(targets[n], masks[n]), masks[n]) for n, w in given.items()]


def _as_many(target: Sums, mask: Tensor | None) -> Sums:
    """The target over as many positions as the mask counts, for sums that are compared as they are."""
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
    weights: _Weights,
    carried: Field | None,
) -> NeighbourTerm:
    layers, grid, search = config.neighbour_layers or (), grid_of(content), _search(content, matched, config, backbone)
    nothing = torch.zeros(len(search.query), dtype=torch.long, device=content.device)
    unmatched = Field(nothing, grid, search.grids, config.wrap)
    weight, pictures = config.neighbour_weight or 0.0, _pictures(matched)
    term = NeighbourTerm(layers, weight, unmatched, search.query, pictures, search, weights.on(grid))
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
    """The rows of the joint bank that may be matched; None for all."""
    given = [style.inside for style, _ in matched]
    if all(rows is None for rows in given):
        return None
    device = matched[0][0].pictures[0].device
    every = [torch.ones(len(style.bank), dtype=torch.bool, device=device) for style, _ in matched]
    return torch.cat([all_rows if rows is None else rows for rows, all_rows in zip(given, every, strict=True)])


def _searched(
    lengths: Sequence[int], shares: Sequence[float], config: StylizeConfig, inside: Tensor | None = None
) -> Tensor | None:
    """The rows to search: of each style no more than its share of the bank, drawn by the seed; None where that is all."""
    most = [max(1, round(config.neighbour_bank * share / sum(shares))) for share in shares]
    if inside is None and all(length <= limit for length, limit in zip(lengths, most, strict=True)):
        return None
    drawn, start, generator = [], 0, torch.Generator().manual_seed(config.seed)
    for length, limit in zip(lengths, most, strict=True):
        rows = start + torch.randperm(length, generator=generator)
        drawn.append(rows[:limit] if inside is None else rows[inside.cpu()[rows]][:limit])
        start += length
    return torch.cat(drawn)


def _split_terms(matched: Sequence[Matched], config: StylizeConfig, weights: _Weights) -> list[SplitTerm]:
    """One term for each layer, all with the same weight: their sum is what is published."""
    whole = sum(share for _, share in matched)

    def bank(layer: str) -> Tensor:
        most = layer_bank(config) / whole
        return torch.cat([drawn(style.split[layer], share * most, config.seed) for style, share in matched])

    weight = config.neighbour_weight or 0.0
    return [SplitTerm((name,), weight, bank(name), mask=weights.of(name)) for name in config.neighbour_layers or ()]


def _carried_term(
    content: Tensor, matched: Sequence[Matched], config: StylizeConfig, below: Field, weights: _Weights
) -> NeighbourTerm:
    """The matches of the scale below, enlarged; they are not looked for again."""
    field = enlarged(below, grid_of(content), _grids(matched))
    wanted = directions(joined([style.bank for style, _ in matched]), field.rows)
    layers = config.neighbour_layers or ()
    mask = weights.on(field.grid)
    return NeighbourTerm(layers, config.neighbour_weight or 0.0, field, wanted, _pictures(matched), None, mask)


def _grids(matched: Sequence[Matched]) -> tuple[Size, ...]:
    return tuple(grid for style, _ in matched for grid in style.grids)


def _pictures(matched: Sequence[Matched]) -> tuple[Tensor, ...]:
    return tuple(picture for style, _ in matched for picture in style.pictures)


def tileable(config: StylizeConfig) -> bool:
    """Whether the loss is one that can be evaluated in tiles."""
    layer_by_layer = bool(config.neighbour_weight) and config.neighbour_match == "layers"
    return config.wrap == "none" and not layer_by_layer


def no_sum() -> ConfigError:
    """What a loss that is not `tileable` is refused with."""
    return ConfigError("layers matched one by one, and pictures that join, are no sum over tiles", "leave out --tile-size")


def refining(config: StylizeConfig, backbone: Backbone) -> StylizeConfig:
    """The config of a scale that only refines: of the style's and the neighbours' layers those whose cells are 4 px or less.

    What the deeper ones see was painted at the scale below.
    """
    weights = config.style_layer_weights or (1.0,) * len(config.style_layers or ())
    style = [(n, w) for n, w in zip(config.style_layers or (), weights, strict=True) if _is_fine(n, backbone)]
    matched = [name for name in config.neighbour_layers or () if _is_fine(name, backbone)]
    kept = {"style_layers": [n for n, _ in style], "style_layer_weights": [w for _, w in style]}
    return config.overlay({**(kept if any(w for _, w in style) else {}), "neighbour_layers": matched or config.neighbour_layers})


def _is_fine(name: str, backbone: Backbone) -> bool:
    return backbone.layers[held_layer(name, backbone.layers)].stride <= CELL
