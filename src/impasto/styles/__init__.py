"""Styles: what is known of one at a size, and what it is known from."""

from .parts import Part, parts_of
from .pictures import SHORTEST, PictureStyle, drawn, layer_bank, learn
from .read import read_style
from .style import KeptStyle, Style, StyleTargets

__all__ = [
    "SHORTEST",
    "KeptStyle",
    "Part",
    "PictureStyle",
    "Style",
    "StyleTargets",
    "drawn",
    "layer_bank",
    "learn",
    "parts_of",
    "read_style",
]
