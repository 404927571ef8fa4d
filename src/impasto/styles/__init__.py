"""Styles: what is known of one at a size, and what it is known from."""

from .banks import joined, kept
from .ladder import learn_ladder
from .learnt import LearntStyle, check_style_output, read_learnt
from .parts import Part, needed, needed_of_styles, parts_of, style_length
from .pictures import SHORTEST, PictureStyle, drawn, layer_bank, learn, resized
from .read import read_pictures, read_style
from .style import KeptStyle, Style, StyleTargets

__all__ = [
    "SHORTEST",
    "KeptStyle",
    "LearntStyle",
    "Part",
    "PictureStyle",
    "Style",
    "StyleTargets",
    "check_style_output",
    "drawn",
    "joined",
    "kept",
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
