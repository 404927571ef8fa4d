"""Colour transfer: a picture gets the mean and covariance of the colours of others, by an affine map in a colour space.

A map is fitted once, to a picture and to the statistics of its models, and can be applied to several pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...config.choices import COLOR_METHODS, registered
from .spaces import columns_in, from_space

__all__ = ["Affine", "ColorTransfer", "Moments", "fit_affine", "fit_moments", "fit_transfer", "recolor"]

_FLOOR = 1e-5  # smaller variances count as 0: the chroma noise of grey pictures would otherwise be amplified


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and covariance of colours, in float64 on the CPU.

    Attributes:
        mean: ``(3,)``.
        covariance: ``(3, 3)``.
        space: srgb, linear or oklab.
    """

    mean: Tensor
    covariance: Tensor
    space: str


@dataclass(frozen=True, eq=False)
class Affine:
    """The affine map x -> matrix (x - centre) + offset of colours, in float64.

    Attributes:
        matrix: ``(3, 3)``.
        centre: ``(3,)``.
        offset: ``(3,)``.
    """

    matrix: Tensor
    centre: Tensor
    offset: Tensor

    def apply(self, columns: Tensor) -> Tensor:
        """Map colours ``(3, N)`` in float64 to ``(3, N)``; nothing is clamped."""
        return self.matrix @ (columns - self.centre[:, None]) + self.offset[:, None]


@dataclass(frozen=True, eq=False)
class ColorTransfer:
    """A fitted colour transfer, from `fit_transfer`.

    Attributes:
        maps: one affine map for each round; after each, colours are clamped to [0, 1].
        space: the space of the maps.
    """

    maps: tuple[Affine, ...]
    space: str

    def apply(self, picture: Tensor) -> Tensor:
        """Map the colours of a picture ``(1, 3, H, W)`` in [0, 1], of any size, to ``(1, 3, H, W)`` in [0, 1].

        Each pixel is mapped by itself, so that equal colours stay equal.
        """
        for each in self.maps:
            picture = _free(picture, each.apply(columns_in(self.space, picture)), self.space).clamp(0, 1)
        return picture


def fit_moments(models: Sequence[Tensor], shares: Sequence[float] | None = None, space: str = "srgb") -> Moments:
    """Mean and covariance of the colours of several pictures.

    Args:
        models: pictures ``(1, 3, H, W)`` in [0, 1], of any sizes.
        shares: weight of each picture, divided by their sum; None weighs all alike.
        space: srgb, linear or oklab.

    Returns:
        The `Moments` of the mixture.

    Examples:
        >>> import torch
        >>> fit_moments([torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 4, 4)]).mean.tolist()
        [0.5, 0.5, 0.5]
    """
    return Moments(*_moments([columns_in(space, model) for model in models], shares or [1.0] * len(models)), space)


def fit_affine(columns: Tensor, target: Moments, method: str = "symmetric", seen: Tensor | None = None) -> Affine:
    """Fit the affine map that gives colours the mean and covariance of a target, see `recolor`.

    Args:
        columns: colours ``(3, N)`` in float64, in the space of the target.
        target: of the models.
        method: symmetric, pca or cholesky.
        seen: bool, N values: the colours that are measured; None for all.

    Returns:
        The `Affine` map.
    """
    mean, covariance = _moments([columns if seen is None else columns[:, seen.flatten()]], [1.0])
    return Affine(_METHODS[method](covariance, target.covariance), mean, target.mean)


def fit_transfer(
    picture: Tensor, target: Moments, *, method: str = "symmetric", rounds: int = 1, seen: Tensor | None = None
) -> ColorTransfer:
    """Fit the colour transfer that `recolor` applies.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1].
        target: of the models, from `fit_moments`.
        method: see `recolor`.
        rounds: see `recolor`.
        seen: see `recolor`.

    Returns:
        The `ColorTransfer`. Applied to ``picture``, it gives exactly what `recolor` gives.
    """
    return _fitted(picture, target, method, rounds, seen)[0]


def recolor(
    picture: Tensor, target: Moments, *, method: str = "symmetric", rounds: int = 1, seen: Tensor | None = None
) -> Tensor:
    """Give a picture the mean and covariance of the colours of other pictures, its models; clamped to [0, 1].

    With m, S the mean and covariance of the picture and m', S' those of the models, the colour x becomes m' + A (x - m)
    with A S A^T = S'. The matrix A is not unique; ``method`` chooses it (X^.5 is the symmetric root, L L^T = S):
    ``symmetric`` S^-.5 (S^.5 S' S^.5)^.5 S^-.5, the optimal transport between the two Gaussians, which moves colours
    least (Pitie and Kokaram 2007, "The linear Monge-Kantorovitch linear colour mapping for example-based colour
    transfer"); ``pca`` S'^.5 S^-.5, by the principal axes of both (Hertzmann 2001, section 4.4);
    ``cholesky`` L' L^-1, which depends on the order of the channels (Gatys et al. 2016, "Preserving Color in Neural
    Artistic Style Transfer", equations 3 to 5).
    Reinhard et al. 2001, "Color transfer between images", match the mean and standard deviation of each channel, as if
    covariances were diagonal. Departure: a direction in which the picture has no variance remains without any.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1].
        target: of the models, from `fit_moments`; its space is that of the map.
        method: symmetric, pca or cholesky.
        rounds: the most times that the transfer is repeated: clamping changes the moments, and another round brings
            them nearer.
        seen: ``(H, W)`` bool, the pixels of the picture that are measured; the map is applied to all. None for all.

    Returns:
        ``(1, 3, H, W)`` in [0, 1].

    Examples:
        >>> import torch
        >>> random = torch.Generator().manual_seed(0)
        >>> picture = torch.rand(1, 3, 16, 16, generator=random)
        >>> model = 0.4 + 0.2 * torch.rand(1, 3, 16, 16, generator=random)
        >>> moved = recolor(picture, fit_moments([model]))
        >>> round((moved.mean() - model.mean()).abs().item(), 4), round((moved.std() - model.std()).abs().item(), 4)
        (0.0, 0.0)
    """
    return _fitted(picture, target, method, rounds, seen)[1]


def _fitted(
    picture: Tensor,
    target: Moments,
    method: str,
    rounds: int,
    seen: Tensor | None,
) -> tuple[ColorTransfer, Tensor]:
    """The fitted maps, and the picture mapped by them: each round is fitted to the result of the previous one."""
    maps = []
    for _ in range(rounds):
        columns = columns_in(target.space, picture)  # (3, H W)
        maps.append(fit_affine(columns, target, method, seen))
        free = _free(picture, maps[-1].apply(columns), target.space)
        picture = free.clamp(0, 1)
        if torch.equal(picture, free):
            break
    return ColorTransfer(tuple(maps), target.space), picture


def _free(picture: Tensor, columns: Tensor, space: str) -> Tensor:
    """Colours ``(3, H W)`` of ``space`` as a picture like the one given, not clamped."""
    return from_space(columns.reshape(1, *picture.shape[1:]), space).to(picture)


def _moments(colors: Sequence[Tensor], shares: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Mean ``(3,)`` and covariance ``(3, 3)`` of a mixture of colours ``(3, N)``."""
    weights = [share / sum(shares) for share in shares]
    mean = torch.stack([w * c.mean(1) for w, c in zip(weights, colors, strict=True)]).sum(0)
    second = torch.stack([w * (c @ c.T) / c.shape[1] for w, c in zip(weights, colors, strict=True)]).sum(0)  # (3, 3)
    return mean, second - torch.outer(mean, mean)


def _symmetric(covariance: Tensor, wanted: Tensor) -> Tensor:
    root, inverse = _powers(covariance)
    return inverse @ _powers(root @ wanted @ root)[0] @ inverse


def _pca(covariance: Tensor, wanted: Tensor) -> Tensor:
    return _powers(wanted)[0] @ _powers(covariance)[1]


def _cholesky(covariance: Tensor, wanted: Tensor) -> Tensor:
    root, inverse = _powers(covariance)
    seen = root @ inverse  # projection onto the directions that have variance
    filled = covariance + _FLOOR * (torch.eye(3, dtype=torch.float64) - seen)
    return _triangle(wanted) @ _triangle(filled).inverse() @ seen


_METHODS: dict[str, Callable[[Tensor, Tensor], Tensor]] = registered(
    COLOR_METHODS, {"symmetric": _symmetric, "pca": _pca, "cholesky": _cholesky}
)


def _powers(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Symmetric square root of a covariance and its pseudo-inverse, which is 0 along directions without variance."""
    values, vectors = torch.linalg.eigh(matrix)
    roots = values.clamp_min(0).sqrt()
    inverses = torch.where(values > _FLOOR, roots.clamp_min(1e-12).reciprocal(), torch.zeros_like(roots))
    return (vectors * roots) @ vectors.T, (vectors * inverses) @ vectors.T


def _triangle(matrix: Tensor) -> Tensor:
    """The lower Cholesky factor; a singular matrix is regularised by 1e-12."""
    root: Tensor = torch.linalg.cholesky(matrix + 1e-12 * torch.eye(3, dtype=torch.float64))
    return root
