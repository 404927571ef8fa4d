"""Presets: one TOML file each, with a title, a source, and the options that differ from the defaults."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ...errors import ConfigError, nearest_name
from .. import StylizeConfig

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover (Python 3.10 has no tomllib)
    import tomli as tomllib

__all__ = ["Preset", "load_preset", "preset_names", "read_preset"]


@dataclass(frozen=True)
class Preset:
    """A published system, or a choice of ours, as options.

    Attributes:
        name: of the file, without suffix.
        title: one line for a list.
        source: publication or program.
        departs: known differences from the source; empty if there are none.
        options: options that differ from the defaults, by name.
    """

    name: str
    title: str
    source: str
    departs: str
    options: dict[str, Any]

    @property
    def config(self) -> StylizeConfig:
        """The defaults with ``options`` on top."""
        return StylizeConfig(**self.options)


def preset_names() -> list[str]:
    """Names of all presets, sorted."""
    files = resources.files(__package__).iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def read_preset(name: str) -> Preset:
    """Read a preset.

    Args:
        name: one of `preset_names`.

    Returns:
        The `Preset`.

    Raises:
        ConfigError: no preset has this name; the hint gives the nearest one.
    """
    if name not in preset_names():
        raise ConfigError(f"unknown preset {name!r}", nearest_name(name, preset_names()))
    table = tomllib.loads((resources.files(__package__) / f"{name}.toml").read_text("utf-8"))
    return Preset(name, table["title"], table["source"], table.get("departs", ""), table["config"])


def load_preset(name: str) -> StylizeConfig:
    """The config of a preset; arguments and errors as of `read_preset`."""
    return read_preset(name).config
