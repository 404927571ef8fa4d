"""The flag ``--preset``, with other flags on top, and warnings about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config import StylizeConfig

__all__ = ["PRESET_HELP", "departures", "preset_config"]

PRESET_HELP = "settings of a paper or a program to start from; 'impasto presets' lists them"


def preset_config(preset: str | None, changes: Mapping[str, Any]) -> StylizeConfig:
    """The options of a command: defaults, preset, and flags, in this order.

    Args:
        preset: a name, or None.
        changes: values of flags by option.

    Returns:
        The config.

    Raises:
        ConfigError: no preset has this name, or an option is unknown or out of range.
    """
    from ..config.presets import load_preset

    return (load_preset(preset) if preset else StylizeConfig()).overlay(changes)


def departures(preset: str | None, config: StylizeConfig) -> list[str]:
    """A warning if the network of a preset was replaced: the result is then not that of the publication.

    Args:
        preset: a name, or None.
        config: all options.

    Returns:
        At most one line.
    """
    from ..config.presets import load_preset

    if preset is None or (published := load_preset(preset).backbone) == config.backbone:
        return []
    return [f"the preset {preset} sees with {published}: with {config.backbone} it is no longer the original"]
