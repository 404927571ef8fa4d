"""Styles: what is known of one at a size, and what it is known from."""

from .learn import learn_ladder
from .mixing import Part, needed, needed_of_styles, parts_of, style_length
from .patch_bank import joined, kept
from .picture_style import SHORTEST, PictureStyle, drawn, layer_bank, learn, resized
from .read import read_pictures, read_style
from .style import KeptStyle, Style, StyleTargets
from .style_file import LearntStyle, check_style_output, read_learnt

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
