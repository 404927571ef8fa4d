"""Colours of one picture given the distribution of another's: not mean and spread alone, but every shade as often."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .spaces import columns_in, from_space
from .transfer import match_moments

__all__ = ["match_histogram"]

_ROTATIONS = 10
_LEVELS = 1025  # quantiles by which a distribution is known
_SAMPLE = 2**16  # places from which they are taken, at most
_SAME = 1e-9  # values this near are one shade: rounding must not put the pixels of a flat area in an order


def match_histogram(picture: Tensor, model: Tensor) -> Tensor:
    """The picture with the model's distribution of colours in OkLab, clamped to [0, 1].

    Pitie, Kokaram and Dahyot 2005, "N-dimensional probability density function transfer": the histogram along each axis is
    matched, in one rotation of the axes after the other, and in the end along those of OkLab. So the colours that come out are
    the model's own, where channels matched one by one would be mixed anew. Departures: it begins with mean and covariance
    matched, ten rotations are always the same, histograms are known by 1025 quantiles, and grain is not smoothed.

    Args:
        picture, model: ``(1, 3, H, W)`` in [0, 1], of any two sizes.
    """
    values, wanted = columns_in("oklab", picture), columns_in("oklab", model)
    values = match_moments(values, [wanted], [1.0])
    wanted = _thinned(wanted)
    for rotation in _rotations():
        matched = [_match(ours, theirs) for ours, theirs in zip(rotation @ values, rotation @ wanted, strict=True)]
        values = rotation.T @ torch.stack(matched)
    return from_space(values.reshape(1, *picture.shape[1:]), "oklab").clamp(0, 1).to(picture)


def _rotations() -> list[Tensor]:
    """The same ones each time; the last leaves OkLab's axes as they are, so that their quantiles are matched in the end."""
    generator = torch.Generator().manual_seed(0)
    mixed = torch.randn((_ROTATIONS, 3, 3), generator=generator, dtype=torch.float64)
    return [*torch.linalg.qr(mixed)[0], torch.eye(3, dtype=torch.float64)]


def _thinned(values: Tensor) -> Tensor:
    """Every so many of ``(..., N)``, no more than a sample wants."""
    return values[..., :: -(-values.shape[-1] // _SAMPLE)]


def _match(values: Tensor, wanted: Tensor) -> Tensor:
    """``values`` ``(N,)`` with the quantiles of ``wanted`` ``(M,)``; equal ones stay equal, at the mean of their ranks."""
    shares = np.linspace(0, 1, _LEVELS)
    ours, theirs = np.quantile(_thinned(values).numpy(), shares), np.quantile(wanted.numpy(), shares)
    group = (np.diff(ours, prepend=ours[0]) > _SAME).cumsum()
    ours, theirs = (np.bincount(group, levels) / np.bincount(group) for levels in (ours, theirs))
    return torch.from_numpy(np.interp(values.numpy(), ours, theirs))
