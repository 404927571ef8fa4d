"""Named overlays on the config, one TOML file each: a title, a source, and the options that differ from the default."""

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
    """A published system (or a choice of ours) as options.

    Attributes:
        title: one line for a list.
        source: who published it where.
        departs: what is not as the source has it; empty where nothing is known to differ.
        options: the overlay on the default config.
    """

    name: str
    title: str
    source: str
    departs: str
    options: dict[str, Any]

    @property
    def config(self) -> StylizeConfig:
        """All options, the overlay applied."""
        return StylizeConfig(**self.options)


def preset_names() -> list[str]:
    """Every preset, by name."""
    files = resources.files(__package__).iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def read_preset(name: str) -> Preset:
    """One preset.

    Raises:
        ConfigError: there is none of that name; the nearest one is named.
    """
    if name not in preset_names():
        raise ConfigError(f"unknown preset {name!r}", nearest_name(name, preset_names()))
    table = tomllib.loads((resources.files(__package__) / f"{name}.toml").read_text("utf-8"))
    return Preset(name, table["title"], table["source"], table.get("departs", ""), table["config"])


def load_preset(name: str) -> StylizeConfig:
    """The config of one preset: `read_preset` ``(name).config``."""
    return read_preset(name).config
