"""Style statistics that add: counts, sums and sums of products over positions, and how two of them are compared.

A style loss is ``sums(features, mask)``, which adds over tiles, masks, batches and machines, and one of the distances
below, which compares two sums. Nothing else of the features is ever needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..config.choices import GRAM_NORMALIZATIONS, STYLE_DISTANCES, registered
from ..errors import PictureError
from ..numerics import widened

__all__ = ["Sums", "blend", "gram_distance", "mean_std_distance", "moments_distance", "pulled", "sums", "wasserstein_distance"]

_TINY = 1e-12


class Sums(NamedTuple):
    """Additive statistics of feature vectors f over positions: the weights' sum n, sum of f ``(C,)``, of f f^T ``(C, C)``."""

    positions: Tensor
    first: Tensor
    second: Tensor

    def __add__(self, other: object) -> Sums:
        """The statistics of both sets of positions together."""
        if not isinstance(other, Sums):
            return NotImplemented
        return Sums(self.positions + other.positions, self.first + other.first, self.second + other.second)

    @property
    def mean(self) -> Tensor:
        """Mean feature vector ``(C,)``."""
        return self.first / self.positions

    @property
    def moment(self) -> Tensor:
        """Mean of f f^T ``(C, C)``: the Gram matrix over the number of positions."""
        return self.second / self.positions

    @property
    def covariance(self) -> Tensor:
        """Biased covariance ``(C, C)``."""
        return self.moment - torch.outer(self.mean, self.mean)


def sums(features: Tensor, mask: Tensor | None = None, *, pooled: bool = False) -> Sums:
    """The statistics of one feature map.

    Args:
        features: ``(1, C, H, W)``; in ``channels_last`` memory nothing is copied.
        mask: ``(1, 1, H, W)`` in 0..1, how much each position counts; None counts every one once.
        pooled: take ``(B, C, H, W)`` of several pictures, with ``(B, 1, H, W)`` of masks, and add up all of their positions.

    Raises:
        PictureError: they are of several pictures, and are not to be pooled.

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
    """Sums of f and of f f^T over the rows f ``(n, C)``, each counted by its share ``(n, 1)``.

    With the gradients a and A of the two, that of a row is a + (A + A^T) f: one product, where autograd makes two. It is
    taken in the number format of the features, which is what the network will make of it anyway; the sums are not.
    """

    @staticmethod
    def forward(ctx: Any, columns: Tensor, share: Tensor | None) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(columns, share)
        wide = widened(columns)
        counted = wide if share is None else wide * share
        return counted.sum(0), wide.T @ counted

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _row_gradients(*ctx.saved_tensors, *gradients), None


def _row_gradients(columns: Tensor, share: Tensor | None, first: Tensor, second: Tensor) -> Tensor:
    found = torch.addmm(first.to(columns.dtype), columns, (second + second.T).to(columns.dtype))
    return found if share is None else found * share.to(found.dtype)


def pulled(features: Tensor, slope: Sums, mask: Tensor | None = None) -> Tensor:
    """The gradient of the features, ``(1, C, H, W)``, where that of their `sums` is ``slope``; the sums are not needed for it.

    Args:
        features: as given to `sums`.
        slope: the gradients of ``first`` and ``second``.
        mask: as given to `sums`.
    """
    columns, share = _rows(features, mask)
    found = _row_gradients(columns, share, slope.first, slope.second)
    return found.reshape(features.shape[0], *features.shape[2:], -1).permute(0, 3, 1, 2)


def _rows(features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Features as ``(n, C)``, and what each counts as ``(n, 1)``."""
    columns = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
    return columns, None if mask is None else widened(mask).reshape(-1, 1)


def blend(targets: Sequence[Sums], shares: Sequence[float]) -> Sums:
    """The statistics midway between several styles: each one's means, mixed by ``shares`` (normalised to 1)."""
    total = float(sum(shares))
    parts = [(share / total, target) for share, target in zip(shares, targets, strict=True)]
    positions = torch.stack([share * t.positions for share, t in parts]).sum()
    first = torch.stack([share * t.mean for share, t in parts]).sum(0) * positions
    second = torch.stack([share * t.moment for share, t in parts]).sum(0) * positions
    return Sums(positions, first, second)


def gram_distance(stats: Sums, target: Sums, *, normalization: str = "positions", distance: str = "mean") -> Tensor:
    """Squared distance of two Gram matrices, as a scalar (Gatys et al. 2015, equations 3 and 4).

    Args:
        normalization: what each Gram matrix is divided by: ``positions`` H W, ``elements`` C H W, ``none`` 1.
        distance: of the sum of squared differences S: ``mean`` S/C^2; ``sum`` S; ``gatys`` S/(4 C^2), and for
            ``normalization="none"`` also over (H W)^2 of the canvas, which is the paper's 1/(4 N^2 M^2);
            ``mean-c2`` S/C^4 (the mean, over C^2 once more, as in the code of Gatys et al. 2016);
            ``relative`` S over the target's own sum of squares.
    """
    gram = _GRAMS[normalization]
    ours, theirs = gram(stats), gram(target)
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

_DIVISORS: dict[str, Callable[[int, Tensor, Tensor | int], Tensor | float]] = registered(  # of channels, target and positions
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
    """Squared distance of channel means plus that of channel standard deviations (biased), as a scalar.

    ``distance``: ``mean`` over the channels, ``sum``, or ``relative`` to the target's sums of squares.
    """
    means = _compare(stats.mean, target.mean, distance)
    return means + _compare(_deviation(stats), _deviation(target), distance)


def _deviation(stats: Sums) -> Tensor:
    # The floor keeps the root's gradient finite for a channel that is constant, as dead channels are.
    return stats.covariance.diagonal().clamp_min(1e-10).sqrt()


def moments_distance(stats: Sums, target: Sums, *, distance: str = "relative") -> Tensor:
    """Squared distance of the mean plus that of the raw second moment, as a scalar: what the blend adds to neighbours.

    ``distance``: ``mean`` over the entries, ``sum``, or ``relative`` to the target's sums of squares.
    """
    return _compare(stats.mean, target.mean, distance) + _compare(stats.moment, target.moment, distance)


def wasserstein_distance(stats: Sums, target: Sums, *, epsilon: float = 1e-4, distance: str = "mean") -> Tensor:
    """Squared Wasserstein-2 distance of two Gaussians with the features' means and covariances, as a scalar.

    |m - m'|^2 + tr(S + S' - 2 (S'^.5 S S'^.5)^.5), with ``epsilon`` on both diagonals (the Frechet distance of
    Dowson and Landau 1982). The trace of the root is taken from the eigenvalues of a symmetric matrix, where published
    systems iterate Newton-Schulz: exact, and its gradient is defined for every positive matrix. Computed in float64.

    Args:
        distance: ``mean`` over the channels, ``sum``, or ``relative`` to |m'|^2 + tr S'.
    """
    dtype, stats, target = stats.first.dtype, _exact(stats), _exact(target)
    eye = torch.eye(len(stats.first), dtype=stats.first.dtype, device=stats.first.device)
    ours, theirs = stats.covariance + epsilon * eye, target.covariance + epsilon * eye
    root = _root(theirs)
    inner = root @ ours @ root
    cross = torch.linalg.eigvalsh((inner + inner.T) / 2).clamp_min(_TINY).sqrt().sum()
    squares: Tensor = (stats.mean - target.mean).square().sum() + ours.trace() + theirs.trace() - 2 * cross
    squares = squares.to(dtype)
    if distance == "relative":
        return squares / (target.mean.square().sum() + theirs.trace()).to(dtype)
    return squares if distance == "sum" else squares / len(stats.first)


def _exact(stats: Sums) -> Sums:
    """In float64 where the device has it.

    With fewer positions than channels most eigenvalues are epsilon, and epsilon squared in the product of two covariances:
    less than what float32 rounds away, and the gradient divides by their roots.
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
