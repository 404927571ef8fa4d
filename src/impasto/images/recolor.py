"""Colours of one picture moved to those of others: mean and covariance, by the shortest linear way."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["recolor"]

_FLOOR = 1e-5  # variance below which a direction counts as having none: grey pictures would otherwise be blown up


def recolor(picture: Tensor, models: Sequence[Tensor], shares: Sequence[float] | None = None) -> Tensor:
    """The picture with the mean and covariance of the models' colours, clamped to [0, 1].

    The map is the optimal transport between the two Gaussians (Pitie and Kokaram 2007, "The linear Monge-Kantorovitch
    colour mapping"), x -> m' + S^-.5 (S^.5 S' S^.5)^.5 S^-.5 (x - m): of all that match, the one that moves colours least.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1].
        models: pictures like it, of any size; their moments are mixed by ``shares`` (equal ones by default).
    """
    mean, covariance = _moments([picture], [1.0])
    wanted_mean, wanted = _moments(models, shares or [1.0] * len(models))
    root, inverse = _powers(covariance)
    map = inverse @ _powers(root @ wanted @ root)[0] @ inverse
    moved = torch.einsum("dc,bchw->bdhw", map, picture.double() - mean[:, None, None]) + wanted_mean[:, None, None]
    return moved.clamp(0, 1).to(picture.dtype)


def _moments(pictures: Sequence[Tensor], shares: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the mixture; float64, for the roots to come."""
    columns = [picture.double().flatten(2)[0] for picture in pictures]
    weights = [share / sum(shares) for share in shares]
    mean = torch.stack([w * c.mean(1) for w, c in zip(weights, columns, strict=True)]).sum(0)
    second = torch.stack([w * (c @ c.T) / c.shape[1] for w, c in zip(weights, columns, strict=True)]).sum(0)
    return mean, second - torch.outer(mean, mean)


def _powers(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The symmetric square root and its inverse, on which directions without variance have no part."""
    values, vectors = torch.linalg.eigh(matrix)
    roots = values.clamp_min(0).sqrt()
    inverses = torch.where(values > _FLOOR, roots.clamp_min(1e-12).reciprocal(), torch.zeros_like(roots))
    return (vectors * roots) @ vectors.T, (vectors * inverses) @ vectors.T
