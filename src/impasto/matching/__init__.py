"""Matching: which place of the style each place of the canvas is compared with (Kolkin et al. 2022, arXiv 2203.13215).

Read `hypercolumns`, `nearest`, `field`, then `coherence`, `voting`, `regrid`, and `search`, which joins them. Pure functions on
tensors: nothing here knows a network or the options. The losses and whatever is above them may import it.
"""

from .coherence import coherent
from .field import CELL, Field, enlarged, grid_of
from .hypercolumns import columns, grid_columns, hypercolumns, sparse
from .nearest import nearest
from .regrid import Regrid
from .search import Search, directions
from .voting import voted

__all__ = [
    "CELL",
    "Field",
    "Regrid",
    "Search",
    "coherent",
    "columns",
    "directions",
    "enlarged",
    "grid_columns",
    "grid_of",
    "hypercolumns",
    "nearest",
    "sparse",
    "voted",
]
