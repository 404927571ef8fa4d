"""The demo: photographs to paint, style pictures painted by our own code, and the tour of both that ``impasto demo``
makes."""

from __future__ import annotations

from .origins import Origin
from .photographs import PHOTOGRAPHS, Photograph, read_photograph
from .pictures import PAINTINGS, Painting, find_painting
from .run import PAIRS, SIZE, paint_demo

__all__ = [
    "PAINTINGS",
    "PAIRS",
    "PHOTOGRAPHS",
    "SIZE",
    "Origin",
    "Painting",
    "Photograph",
    "find_painting",
    "paint_demo",
    "read_photograph",
]
