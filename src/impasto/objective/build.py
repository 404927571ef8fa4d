"""Builds an objective from content, styles and options: one weighted term for each loss and layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from ..backbones import Backbone, weighing
from ..config import StylizeConfig
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
from ..matching import CELL
from ..styles import Part, StyleTargets, parts_of
from ..tiling import Anew, is_tiled, picture_features
from .build_matching import FRESH, Masks, MatchStart, kept_term, searched_term, split_terms
from .objective import Objective
from .terms import ContentTerm, StyleDistance, StyleTerm, Term, VariationTerm

__all__ = ["MatchStart", "build_objective", "refining"]


@torch.no_grad()
def build_objective(
    content: Tensor,
    styles: Sequence[StyleTargets],
    config: StylizeConfig,
    backbone: Backbone,
    start: MatchStart = FRESH,
    mask: Tensor | None = None,
) -> Objective:
    """Build the objective of one scale. The content is used at its own size; nothing is resized.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1]; the canvas has its size.
        styles: features and statistics of each style, mixed by ``config.style_blend``.
        config: layers, forms and coefficients; resolved if it is not yet.
        backbone: the network, on the content's device. With ``config.wrap`` it pads content and canvas circularly;
            styles never wrap.
        start: what the matches start from, where neighbours are matched.
        mask: ``(1, 1, H, W)`` in [0, 1], weight of each pixel; None is 1 everywhere.

    Returns:
        The `Objective`, for canvases of the content's size.

    Raises:
        ConfigError: an option is for another number of styles, or a layer is unknown to the backbone.
        PictureError: there is no style.
    """
    config = config.resolve()
    backbone = backbone.wrapped(config.wrap) if config.wrap != "none" else backbone
    parts = parts_of(config, len(styles))
    masks = Masks(mask, backbone)
    terms: list[Term] = [*_content_terms(content, config, backbone, masks)]
    terms += _style_terms(styles, parts, config, masks)
    if config.neighbour_weight:
        matched = [(style, part.share) for style, part in zip(styles, parts, strict=True) if part.share]
        if config.neighbour_match == "layers":
            terms += split_terms(matched, config, masks)
        elif start.field is not None and start.keep:
            terms.append(kept_term(content, matched, config, start.field, masks))
        else:
            terms.append(searched_term(content, start, matched, config, masks))
    if config.tv_weight:
        terms.append(VariationTerm(config.tv_weight, config.tv_loss, config.wrap))
    return Objective(backbone, tuple(terms), config.tile_size)


def _content_terms(content: Tensor, config: StylizeConfig, backbone: Backbone, masks: Masks) -> list[ContentTerm]:
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
    masks: Masks,
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
