"""Names of layers: what a config calls them becomes their own names once, where it meets a network."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from ..config import StylizeConfig
from ..errors import ConfigError, nearest_name
from .backbone import LayerSpec

__all__ = ["not_held", "own_layer", "own_layers", "weighing"]

_KINDS = ("content", "style", "neighbour")


def own_layer(name: str, layers: Mapping[str, LayerSpec]) -> str:
    """A layer's own name, of whatever it is called: ``relu4_1`` for Keras' ``block4_conv1``, which includes the ReLU.

    Args:
        name: as somebody called it.
        layers: of the network.

    Raises:
        ConfigError: it has no such layer; the hint gives the own name of the nearest one.
    """
    if name in layers:
        return name
    names = {called: own for own, spec in layers.items() for called in (own, *spec.aliases)}
    if name in names:
        return names[name]
    raise ConfigError(f"unknown layer {name!r}", _hint(name, names))


def own_layers(config: StylizeConfig, layers: Mapping[str, LayerSpec], kinds: Iterable[str] = _KINDS) -> StylizeConfig:
    """The config with every layer under its own name, as all that computes takes it.

    Args:
        config: resolved.
        layers: of the network.
        kinds: the losses whose layers are looked at: content, style, neighbour. Those of others stay as they are.

    Raises:
        ConfigError: the network has no such layer, or no such block.
    """
    named = {
        f"{kind}_layers": [own_layer(name, layers) for name in getattr(config, f"{kind}_layers")] for kind in kinds
    }
    last = max(spec.block for spec in layers.values())
    for blocks in config.style_blocks:
        if int(blocks.split("-")[-1]) > last:
            raise ConfigError(
                f"style_blocks holds {blocks!r}",
                f"give blocks from 1 to {last}, as in 1-2 or 3, one entry for each style",
            )
    return config.overlay(named)


def weighing(config: StylizeConfig) -> dict[str, tuple[str, ...]]:
    """The layers of each loss of a resolved ``config`` that weighs something, by content, style and neighbour."""
    kinds = (kind for kind in _KINDS if getattr(config, f"{kind}_weight"))
    return {kind: getattr(config, f"{kind}_layers") for kind in kinds}


def not_held(name: str, layers: Iterable[str]) -> ConfigError:
    """What a layer is refused with that the kind of network has, and whose weights are not there."""
    return ConfigError(f"these weights do not hold layer {name!r}", f"available: {', '.join(layers)}")


def _hint(name: str, names: Mapping[str, str]) -> str:
    """The own name of the nearest layer, or all own names."""
    close = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.5)
    return nearest_name(names[close[0]] if close else name, names.values())
