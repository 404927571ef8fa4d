"""``--preset NAME`` with flags on top, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config import StylizeConfig

__all__ = ["PRESET_HELP", "departures", "preset_config"]

PRESET_HELP = "settings of a paper or a program to start from; 'impasto presets' lists them"


def preset_config(preset: str | None, changes: Mapping[str, Any]) -> StylizeConfig:
    """The flags over the preset over the defaults.

    Raises:
        ConfigError: there is no such preset, or an option is unknown or out of range.
    """
    from ..config.presets import load_preset

    return (load_preset(preset) if preset else StylizeConfig()).overlay(changes)


def departures(preset: str | None, config: StylizeConfig) -> list[str]:
    """A line where the preset's network was replaced by another: what it published is then not what is painted."""
    from ..config.presets import load_preset

    if preset is None or (published := load_preset(preset).backbone) == config.backbone:
        return []
    return [f"the preset {preset} sees with {published}: with {config.backbone} it is no longer the original"]
