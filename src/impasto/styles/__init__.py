"""Styles: what is known of one at a size, and what it is known from."""

from .pictures import SHORTEST, PictureStyle, learn
from .read import read_style
from .style import KeptStyle, Style, StyleTargets

__all__ = ["SHORTEST", "KeptStyle", "PictureStyle", "Style", "StyleTargets", "learn", "read_style"]
