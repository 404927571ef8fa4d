"""Styles: their statistics and hypercolumns at a size, from pictures, folders of pictures, or a style file.

Read `style`, the protocol, then `picture_style`, `views`, `patch_bank`, `mixing`, and `style_file` with `style_ladder`.
`impasto.objective` and the packages above it may import this one. Names are imported when first used, so that
`style_header` reads a file without PyTorch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .mixing import Part, needed, needed_of_styles, parts_of, style_length
    from .patch_bank import all_rows, joined
    from .picture_style import SHORTEST, PictureStyle, drawn, layer_bank, learn, resized
    from .read import read_pictures, read_style
    from .style import KeptStyle, Style, StyleTargets
    from .style_file import LearntStyle, check_style_output, read_learnt
    from .style_ladder import Ladder, Sources, learn_ladder

_HOMES = {
    "KeptStyle": "style",
    "Ladder": "style_ladder",
    "LearntStyle": "style_file",
    "Part": "mixing",
    "PictureStyle": "picture_style",
    "SHORTEST": "picture_style",
    "Sources": "style_ladder",
    "Style": "style",
    "StyleTargets": "style",
    "all_rows": "patch_bank",
    "check_style_output": "style_file",
    "drawn": "picture_style",
    "joined": "patch_bank",
    "layer_bank": "picture_style",
    "learn": "picture_style",
    "learn_ladder": "style_ladder",
    "needed": "mixing",
    "needed_of_styles": "mixing",
    "parts_of": "mixing",
    "read_learnt": "style_file",
    "read_pictures": "read",
    "read_style": "read",
    "resized": "picture_style",
    "style_length": "mixing",
}

__all__ = [
    "SHORTEST",
    "KeptStyle",
    "Ladder",
    "LearntStyle",
    "Part",
    "PictureStyle",
    "Sources",
    "Style",
    "StyleTargets",
    "all_rows",
    "check_style_output",
    "drawn",
    "joined",
    "layer_bank",
    "learn",
    "learn_ladder",
    "needed",
    "needed_of_styles",
    "parts_of",
    "read_learnt",
    "read_pictures",
    "read_style",
    "resized",
    "style_length",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
