"""Every option of Impasto, once: its name, range, help and default.

Read `options`, then `fields` (an option and its checks), `choices` (values of options), `defaults` (by objective,
backbone and effort), `concerns` (groups of options), `presets` and `strength`.
All packages above `impasto.errors` may import this one. It imports neither NumPy nor PyTorch.
"""

from .choices import OBJECTIVES
from .options import STYLE_BANK, STYLE_SIZES, WHOLE, OutputConfig, StylizeConfig, options_about

__all__ = ["OBJECTIVES", "STYLE_BANK", "STYLE_SIZES", "WHOLE", "OutputConfig", "StylizeConfig", "options_about"]
