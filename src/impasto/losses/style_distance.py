"""How two style statistics are compared: Gram matrices, moments, means and deviations, Gaussian Wasserstein-2."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..config.choices import GRAM_NORMALIZATIONS, STYLE_DISTANCES, registered
from .statistics import Sums

__all__ = ["gram_distance", "mean_std_distance", "moments_distance", "wasserstein_distance"]

_TINY = 1e-12


def gram_distance(stats: Sums, target: Sums, *, normalization: str = "positions", distance: str = "mean") -> Tensor:
    """Squared distance between two Gram matrices, as a scalar (Gatys et al. 2015, equations 3 and 4).

    With G and A the Gram matrices of canvas and style, S = sum over i, j of (G_ij - A_ij)^2, and N = C channels and
    M = H W positions of the canvas.

    Args:
        stats: statistics of the canvas.
        target: statistics of the style.
        normalization: divisor of each Gram matrix: ``positions`` M (each with its own), ``elements`` C M, ``none`` 1.
        distance: ``mean`` S / C^2; ``sum`` S; ``gatys`` S / (4 C^2), and with ``normalization="none"`` also divided by
            M^2 of the canvas, which is the paper's 1 / (4 N^2 M^2); ``mean-c2`` S / C^4 (the mean divided by C^2 once
            more, as in the published code of Gatys et al. 2016); ``relative`` S / sum over i, j of A_ij^2.

    Returns:
        A scalar ``()``, 0 or more.

    Examples:
        >>> import torch
        >>> from impasto.losses import sums
        >>> ours, theirs = sums(torch.full((1, 1, 2, 2), 2.0)), sums(torch.ones(1, 1, 2, 2))
        >>> gram_distance(ours, theirs).item()  # (4 - 1)^2
        9.0
        >>> gram_distance(ours, theirs, normalization="none", distance="gatys").item()  # (16 - 4)^2 / (4 * 4^2)
        2.25
    """
    gram = _GRAMS[normalization]
    ours, theirs = gram(stats), gram(target)  # (C, C)
    squares: Tensor = (ours - theirs).square().sum()
    positions = stats.positions if normalization == "none" else 1
    return squares / _DIVISORS[distance](stats.first.shape[0], theirs, positions)


_GRAMS: dict[str, Callable[[Sums], Tensor]] = registered(
    GRAM_NORMALIZATIONS,
    {
        "positions": lambda stats: stats.moment,
        "elements": lambda stats: stats.moment / stats.first.shape[0],
        "none": lambda stats: stats.second,
    },
)


_DIVISORS: dict[str, Callable[[int, Tensor, Tensor | int], Tensor | float]] = registered(  # (C, A, M) -> divisor
    STYLE_DISTANCES,
    {
        "mean": lambda channels, theirs, positions: channels**2,
        "sum": lambda channels, theirs, positions: 1,
        "gatys": lambda channels, theirs, positions: 4.0 * channels**2 * positions**2,
        "mean-c2": lambda channels, theirs, positions: channels**4,
        "relative": lambda channels, theirs, positions: theirs.square().sum().clamp_min(_TINY),
    },
)


def mean_std_distance(stats: Sums, target: Sums, *, distance: str = "mean") -> Tensor:
    """Squared distance between channel means plus that between channel standard deviations, as a scalar.

    With means m, m' and biased standard deviations s, s': (|m - m'|^2) / d + (|s - s'|^2) / d'. The statistics are
    those of adaptive instance normalisation (Huang and Belongie 2017, arXiv 1703.06868).

    Args:
        stats: statistics of the canvas.
        target: statistics of the style.
        distance: the divisors d and d': ``mean`` C; ``sum`` 1; ``relative`` |m'|^2 and |s'|^2.

    Returns:
        A scalar ``()``, 0 or more.

    Examples:
        >>> import torch
        >>> from impasto.losses import sums
        >>> ours, theirs = sums(torch.tensor([[[[0.0, 2.0]]]])), sums(torch.tensor([[[[2.0, 4.0]]]]))
        >>> round(mean_std_distance(ours, theirs).item(), 4)  # means 1 and 3, deviations both 1
        4.0
    """
    means = _compare(stats.mean, target.mean, distance)
    return means + _compare(_deviation(stats), _deviation(target), distance)


def _deviation(stats: Sums) -> Tensor:
    # The floor keeps the gradient of the root finite for constant channels, such as dead ones.
    return stats.covariance.diagonal().clamp_min(1e-10).sqrt()


def moments_distance(stats: Sums, target: Sums, *, distance: str = "relative") -> Tensor:
    """Squared distance between means plus that between second moments, as a scalar.

    With means m, m' and second moments M, M' (see `Sums.moment`): (|m - m'|^2) / d + (|M - M'|^2) / d'. The default
    objective adds it to the nearest-neighbour loss.

    Args:
        stats: statistics of the canvas.
        target: statistics of the style.
        distance: the divisors d and d': ``mean`` C and C^2; ``sum`` 1; ``relative`` |m'|^2 and |M'|^2.

    Returns:
        A scalar ``()``, 0 or more.

    Examples:
        >>> import torch
        >>> from impasto.losses import sums
        >>> ours, theirs = sums(torch.full((1, 1, 2, 2), 3.0)), sums(torch.ones(1, 1, 2, 2))
        >>> moments_distance(ours, theirs).item()  # (3 - 1)^2 / 1 + (9 - 1)^2 / 1
        68.0
    """
    return _compare(stats.mean, target.mean, distance) + _compare(stats.moment, target.moment, distance)


def wasserstein_distance(stats: Sums, target: Sums, *, epsilon: float = 1e-4, distance: str = "mean") -> Tensor:
    """Squared Wasserstein-2 distance between two Gaussians with the features' means and covariances, as a scalar.

    |m - m'|^2 + tr(S + S' - 2 (S'^.5 S S'^.5)^.5), with ``epsilon`` added to both diagonals (the Frechet distance of
    Dowson and Landau 1982). The trace of the root is the sum of the roots of the eigenvalues of a symmetric matrix,
    where published systems iterate Newton-Schulz: it is exact, and its gradient is defined for every positive matrix.
    Computed in float64, except on MPS.

    Args:
        stats: statistics of the canvas.
        target: statistics of the style.
        epsilon: added to each variance.
        distance: divisor: ``mean`` C; ``sum`` 1; ``relative`` |m'|^2 + tr S'.

    Returns:
        A scalar ``()``, in the number format of ``stats``.

    Examples:
        >>> import torch
        >>> from impasto.losses import sums
        >>> ours, theirs = sums(torch.tensor([[[[0.0, 2.0]]]])), sums(torch.tensor([[[[3.0, 5.0]]]]))
        >>> round(wasserstein_distance(ours, theirs).item(), 4)  # equal variances: only the means differ, by 3
        9.0
    """
    dtype, stats, target = stats.first.dtype, _exact(stats), _exact(target)
    eye = torch.eye(len(stats.first), dtype=stats.first.dtype, device=stats.first.device)
    ours, theirs = stats.covariance + epsilon * eye, target.covariance + epsilon * eye  # (C, C)
    root = _root(theirs)  # S'^.5
    inner = root @ ours @ root  # S'^.5 S S'^.5
    cross = torch.linalg.eigvalsh((inner + inner.T) / 2).clamp_min(_TINY).sqrt().sum()  # tr of its root
    squares: Tensor = (stats.mean - target.mean).square().sum() + ours.trace() + theirs.trace() - 2 * cross
    squares = squares.to(dtype)
    if distance == "relative":
        return squares / (target.mean.square().sum() + theirs.trace()).to(dtype)
    return squares if distance == "sum" else squares / len(stats.first)


def _exact(stats: Sums) -> Sums:
    """The statistics in float64 where the device has it.

    With fewer positions than channels most eigenvalues are epsilon, and epsilon^2 in the product of the two
    covariances. That is below the rounding error of float32, and the gradient divides by the roots of these
    eigenvalues.
    """
    return stats if stats.first.device.type == "mps" else Sums(*(part.double() for part in stats))


def _root(matrix: Tensor) -> Tensor:
    """Symmetric square root of a positive semidefinite matrix."""
    values, vectors = torch.linalg.eigh(matrix.detach())
    root: Tensor = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    return root


def _compare(ours: Tensor, theirs: Tensor, distance: str) -> Tensor:
    squares: Tensor = (ours - theirs).square().sum()
    if distance == "relative":
        return squares / theirs.square().sum().clamp_min(_TINY)
    return squares if distance == "sum" else squares / ours.numel()
