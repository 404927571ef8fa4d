"""What each term of the loss takes of memory, derived from the sizes of its tensors.

`runs.memory` adds them up. A term that is added to the objective is added to `COSTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..backbones import Backbone, LayerSpec
from ..config import StylizeConfig
from ..matching import CELL

__all__ = ["COSTS", "Cost", "Situation", "costs_of"]

_CELLS = CELL**2  # px of a position that is matched
_BLOCK = 1024  # queries that are compared with the bank at a time, see `matching.nearest`
_COMPARED = 3  # sets of hypercolumns of the canvas while matches are made coherent: gathered, multiplied, widened
_SPLIT_ROWS = 64 * 64  # positions of a layer that are matched at a time, see `matching.sparse`


@dataclass(frozen=True)
class Cost:
    """Memory of a term.

    Attributes:
        layers: specifications of the layers whose features it needs. Features and their gradients are not part of the
            figures below, because terms share them.
        kept: bytes for each pixel of the canvas, for the whole scale.
        working: bytes for each pixel that is evaluated at once.
        searching: bytes for each pixel of the canvas while matches are searched.
        fixed: bytes, whatever the size of the canvas.
    """

    layers: tuple[LayerSpec, ...] = ()
    kept: float = 0.0
    working: float = 0.0
    searching: float = 0.0
    fixed: float = 0.0


@dataclass(frozen=True)
class Situation:
    """What the cost of a term depends on beside the options.

    Attributes:
        number: bytes of a number of the network's format.
        rows: style positions, all turns of all styles together, for each position of the canvas.
        tiled: whether the canvas is evaluated in tiles.
        searches: whether the scale searches its matches; otherwise it keeps those of the scale below.
    """

    number: int
    rows: float
    tiled: bool
    searches: bool


def _content(config: StylizeConfig, backbone: Backbone, now: Situation) -> Cost:
    layers = _specs(backbone, config.content_layers) if config.content_weight else ()
    kept = 0.0 if now.tiled and config.content_targets == "recompute" else _cells(layers) * now.number
    return Cost(layers, kept, working=_cells(layers) * 4)  # the difference, in float32


def _style(config: StylizeConfig, backbone: Backbone, now: Situation) -> Cost:
    layers = _specs(backbone, config.style_layers) if config.style_weight else ()
    matrices = sum(spec.channels**2 for spec in layers)
    return Cost(layers, fixed=matrices * (60.0 if config.objective == "wasserstein" else 30.0))


def _neighbours(config: StylizeConfig, backbone: Backbone, now: Situation) -> Cost:
    if not config.neighbour_weight:
        return Cost()
    layers = _specs(backbone, config.neighbour_layers)
    channels = sum(spec.channels for spec in layers)
    if config.neighbour_match == "layers":
        rows = channels * 4 * (min(config.neighbour_bank, 16_384) + 4 * _SPLIT_ROWS)
        return Cost(layers, fixed=2.0 * rows)
    columns = channels * now.number / _CELLS  # of the canvas
    coarse = sum(spec.channels for spec in layers if spec.stride != CELL) * now.number / _CELLS
    working = 3 * coarse + columns / 2  # resampled, their gradients, and products of a part
    if not now.searches:
        return Cost(layers, kept=columns, working=working)
    # The bank is there twice, as it is and centred; beside a wider one stand the candidates' factors in 16 bits.
    bank = now.rows * columns * (2.0 if now.number == 2 else 2.5)
    compared = _COMPARED * columns + _BLOCK * now.rows * 4 / _CELLS
    return Cost(layers, kept=2 * columns + bank, working=working, searching=compared)


def _variation(config: StylizeConfig, backbone: Backbone, now: Situation) -> Cost:
    return Cost(working=4.0 * 3 * 4 if config.tv_weight else 0.0)


COSTS: Mapping[str, Callable[[StylizeConfig, Backbone, Situation], Cost]] = {
    "content": _content,
    "style": _style,
    "neighbours": _neighbours,
    "tv": _variation,
}
"""By the name of a term."""


def costs_of(config: StylizeConfig, backbone: Backbone, now: Situation) -> list[Cost]:
    """The costs of all terms of a scale.

    Args:
        config: of the scale, resolved, with the network's own names of layers.
        backbone: the network.
        now: how the scale is painted.

    Returns:
        One `Cost` for each kind of term; those without a weight cost nothing.
    """
    return [cost(config, backbone, now) for cost in COSTS.values()]


def _specs(backbone: Backbone, names: tuple[str, ...] | list[str] | None) -> tuple[LayerSpec, ...]:
    return tuple(backbone.layers[name] for name in names or ())


def _cells(specs: tuple[LayerSpec, ...]) -> float:
    """Numbers of all features for each pixel."""
    return sum(spec.channels / spec.stride**2 for spec in specs)
