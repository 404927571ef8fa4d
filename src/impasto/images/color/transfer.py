"""Colours of one picture moved to those of others: mean and covariance, by a linear map in a colour space of choice.

A map is fitted once, to a picture and to what is known of the models, and applied to as many pictures as there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...config.choices import COLOR_METHODS, registered
from .spaces import columns_in, from_space

__all__ = ["Affine", "ColorTransfer", "Moments", "fit_affine", "fit_moments", "fit_transfer", "moved_to", "recolor"]

_FLOOR = 1e-5  # variance below which a direction counts as having none: grey pictures would otherwise be blown up


@dataclass(frozen=True, eq=False)
class Moments:
    """What a transfer of colours knows of its models: the mean ``(3,)`` and covariance ``(3, 3)`` of their colours in ``space``.

    float64, on the CPU.
    """

    mean: Tensor
    covariance: Tensor
    space: str


@dataclass(frozen=True, eq=False)
class Affine:
    """The colour x becomes ``matrix (x - centre) + offset``: ``(3, 3)``, ``(3,)`` and ``(3,)`` in float64."""

    matrix: Tensor
    centre: Tensor
    offset: Tensor

    def apply(self, columns: Tensor) -> Tensor:
        """Colours ``(3, N)`` in float64, any range; nothing is clamped."""
        return self.matrix @ (columns - self.centre[:, None]) + self.offset[:, None]


@dataclass(frozen=True, eq=False)
class ColorTransfer:
    """What `fit_transfer` found: maps of colours in ``space``, one for each round; after each, colours are clamped to [0, 1]."""

    maps: tuple[Affine, ...]
    space: str

    def apply(self, picture: Tensor) -> Tensor:
        """A picture ``(1, 3, H, W)`` in [0, 1], of any size; pixels of one colour get one colour, whatever is around them."""
        for each in self.maps:
            picture = _free(picture, each.apply(columns_in(self.space, picture)), self.space).clamp(0, 1)
        return picture


def fit_moments(models: Sequence[Tensor], shares: Sequence[float] | None = None, space: str = "srgb") -> Moments:
    """The moments of pictures ``(1, 3, H, W)`` in [0, 1] of any sizes, mixed by ``shares`` (equal ones by default)."""
    return Moments(*_moments([columns_in(space, model) for model in models], shares or [1.0] * len(models)), space)


def fit_affine(columns: Tensor, target: Moments, method: str = "symmetric", seen: Tensor | None = None) -> Affine:
    """The map that gives colours ``(3, N)``, in float64 and in the target's space, its moments; see `recolor`."""
    mean, covariance = _moments([columns if seen is None else columns[:, seen.flatten()]], [1.0])
    return Affine(_METHODS[method](covariance, target.covariance), mean, target.mean)


def fit_transfer(
    picture: Tensor, target: Moments, *, method: str = "symmetric", rounds: int = 1, seen: Tensor | None = None
) -> ColorTransfer:
    """The maps that give a picture the moments of its models; the arguments are those of `recolor`.

    On this picture they give what `recolor` gives, to the bit.
    """
    return _fitted(picture, target, method, rounds, seen)[0]


def moved_to(picture: Tensor, target: Moments, *, method: str = "symmetric", rounds: int = 1) -> Tensor:
    """`recolor` to moments that are known."""
    return _fitted(picture, target, method, rounds, None)[1]


def recolor(
    picture: Tensor,
    models: Sequence[Tensor],
    shares: Sequence[float] | None = None,
    *,
    method: str = "symmetric",
    space: str = "srgb",
    rounds: int = 1,
    seen: Tensor | None = None,
) -> Tensor:
    """The picture with the mean and covariance of the models' colours, clamped to [0, 1].

    The colour x becomes m' + A (x - m), where A S A^T = S'. Of the maps that do this, ``symmetric`` is the optimal transport
    between the two Gaussians, S^-.5 (S^.5 S' S^.5)^.5 S^-.5 (Pitie and Kokaram 2007, "The linear Monge-Kantorovitch colour
    mapping"), which moves colours least; ``pca`` is S'^.5 S^-.5, by the axes of both (Hertzmann 2001, section 4.4);
    ``cholesky`` is L' L^-1 of the triangular roots, which begins with the space's first channel (Gatys et al. 2016, "Preserving
    Color in Neural Artistic Style Transfer", equations 3 to 5). Departure: a direction in which the picture has no variance
    stays without any.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1].
        models: pictures like it, of any size; their moments are mixed by ``shares`` (equal ones by default).
        method: pca, cholesky or symmetric.
        space: srgb, linear or oklab, in which the moments are taken.
        rounds: how often, at most: what is clamped has other moments, which another round brings nearer.
        seen: ``(H, W)`` bool, those of the picture's pixels that are given the moments, by a map of all; by default every one.
    """
    return _fitted(picture, fit_moments(models, shares, space), method, rounds, seen)[1]


def _fitted(picture: Tensor, target: Moments, method: str, rounds: int, seen: Tensor | None) -> tuple[ColorTransfer, Tensor]:
    """The maps, and the picture they were fitted to as it has become on the way: a round is fitted to what the last one gave."""
    maps = []
    for _ in range(rounds):
        columns = columns_in(target.space, picture)
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
    """Mean and covariance of the mixture."""
    weights = [share / sum(shares) for share in shares]
    mean = torch.stack([w * c.mean(1) for w, c in zip(weights, colors, strict=True)]).sum(0)
    second = torch.stack([w * (c @ c.T) / c.shape[1] for w, c in zip(weights, colors, strict=True)]).sum(0)
    return mean, second - torch.outer(mean, mean)


def _symmetric(covariance: Tensor, wanted: Tensor) -> Tensor:
    root, inverse = _powers(covariance)
    return inverse @ _powers(root @ wanted @ root)[0] @ inverse


def _pca(covariance: Tensor, wanted: Tensor) -> Tensor:
    return _powers(wanted)[0] @ _powers(covariance)[1]


def _cholesky(covariance: Tensor, wanted: Tensor) -> Tensor:
    root, inverse = _powers(covariance)
    seen = root @ inverse  # onto the directions that have variance
    filled = covariance + _FLOOR * (torch.eye(3, dtype=torch.float64) - seen)
    return _triangle(wanted) @ _triangle(filled).inverse() @ seen


_METHODS: dict[str, Callable[[Tensor, Tensor], Tensor]] = registered(
    COLOR_METHODS, {"symmetric": _symmetric, "pca": _pca, "cholesky": _cholesky}
)


def _powers(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The symmetric square root and its inverse, on which directions without variance have no part."""
    values, vectors = torch.linalg.eigh(matrix)
    roots = values.clamp_min(0).sqrt()
    inverses = torch.where(values > _FLOOR, roots.clamp_min(1e-12).reciprocal(), torch.zeros_like(roots))
    return (vectors * roots) @ vectors.T, (vectors * inverses) @ vectors.T


def _triangle(matrix: Tensor) -> Tensor:
    """The lower Cholesky root; of a singular matrix as well."""
    root: Tensor = torch.linalg.cholesky(matrix + 1e-12 * torch.eye(3, dtype=torch.float64))
    return root
