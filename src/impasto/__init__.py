"""Impasto: neural style transfer. Public names only, loaded when first used, so that importing costs nothing."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .api import Stylizer, build_objective, create_backbone, iterate, load_preset, resume, stylize
    from .apps.batch import batch
    from .apps.compare import compare
    from .apps.learn_style import learn_style
    from .apps.texture import iterate_texture, texture
    from .config import OutputConfig, StylizeConfig
    from .engine.progress import Progress
    from .errors import ImpastoError
    from .regions.region import Region, regions_of_maps
    from .runs.result import Result

_HOMES = {
    "ImpastoError": "errors",
    "OutputConfig": "config",
    "Progress": "engine.progress",
    "Region": "regions.region",
    "Result": "runs.result",
    "StylizeConfig": "config",
    "Stylizer": "api",
    "batch": "apps.batch",
    "build_objective": "api",
    "compare": "apps.compare",
    "create_backbone": "api",
    "iterate": "api",
    "iterate_texture": "apps.texture",
    "learn_style": "apps.learn_style",
    "load_preset": "api",
    "regions_of_maps": "regions.region",
    "resume": "api",
    "stylize": "api",
    "texture": "apps.texture",
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
