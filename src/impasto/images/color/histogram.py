"""Colours of one picture given the distribution of another's: not mean and spread alone, but every shade as often.

As in `transfer`, a map is fitted once and applied to as many pictures as there are.
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
_LEVELS = 1025  # quantiles by which a distribution is known
_SAMPLE = 2**16  # places from which they are taken, at most
_SAME = 1e-9  # values this near are one shade: rounding must not put the pixels of a flat area in an order


@dataclass(frozen=True, eq=False)
class Shades:
    """What is known of a model: its moments in OkLab, and 1025 quantiles along the axes of each rotation, ``(11, 3, 1025)``."""

    moments: Moments
    quantiles: Array


@dataclass(frozen=True, eq=False)
class Turn:
    """One rotation ``(3, 3)`` of the axes, and for each of them the curve: values that rise, and what becomes of them."""

    rotation: Tensor
    curves: tuple[tuple[Array, Array], ...]

    def apply(self, columns: Tensor) -> Tensor:
        """Colours ``(3, N)`` in float64; beyond its ends a curve is flat."""
        turned = zip(self.rotation @ columns, self.curves, strict=True)
        matched = [torch.from_numpy(np.interp(values.numpy(), ours, theirs)) for values, (ours, theirs) in turned]
        return self.rotation.T @ torch.stack(matched)


@dataclass(frozen=True, eq=False)
class HistogramMap:
    """What `fit_histogram` found: a map of mean and covariance, and curves along rotated axes, in OkLab."""

    moments: Affine
    turns: tuple[Turn, ...]

    def apply(self, picture: Tensor) -> Tensor:
        """A picture ``(1, 3, H, W)`` in [0, 1], of any size; pixels of one colour get one colour, whatever is around them."""
        values = self.moments.apply(columns_in("oklab", picture))
        for turn in self.turns:
            values = turn.apply(values)
        return _picture(values, picture)


def fit_shades(model: Tensor) -> Shades:
    """What `match_histogram` has to know of its model ``(1, 3, H, W)`` in [0, 1]."""
    wanted = _thinned(columns_in("oklab", model))
    return Shades(fit_moments([model], space="oklab"), np.stack([_quantiles(rotation @ wanted) for rotation in _rotations()]))


def fit_histogram(picture: Tensor, target: Shades) -> HistogramMap:
    """The map that gives a picture ``(1, 3, H, W)`` in [0, 1] the target's shades.

    On this picture it gives what `match_histogram` gives, to the bit.
    """
    return _fitted(picture, target)[0]


def shaded_as(picture: Tensor, target: Shades) -> Tensor:
    """`match_histogram` with shades that are known."""
    return _fitted(picture, target)[1]


def match_histogram(picture: Tensor, model: Tensor) -> Tensor:
    """The picture with the model's distribution of colours in OkLab, clamped to [0, 1].

    Pitie, Kokaram and Dahyot 2005, "N-dimensional probability density function transfer": the histogram along each axis is
    matched, in one rotation of the axes after the other, and in the end along those of OkLab. So the colours that come out are
    the model's own, where channels matched one by one would be mixed anew. Departures: it begins with mean and covariance
    matched, ten rotations are always the same, histograms are known by 1025 quantiles, and grain is not smoothed.

    Args:
        picture, model: ``(1, 3, H, W)`` in [0, 1], of any two sizes.
    """
    return shaded_as(picture, fit_shades(model))


def _fitted(picture: Tensor, target: Shades) -> tuple[HistogramMap, Tensor]:
    """The map, and the picture it was fitted to as it has become on the way: a turn is fitted to what the last one gave."""
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
    """The same ones each time; the last leaves OkLab's axes as they are, so that their quantiles are matched in the end."""
    generator = torch.Generator().manual_seed(0)
    mixed = torch.randn((_ROTATIONS, 3, 3), generator=generator, dtype=torch.float64)
    return [*torch.linalg.qr(mixed)[0], torch.eye(3, dtype=torch.float64)]


def _thinned(values: Tensor) -> Tensor:
    """Every so many of ``(..., N)``, no more than a sample wants."""
    return values[..., :: -(-values.shape[-1] // _SAMPLE)]


def _quantiles(values: Tensor) -> Array:
    """Of each row of ``(3, N)``, as ``(3, 1025)``."""
    shares = np.linspace(0, 1, _LEVELS)
    return np.stack([np.quantile(row.numpy(), shares) for row in values])


def _curve(ours: Array, theirs: Array) -> tuple[Array, Array]:
    """From quantiles to quantiles, ``(1025,)`` each; equal ones stay equal, at the mean of their ranks."""
    group = (np.diff(ours, prepend=ours[0]) > _SAME).cumsum()
    counts = np.bincount(group)
    return np.bincount(group, ours) / counts, np.bincount(group, theirs) / counts
