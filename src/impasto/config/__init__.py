"""Every option of Impasto, once: its name, range, help and default.

Read `options`, then `fields` (what an option is), `choices` (what it may be one of), `defaults` (what follows from the
objective), `concerns` (a few options together), `presets` and `strength`.
Everything may import it; it imports nothing that computes.
"""

from .choices import OBJECTIVES
from .options import STYLE_BANK, STYLE_SIZES, WHOLE, OutputConfig, StylizeConfig, options_about

__all__ = ["OBJECTIVES", "STYLE_BANK", "STYLE_SIZES", "WHOLE", "OutputConfig", "StylizeConfig", "options_about"]
