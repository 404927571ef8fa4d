"""Colour distribution transfer: a picture gets another one's distribution of colours, not only mean and covariance.

As in `transfer`, a map is fitted once and can be applied to several pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array
from .spaces import columns_in, from_space
from .transfer import Affine, Moments, fit_affine, fit_moments

__all__ = ["HistogramMap", "Shades", "fit_histogram", "fit_shades", "match_histogram", "shaded_as"]

_ROTATIONS = 10
_LEVELS = 1025  # quantiles that represent a distribution
_SAMPLE = 2**16  # the most pixels that they are measured from
_SAME = 1e-9  # values this close are equal: rounding must not rank the pixels of a flat area


@dataclass(frozen=True, eq=False)
class Shades:
    """The colour distribution of a model.

    Attributes:
        moments: mean and covariance in OkLab.
        quantiles: ``(11, 3, 1025)``, 1025 quantiles along the 3 axes of each of the 11 rotations.
    """

    moments: Moments
    quantiles: Array


@dataclass(frozen=True, eq=False)
class Turn:
    """Histogram matching along the axes of one rotation.

    Attributes:
        rotation: ``(3, 3)``, its rows are the axes.
        curves: for each axis a piecewise linear function: increasing values, and what they are mapped to.
    """

    rotation: Tensor
    curves: tuple[tuple[Array, Array], ...]

    def apply(self, columns: Tensor) -> Tensor:
        """Map colours ``(3, N)`` in float64 to ``(3, N)``; beyond its ends a curve is constant."""
        turned = zip(self.rotation @ columns, self.curves, strict=True)
        matched = [torch.from_numpy(np.interp(values.numpy(), ours, theirs)) for values, (ours, theirs) in turned]
        return self.rotation.T @ torch.stack(matched)


@dataclass(frozen=True, eq=False)
class HistogramMap:
    """A fitted map of colours in OkLab, from `fit_histogram`.

    Attributes:
        moments: affine map that matches mean and covariance; it is applied first.
        turns: histogram matching along the axes of one rotation after the other.
    """

    moments: Affine
    turns: tuple[Turn, ...]

    def apply(self, picture: Tensor) -> Tensor:
        """Map the colours of a picture ``(1, 3, H, W)`` in [0, 1], of any size, to ``(1, 3, H, W)`` in [0, 1].

        Each pixel is mapped by itself, so that equal colours stay equal.
        """
        values = self.moments.apply(columns_in("oklab", picture))
        for turn in self.turns:
            values = turn.apply(values)
        return _picture(values, picture)


def fit_shades(model: Tensor) -> Shades:
    """Measure the colour distribution of a model ``(1, 3, H, W)`` in [0, 1]."""
    wanted = _thinned(columns_in("oklab", model))
    quantiles = np.stack([_quantiles(rotation @ wanted) for rotation in _rotations()])  # (11, 3, 1025)
    return Shades(fit_moments([model], space="oklab"), quantiles)


def fit_histogram(picture: Tensor, target: Shades) -> HistogramMap:
    """Fit the map that gives a picture the colour distribution of a model.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1].
        target: of the model, from `fit_shades`.

    Returns:
        The `HistogramMap`. Applied to ``picture``, it gives exactly what `match_histogram` gives.
    """
    return _fitted(picture, target)[0]


def shaded_as(picture: Tensor, target: Shades) -> Tensor:
    """`match_histogram` with a distribution that is known already.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1].
        target: of the model, from `fit_shades`.

    Returns:
        ``(1, 3, H, W)`` in [0, 1].
    """
    return _fitted(picture, target)[1]


def match_histogram(picture: Tensor, model: Tensor) -> Tensor:
    """Transfer the colour distribution of a model to a picture, in OkLab, clamped to [0, 1].

    Pitie, Kokaram and Dahyot 2005, "N-dimensional probability density function transfer and its application to colour
    transfer": the one-dimensional histograms along the three axes are matched, for one rotation of the axes after
    another (for a single rotation this is the histogram matching of Heeger and Bergen 1995). The last rotation is the
    identity, so that the histograms of L, a and b agree in the end. The joint distribution approaches the model's,
    which matching the channels once does not achieve. Departures: mean and covariance are matched first; the ten
    rotations are fixed; a distribution is represented by 1025 quantiles; and the grain that the mapping may amplify is
    not smoothed.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1].
        model: ``(1, 3, H', W')`` in [0, 1].

    Returns:
        ``(1, 3, H, W)`` in [0, 1].

    Examples:
        >>> import torch
        >>> random = torch.Generator().manual_seed(0)
        >>> picture, model = torch.rand(1, 3, 16, 16, generator=random), torch.rand(1, 3, 16, 16, generator=random) / 2
        >>> matched = match_histogram(picture, model)
        >>> round((matched.mean() - model.mean()).abs().item(), 2)
        0.0
    """
    return shaded_as(picture, fit_shades(model))


def _fitted(picture: Tensor, target: Shades) -> tuple[HistogramMap, Tensor]:
    """The fitted map, and the picture mapped by it: each rotation is fitted to the result of the previous one."""
    values = columns_in("oklab", picture)
    moments = fit_affine(values, target.moments)
    values, turns = moments.apply(values), []
    for rotation, wanted in zip(_rotations(), target.quantiles, strict=True):
        known = _quantiles(_thinned(rotation @ values))
        turns.append(Turn(rotation, tuple(_curve(ours, theirs) for ours, theirs in zip(known, wanted, strict=True))))
        values = turns[-1].apply(values)
    return HistogramMap(moments, tuple(turns)), _picture(values, picture)


def _picture(values: Tensor, like: Tensor) -> Tensor:
    return from_space(values.reshape(1, *like.shape[1:]), "oklab").clamp(0, 1).to(like)


def _rotations() -> list[Tensor]:
    """Ten fixed random rotations ``(3, 3)``, and the identity, so that the quantiles of L, a and b are matched last."""
    generator = torch.Generator().manual_seed(0)
    mixed = torch.randn((_ROTATIONS, 3, 3), generator=generator, dtype=torch.float64)
    return [*torch.linalg.qr(mixed)[0], torch.eye(3, dtype=torch.float64)]


def _thinned(values: Tensor) -> Tensor:
    """A regular subsample of ``(..., N)`` along the last axis, at most `_SAMPLE` values."""
    return values[..., :: -(-values.shape[-1] // _SAMPLE)]


def _quantiles(values: Tensor) -> Array:
    """Quantiles of each row of ``(3, N)``, ``(3, 1025)``."""
    shares = np.linspace(0, 1, _LEVELS)
    return np.stack([np.quantile(row.numpy(), shares) for row in values])


def _curve(ours: Array, theirs: Array) -> tuple[Array, Array]:
    """Map from quantiles to quantiles, ``(1025,)`` each; equal values of ``ours`` are merged and mapped to one mean."""
    group = (np.diff(ours, prepend=ours[0]) > _SAME).cumsum()
    counts = np.bincount(group)
    return np.bincount(group, ours) / counts, np.bincount(group, theirs) / counts
