"""What `scripts/gpu-check` does on a graphics card: parts that know nothing of each other, the most telling first."""

from __future__ import annotations

from .compare import losses, pictures, products
from .paint import paintings, recovery, resuming
from .parts import Part, Setup, check
from .suite import suite
from .variants import variants

__all__ = ["PARTS", "Part", "Setup", "check"]

PARTS = (  # with the shares of the time that each may take; what one leaves goes to those after it
    Part("losses", 60, losses),
    Part("paintings", 150, paintings),
    Part("recovery", 30, recovery),
    Part("resuming", 30, resuming),
    Part("pictures", 40, pictures),
    Part("products", 10, products),
    Part("variants", 40, variants),
    Part("suite", 120, suite),
)
