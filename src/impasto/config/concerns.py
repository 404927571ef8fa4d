"""Groups of resolved options, for parts of a run that need only these.

Each field is the option of the same name in `StylizeConfig`. None of them is ``None``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["Matching", "Scales", "SolverOptions", "concern_of"]

Concern = TypeVar("Concern")


@dataclass(frozen=True)
class Scales:
    """Sizes of the pictures and scales, and iterations."""

    size: int
    side: str
    enlarge: bool
    coarsest: int
    scale_ratio: float
    scale_count: int
    full_scales: int
    iterations: tuple[int, ...]
    split_iterations: int
    resample: str
    style_scale: tuple[float, ...]
    wrap: str
    texture: tuple[int, ...]


@dataclass(frozen=True)
class Matching:
    """Matching of nearest neighbours."""

    neighbour_weight: float
    neighbour_layers: tuple[str, ...]
    neighbour_mix: float
    neighbour_sees: str
    neighbour_match: str
    neighbour_refresh: int
    neighbour_rotations: int
    neighbour_coherence: float
    neighbour_border: float
    neighbour_bank: int


@dataclass(frozen=True)
class SolverOptions:
    """The solver, its variable, and what is done to the canvas after each step."""

    optimizer: str
    step_size: float
    cooling: float
    variable: str
    beta1: float
    beta2: float
    epsilon: float
    epsilon_hat: bool
    history: int
    line_search: str
    average: float
    carry: bool
    clamp: bool
    best: bool
    plateau: float


def concern_of(kind: type[Concern], config: Any) -> Concern:
    """Take a group of options out of a config.

    Args:
        kind: one of the classes above.
        config: resolved.

    Returns:
        An instance of ``kind``.
    """
    return kind(**{field.name: getattr(config, field.name) for field in dataclasses.fields(kind)})  # type: ignore[arg-type]
