"""Style statistics and the distances between them: sums of features and of their products over positions.

A style loss is computed in two steps: ``sums(features, mask)`` reduces a feature map to its mean and second moments,
and one of the distances below compares two such statistics. The sums of two sets of positions add up to those of their
union, so that statistics may be gathered tile by tile or picture by picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..config.choices import GRAM_NORMALIZATIONS, STYLE_DISTANCES, registered
from ..errors import PictureError
from ..numerics import widened

__all__ = [
    "Sums",
    "blend",
    "gram_distance",
    "mean_std_distance",
    "moments_distance",
    "pulled",
    "sums",
    "wasserstein_distance",
]

_TINY = 1e-12


class Sums(NamedTuple):
    """Additive statistics of the feature vectors f_i of some positions i, each with a weight w_i.

    Attributes:
        positions: sum of w_i, a scalar ``()``; the number of positions if no weights were given.
        first: sum of w_i f_i, ``(C,)``.
        second: sum of w_i f_i f_i^T, ``(C, C)``.

    Examples:
        >>> import torch
        >>> left, right = sums(torch.zeros(1, 1, 1, 2)), sums(torch.full((1, 1, 1, 2), 4.0))
        >>> both = left + right
        >>> both.positions.item(), both.mean.item(), both.covariance.item()
        (4.0, 2.0, 4.0)
    """

    positions: Tensor
    first: Tensor
    second: Tensor

    def __add__(self, other: object) -> Sums:
        """The statistics of the union of two disjoint sets of positions."""
        if not isinstance(other, Sums):
            return NotImplemented
        return Sums(self.positions + other.positions, self.first + other.first, self.second + other.second)

    @property
    def mean(self) -> Tensor:
        """Mean feature vector ``(C,)``."""
        return self.first / self.positions

    @property
    def moment(self) -> Tensor:
        """Second moment, the mean of f f^T, ``(C, C)``: the Gram matrix divided by the number of positions."""
        return self.second / self.positions

    @property
    def covariance(self) -> Tensor:
        """Biased covariance ``(C, C)``: the second moment minus the outer product of the mean with itself."""
        return self.moment - torch.outer(self.mean, self.mean)


def sums(features: Tensor, mask: Tensor | None = None, *, pooled: bool = False) -> Sums:
    """Statistics of one feature map over its positions.

    Args:
        features: ``(1, C, H, W)``; in ``channels_last`` memory format nothing is copied.
        mask: ``(1, 1, H, W)`` in 0..1, the weight of each position; None is 1 everywhere.
        pooled: accept ``(B, C, H, W)`` of several pictures, with a mask ``(B, 1, H, W)``, and sum over all of their
            positions together.

    Returns:
        The `Sums`, in float32, or float64 if the features are.

    Raises:
        PictureError: the features are of several pictures, and ``pooled`` is not set.

    Examples:
        >>> import torch
        >>> stats = sums(torch.ones(1, 2, 3, 4))
        >>> stats.positions.item(), stats.mean.tolist(), stats.moment.tolist()
        (12.0, [1.0, 1.0], [[1.0, 1.0], [1.0, 1.0]])
    """
    if features.shape[0] != 1 and not pooled:
        told = f"features of shape {tuple(features.shape)} are of {features.shape[0]} pictures"
        raise PictureError(told, "give them one by one, or pool them by name: pooled=True")
    columns, share = _rows(features, mask)
    first, second = _Products.apply(columns, share)  # type: ignore[no-untyped-call]
    return Sums(first.new_tensor(float(len(columns))) if share is None else share.sum(), first, second)


class _Products(torch.autograd.Function):
    """Weighted sums of f and of f f^T over the rows f of ``(n, C)``; the weights are ``(n, 1)``.

    Let a ``(C,)`` and A ``(C, C)`` be the gradients of the two sums. The gradient of a row is then w (a + (A + A^T) f),
    which takes one matrix product where autograd would take two. The gradient is computed in the number format of the
    features, in which the network continues; the sums are computed in float32 or wider.
    """

    @staticmethod
    def forward(ctx: Any, columns: Tensor, share: Tensor | None) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(columns, share)
        wide = widened(columns)
        counted = wide if share is None else wide * share
        return counted.sum(0), wide.T @ counted  # (C,), (C, C)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _row_gradients(*ctx.saved_tensors, *gradients), None


def _row_gradients(columns: Tensor, share: Tensor | None, first: Tensor, second: Tensor) -> Tensor:
    found = torch.addmm(first.to(columns.dtype), columns, (second + second.T).to(columns.dtype))
    return found if share is None else found * share.to(found.dtype)


def pulled(features: Tensor, slope: Sums, mask: Tensor | None = None) -> Tensor:
    """Gradient of the features, given the gradient of their `sums`: the backward pass of `sums`.

    With slope = (a, A): the gradient at a position of weight w and feature vector f is w (a + (A + A^T) f). The values
    of the sums are not needed, so that tiles can be differentiated one by one.

    Args:
        features: as given to `sums`, ``(1, C, H, W)``.
        slope: the gradients with respect to ``first`` and ``second``; ``positions`` is not read.
        mask: as given to `sums`.

    Returns:
        ``(1, C, H, W)``, in the number format of the features.

    Examples:
        >>> import torch
        >>> slope = Sums(torch.zeros(()), torch.tensor([1.0]), torch.tensor([[0.5]]))
        >>> pulled(torch.tensor([[[[2.0, 3.0]]]]), slope).flatten().tolist()  # 1 + 2 * 0.5 * f
        [3.0, 4.0]
    """
    columns, share = _rows(features, mask)
    found = _row_gradients(columns, share, slope.first, slope.second)
    return found.reshape(features.shape[0], *features.shape[2:], -1).permute(0, 3, 1, 2)  # (n, C) -> (1, C, H, W)


def _rows(features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Features as ``(n, C)`` with n = B H W, and the weights of the positions as ``(n, 1)`` or None."""
    columns = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])  # (B, C, H, W) -> (n, C)
    return columns, None if mask is None else widened(mask).reshape(-1, 1)


def blend(targets: Sequence[Sums], shares: Sequence[float]) -> Sums:
    """Weighted mean of the statistics of several styles.

    The means m_k and second moments M_k are averaged with the normalised shares: m = sum_k s_k m_k, M = sum_k s_k M_k.
    This is the statistics of a picture that shows each style on a fraction s_k of its area.

    Args:
        targets: one for each style, all with the same number of channels.
        shares: 0 or more, one for each style; divided by their sum.

    Returns:
        The `Sums`, whose number of positions is the weighted mean of those of the targets.

    Examples:
        >>> import torch
        >>> black, white = sums(torch.zeros(1, 1, 2, 2)), sums(torch.ones(1, 1, 2, 2))
        >>> blend([black, white], [1, 3]).mean.item()
        0.75
    """
    total = float(sum(shares))
    parts = [(share / total, target) for share, target in zip(shares, targets, strict=True)]
    positions = torch.stack([share * t.positions for share, t in parts]).sum()
    first = torch.stack([share * t.mean for share, t in parts]).sum(0) * positions  # (C,)
    second = torch.stack([share * t.moment for share, t in parts]).sum(0) * positions  # (C, C)
    return Sums(positions, first, second)


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
