"""One number from the content to the style: what it does to the options that decide."""

from __future__ import annotations

from . import StylizeConfig

__all__ = ["dialed"]


def dialed(config: StylizeConfig) -> StylizeConfig:
    """The config with its ``strength`` worked into the options it stands for, and itself at 0.5, where it changes
    nothing.

    Below 0.5 the style's coefficients, the strokes and (Adam's steps bound how far a canvas can move) the steps shrink
    to nothing, and at 0 no step is taken. Above, they grow, and what holds the content back lets go.
    """
    less, more = min(1.0, 2 * config.strength), max(0.0, 2 * config.strength - 1)
    config = config.resolve()
    mix = config.neighbour_mix or 0.0
    changes = {
        "style_weight": (config.style_weight or 0.0) * less * (1 + 2 * more),
        "neighbour_weight": (config.neighbour_weight or 0.0) * less,
        "content_weight": (config.content_weight or 0.0) / (1 + 9 * more),
        "neighbour_mix": mix + more * (1 - mix),
        "voting": [share * less**2 for share in config.voting or ()],
        "voting_edges": min(10.0, (config.voting_edges or 0.0) * (1 + 3 * more)),
        "detail": (config.detail or 0.0) * (1 - 0.5 * more),
    }
    if config.optimizer == "adam":
        changes["step_size"] = max(1e-9, (config.step_size or 0.0) * less**3)
    return config.overlay({**changes, "strength": 0.5})
