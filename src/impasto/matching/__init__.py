"""Matching: which style position each canvas position is compared with (Kolkin et al. 2022, arXiv 2203.13215).

Read `hypercolumns`, `nearest`, `field`, then `coherence`, `voting`, `regrid`, and `search`, which combines them. These
are functions on tensors that depend neither on a network nor on the options. `impasto.losses` and the packages above it
may import this one.
"""

from .coherence import coherent
from .field import CELL, Field, enlarged, grid_of
from .hypercolumns import columns, grid_columns, hypercolumns, lattice, sparse
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
    "lattice",
    "nearest",
    "sparse",
    "voted",
]
