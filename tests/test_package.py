"""The names that `import impasto` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

import impasto

HEAVY = ("torch", "numpy", "PIL", "scipy", "h5py", "click", "rich", "requests")


def loaded_after(statement: str) -> set[str]:
    """The heavy packages that a fresh interpreter has loaded after ``statement``."""
    code = f"{statement}\nimport sys\nprint(*set({HEAVY}).intersection(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_is_free():
    assert loaded_after("import impasto; impasto.__version__; dir(impasto)") == set()


def test_errors_and_options_need_no_tensors():
    assert (
        loaded_after("import impasto; impasto.StylizeConfig(size=64); impasto.ImpastoError; impasto.OutputConfig()")
        == set()
    )


@pytest.mark.parametrize("name", impasto.__all__)
def test_every_public_name_loads(name):
    value = getattr(impasto, name)
    assert name == "__version__" or value.__name__ == name


def test_the_public_names_are_all_there_is_to_see():
    assert dir(impasto) == sorted(impasto.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'impasto' has no attribute 'stylise'"):
        _ = impasto.stylise


def test_the_version_is_that_of_the_package():
    assert impasto.__version__ == metadata.version("impasto")
