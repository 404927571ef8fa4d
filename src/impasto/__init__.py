"""Impasto: neural style transfer. Public names only, loaded when first used, so that importing costs nothing."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .api import Stylizer, build_objective, create_backbone, iterate, load_preset, resume, stylize
    from .batches import batch
    from .comparisons import compare
    from .config import OutputConfig, StylizeConfig
    from .engine import Progress
    from .errors import ImpastoError
    from .learning import learn_style
    from .regions import Region, regions_of_maps
    from .result import Result
    from .textures import iterate_texture, texture

_HOMES = {
    "ImpastoError": "errors",
    "OutputConfig": "config",
    "Progress": "engine",
    "Region": "regions",
    "Result": "result",
    "StylizeConfig": "config",
    "Stylizer": "api",
    "batch": "batches",
    "build_objective": "api",
    "compare": "comparisons",
    "create_backbone": "api",
    "iterate": "api",
    "iterate_texture": "textures",
    "learn_style": "learning",
    "load_preset": "api",
    "regions_of_maps": "regions",
    "resume": "api",
    "stylize": "api",
    "texture": "textures",
}

__all__ = [
    "ImpastoError",
    "OutputConfig",
    "Progress",
    "Region",
    "Result",
    "StylizeConfig",
    "Stylizer",
    "__version__",
    "batch",
    "build_objective",
    "compare",
    "create_backbone",
    "iterate",
    "iterate_texture",
    "learn_style",
    "load_preset",
    "regions_of_maps",
    "resume",
    "stylize",
    "texture",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
