"""From content and styles to an objective: one weighted term for each target."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from .config import StylizeConfig
from .errors import ConfigError, PictureError
from .features import Backbone
from .losses import Sums, blend, gram_distance, hypercolumns, mean_std_distance, moments_distance, wasserstein_distance
from .objective import ContentTerm, NeighbourTerm, Objective, StyleDistance, StyleTerm, Term, VariationTerm, features_of
from .styles import StyleTargets, grid_of, sampled

__all__ = ["build_objective", "style_shares"]


@torch.no_grad()
def build_objective(
    content: Tensor, styles: Sequence[StyleTargets], config: StylizeConfig, backbone: Backbone, canvas: Tensor | None = None
) -> Objective:
    """The objective of one scale; the content is taken as it is, nothing is resized.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1]; the canvas has its size.
        styles: what is known of each, mixed by ``config.style_blend``.
        config: layers, forms and coefficients; resolved here if it is not yet.
        backbone: the network that sees, on the content's device.
        canvas: what the first search for neighbours sees beside the content; None for the content alone.

    Raises:
        ConfigError: ``style_blend`` has another length than ``styles``, or a layer is unknown to the backbone.
        PictureError: there is no style.
    """
    config = config.resolve()
    shares = style_shares(config, len(styles))
    terms: list[Term] = [*_content_terms(content, config, backbone), *_style_terms(styles, shares, config)]
    if config.neighbour_weight:
        terms.append(_neighbour_term(content, canvas, styles, shares, config, backbone))
    if config.tv_weight:
        terms.append(VariationTerm(config.tv_weight, config.tv_loss))
    return Objective(backbone, tuple(terms), config.neighbour_mix)


def style_shares(config: StylizeConfig, count: int) -> tuple[float, ...]:
    """The share of each of ``count`` style pictures, as asked for or equal; any sum.

    Raises:
        PictureError: there is no style picture.
        ConfigError: ``style_blend`` has another length.
    """
    if not count:
        raise PictureError("there is no style picture", "give at least one")
    if config.style_blend and len(config.style_blend) != count:
        raise ConfigError(
            f"{len(config.style_blend)} style_blend shares for {count} style pictures", "give one share for each style picture"
        )
    return config.style_blend or (1.0,) * count


def _content_terms(content: Tensor, config: StylizeConfig, backbone: Backbone) -> list[ContentTerm]:
    layers, form = config.content_layers or (), config.content_loss or "relative"
    if not config.content_weight or not layers:
        return []
    features = features_of(backbone, content, layers)
    weight = config.content_weight / len(layers)
    return [ContentTerm((name,), weight, form, features[name].clone()) for name in layers]


def _style_terms(styles: Sequence[StyleTargets], shares: Sequence[float], config: StylizeConfig) -> list[StyleTerm]:
    layers = config.style_layers or ()
    if not config.style_weight or not layers:
        return []
    targets = {name: blend([style.stats[name] for style in styles], shares) for name in layers}
    weights = config.style_layer_weights or (1.0,) * len(layers)
    scale = config.style_weight / sum(weights)
    distance = _distance(config)
    return [StyleTerm((name,), scale * w, distance, targets[name]) for name, w in zip(layers, weights, strict=True) if w]


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


def _neighbour_term(
    content: Tensor,
    canvas: Tensor | None,
    styles: Sequence[StyleTargets],
    shares: Sequence[float],
    config: StylizeConfig,
    backbone: Backbone,
) -> NeighbourTerm:
    layers, grid, whole = config.neighbour_layers or (), grid_of(content), sum(shares)
    bank = torch.cat([sampled(s.bank, share / whole, config) for s, share in zip(styles, shares, strict=True) if share])
    query = hypercolumns(features_of(backbone, content, layers), layers, grid)
    term = NeighbourTerm(layers, config.neighbour_weight or 0.0, grid, bank, query, query)
    seen = content if canvas is None else canvas
    return term.refreshed(features_of(backbone, seen, layers), config.neighbour_mix)
