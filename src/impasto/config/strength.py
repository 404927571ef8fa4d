"""The option ``strength``: its effect on the other options."""

from __future__ import annotations

from . import StylizeConfig

__all__ = ["dialed"]


def dialed(config: StylizeConfig) -> StylizeConfig:
    """Apply ``strength`` to the options that it stands for, and set it to 0.5, where it has no effect.

    With less = min(1, 2 strength) and more = max(0, 2 strength - 1):

    ================  ==================================================
    style_weight      times less (1 + 2 more)
    neighbour_weight  times less
    content_weight    divided by 1 + 9 more
    neighbour_mix     mix + more (1 - mix)
    voting            times less^2
    voting_edges      times 1 + 3 more, at most 10
    detail            times 1 - 0.5 more
    step_size         times less^3, with Adam, whose steps bound how far a canvas can move
    ================  ==================================================

    Args:
        config: resolved here if it is not yet.

    Returns:
        The config with a ``strength`` of 0.5.
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
