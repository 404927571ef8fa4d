"""Terms that match, from options: which places of the styles are searched, and what is carried from the scale below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..backbones import Backbone
from ..config import StylizeConfig
from ..devices import release_freed_memory
from ..images.masks import resized_mask
from ..matching import Field, Search, directions, enlarged, grid_of
from ..styles import StyleTargets, all_rows, drawn, joined, layer_bank
from ..tiling import picture_hypercolumns
from ..types import Size
from .matching_terms import NeighbourTerm, SplitTerm

__all__ = ["FRESH", "Masks", "MatchStart", "kept_term", "searched_term", "split_terms"]


Matched = tuple[StyleTargets, float]  # targets of a style, and its mixing weight


@dataclass(frozen=True, eq=False)
class MatchStart:
    """What the matches of a scale start from.

    Attributes:
        canvas: ``(1, 3, H, W)``, what the first search compares, mixed with the content; None: the content alone.
        field: matches that take the place of the first search, on grids of any size; None: they are searched.
        keep: keep the ``field`` for the whole scale; otherwise the search is repeated from time to time.
    """

    canvas: Tensor | None = None
    field: Field | None = None
    keep: bool = False


FRESH = MatchStart()
"""Matches that are searched for the content alone."""


@dataclass(frozen=True)
class Masks:
    """Weights of the positions of each grid, from a mask of the content; None where all weigh alike.

    Each cell has the mean of the mask over its own pixels, also at the edges of a region: what its receptive field
    covers beyond them is not painted by another region, because each region has a canvas of its own (see
    `regions.painter`).
    """

    mask: Tensor | None
    backbone: Backbone

    def of(self, name: str) -> Tensor | None:
        """The mask of a layer, ``(1, 1, h, w)``."""
        if self.mask is None:
            return None
        stride = self.backbone.layers[name].stride
        return resized_mask(self.mask, (self.mask.shape[2] // stride, self.mask.shape[3] // stride))

    def on(self, grid: Size) -> Tensor | None:
        """The mask of the positions that are matched, ``(h * w,)``."""
        return None if self.mask is None else resized_mask(self.mask, grid).flatten()


def searched_term(
    content: Tensor, start: MatchStart, matched: Sequence[Matched], config: StylizeConfig, masks: Masks
) -> NeighbourTerm:
    """The term of a scale that searches its matches."""
    backbone, grid = masks.backbone, grid_of(content)
    search = _search(content, matched, config, backbone)
    nothing = torch.zeros(len(search.query), dtype=torch.long, device=content.device)
    unmatched = Field(nothing, grid, search.grids, config.wrap)
    weight, pictures = config.neighbour_weight or 0.0, _pictures(matched)
    term = NeighbourTerm(_strides(config, backbone), weight, unmatched, search.query, pictures, search, masks.on(grid))
    if start.field is not None:
        return term.matched(enlarged(start.field, grid, search.grids))

    def look(picture: Tensor, layers: Sequence[str]) -> Tensor:
        return picture_hypercolumns(backbone, picture, tuple(layers), config.tile_size)

    return term.refreshed(content if start.canvas is None else start.canvas, look)


def _search(content: Tensor, matched: Sequence[Matched], config: StylizeConfig, backbone: Backbone) -> Search:
    layers, banks = config.neighbour_layers or (), [style.bank for style, _ in matched]
    query = picture_hypercolumns(backbone, content, layers, config.tile_size)
    inside = _inside(matched)
    searched = _searched([len(bank) for bank in banks], [share for _, share in matched], config, inside)
    rows = None if searched is None else searched.to(content.device)
    release_freed_memory()  # of the network, whose features fragment the heap
    bank = all_rows(joined(banks))
    release_freed_memory()
    mixed = content if config.neighbour_sees == "pictures" else None
    mix, coherence = config.neighbour_mix or 0.0, config.neighbour_coherence
    return Search(query, bank, _grids(matched), rows, mix, coherence, mixed, config.wrap, inside)


def _inside(matched: Sequence[Matched]) -> Tensor | None:
    """The rows of the joint bank that may be matched, bool ``(n,)``; None for all."""
    given = [style.inside for style, _ in matched]
    if all(rows is None for rows in given):
        return None
    device = matched[0][0].pictures[0].device
    every = [torch.ones(len(style.bank), dtype=torch.bool, device=device) for style, _ in matched]
    return torch.cat([all_rows if rows is None else rows for rows, all_rows in zip(given, every, strict=True)])


def _searched(
    lengths: Sequence[int], shares: Sequence[float], config: StylizeConfig, inside: Tensor | None = None
) -> Tensor | None:
    """Rows to search: of each style a random sample of at most its share of ``neighbour_bank`` rows; None for all."""
    most = [max(1, round(config.neighbour_bank * share / sum(shares))) for share in shares]
    if inside is None and all(length <= limit for length, limit in zip(lengths, most, strict=True)):
        return None
    drawn, start, generator = [], 0, torch.Generator().manual_seed(config.seed)
    for length, limit in zip(lengths, most, strict=True):
        rows = start + torch.randperm(length, generator=generator)
        drawn.append(rows[:limit] if inside is None else rows[inside.cpu()[rows]][:limit])
        start += length
    return torch.cat(drawn)


def split_terms(matched: Sequence[Matched], config: StylizeConfig, masks: Masks) -> list[SplitTerm]:
    """One term for each layer, all with the same weight (Kolkin et al. 2022, feature splitting)."""
    whole = sum(share for _, share in matched)

    def bank(layer: str) -> Tensor:
        most = layer_bank(config) / whole
        return torch.cat([drawn(style.split[layer], share * most, config.seed) for style, share in matched])

    weight = config.neighbour_weight or 0.0
    return [SplitTerm((name,), weight, bank(name), mask=masks.of(name)) for name in config.neighbour_layers or ()]


def kept_term(
    content: Tensor, matched: Sequence[Matched], config: StylizeConfig, below: Field, masks: Masks
) -> NeighbourTerm:
    """The term of a scale that keeps the matches of the scale below, enlarged to its grid."""
    field = enlarged(below, grid_of(content), _grids(matched))
    wanted = directions(joined([style.bank for style, _ in matched]), field.rows)
    mask = masks.on(field.grid)
    return NeighbourTerm(
        _strides(config, masks.backbone), config.neighbour_weight or 0.0, field, wanted, _pictures(matched), None, mask
    )


def _strides(config: StylizeConfig, backbone: Backbone) -> dict[str, int]:
    return {name: backbone.layers[name].stride for name in config.neighbour_layers or ()}


def _grids(matched: Sequence[Matched]) -> tuple[Size, ...]:
    return tuple(grid for style, _ in matched for grid in style.grids)


def _pictures(matched: Sequence[Matched]) -> tuple[Tensor, ...]:
    return tuple(picture for style, _ in matched for picture in style.pictures)
