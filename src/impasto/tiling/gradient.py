"""Value and gradient of a sum of terms in tiles, equal to those of the whole picture.

There are two passes over the tiles. The first one sums the statistics of all tiles, without gradients; the loss of the
sums and its gradient with respect to them follow. The second pass propagates this gradient, and that of the local
terms, back to the pixels in the window of each tile, and accumulates it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

from ..backbones import PIXELS, Backbone, with_pullback
from ..devices import release_freed_memory
from ..errors import ConfigError
from .features import Wanted, cut_features, unwrapped
from .tiles import Tile, Window, tiles_of

__all__ = ["Additive", "Local", "value_and_grad"]


class TiledTerm(Protocol):
    """A term of the loss that can be evaluated in tiles."""

    name: ClassVar[str]

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that it depends on."""
        ...


Stats = TypeVar("Stats", bound=tuple[Tensor, ...])
"""Statistics: a named tuple of tensors with ``+``, as `losses.Sums`."""


@runtime_checkable
class Additive(TiledTerm, Protocol[Stats]):
    """A term of statistics that are sums over positions. ``features`` are ``(1, C, h, w)`` by layer: the cells of one
    tile, or all of them."""

    def sums(self, features: Mapping[str, Tensor], tile: Tile | None = None) -> Stats:
        """The statistics of one tile; without ``tile`` those of the whole picture."""
        ...

    def compare(self, stats: Stats) -> Tensor:
        """The weighted loss, a scalar, as a function of the statistics of the whole picture."""
        ...

    def feature_gradients(self, features: Mapping[str, Tensor], slope: Stats, tile: Tile) -> Mapping[str, Tensor]:
        """The gradient with respect to the features of a tile, by layer, of the shapes of the features.

        Args:
            features: of the tile.
            slope: gradient of the loss with respect to the statistics.
            tile: the tile.
        """
        ...


@runtime_checkable
class Local(TiledTerm, Protocol):
    """A term that is a sum of independent shares of the tiles."""

    def seen(self, tile: Tile) -> Wanted:
        """The cells of each layer that the share of a tile depends on."""
        ...

    def share(self, features: Mapping[str, Tensor], tile: Tile) -> Tensor:
        """The share of a tile in the weighted loss, a scalar.

        Args:
            features: of the cells that `seen` returns, ``(1, C, h, w)`` by layer.
            tile: the tile.
        """
        ...


def value_and_grad(
    backbone: Backbone, terms: Sequence[TiledTerm], canvas: Tensor, tile_size: int
) -> tuple[list[tuple[str, Tensor]], Tensor]:
    """Value of each term and gradient of their sum, in tiles.

    Args:
        backbone: the network; the activations of one tile are in memory at a time.
        terms: each one `Additive` or `Local`.
        canvas: ``(1, 3, H, W)`` in [0, 1].
        tile_size: side of the tiles in px.

    Returns:
        Name and weighted value of each term, and the gradient ``(1, 3, H, W)`` of their sum.

    Raises:
        ConfigError: a term is neither `Additive` nor `Local`.
    """
    additive, local = _sorted(terms)
    release_freed_memory()
    names = tuple(dict.fromkeys(name for term in terms for name in term.layers))
    tiles = tiles_of(canvas, backbone, names, tile_size) if names else []
    compared = [
        _compared(term, stats) for term, stats in zip(additive, _totals(backbone, additive, canvas, tiles), strict=True)
    ]
    gradient, shares = torch.zeros_like(canvas), [canvas.new_zeros(()) for _ in local]
    for tile in tiles:
        slopes = [(term, slope) for term, (_, slope) in zip(additive, compared, strict=True)]
        added = _descend(backbone, slopes, local, canvas, tile, gradient)
        shares = [share + more for share, more in zip(shares, added, strict=True)]
    release_freed_memory()
    values = [*(value for value, _ in compared), *shares]
    return [(term.name, value) for term, value in zip((*additive, *local), values, strict=True)], gradient


def _sorted(terms: Sequence[TiledTerm]) -> tuple[list[Additive[Any]], list[Local]]:
    """The additive terms, and the local ones."""
    for term in terms:
        if not isinstance(term, (Additive, Local)):
            raise ConfigError(f"the loss {term.name!r} is no sum over tiles", "leave out --tile-size")
    return [term for term in terms if isinstance(term, Additive)], [term for term in terms if isinstance(term, Local)]


@torch.no_grad()
def _totals(backbone: Backbone, terms: Sequence[Additive[Any]], canvas: Tensor, tiles: Sequence[Tile]) -> list[Any]:
    """First pass: the statistics of the whole canvas for each term."""
    totals: list[Any] = []
    for tile in tiles if terms else ():
        wanted = [_own(term, tile) for term in terms]
        window = tile.window(wanted)
        features = cut_features(backbone, window.of(canvas), window, wanted)
        stats = [term.sums(seen, tile) for term, seen in zip(terms, features, strict=True)]
        totals = [total + more for total, more in zip(totals, stats, strict=True)] if totals else stats
    return totals


def _compared(term: Additive[Stats], stats: Stats) -> tuple[Tensor, Stats]:
    """The loss of one term, and its gradient with respect to the statistics."""
    kind: Any = type(stats)
    leaves = kind(*(part.detach().requires_grad_() for part in stats))
    with torch.enable_grad():
        value = term.compare(leaves)
        slopes = torch.autograd.grad(value, leaves, materialize_grads=True)
    return value.detach(), kind(*slopes)


def _descend(
    backbone: Backbone,
    additive: Sequence[tuple[Additive[Any], Any]],
    local: Sequence[Local],
    canvas: Tensor,
    tile: Tile,
    gradient: Tensor,
) -> list[Tensor]:
    """Second pass, one tile: add its contribution to ``gradient`` ``(1, 3, H, W)``; returns the local terms' shares."""
    wanted, needs = [_own(term, tile) for term, _ in additive], [term.seen(tile) for term in local]
    window = tile.window([*wanted, *needs])
    image = window.of(canvas)
    deep = [name for name in dict.fromkeys(name for part in (*wanted, *needs) for name in part) if name != PIXELS]
    seen, pullback = with_pullback(unwrapped(backbone), image, deep) if deep else ({}, None)
    flow = _Flow(window, {**seen, PIXELS: image})
    for (term, slope), cells in zip(additive, wanted, strict=True):
        flow.add(cells, term.feature_gradients(flow.cut(cells), slope, tile))
    shares = [_descend_locally(term, tile, cells, flow) for term, cells in zip(local, needs, strict=True)]
    pixels = flow.gradients.pop(PIXELS, None)
    for part in (pixels, pullback(flow.gradients) if pullback else None):
        if part is not None:
            window.add(gradient, part)
    return shares


def _descend_locally(term: Local, tile: Tile, cells: Wanted, flow: _Flow) -> Tensor:
    """The share of a local term, whose gradient is added to ``flow``."""
    leaves = {name: part.detach().requires_grad_() for name, part in flow.cut(cells).items()}
    with torch.enable_grad():
        share = term.share(leaves, tile)
    if share.requires_grad:
        flow.add(cells, dict(zip(leaves, torch.autograd.grad(share, list(leaves.values())), strict=True)))
    return share.detach()


class _Flow:
    """The features of a window by layer, and the gradients with respect to them, accumulated over terms."""

    def __init__(self, window: Window, features: Mapping[str, Tensor]) -> None:
        self._window, self._features, self.gradients = window, features, dict[str, Tensor]()

    def cut(self, wanted: Wanted) -> dict[str, Tensor]:
        """The features of some cells, as views."""
        return {name: self._window.cut(self._features[name], name, cells) for name, cells in wanted.items()}

    def add(self, wanted: Wanted, pulls: Mapping[str, Tensor]) -> None:
        """Add the gradients ``pulls`` with respect to the features of some cells."""
        for name, pull in pulls.items():
            if name not in self.gradients:
                self.gradients[name] = torch.zeros_like(self._features[name])
            self._window.cut(self.gradients[name], name, wanted[name]).add_(pull)


def _own(term: TiledTerm, tile: Tile) -> Wanted:
    """The tile's own cells of the layers of a term."""
    return {name: tile.own(name) for name in term.layers}
